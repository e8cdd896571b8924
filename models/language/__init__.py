"""The words that a model is written in.

A protocol (``protocol.py``) has nodes (``node.py``) whose methods are handlers (``handler.py``) that return
steps (``step.py``) and send messages (``message.py``) over a network (``network.py``). With a fault budget
(``faults.py``) it makes a system (``system.py``): pure steps from world to world (``world.py``), each an
action (``action.py``), watched by observers (``observer.py``). Nothing here knows how a system is explored.
"""

from .action import Action, Kind
from .errors import EverywayError, ModelError, UsageError, did_you_mean
from .fairness import Fairness, Strength
from .faults import FAULT_KINDS, NO_FAULTS, Budget, Faults, Timeouts, at_most
from .handler import REMOVED, choice, on, restart, suspect, timeout
from .message import Envelope, Message, NodeId
from .network import Network
from .node import Node, durable, role_of, volatile
from .observer import Event, Observer
from .protocol import Parameter, Protocol, parameter
from .step import LATER, Step, Steps
from .system import System
from .timing import Timing
from .world import World

__all__ = [
    "FAULT_KINDS",
    "LATER",
    "NO_FAULTS",
    "REMOVED",
    "Action",
    "Budget",
    "Envelope",
    "Event",
    "EverywayError",
    "Fairness",
    "Faults",
    "Kind",
    "Message",
    "ModelError",
    "Network",
    "Node",
    "NodeId",
    "Observer",
    "Parameter",
    "Protocol",
    "Step",
    "Steps",
    "Strength",
    "System",
    "Timeouts",
    "Timing",
    "UsageError",
    "World",
    "at_most",
    "choice",
    "did_you_mean",
    "durable",
    "on",
    "parameter",
    "restart",
    "role_of",
    "suspect",
    "timeout",
    "volatile",
]
