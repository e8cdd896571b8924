"""The state graph: states as boxes, steps as arrows, around a counterexample or of a whole small system.

Laid out by Graphviz: the program ``dot`` where there is one, its WebAssembly twin where not. Labels are plain,
for the latter draws no HTML-like ones; a changed component is marked with a dot instead of bold type.
"""

from __future__ import annotations

import re
import textwrap
from collections import deque
from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import define, field, frozen

from everyway.models.language.errors import UsageError

from .engines import graphviz_pdf, graphviz_svg, svg_to_png
from .parts import Parts, parts_of
from .render import checked_suffix
from .theme import THEMES, Theme, ThemeName

if TYPE_CHECKING:
    import graphviz

WHOLE_LIMIT = 200
"""Most states of a graph that is drawn whole; more is a hairball."""
_LONGEST_ROW = 8
"""Up to this many states the path runs from left to right, longer ones from top to bottom."""
_LINE, _LONGEST_PART, _TITLE_LINE = 32, 40, 90
"""Characters in a line of an arrow's label, in a component of a state, in a line of the title."""

_ENTITY = re.compile(r"&(?=#?\w+;)")
"""What Graphviz takes for the beginning of a character's name, as in HTML."""

Trapped = Container[Hashable] | Callable[[Any], bool] | None
"""The states from which a goal cannot be reached any more: all of them, or what tells of one; None for no goal."""


class TooManyStates(UsageError, ValueError):
    """A system has more states than a drawing of all of them can show."""


@frozen
class GraphState:
    """One state of the picture."""

    key: int
    parts: Parts
    changed: frozenset[str] = frozenset()
    """Names of the components that differ from the state before."""
    position: int | None = None
    """Its number on the path; None beside it."""
    is_broken: bool = False
    """The end of a counterexample."""
    is_trapped: bool = False
    """The goal cannot be reached from here any more."""
    is_initial: bool = False
    """The system may start here."""


@frozen
class GraphEdge:
    """One step of the picture."""

    source: int
    target: int
    label: str
    step: int | None = None
    """Its number on the path; None beside it."""


@frozen
class StateGraph:
    """A part of a system's state graph, ready to be painted."""

    title: str
    states: tuple[GraphState, ...]
    edges: tuple[GraphEdge, ...]
    more: Mapping[int, int]
    """How many further steps from a state are not drawn."""
    is_violation: bool = True


def around(
    system: Any,
    path: Sequence[tuple[Any, Any]],
    parts: Callable[[Any], Parts] = parts_of,
    label: Callable[[Any], str] = str,
    trapped: Trapped = None,
    *,
    title: str = "",
    neighbours: int = 3,
    is_violation: bool = True,
) -> StateGraph:
    """Return the path of a counterexample with a few of the states beside it.

    Args:
        system: any object with ``steps(state)``, which yields pairs of an action and the state it leads to.
        path: pairs of an action and the state it led to; the first action is None.
        parts: returns the components of a state that the picture shows.
        label: returns an action in words.
        trapped: the states from which a goal cannot be reached any more, or what tells of one whether it is such.
        title: what the picture shows.
        neighbours: how many successors beside the path are drawn for each of its states, faults last.
        is_violation: whether the end of the path is where a promise is broken.
    """
    drawing = _Drawing(parts, label, trapped)
    for position, (action, state) in enumerate(path):
        before = path[position - 1][1] if position else None
        drawing.add_state(state, before, position, is_broken=is_violation and position == len(path) - 1)
        if position:
            drawing.add_edge(before, action, state, position)
    spine = frozenset(state for _, state in path)
    for state in dict.fromkeys(state for _, state in path):  # it may pass one several times
        onwards = [path[i + 1] for i in range(len(path) - 1) if path[i][1] == state]
        beside = [step for step in system.steps(state) if step not in onwards and step[1] != state]
        beside.sort(key=lambda step: getattr(step[0], "is_fault", False))
        for action, after in beside[:neighbours]:
            drawing.add_state(after, state)
            drawing.add_edge(state, action, after)
        drawing.leave_out(state, len(beside) - neighbours)
    for state in list(drawing.keys):
        if state not in spine:
            drawing.leave_out(state, sum(after != state for _, after in system.steps(state)))
    return drawing.graph(title, is_violation)


def whole(
    system: Any,
    parts: Callable[[Any], Parts] = parts_of,
    label: Callable[[Any], str] = str,
    at_most: int = WHOLE_LIMIT,
    *,
    trapped: Trapped = None,
    title: str = "",
) -> StateGraph:
    """Return the whole state graph of a small system.

    The arguments are those of ``around``; the system's ``initial()`` yields the states it may start in.
    Raises ``TooManyStates``, a ``ValueError``, if it has more than ``at_most`` states.
    """
    drawing = _Drawing(parts, label, trapped)
    waiting: deque[Any] = deque()

    def meet(state: Any, is_initial: bool) -> None:
        if drawing.add_state(state, is_initial=is_initial):
            waiting.append(state)
        if len(drawing.keys) > at_most:
            raise TooManyStates(
                f"the state graph has more than {at_most} states, which nobody can read.\n"
                f"Draw it around a counterexample instead, or make the model smaller."
            )

    for state in system.initial():
        meet(state, is_initial=True)
    while waiting:
        state = waiting.popleft()
        for action, after in system.steps(state):
            meet(after, is_initial=False)
            drawing.add_edge(state, action, after)
    return drawing.graph(title or str(system), is_violation=False)


