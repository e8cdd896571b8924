"""What the terminal shows, drawing by drawing: whole texts, whatever the width, the words and the terminal."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.panel import Panel
from sample_traces import SAMPLES, crash_while_sending, crowd, election, jugs, lone_node, three_phase_commit
from script import Script

from everyway.counterexamples.terminal import to_terminal, to_text


def far_east():
    """Names, states and messages in wide characters, accents, control codes."""
    script = Script({"東京": "領導", "Zoë": "leader"}, {"東京": "待機", "Zoë": "idle"})
    accent = "e\N{COMBINING ACUTE ACCENT}lan \x1b[31mred\x1b[0m\nnext"
    script.choose("東京", "候補者", ("a", "Zoë", "投票してください"), ("b", "Zoë", accent))
    script.deliver("a", "賛成", ("c", "東京", "票"))
    script.deliver("b", note="無視")
    script.deliver("c", "指導者" * 9)
    return script.trace(
        "安全性 violated", "東京", "二人の指導者。", "安全性。", guilty=("東京",), tones={"候補者": "wait"}
    )


def segments(trace):
    """Return the pieces of text that rich would print, with their styles."""
    console = Console(width=80, file=io.StringIO(), force_terminal=True, color_system="standard")
    return list(console.render(to_terminal(trace)))


TRACES = {"far_east": far_east, **{f"crowd of {n}": lambda n=n: crowd(n, 30, n) for n in range(2, 9)}}


@pytest.mark.parametrize("name", TRACES)
def test_every_width_is_kept(name):
    trace = TRACES[name]()
    for width in range(60, 141, 3):
        for ascii_only in (False, True):
            text = to_text(trace, width, ascii_only)
            assert max(map(cell_len, text.splitlines())) <= width
            assert not [line for line in text.splitlines() if line.rstrip() != line]
            assert text.isascii() or not ascii_only
            assert "\x1b" not in text


@pytest.mark.parametrize("width", [20, 30, 45])
def test_a_narrow_window_has_a_list(width):
    text = to_text(three_phase_commit(), width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "│" not in text


def test_a_poor_terminal_shows_the_same():
    assert to_text(crash_while_sending(), ascii_only=True) == CRASH_WHILE_SENDING


CRASH_WHILE_SENDING = """\
x Agreement violated  3PC with a failure detector, 2 participants
13 steps - 1 crash, 1 restart - 1 duplicate - shortest under crashes <= 1

                 C                       P1                       P2
            coordinator              participant              participant
              [INIT]                   [INIT]                   [INIT]
  1           [WAIT]                      |                        |
  2              |--- can-commit? ---->[READY]                     |
  3              |---------------- can-commit? ---------------->[READY]
  4              |<--------- yes ---------|                        |
  5         [PRECOMMIT]<------------------- yes -------------------|
  5         [x crashed]  before sending pre-commit to P2           |
  6              :--- pre-commit --->[PRECOMMIT]                   |
  7              :      x ack (C is down) |                        |
  8              :                        |         suspects C [ABORTED]
  9   the network copies abort from P2 to P1                       |
 10              :                    [ABORTED]<------ abort ------|
 11              :        already aborted |<---- abort (copy) -----|
 12     [restart PRECOMMIT]               |                        |
 13    [time-out COMMITTED]  time-out: no ack from P2              |

x C committed although P1 and P2 aborted.
  Agreement: no two nodes decide differently. First broken by step 13.
