"""State graphs of small systems, whole: what is drawn, how it is told, and that both engines draw it."""

import html
import re
import shutil

import pytest
from attrs import evolve

from everyway.counterexamples.stategraph import (
    WHOLE_LIMIT,
    GraphEdge,
    GraphState,
    StateGraph,
    around,
    save_graph,
    to_graphviz,
    whole,
)

DOOR = {
    "open": [("close", "closed")],
    "closed": [("open", "open"), ("lock", "locked")],
    "locked": [("unlock", "closed"), ("lose the key", "key lost"), ("look", "locked")],
    "key lost": [("wait", "rusty"), ("rain", "rusty")],
    "rusty": [],
}
"""A door that can be opened again until its key is lost."""


class Door:
    def initial(self):
        yield "open"

    def steps(self, state):
        return DOOR[state]


TRAPS = {"key lost", "rusty"}
PATH = [(None, "open"), ("close", "closed"), ("lock", "locked"), ("lose the key", "key lost")]


def parts(state):
    return (("door", state), ("key", "lost" if state in TRAPS else "here"))


def door(**options):
    return around(Door(), PATH, parts, str.upper, TRAPS, title="A door", **options)


def state(key, name, changed=(), **more):
    return GraphState(key, parts(name), frozenset(changed), **more)


def test_the_surroundings_of_a_path():
    assert door() == StateGraph(
        title="A door",
        states=(
            state(0, "open", position=0),
            state(1, "closed", {"door"}, position=1),
            state(2, "locked", {"door"}, position=2),
            state(3, "key lost", {"door", "key"}, position=3, is_broken=True, is_trapped=True),
            state(4, "rusty", {"door"}, is_trapped=True),
        ),
        edges=(
            GraphEdge(0, 1, "CLOSE", 1),
            GraphEdge(1, 2, "LOCK", 2),
            GraphEdge(2, 3, "LOSE THE KEY", 3),
            GraphEdge(1, 0, "OPEN"),
            GraphEdge(2, 1, "UNLOCK"),
            GraphEdge(3, 4, "WAIT"),
            GraphEdge(3, 4, "RAIN"),
        ),
        more={},
    )


def test_traps_may_be_told_by_a_function():
    asked = around(Door(), PATH, parts, str.upper, lambda state: state in TRAPS, title="A door")
    assert asked == door()


def test_without_a_goal_nothing_is_a_trap():
    drawn = around(Door(), PATH)
    assert not any(state.is_trapped for state in drawn.states)
    assert [state.is_broken for state in drawn.states] == [False, False, False, True, False]


def test_steps_that_are_not_drawn_are_counted_on_the_path_and_beside_it():
    assert door(neighbours=0).more == {1: 1, 2: 1, 3: 2}
    shorter = around(Door(), PATH[:3], parts, neighbours=1)
    assert shorter.more == {2: 1}  # at "locked", besides "unlock"
    beside = around(Door(), PATH[:1], parts)
    assert beside.more == {1: 2}  # at "closed", where the path does not lead


def test_a_path_that_comes_back_passes_the_same_box():
    lap = [(None, "open"), ("close", "closed"), ("open", "open")]
    drawn = around(Door(), lap, parts)
    assert [(state.position, state.is_broken) for state in drawn.states[:2]] == [(0, True), (1, False)]
    assert drawn.edges[:2] == (GraphEdge(0, 1, "close", 1), GraphEdge(1, 0, "open", 2))


def test_the_end_of_a_witness_is_not_broken():
    drawn = door(is_violation=False)
    assert not any(state.is_broken for state in drawn.states)


def test_a_whole_graph():
    drawn = whole(Door(), parts, str.upper, trapped=TRAPS, title="A door")
    assert drawn.states == (
        state(0, "open", is_initial=True),
        state(1, "closed"),
        state(2, "locked"),
        state(3, "key lost", is_trapped=True),
        state(4, "rusty", is_trapped=True),
    )
    assert [(edge.source, edge.target, edge.label) for edge in drawn.edges] == [
        (0, 1, "CLOSE"),
        (1, 0, "OPEN"),
        (1, 2, "LOCK"),
        (2, 1, "UNLOCK"),
        (2, 3, "LOSE THE KEY"),
        (2, 2, "LOOK"),
        (3, 4, "WAIT"),
        (3, 4, "RAIN"),
    ]


@pytest.mark.parametrize("at_most", [1, 4])
def test_a_graph_too_large_to_be_read_is_refused(at_most):
    with pytest.raises(ValueError, match=f"more than {at_most} states.*\n.*around a counterexample instead"):
        whole(Door(), parts, at_most=at_most)
    assert len(whole(Door(), parts, at_most=5).states) == 5