@define
class _Drawing:
    """A state graph that is being put together; each state gets its key when it is first met."""

    parts: Callable[[Any], Parts]
    label: Callable[[Any], str]
    trapped: Trapped
    keys: dict[Hashable, int] = field(factory=dict)
    states: list[GraphState] = field(factory=list)
    edges: list[GraphEdge] = field(factory=list)
    more: dict[int, int] = field(factory=dict)

    def add_state(
        self,
        state: Any,
        before: Any = None,
        position: int | None = None,
        *,
        is_broken: bool = False,
        is_initial: bool = False,
    ) -> bool:
        """Add a state unless it is there; return whether it was not."""
        if state in self.keys:
            if is_broken:  # the path ends where it has been before
                known = self.keys[state]
                self.states[known] = attrs.evolve(self.states[known], is_broken=True)
            return False
        key = self.keys[state] = len(self.keys)
        parts = self.parts(state)
        old = parts if before is None else self.parts(before)
        changed = frozenset(name for name, value in parts if dict(old).get(name) != value)
        self.states.append(
            GraphState(key, parts, changed, position, is_broken, self._is_trapped(state), is_initial)
        )
        return True

    def add_edge(self, before: Any, action: Any, after: Any, step: int | None = None) -> None:
        self.edges.append(GraphEdge(self.keys[before], self.keys[after], self.label(action), step))

    def leave_out(self, state: Any, steps: int) -> None:
        """Note how many steps from a state are not drawn."""
        if steps > 0:
            self.more[self.keys[state]] = steps

    def graph(self, title: str, is_violation: bool) -> StateGraph:
        return StateGraph(title, tuple(self.states), tuple(self.edges), self.more, is_violation)

    def _is_trapped(self, state: Any) -> bool:
        if self.trapped is None:
            return False
        return self.trapped(state) if callable(self.trapped) else state in self.trapped


def to_graphviz(graph: StateGraph, theme: ThemeName = "light") -> graphviz.Digraph:
    """Return a state graph as a ``graphviz.Digraph``: the path a thick spine, what lies beside it pale."""
    import graphviz

    colours = THEMES["light" if theme == "auto" else theme]
    length = sum(state.position is not None for state in graph.states)
    runs_right = 0 < length <= _LONGEST_ROW
    drawing = graphviz.Digraph(name="states")
    drawing.attr(rankdir="LR" if runs_right else "TB", bgcolor=colours.background)
    drawing.attr(nodesep="0.25", ranksep="0.55", pad="0.25", splines="spline")
    drawing.attr(label=_title(graph.title), labelloc="t", labeljust="l")
    title = colours.fault if graph.is_violation else colours.ink
    drawing.attr(fontname="Helvetica-Bold", fontsize="15", fontcolor=title)
    drawing.attr(
        "node", fontname="Helvetica", fontsize="11", shape="box", style="rounded,filled", margin="0.13,0.08"
    )
    drawing.attr("edge", fontname="Helvetica", fontsize="10.5", arrowsize="0.7")
    for state in graph.states:
        drawing.node(
            f"s{state.key}", _label(state, graph.more), **_look(state, colours, is_beside=length > 0)
        )
    for key, number in graph.more.items():
        if graph.states[key].position is None:
            continue  # a box beside the path tells it inside, or these stubs would outnumber the states
        look = {"shape": "plaintext", "style": "", "fontsize": "9", "margin": "0.03,0.01", "height": "0.2"}
        drawing.node(f"more{key}", f"… {number} more", fontcolor=colours.soft, **look)
        drawing.edge(f"s{key}", f"more{key}", color=colours.line, style="dotted", arrowhead="none")
    arrows: dict[tuple[int, int, int | None], list[str]] = {}
    for edge in graph.edges:
        # Several steps beside the path that lead from one state to another one share an arrow.
        arrows.setdefault((edge.source, edge.target, edge.step), []).append(edge.label)
    introduced = {state.key for state in graph.states if state.position is not None}
    for (source, target, step), labels in arrows.items():
        look = _edge_look(graph, colours, source, target, step)
        if length and step is None and target in introduced:
            # Only the path and the first arrow to a state beside it say where things stand.
            look["constraint"] = "false"
        introduced.add(target)
        drawing.edge(f"s{source}", f"s{target}", label=_edge_label(labels, step, runs_right), **look)
    return drawing


