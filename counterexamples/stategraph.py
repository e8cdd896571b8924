"""The state graph: states as boxes, steps as arrows, around a counterexample or of a whole small system.

Laid out by Graphviz: the program ``dot`` where there is one, its WebAssembly twin where not. Labels are plain,
for the latter draws no HTML-like ones; a changed component is marked with a dot instead of bold type.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen

from everyway.models.language.errors import UsageError
from everyway.models.language.naming import shown
from everyway.models.language.world import World

from .engines import graphviz_pdf, graphviz_svg, svg_to_png
from .render import checked_suffix
from .theme import THEMES, Theme, ThemeName

if TYPE_CHECKING:
    import graphviz

WHOLE_LIMIT = 200
"""Most states of a graph that is drawn whole; more is a hairball."""
_LONGEST_ROW = 8
"""Up to this many states the path runs from left to right, longer ones from top to bottom."""

Parts = tuple[tuple[str, str], ...]
"""A state's components: name and value in words."""


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
    """How many further successors of a state are not drawn."""
    is_violation: bool = True


def parts_of(state: Any) -> Parts:
    """Return a state's components in words: of a world the nodes, of a class its fields."""
    if isinstance(state, World):
        return tuple((node.id, f"{node}{'' if state.is_up(node) else ' (down)'}") for node in state)
    if attrs.has(type(state)):
        return tuple((field.name, shown(getattr(state, field.name))) for field in attrs.fields(type(state)))
    if isinstance(state, Mapping):
        return tuple((str(key), shown(value)) for key, value in state.items())
    return (("", shown(state)),)


def around(
    system: Any,
    path: Sequence[tuple[Any, Any]],
    *,
    title: str,
    trapped: Collection[Hashable] = frozenset(),
    neighbours: int = 3,
    is_violation: bool = True,
) -> StateGraph:
    """Return the path of a counterexample with a few of the states beside it.

    Args:
        system: any object with ``steps(state)``.
        path: pairs of an action and the state it led to; the first action is None.
        title: what the picture shows.
        trapped: the states from which a goal cannot be reached any more.
        neighbours: how many successors beside the path are drawn for each of its states.
        is_violation: whether the end of the path is where a promise is broken.
    """
    states = [state for _, state in path]
    keys: dict[Hashable, int] = {}
    for state in states:
        keys.setdefault(state, len(keys))
    drawn = [
        GraphState(
            keys[state],
            parts_of(state),
            _changed(states[i - 1], state) if i else frozenset(),
            i,
            is_violation and i == len(states) - 1,
            state in trapped,
        )
        for i, state in enumerate(states)
        if state not in states[:i]
    ]
    edges = [
        GraphEdge(keys[states[i - 1]], keys[state], str(action), i)
        for i, (action, state) in enumerate(path)
        if i
    ]
    more: dict[int, int] = {}
    for i, state in enumerate(states):
        onwards = path[i + 1] if i + 1 < len(path) else (None, None)
        beside = [step for step in system.steps(state) if step != onwards and step[1] != state]
        beside.sort(key=lambda step: getattr(step[0], "is_fault", False))
        for action, after in beside[:neighbours]:
            if after not in keys:
                keys[after] = len(keys)
                drawn.append(
                    GraphState(
                        keys[after], parts_of(after), _changed(state, after), is_trapped=after in trapped
                    )
                )
            edges.append(GraphEdge(keys[state], keys[after], str(action)))
        if len(beside) > neighbours:
            more[keys[state]] = len(beside) - neighbours
    return StateGraph(title, tuple(drawn), tuple(edges), more, is_violation)


def whole(system: Any, *, title: str = "", at_most: int = WHOLE_LIMIT) -> StateGraph:
    """Return the whole state graph of a small system.

    Raises ``UsageError`` if it has more than ``at_most`` states.
    """
    keys: dict[Hashable, int] = {}
    waiting: deque[Any] = deque()
    edges = []
    for state in system.initial():
        if state not in keys:
            keys[state] = len(keys)
            waiting.append(state)
    while waiting:
        state = waiting.popleft()
        for action, after in system.steps(state):
            if after not in keys:
                if len(keys) >= at_most:
                    raise UsageError(
                        f"the state graph has more than {at_most} states, which nobody can read.\n"
                        f"Draw it around a counterexample instead, or make the model smaller."
                    )
                keys[after] = len(keys)
                waiting.append(after)
            edges.append(GraphEdge(keys[state], keys[after], str(action)))
    states = tuple(GraphState(key, parts_of(state)) for state, key in keys.items())
    return StateGraph(title or str(system), states, tuple(edges), {}, is_violation=False)