"""


def test_wide_characters_take_two_columns_and_control_codes_none():
    assert to_text(far_east(), 60) == FAR_EAST


FAR_EAST = """\
✗ 安全性 violated  東京
4 steps

                東京                        Zoë
                領導                      leader
               [待機]                     [idle]
  1           [候補者]                       │
  2               │── 投票してください ──▶[賛成]
  3               │ e\N{COMBINING ACUTE ACCENT}lan  [31mred [0m next ─▶│ 無視
  4   [指導者指導者指導者指導…]◀──── 票 ─────│

✗ 二人の指導者。
  安全性。
"""


def test_eight_nodes_are_a_list_of_steps():
    assert to_text(crowd(nodes=8, steps=9, seed=8)) == CROWD_OF_8


CROWD_OF_8 = """\
✗ Leader completeness violated  a crowd of 8
9 steps

  1  N7 acts; sends append to N1
  2  N1 receives append from N7                                      [VOTED]
  3  N8 acts; sends ok to N4, append to N7                           [VOTED]
  4  N4 receives ok from N8; sends ok to N7, append to N4            [CANDIDATE]
  5  N7 receives append from N8; sends append to N7, request-vote t…
  6  N7 receives ok from N4; sends vote to N4, append to N5          [VOTED]
  7  N4 receives append from N4; sends ok to N3                      [VOTED]
  8  N5 receives append from N7; sends ok to N6, vote to N7          [CANDIDATE]
  9  N6 receives ok from N5; sends request-vote to N6, ok to N8

     in flight: append N7→N7, request-vote N7→N1, vote N7→N4, ok N4→N3,
     vote N5→N7, request-vote N6→N6, ok N6→N8

✗ N1 and N2 disagree.
  Leader completeness: a leader has every entry. First broken by step 9.
"""


@pytest.mark.parametrize(("nodes", "is_diagram"), [(2, True), (4, True), (6, True), (7, False), (8, False)])
def test_up_to_six_nodes_fit_in_80_columns(nodes, is_diagram):
    assert ("│" in to_text(crowd(nodes, 12, 3))) is is_diagram
    assert "│" in to_text(crowd(nodes, 12, 3), 140)


def test_a_system_without_nodes_is_a_list_of_changed_fields():
    assert to_text(jugs()) == JUGS


JUGS = """\
✗ Never four violated  Jugs of 5 and 3 gallons
6 steps · shortest

  0  start                big 0, small 0
  1  fill big             big 0 → 5
  2  pour big into small  big 5 → 2, small 0 → 3
  3  empty small          small 3 → 0
  4  pour big into small  big 2 → 0, small 0 → 2
  5  fill big             big 0 → 5
  6  pour big into small  big 5 → 4, small 2 → 3

✗ This must never be: big 4, small 3.
  Never four: no jug ever holds four gallons. First broken by step 6.
"""


def test_a_note_keeps_its_distance_from_the_next_lifeline():
    script = Script(dict.fromkeys("AB", "node"), dict.fromkeys("AB", "idle"))
    script.time_out("A", None, "x" * 34)
    lines = to_text(script.trace("Odd", "a test", "Odd.", "Odd."), 80).splitlines()
    assert lines[6] == f"  1                    ◷  {'x' * 34}"


def test_messages_to_oneself_stay_beside_the_column():
    lines = to_text(lone_node(), 60).splitlines()
    assert [line[5:].strip() for line in lines[6:10]] == [
        "[BUSY]",
        "│ tick (to itself)",
        "[DONE] tock (to itself)",
        "│ ✗ never lost (to itself)",
    ]


def test_only_the_last_states_of_the_guilty_are_reversed():
    reversed_text = [piece.text for piece in segments(election()) if piece.style and piece.style.reverse]
    assert reversed_text == ["[LEADER t1]", "[LEADER t1]"]


def test_red_is_for_faults_and_the_violation():
    red = [
        piece.text for piece in segments(three_phase_commit()) if piece.style and "red" in str(piece.style)
    ]
    assert red[0] == "✗ Agreement violated"
    assert [" lost" in text for text in red[1:]] == [True, True]


def test_a_witness_is_green():
    pieces = segments(SAMPLES["witness"]())
    assert (pieces[0].text, str(pieces[0].style)) == ("✓ Everyone commits", "bold green")
    assert not [piece for piece in pieces if piece.style and piece.style.reverse]


@pytest.mark.parametrize("is_asked", [False, True])
def test_colours_are_left_out_where_the_user_asks_for_none(monkeypatch, is_asked):
    monkeypatch.delenv("NO_COLOR", raising=False)
    if is_asked:
        monkeypatch.setenv("NO_COLOR", "1")
    console = Console(width=80, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(to_terminal(three_phase_commit()))
    codes = re.findall(r"\x1b\[([\d;]*)m", console.file.getvalue())
    colours = {code for codes_of_one in codes for code in codes_of_one.split(";") if code[:1] in ("3", "9")}
    assert (colours - {"3"} == set()) is is_asked  # 3 is italic


def test_a_frame_around_it_leaves_it_less_room():
    console = Console(width=90, file=io.StringIO(), legacy_windows=False)
    console.print(Panel(to_terminal(three_phase_commit())))
    lines = console.file.getvalue().splitlines()
    assert {cell_len(line) for line in lines} == {90}
    inside = [line[2:-2].rstrip() for line in lines[1:-1]]
    assert inside == to_text(three_phase_commit(), 86).splitlines()
