"""Strategies of any memory and any alphabet: the theorem of Gilbert & Lynch as a question to z3 about three runs.

What a replica does is an uninterpreted function over an uninterpreted sort of states: z3 may choose any memory, any
messages and any deterministic behaviour. Only three runs are looked at, in all of which the network between N1 and the
others is cut (or, to see that this is what matters, whole):

- ``write``: N1's client writes, then the replicas on N1's side go on for some rounds;
- ``read``: nothing was written; N2's client reads, then the replicas on its side go on for some rounds;
- ``both``: the write as in the first run, then the read as in the second.

In a round each replica of a side, one after the other, is given what is on its way to it from its side, one message
after the other, and then a tick. Demanded is an answer within the rounds (availability), 0 for a read before any write,
and the written value for a read after the write was acknowledged (linearizability). Nobody tells z3 that N2 cannot
tell the second run from the third: that follows as the terms are equal (Gilbert & Lynch, SIGACT News 2002, section 3).

That it follows for every number of rounds, and for any other order of the steps of N2's side, is an induction whose
step is one more question: if that side is in equal states in both runs and one of its replicas reacts to the same
thing, so it is afterwards, and has sent and answered the same.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from attrs import define, field, frozen

from everyway.models.language import EverywayError, UsageError

CONSISTENCY, AVAILABILITY = "consistency", "availability"
MILLISECONDS = 60_000
"""How long z3 may take for a question."""


@frozen
class ScenarioAnswer:
    """Whether some strategy meets the demands on the three runs."""

    replicas: int
    rounds: int
    """Within how many rounds an answer is demanded."""
    demanded: tuple[str, ...]
    is_cut: bool
    result: str
    """"sat": some strategy does; "unsat": none does; "unknown": z3 gave up."""
    seconds: float


@frozen
class Induction:
    """The steps of the induction over rounds, each "unsat" if it cannot fail."""

    replicas: int
    start: str
    step: str
    conclusion: str
    """That no strategy meets the demands once N2 has answered the same in both runs, whatever the rounds."""
    seconds: float

    @property
    def is_proved(self) -> bool:
        """Whether z3 refuted every way in which it might fail."""
        return self.start == self.step == self.conclusion == "unsat"


class _Local(NamedTuple):
    """What one side knows in a run, as terms."""

    states: dict[int, Any]
    links: dict[tuple[int, int], tuple[tuple[Any, Any], ...]]
    """For each link within the side what is on its way: whether there is a message, and which."""
    replies: dict[int, Any]
    """The first answer to each replica's client: an element of ``Answer``."""