def test_more_initial_states_than_can_be_read_are_refused_too():
    class Many:
        def initial(self):
            return range(WHOLE_LIMIT + 1)

        def steps(self, state):
            return []

    with pytest.raises(ValueError, match=f"more than {WHOLE_LIMIT} states"):
        whole(Many())


def test_the_path_is_a_thick_spine_of_numbered_steps():
    source = to_graphviz(door()).source
    assert "rankdir=LR" in source
    assert source.count("group=path") == 4
    assert re.findall(r'label="(\d\. [A-Z ]+?)\\n', source) == ["1. CLOSE", "2. LOCK", "3. LOSE THE KEY"]
    assert source.count("penwidth=2.4 weight=50") == 3


def test_a_long_path_runs_down():
    class Count:
        def steps(self, number):
            yield "up", number + 1

    path = [(None if number == 0 else "up", number) for number in range(9)]
    assert "rankdir=LR" in to_graphviz(around(Count(), path[:8])).source
    assert "rankdir=TB" in to_graphviz(around(Count(), path)).source


def test_steps_from_one_state_to_another_one_share_an_arrow():
    assert re.findall(r"s3 -> s4 \[label=(.*?) color", to_graphviz(door()).source) == ['"  WAIT\\n  RAIN"']


def test_what_changed_and_what_is_lost_is_told_in_words_too():
    source = to_graphviz(door()).source
    assert 's3 [label="(3)\\n● door key lost\\n● key lost\\nno way back"' in source
    assert 's4 [label="● door rusty\\nkey lost\\nno way back"' in source
    assert 's0 [label="(0)\\ndoor open\\nkey here"' in source
    assert "broken here" in to_graphviz(around(Door(), PATH, parts)).source
    assert "(start)" in to_graphviz(whole(Door(), parts)).source


def test_the_step_that_breaks_the_promise_is_red():
    lines = to_graphviz(around(Door(), PATH, parts)).source.splitlines()
    red = [line.strip().partition(" [")[0] for line in lines if "->" in line and "#c4001a" in line]
    assert red == ["s2 -> s3"]


ODD = ["<b>bold</b>", "<only angles>", 'say "hi"', "back\\slash", "a & b", "&lt;", "x|{y}", "\\N", "ünïcödé"]


@pytest.mark.parametrize("engine", ["dot", "WebAssembly"])
def test_words_are_drawn_as_they_are(engine, tmp_path, monkeypatch):
    if engine == "dot" and not shutil.which("dot"):
        pytest.skip("there is no dot on this machine")
    if engine == "WebAssembly":
        monkeypatch.setenv("PATH", str(tmp_path))
    states = tuple(GraphState(key, (("", word),)) for key, word in enumerate(ODD))
    edges = tuple(GraphEdge(key, key + 1, word) for key, word in enumerate(ODD[1:]))
    graph = StateGraph("A <title> & more", states, edges, {})
    svg = save_graph(graph, tmp_path / "odd.svg").read_text()
    drawn = [
        html.unescape(words).replace("\N{NO-BREAK SPACE}", " ").strip()
        for words in re.findall(r"<text[^>]*>(.*?)</text>", svg)
    ]
    assert sorted(filter(None, drawn)) == sorted(["A <title> & more", *ODD, *ODD[1:]])


def test_long_values_are_cut_and_long_steps_and_titles_broken():
    graph = StateGraph(
        "a title that is told " * 9,
        (GraphState(0, (("field", "value " * 20),)),),
        (GraphEdge(0, 0, "a step that takes rather a lot of words to be told"),),
        {},
    )
    source = to_graphviz(graph).source
    assert 's0 [label="field value value value value value val…"' in source
    assert '"  a step that takes rather\\n  a lot of words to be told"' in source
    assert len(re.findall("a( |      .{2})title", source)) == 9
    assert source.count("\\l") == 4


@pytest.mark.parametrize(
    ("theme", "ground"), [("light", "#ffffff"), ("dark", "#0d1117"), ("auto", "#ffffff")]
)
def test_the_theme_colours_the_ground(theme, ground):
    assert f'bgcolor="{ground}"' in to_graphviz(door(), theme).source


def test_what_follows_a_state_beside_the_path_is_told_inside_its_box():
    source = to_graphviz(around(Door(), PATH[:1], parts)).source
    assert 's1 [label="● door closed\\nkey here\\n… 2 more steps"' in source
    assert "more1" not in source
    assert "more1" in to_graphviz(door(neighbours=0)).source


def test_a_graph_without_a_title_has_no_room_for_one():
    source = to_graphviz(evolve(door(), title="")).source
    assert "\\l" not in source