def _plain(lines: Iterable[str], end: str = "") -> str:
    """Return lines as a label in which no character has a meaning of its own to Graphviz."""
    import graphviz

    # Line by line, for it is backslashes that part and align lines; as a whole, for "<...>" would be HTML-like.
    written = [graphviz.escape(_ENTITY.sub("&amp;", line)) for line in lines]
    label: str = graphviz.nohtml((end or "\\n").join(written) + end)
    return label


def _title(title: str) -> str:
    # Lines that end in \l start at the picture's left edge, however wide the engine takes the font to be. The
    # WebAssembly one takes bold type for narrower than it is; spaces make up for that.
    lines = [f"{line}      " for line in textwrap.wrap(title, _TITLE_LINE)]
    return _plain([*lines, " "], end="\\l") if lines else ""


def _label(state: GraphState, more: Mapping[int, int]) -> str:
    """Return a state's number on the path, its components, why it is red, and beside the path what follows."""
    number = [] if state.position is None else [f"({state.position})"]
    if state.is_initial:
        number.append("(start)")
    # Of a single component it goes without saying that it changed.
    changed = state.changed if len(state.parts) > 1 else frozenset()
    lines = [f"{'● ' if name in changed else ''}{name} {value}".strip() for name, value in state.parts]
    if state.is_trapped:
        lines.append("no way back")
    elif state.is_broken:
        lines.append("broken here")
    if state.position is None and state.key in more:
        steps = more[state.key]  # a bare number might be taken for one of components
        lines.append(f"… {steps} more step{'' if steps == 1 else 's'}")
    return _plain([*number, *map(_cut, lines)])


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_PART else f"{line[: _LONGEST_PART - 1].rstrip()}…"


def _edge_label(labels: Sequence[str], step: int | None, runs_right: bool) -> str:
    words = labels if step is None else [f"{step}. {labels[0]}"]
    lines = [line for label in words for line in _balanced(label)]
    # Room between a label and its arrow, which Graphviz leaves too little of for thick ones.
    return _plain([*lines, " "] if runs_right and step is not None else [f"  {line}" for line in lines])


def _balanced(label: str) -> list[str]:
    """Return a label in as few lines as it needs, which are about equally long."""
    lines = textwrap.wrap(label, _LINE, break_on_hyphens=False)
    for width in range(_LINE - 1, 0, -1):
        narrower = textwrap.wrap(label, width, break_long_words=False, break_on_hyphens=False)
        if len(narrower) > len(lines) or max(map(len, narrower), default=0) > width:
            break
        lines = narrower
    return lines


def _look(state: GraphState, colours: Theme, is_beside: bool) -> dict[str, str]:
    if state.position is None and is_beside:
        return {
            "fillcolor": colours.background,
            "color": colours.fault if state.is_trapped else colours.line,
            "fontcolor": colours.soft,
            "fontsize": "9.5",
            "style": "rounded,filled,dashed" if state.is_trapped else "rounded,filled",
        }
    look = {"fontcolor": colours.ink, "penwidth": "2.4" if state.is_broken or state.is_initial else "1.6"}
    if state.position is not None:
        look["group"] = "path"
    if state.is_broken or state.is_trapped:
        return look | {"fillcolor": colours.glow, "color": colours.fault}
    shade = colours.tones["wait" if state.position else "idle"]
    return look | {"fillcolor": shade.fill, "color": shade.edge}


def _edge_look(
    graph: StateGraph, colours: Theme, source: int, target: int, step: int | None
) -> dict[str, str]:
    end, start = graph.states[target], graph.states[source]
    has_path = any(state.position is not None for state in graph.states)
    if step is not None:
        breaks = not start.is_trapped if end.is_trapped else end.is_broken
        colour = colours.fault if breaks else colours.tones["wait"].edge
        return {"color": colour, "fontcolor": colours.ink, "penwidth": "2.4", "weight": "50"}
    if end.is_trapped:
        return {"color": colours.fault, "fontcolor": colours.soft, "style": "dashed"}
    return {"color": colours.line if has_path else colours.arrow, "fontcolor": colours.soft}


def save_graph(graph: StateGraph, path: str | Path, theme: ThemeName = "light") -> Path:
    """Save a state graph; the file's name asks for the format, as in ``render.save``.

    Raises:
        UsageError: for another format, or one that needs a program that is missing.
        OSError: if the file cannot be written.
    """
    path = Path(path)
    suffix = checked_suffix(path)
    source = to_graphviz(graph, theme).source
    make: Mapping[str, Callable[[], bytes]] = {
        ".svg": lambda: graphviz_svg(source).encode(),
        ".png": lambda: svg_to_png(graphviz_svg(source), scale=1.5),
        ".pdf": lambda: graphviz_pdf(source),
    }
    content = make[suffix]() if suffix in make else source.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
