"""The state graph: the path as a spine, a few states beside it, and which of them are traps."""

import pytest

from everyway import Faults, System, UsageError
from everyway.counterexamples.engines import MissingProgram
from everyway.counterexamples.stategraph import around, save_graph, to_graphviz, whole
from everyway.explorer import Exploration
from everyway.invariants.atomic_commit import non_blocking
from everyway.models.two_phase_commit import TwoPhaseCommit


class Counter:
    """Counts up to a bound; from 3 on there is no way back to 0."""

    def __init__(self, bound=5):
        self.bound = bound

    def initial(self):
        return [0]

    def steps(self, number):
        if number < self.bound:
            yield "up", number + 1
        if 0 < number < 3:
            yield "reset", 0
        yield "stay", number


def graph(neighbours=3):
    path = [(None, 0), ("up", 1), ("up", 2), ("up", 3)]
    return around(Counter(), path, title="a counter", trapped={3, 4, 5}, neighbours=neighbours)


def test_the_path_is_numbered_and_its_end_broken():
    drawn = graph()
    spine = [state for state in drawn.states if state.position is not None]
    assert [state.position for state in spine] == [0, 1, 2, 3]
    assert [state.is_broken for state in spine] == [False, False, False, True]
    assert [edge.step for edge in drawn.edges if edge.step] == [1, 2, 3]


def test_traps_are_marked_on_the_path_and_beside_it():
    assert {state.parts[0][1] for state in graph().states if state.is_trapped} == {"3", "4"}


def test_steps_that_change_nothing_are_left_out_and_known_states_drawn_once():
    drawn = graph()
    assert len({state.key for state in drawn.states}) == len(drawn.states) == 5
    assert not [edge for edge in drawn.edges if edge.source == edge.target]
    assert sum(edge.label == "reset" for edge in drawn.edges) == 2


def test_what_is_not_drawn_is_counted():
    assert sum(graph(neighbours=0).more.values()) == 3


def test_a_component_that_changed_is_marked():
    system = System(TwoPhaseCommit(), Faults(crashes=1))
    (verdict,) = Exploration(system, [non_blocking]).run().verdicts()
    path = [(visit.action, visit.state) for visit in verdict.path]
    drawn = around(system, path, title="2pc", trapped=verdict.trapped)
    end = next(state for state in drawn.states if state.is_broken)
    assert end.changed == {"P1"}
    assert end.is_trapped
    source = to_graphviz(drawn).source
    assert "● P1 PREPARED" in source
    assert "C WAITING (down)" in source


def test_the_whole_of_a_small_system():
    drawn = whole(Counter())
    assert len(drawn.states) == 6
    assert len(drawn.edges) == 5 + 2 + 6


def test_the_whole_of_a_large_one_is_refused():
    with pytest.raises(UsageError, match="more than 50 states"):
        whole(Counter(bound=100), at_most=50)


@pytest.mark.parametrize("suffix", [".svg", ".png", ".gv"])
def test_pictures_need_no_program(tmp_path, monkeypatch, suffix):
    monkeypatch.setenv("PATH", str(tmp_path))
    saved = save_graph(graph(), tmp_path / "deep" / f"states{suffix}")
    content = saved.read_bytes()
    start = {".svg": b"<?xml", ".png": b"\x89PNG", ".gv": b"digraph"}[suffix]
    assert content.startswith(start)
    if suffix == ".svg":
        assert b"a counter" in content


def test_a_pdf_without_dot_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingProgram, match="apt install graphviz") as caught:
        save_graph(graph(), tmp_path / "states.pdf")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "states.pdf").exists()


def test_labels_of_any_characters_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    class Odd:
        def initial(self):
            return ['<a & "b">']

        def steps(self, state):
            yield "back\\slash {x|y}", "end"

    saved = save_graph(around(Odd(), [(None, '<a & "b">')], title="<odd>"), tmp_path / "odd.svg")
    assert "&lt;a &amp;" in saved.read_text()