def _changed(before: Any, after: Any) -> frozenset[str]:
    old = dict(parts_of(before))
    return frozenset(name for name, value in parts_of(after) if old.get(name) != value)


def to_graphviz(graph: StateGraph, theme: ThemeName = "light") -> graphviz.Digraph:
    """Return a state graph as a ``graphviz.Digraph``: the path a thick spine, what lies beside it pale."""
    import graphviz

    colours = THEMES["light" if theme == "auto" else theme]
    length = sum(state.position is not None for state in graph.states)
    drawing = graphviz.Digraph(name="states")
    drawing.attr(rankdir="LR" if 0 < length <= _LONGEST_ROW else "TB", bgcolor=colours.background)
    drawing.attr(nodesep="0.25", ranksep="0.55", pad="0.25", splines="spline")
    # Graphviz in WebAssembly takes bold text for narrower than it is; spaces make up for that.
    drawing.attr(label=graphviz.escape(f"    {graph.title}    "), labelloc="t", labeljust="l")
    title = colours.fault if graph.is_violation else colours.ink
    drawing.attr(fontname="Helvetica-Bold", fontsize="15", fontcolor=title)
    drawing.attr(
        "node", fontname="Helvetica", fontsize="11", shape="box", style="rounded,filled", margin="0.13,0.08"
    )
    drawing.attr("edge", fontname="Helvetica", fontsize="10.5", arrowsize="0.7")
    trapped = {state.key for state in graph.states if state.is_trapped}
    for state in graph.states:
        drawing.node(f"s{state.key}", _label(state), **_look(state, colours))
    for key, number in graph.more.items():
        drawing.node(
            f"more{key}",
            f"… {number} more",
            shape="plaintext",
            style="",
            fontsize="9",
            fontcolor=colours.soft,
        )
        drawing.edge(f"s{key}", f"more{key}", color=colours.line, style="dotted", arrowhead="none")
    for edge in graph.edges:
        leads_in = edge.target in trapped and edge.source not in trapped
        if edge.step is not None:
            colour = colours.fault if leads_in else colours.tones["wait"].edge
            label = graphviz.escape(f"{edge.step}. {_broken_up(edge.label)}")
            look = {"color": colour, "fontcolor": colours.ink, "penwidth": "2.4", "weight": "50"}
        else:
            label = graphviz.escape(_broken_up(edge.label))
            is_pale = edge.target not in trapped
            look = {
                "color": colours.line if is_pale else colours.fault,
                "fontcolor": colours.soft,
                "style": "solid" if is_pale else "dashed",
            }
        drawing.edge(f"s{edge.source}", f"s{edge.target}", label=label.replace("\n", "\\n"), **look)
    return drawing


def _label(state: GraphState) -> str:
    import graphviz

    lines = [f"{'● ' if name in state.changed else ''}{name} {value}".strip() for name, value in state.parts]
    number = [f"({state.position})"] if state.position is not None else []
    return "\\n".join(graphviz.escape(line) for line in [*number, *lines])


def _look(state: GraphState, colours: Theme) -> dict[str, str]:
    if state.position is None:
        return {
            "fillcolor": colours.background,
            "color": colours.fault if state.is_trapped else colours.line,
            "fontcolor": colours.soft,
            "fontsize": "9.5",
            "style": "rounded,filled,dashed" if state.is_trapped else "rounded,filled",
        }
    look = {"fontcolor": colours.ink, "group": "path", "penwidth": "2.4" if state.is_broken else "1.6"}
    if state.is_broken or state.is_trapped:
        return look | {"fillcolor": colours.glow, "color": colours.fault}
    shade = colours.tones["wait" if state.position else "idle"]
    return look | {"fillcolor": shade.fill, "color": shade.edge}


def _broken_up(label: str, width: int = 28) -> str:
    """Return a label in lines of a bearable length."""
    import textwrap

    return "\n".join(textwrap.wrap(label, width))


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