@define
class _Replicas:
    """The uninterpreted strategy of all replicas."""

    count: int
    z3: Any
    context: Any
    _functions: dict[str, Any] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        z3 = self.z3
        self.state = z3.DeclareSort("State", self.context)
        self.message = z3.DeclareSort("Message", self.context)
        self.value = z3.DeclareSort("Value", self.context)
        answer = z3.Datatype("Answer", self.context)
        answer.declare("nothing")
        answer.declare("answer", ("value", self.value))
        self.answer = answer.create()
        self.old, self.new = z3.Consts("old new", self.value)

    state: Any = field(init=False)
    message: Any = field(init=False)
    value: Any = field(init=False)
    answer: Any = field(init=False)
    old: Any = field(init=False)
    new: Any = field(init=False)

    def function(self, name: str, *sorts: Any) -> Any:
        """Return the uninterpreted function of a name."""
        if name not in self._functions:
            self._functions[name] = self.z3.Function(name, *sorts)
        return self._functions[name]

    def start(self, side: tuple[int, ...]) -> _Local:
        """Return a side at the start: nothing on its way, nobody answered."""
        states = {replica: self.z3.Const(f"start {replica + 1}", self.state) for replica in side}
        links: dict[tuple[int, int], tuple[tuple[Any, Any], ...]] = {}
        return _Local(states, links, dict.fromkeys(side, self.answer.nothing))

    def moved(
        self, local: _Local, replica: int, occasion: str, message: Any = None, given: Any = True
    ) -> _Local:
        """Return a side after a replica has reacted to something, if that was given at all."""
        z3 = self.z3
        side = tuple(local.states)
        state = local.states[replica]
        inputs = (state,) if message is None else (state, message)
        sorts = tuple(term.sort() for term in inputs)
        name = f"{replica + 1} on {occasion}"
        happens = z3.BoolVal(True, self.context) if given is True else given
        after = self.function(f"next {name}", *sorts, self.state)(*inputs)
        reply = self.function(f"reply {name}", *sorts, self.answer)(*inputs)
        links = dict(local.links)
        for other in side:
            if other != replica:
                sends = self.function(f"sends to {other + 1} {name}", *sorts, z3.BoolSort(self.context))(
                    *inputs
                )
                sent = self.function(f"sent to {other + 1} {name}", *sorts, self.message)(*inputs)
                links[replica, other] = (*links.get((replica, other), ()), (z3.And(happens, sends), sent))
        before = local.replies[replica]
        is_first = z3.And(happens, before == self.answer.nothing)
        replies = local.replies | {replica: z3.If(is_first, reply, before)}
        states = local.states | {replica: z3.If(happens, after, state)}
        return _Local(states, links, replies)

    def round(self, local: _Local) -> _Local:
        """Return a side after a round: everybody takes what is on its way to it, and then a tick."""
        for replica in tuple(local.states):
            for sender in tuple(local.states):
                under_way = local.links.get((sender, replica), ())
                local = local._replace(links={**local.links, (sender, replica): ()})
                for is_there, message in under_way:
                    local = self.moved(local, replica, f"message from {sender + 1}", message, is_there)
            local = self.moved(local, replica, "tick")
        return local


def ask(
    replicas: int,
    rounds: int,
    demanded: tuple[str, ...] = (CONSISTENCY, AVAILABILITY),
    *,
    is_cut: bool = True,
) -> ScenarioAnswer:
    """Ask z3 whether any strategy of any memory meets the demands on the three runs.

    Args:
        replicas: how many replicas there are; a partition leaves N1 by itself.
        rounds: within how many rounds an answer is demanded; more rounds demand less.
        demanded: of ``CONSISTENCY`` and ``AVAILABILITY`` those that are demanded.
        is_cut: whether the network is cut in all three runs; else everything arrives.

    Raises:
        UsageError: for numbers that make no sense.
    """
    z3, strategy = _begin(replicas)
    if rounds < 1:
        raise UsageError(f"rounds must be 1 or more, not {rounds}.")
    started = time.monotonic()
    solver = _solver(z3, strategy)
    nothing, value = strategy.answer.nothing, strategy.answer.value
    everybody = tuple(range(replicas))
    if is_cut:
        writing = _rounds(strategy, strategy.moved(strategy.start((0,)), 0, "write"), rounds)
        reading = _rounds(strategy, strategy.moved(strategy.start(everybody[1:]), 1, "read"), rounds)
        # N2's side takes no step before the read: it is slow, and the write must be acknowledged all the same.
        both = _rounds(strategy, strategy.moved(strategy.start(everybody[1:]), 1, "read"), rounds)
    else:
        writing = _rounds(strategy, strategy.moved(strategy.start(everybody), 0, "write"), rounds)
        reading = _rounds(strategy, strategy.moved(strategy.start(everybody), 1, "read"), rounds)
        both = _rounds(strategy, strategy.moved(writing, 1, "read"), rounds)
    if AVAILABILITY in demanded:
        solver.add(writing.replies[0] != nothing, reading.replies[1] != nothing, both.replies[1] != nothing)
    if CONSISTENCY in demanded:
        acknowledged = writing.replies[0] != nothing
        solver.add(z3.Implies(reading.replies[1] != nothing, value(reading.replies[1]) == strategy.old))
        answered = z3.And(acknowledged, both.replies[1] != nothing)
        solver.add(z3.Implies(answered, value(both.replies[1]) == strategy.new))
    result = str(solver.check())
    return ScenarioAnswer(replicas, rounds, demanded, is_cut, result, time.monotonic() - started)


