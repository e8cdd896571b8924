"""Plain transition systems for tests: graphs that are written down."""

from attrs import frozen


@frozen
class Move:
    """An action with a name of its own."""

    name: str
    is_fault: bool = False
    is_repair: bool = False

    def __str__(self) -> str:
        return self.name


class Graph:
    """A transition system given by its edges, ``{state: [next state or (action, next state)]}``."""

    def __init__(self, edges, starts=(0,), final=None):
        self.edges = edges
        self.starts = starts
        if final is not None:
            self.is_final = lambda state: state in final

    def initial(self):
        return list(self.starts)

    def steps(self, state):
        for edge in self.edges.get(state, ()):
            yield edge if isinstance(edge, tuple) else (f"{state} to {edge}", edge)


class Counting:
    """Counts up for ever."""

    def __init__(self, interrupt_at=None, seconds_each=0.0):
        self.interrupt_at = interrupt_at
        self.seconds_each = seconds_each

    def initial(self):
        return [0]

    def steps(self, state):
        if state == self.interrupt_at:
            raise KeyboardInterrupt
        yield "count", state + 1


def fault(name="fault"):
    return Move(name, is_fault=True)


def repair(name="repair"):
    return Move(name, is_repair=True)
