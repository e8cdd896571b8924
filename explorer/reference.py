"""The reference explorer: breadth-first and depth-first search over plain Python states.

It is meant to be obviously right rather than fast: it is the oracle that every other engine is held to. It
searches any object with ``initial()`` and ``steps(state)`` over hashable states.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from everyway.invariants.fair_runs import premises_of
from everyway.invariants.property import Broken, Property, PropertyKind
from everyway.models.language.errors import ModelError, UsageError, did_you_mean
from everyway.models.language.fairness import fairness_classes

from .growth import Growth, fastest_growing
from .limits import Limits
from .memory import budget, in_use
from .recoverability import Edge, trapped_states
from .statistics import Statistics, told_limit
from .verdict import Outcome, Path, Verdict, Visit

if TYPE_CHECKING:
    from .liveness.graph import StateGraph

Search = Literal["bfs", "dfs"]


class TransitionSystem(Protocol):
    """What can be explored: states are hashable values, actions anything that tells steps of a state apart."""

    def initial(self) -> Iterable[Any]:
        """Return the states at the start."""
        ...

    def steps(self, state: Any) -> Iterable[tuple[Any, Any]]:
        """Return each action that can be taken in a state, with the state it leads to."""
        ...


Watcher = Callable[[Statistics, int], None]
"""Called now and then with the counts so far and the number of states still to be expanded."""

_STATE_KINDS = (PropertyKind.ALWAYS, PropertyKind.NEVER)


class Exploration:
    """One search of one system: run it once, then read its verdicts and statistics.

    Args:
        system: the transition system.
        properties: what to decide on the way.
        search: ``"bfs"`` finds shortest counterexamples, ``"dfs"`` deep ones first.
        limits: when to stop although states are left.
        watcher: is called several times a second, for progress.
        stop_when_decided: stop as soon as every property is decided, rather than visit the whole space.
    """

    def __init__(
        self,
        system: TransitionSystem,
        properties: Sequence[Property] = (),
        *,
        search: Search = "bfs",
        limits: Limits | None = None,
        watcher: Watcher | None = None,
        stop_when_decided: bool = False,
    ) -> None:
        if search not in get_args(Search):
            known = get_args(Search)
            raise UsageError(
                f"unknown search '{search}'.{did_you_mean(search, known)} Known: {', '.join(known)}."
            )
        self.system = system
        self.properties = tuple(properties)
        self.search = search
        self.limits = limits or Limits()
        self.statistics = Statistics()
        self.stopped_by = ""
        """What stopped the search before it was done: "max_states", "max_seconds", "interrupt", or nothing."""
        self.states: list[Any] = []
        self._number: dict[Hashable, int] = {}
        self._arrivals: list[tuple[int, Any]] = []
        """For each state the number of the one it was first reached from, and the action; -1 at a start."""
        self._depths: list[int] = []
        self._edges: list[list[Edge]] = []
        self._expanded: list[bool] = []
        self._graph: StateGraph | None = None
        """For promises over time; built when the first is decided."""
        self._found: dict[int, tuple[Path, Broken | None]] = {}
        """The first violation, or for ``possible`` the first witness, by the property's position."""
        self._watcher = watcher
        self._stop_when_decided = stop_when_decided
        self._started = time.monotonic()
        self._told = self._weighed = self._started
        self._memory = budget(self.limits.max_memory)
        self._spent: Callable[[Any], Iterable[str]] = getattr(system, "spent", lambda _: ())
        self._by_kind = {
            kind: [(i, p) for i, p in enumerate(self.properties) if p.kind is kind] for kind in PropertyKind
        }

    @property
    def is_complete(self) -> bool:
        """Whether every state under the bounds was visited and every step taken."""
        return not self.stopped_by and not self.statistics.cut

    def run(self) -> Exploration:
        """Search. Ctrl-C ends the search early; what was found so far remains."""
        try:
            waiting: deque[int] = deque()
            for state in self.system.initial():
                _check_hashable(state)
                number = self._visit(state, -1, None, 0)
                if number is not None:
                    waiting.append(number)
                    self._judge_start(number)
            self.statistics.starts = len(waiting)
            if self.search == "dfs":
                waiting.reverse()
            self._search(waiting)
            if not self.stopped_by:
                self._close()
        except KeyboardInterrupt:
            self.stopped_by = "interrupt"
        self.statistics.seconds = time.monotonic() - self._started
        return self

    # The search itself.

    def _search(self, waiting: deque[int]) -> None:
        while waiting and not self._must_stop(len(waiting)):
            # A state's number waits once for each depth at which it must be (re)expanded.
            number = waiting.popleft() if self.search == "bfs" else waiting.pop()
            reached = self._expand(number)
            if self.search == "dfs":
                reached.reverse()  # the first step is taken first
            waiting.extend(reached)

    def _close(self) -> None:
        """Look once more at the states that the depth limit kept from being expanded; count those it really cut.

        A state counts as cut only if one of its successors was visited nowhere else.
        """
        for number, is_expanded in enumerate(self._expanded):
            if not is_expanded:
                self._expand(number)
        self.statistics.cut = self._expanded.count(False)

    def _expand(self, number: int) -> list[int]:
        """Take every step of a state; return the numbers of the states that must be expanded because of it."""
        state, depth = self.states[number], self._depths[number]
        is_again = self._expanded[number]
        steps = self._steps(state)
        is_last = self.limits.max_depth is not None and depth >= self.limits.max_depth
        if is_last and any(after not in self._number for _, after in steps):
            return []
        reached: list[int] = []
        edges: list[Edge] = []
        for action, after in steps:
            known = self._number.get(after)
            if known is None:
                known = self._visit(after, number, action, depth + 1)
                if known is None:
                    return reached
                reached.append(known)
            elif self.limits.max_depth is not None and depth + 1 < self._depths[known]:
                # Depth-first search under a depth limit: what was first seen deep must be expanded again
                # when it is found nearer, or states within the limit would be missed.
                self._depths[known] = depth + 1
                self._arrivals[known] = (number, action)
                reached.append(known)
            if not is_again:
                self._take(number, action, known)
                edges.append(
                    Edge(known, getattr(action, "is_fault", False), getattr(action, "is_repair", False))
                )
        if not is_again:
            self._edges[number] = edges
            self._expanded[number] = True
            if all(edge.is_fault or edge.target == number for edge in edges):
                self._end(number)
        return reached

    def _visit(self, state: Any, parent: int, action: Any, depth: int) -> int | None:
        """Note a state that was not known; return its number, or None if there is no room for it."""
        known = self._number.get(state)
        if known is not None:
            return None if parent < 0 else known
        if self.limits.max_states is not None and len(self.states) >= self.limits.max_states:
            self.stopped_by = "max_states"
            return None
        number = len(self.states)
        self._number[state] = number
        self.states.append(state)
        self._arrivals.append((parent, action))
        self._depths.append(depth)
        self._edges.append([])
        self._expanded.append(False)
        self.statistics.states += 1
        self.statistics.depth = max(self.statistics.depth, depth)
        self.statistics.spent.update(self._spent(state))
        self._judge_state(number)
        return number

    def _steps(self, state: Any) -> list[tuple[Any, Any]]:
        steps = list(self.system.steps(state))
        for step in steps:
            if not isinstance(step, tuple) or len(step) != 2:
                raise ModelError(
                    f"steps({state}) gave {step!r}, but each step is a pair (action, next state)."
                )
            _check_hashable(step[1])
        return steps

    def _must_stop(self, frontier: int) -> bool:
        if self.stopped_by:
            return True
        if self._stop_when_decided and self.properties and len(self._found) == len(self.properties):
            self.stopped_by = "decided"
            return True
        now = time.monotonic()
        if self.limits.max_seconds is not None and now - self._started > self.limits.max_seconds:
            self.stopped_by = "max_seconds"
            return True
        if now - self._weighed > 0.2:
            self._weighed = now
            if in_use() > self._memory:
                self.stopped_by = "max_memory"
                return True
        if self._watcher and now - self._told > 0.1:
            self._told = now
            self.statistics.seconds = now - self._started
            self._watcher(self.statistics, frontier)
        return False

    # Judging.

    def _judge_state(self, number: int) -> None:
        state = self.states[number]
        for kind in _STATE_KINDS:
            for position, prop in self._by_kind[kind]:
                if prop.is_premise_met(state):
                    self.statistics.premises[prop.name] += 1
                    if position not in self._found and (flaw := prop.judge(state)) is not None:
                        self._found[position] = (self.path_to(number), flaw)
        for position, prop in self._by_kind[PropertyKind.POSSIBLE]:
            if position not in self._found and prop.judge(state) is None:
                self._found[position] = (self.path_to(number), None)

    def _judge_start(self, number: int) -> None:
        for position, prop in self._by_kind[PropertyKind.EVERY_STEP]:
            if position not in self._found and (flaw := prop.judge_start(self.states[number])) is not None:
                self._found[position] = (self.path_to(number), flaw)

    def _take(self, number: int, action: Any, target: int) -> None:
        self.statistics.transitions += 1
        self.statistics.count(action)
        before, after = self.states[number], self.states[target]
        for position, prop in self._by_kind[PropertyKind.EVERY_STEP]:
            if prop.is_premise_met(before, action, after):
                self.statistics.premises[prop.name] += 1
                if position not in self._found and (flaw := prop.judge(before, action, after)) is not None:
                    self._found[position] = ((*self.path_to(number), Visit(action, after)), flaw)

    def _end(self, number: int) -> None:
        """Note a state in which nothing can happen any more."""
        self.statistics.ends += 1
        for position, prop in self._by_kind[PropertyKind.NO_DEADLOCK]:
            if position not in self._found and (flaw := prop.judge(self.states[number])) is not None:
                self._found[position] = (self.path_to(number), flaw)

    def path_to(self, number: int) -> Path:
        """Return the way by which a state was first reached."""
        backwards = []
        while number >= 0:
            parent, action = self._arrivals[number]
            backwards.append(Visit(action, self.states[number]))
            number = parent
        return tuple(reversed(backwards))

    def growth(self) -> Growth | None:
        """Return the part of the state that kept growing, if any did."""
        return fastest_growing(self.states)

    # Verdicts.

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what is known about each property."""
        return tuple(self._verdict(position, prop) for position, prop in enumerate(self.properties))

    def _verdict(self, position: int, prop: Property) -> Verdict:
        if prop.kind is PropertyKind.RECOVERABLE:
            return self._recoverability(prop)
        if prop.kind is PropertyKind.TEMPORAL:
            return self._over_time(prop)
        is_shortest = self.search == "bfs"
        if position in self._found:
            path, flaw = self._found[position]
            outcome = Outcome.HOLDS if prop.kind is PropertyKind.POSSIBLE else Outcome.VIOLATED
            return Verdict(prop, outcome, path, flaw, is_shortest)
        if not self.is_complete:
            return Verdict(prop, Outcome.UNKNOWN, why=self.told_limit)
        if prop.kind is PropertyKind.POSSIBLE:
            return Verdict(prop, Outcome.VIOLATED, broken=Broken("no reachable state satisfies it"))
        return Verdict(prop, Outcome.HOLDS)

    def _recoverability(self, prop: Property) -> Verdict:
        goals = {number for number, state in enumerate(self.states) if prop.judge(state) is None}
        # A state that was not expanded might lead anywhere: to be sure, it counts as one that recovers.
        hopeful = {number for number, is_expanded in enumerate(self._expanded) if not is_expanded}
        trapped = trapped_states(self._edges, goals | hopeful, repairs=prop.repairs)
        if prop.when is not None:
            concerned = {number for number, state in enumerate(self.states) if prop.is_premise_met(state)}
            self.statistics.premises[prop.name] = len(concerned)
            trapped &= concerned
        if not trapped:
            if self.is_complete:
                return Verdict(prop, Outcome.HOLDS)
            return Verdict(prop, Outcome.UNKNOWN, why=self.told_limit)
        nearest = min(trapped, key=lambda number: (self._depths[number], number))
        flaw = self._lasting_flaw(prop, nearest)
        return Verdict(
            prop,
            Outcome.VIOLATED,
            self.path_to(nearest),
            flaw,
            is_shortest=self.search == "bfs",
            why=f"{len(trapped):,} of {len(self.states):,} states are trapped",
            trapped=frozenset(self.states[number] for number in trapped),
        )

    def _over_time(self, prop: Property) -> Verdict:
        from .liveness.deciding import decide

        if self._graph is None:
            self._graph = self._built_graph()

        def letter(atom: Property) -> list[bool]:
            return [atom.judge(state) is None for state in self.states]

        for premise in premises_of(prop):
            self.statistics.premises[prop.name] = sum(letter(premise))
        return decide(
            prop,
            self._graph,
            letter,
            lambda number: self.states[number],
            self.system,
            fairness_classes(self.system),
            limit="" if self.is_complete else self.told_limit,
        )

    def _built_graph(self) -> StateGraph:
        """Return the graph that was explored, with the fairness class of every step that changes something."""
        from .liveness.graph import GraphBuilder

        builder = GraphBuilder(fairness_classes(self.system))
        for number, state in enumerate(self.states):
            # Steps into states that found no room are unknown, and so are all of that state.
            steps = self._steps(state) if self._expanded[number] else []
            leading = [(action, self._number[after]) for action, after in steps if after != state]
            classes = [builder.number_of(action) for action, _ in leading]
            builder.add([len(leading)], [target for _, target in leading], classes)
        starts = [number for number, (parent, _) in enumerate(self._arrivals) if parent < 0]
        return builder.graph(self._expanded, starts)

    def _lasting_flaw(self, prop: Property, trapped: int) -> Broken | None:
        """Return, of all that can come after a trapped state, the flaw that names the fewest nodes.

        Those are stuck whatever happens; others may still come to an end.
        """
        least = prop.judge(self.states[trapped])
        seen, waiting = {trapped}, deque([trapped])
        while waiting and least is not None:
            for edge in self._edges[waiting.popleft()]:
                if edge.target in seen or edge.is_fault or (edge.is_repair and not prop.repairs):
                    continue
                seen.add(edge.target)
                waiting.append(edge.target)
                flaw = prop.judge(self.states[edge.target])
                if flaw is not None and len(flaw.nodes) < len(least.nodes):
                    least = flaw
        return least

    @property
    def told_limit(self) -> str:
        """What stopped the search, in words; empty if nothing did."""
        return told_limit(self.stopped_by, self.limits, self.statistics)


def _check_hashable(state: Any) -> None:
    try:
        hash(state)
    except TypeError:
        raise ModelError(
            f"the state {state!r} cannot be compared and stored, because it can be changed in place.\n"
            f"Use a tuple instead of a list, a frozenset instead of a set, a tuple of pairs instead of a dict."
        ) from None