def induction(replicas: int) -> Induction:
    """Ask z3 for the induction that makes the impossibility hold for every number of rounds."""
    z3, strategy = _begin(replicas)
    started = time.monotonic()
    side = tuple(range(1, replicas))
    nothing, value = strategy.answer.nothing, strategy.answer.value

    one, other = (strategy.moved(strategy.start(side), 1, "read") for _ in range(2))
    start = _differs(z3, strategy, one, other)

    # Any two moments at which N2's side looks the same; what was under way before is the same and stays so.
    def anywhere(run: str) -> _Local:
        states = {replica: z3.Const(f"state {replica} {run}", strategy.state) for replica in side}
        replies = {replica: z3.Const(f"reply {replica} {run}", strategy.answer) for replica in side}
        return _Local(states, {}, replies)

    one, other = anywhere("one"), anywhere("other")
    same = z3.Not(_difference(z3, one, other))
    message = z3.Const("any message", strategy.message)
    steps = []
    for replica in side:
        occasions = [("tick", None), ("read", None)]
        occasions += [(f"message from {sender + 1}", message) for sender in side if sender != replica]
        for occasion, given in occasions:
            after, after_too = (strategy.moved(moment, replica, occasion, given) for moment in (one, other))
            steps.append(_differs(z3, strategy, after, after_too, same))
    step = "unsat" if set(steps) == {"unsat"} else next(one for one in steps if one != "unsat")

    solver = _solver(z3, strategy)
    first, second = (z3.Const(name, strategy.answer) for name in ("reading", "both"))
    solver.add(first == second, first != nothing, value(first) == strategy.old, value(second) == strategy.new)
    return Induction(replicas, start, step, str(solver.check()), time.monotonic() - started)


def _begin(replicas: int) -> tuple[Any, _Replicas]:
    z3 = solver_module()
    if replicas < 2:
        raise UsageError(f"replicas must be 2 or more, not {replicas}.")
    return z3, _Replicas(replicas, z3, z3.Context())


def solver_module() -> Any:
    """Return the module z3.

    Raises ``UsageError`` if it is not installed.
    """
    try:
        import z3
    except ImportError:
        raise UsageError("this needs the solver z3: pip install 'everyway[proofs]'.") from None
    return z3


def _solver(z3: Any, strategy: _Replicas) -> Any:
    solver = z3.Solver(ctx=strategy.context)
    solver.set("random_seed", 0)
    solver.set("timeout", MILLISECONDS)
    solver.add(strategy.old != strategy.new)
    return solver


def _rounds(strategy: _Replicas, local: _Local, rounds: int) -> _Local:
    for _ in range(rounds):
        local = strategy.round(local)
    return local


def _difference(z3: Any, one: _Local, other: _Local) -> Any:
    """Return that a side does not look the same in two runs."""
    differences = [one.states[replica] != other.states[replica] for replica in one.states]
    differences += [one.replies[replica] != other.replies[replica] for replica in one.replies]
    for link in one.links:
        for (is_there, message), (is_there_too, same) in zip(one.links[link], other.links[link], strict=True):
            differences += [is_there != is_there_too, message != same]
    return z3.Or(differences)


def _differs(z3: Any, strategy: _Replicas, one: _Local, other: _Local, given: Any = None) -> str:
    solver = _solver(z3, strategy)
    if given is not None:
        solver.add(given)
    solver.add(_difference(z3, one, other))
    result = str(solver.check())
    if result not in ("sat", "unsat", "unknown"):
        raise EverywayError(f"z3 answered {result}.")
    return result
