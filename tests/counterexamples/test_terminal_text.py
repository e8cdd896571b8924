"""The counterexample in a terminal: clear, and never wider than it."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from sample_traces import SAMPLES, crash_while_sending, election, jugs, three_phase_commit
from script import Script

from everyway.counterexamples.story import sentences
from everyway.counterexamples.terminal import to_terminal, to_text

EVERY_SAMPLE = pytest.mark.parametrize("name", SAMPLES)


@EVERY_SAMPLE
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_wider_than_the_terminal(name, ascii_only):
    trace = SAMPLES[name]()
    for width in range(60, 141, 5 if ascii_only else 1):
        for line in to_text(trace, width, ascii_only).splitlines():
            assert cell_len(line) <= width, (width, line)


def test_characters_two_columns_wide_are_counted_as_two():
    script = Script({"東京": "参加者", "大阪": "調整者"}, {"東京": "初期状態", "大阪": "初期状態"})
    script.choose("東京", "待機中です", ("q", "大阪", "準備はいいですか、皆さん"))
    script.deliver("q", "準備完了", note="もう投票しました")
    trace = script.trace(
        "合意 violated", "二相コミット", "東京と大阪は一致しません。" * 9, "合意。", guilty=("東京",)
    )
    for width in range(60, 141):
        text = to_text(trace, width)
        assert all(cell_len(line) <= width for line in text.splitlines()), width
        assert "[待機中です]" in text
        bars = [cell_len(line[: line.index("│")]) for line in text.splitlines() if line.endswith("│")]
        assert len(set(bars)) <= 1, width
    assert to_text(trace, 80, ascii_only=True).isascii()


@EVERY_SAMPLE
def test_ascii_is_ascii(name):
    assert to_text(SAMPLES[name](), 80, ascii_only=True).isascii()


@EVERY_SAMPLE
def test_plain_text_has_no_colours(name):
    assert "\x1b" not in to_text(SAMPLES[name]())


@EVERY_SAMPLE
def test_every_step_is_there(name):
    trace = SAMPLES[name]()
    numbers = [line[:4].strip() for line in to_text(trace).splitlines()]
    for step in trace.steps:
        assert str(step.number) in numbers


def test_three_phase_commit_in_80_columns():
    assert to_text(three_phase_commit()) == THREE_PHASE_COMMIT


THREE_PHASE_COMMIT = """\
✗ Agreement violated  3PC, 3 participants
18 steps · 2 messages lost · 2 time-outs · shortest under losses ≤ 2, late
  time-outs

              C                P1                P2                P3
         coordinator       participant       participant       participant
           [INIT]            [INIT]            [INIT]            [INIT]
  1        [WAIT]               │                 │                 │
  2           │ can-commit? ▶[READY]              │                 │
  3           │───────── can-commit? ─────────▶[READY]              │
  4           │────────────────── can-commit? ──────────────────▶[READY]
  5           │◀───── yes ──────│                 │                 │
  6           │◀────────────── yes ───────────────│                 │
  7      [PRECOMMIT]◀───────────────────── yes ─────────────────────│
  8           │pre-commit─▶[PRECOMMIT]            │                 │
  9           │──────── pre-commit ─────────▶[PRECOMMIT]            │
 10           │───────────────── pre-commit ──────────────────▶[PRECOMMIT]
 11           │    ✗╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ ack lost ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌│
 12           │◀───── ack ──────│                 │                 │
 13           │◀────────────── ack ───────────────│                 │
 14      [◷ ABORTED]  time-out: no ack from P3    │                 │
 15           │╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ abort lost ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌✗    │
 16           │── abort ───▶[ABORTED]             │                 │
 17           │─────────── abort ────────────▶[ABORTED]             │
 18           │                 │    time-out: nothing from C [◷ COMMITTED]

✗ P3 committed although C, P1 and P2 aborted.
  Agreement: no two nodes decide differently. First broken by step 18.
"""


def test_an_election_in_80_columns():
    assert to_text(election()) == ELECTION


ELECTION = """\
✗ Election safety violated  Raft election, votes kept in memory only
11 steps · 1 crash, 1 restart · 1 duplicate · 1 partition · early time-outs

                 A                        B                        C
              server                   server                   server
            [FOLLOWER]               [FOLLOWER]               [FOLLOWER]
  1      [◷ CANDIDATE t1]  election time-out                       │
  2              │ request-vote t1 ▶[voted A t1]                   │
  3              │request-vote t1 (copy)─▶│ already voted          │
  4         [LEADER t1]◀──── vote t1 ─────│                        │
  5  ═══════════════════════════ partition: A | B C ════════════════════════════
  6              │                   [✗ crashed]                   │
  7              │                  [↻ FOLLOWER]                   │
  8              │                       election time-out [◷ CANDIDATE t1]
  9              │                  [voted C t1]◀ request-vote t1 ─│
 10  ═══════════════════════════ the partition heals ═══════════════════════════
 11              │                        │──── vote t1 ─────▶[LEADER t1]

     in flight: request-vote t1 A→C; cut off by the partition: heartbeat t1 A→C,
     request-vote t1 C→A

✗ A and C are both LEADER in term 1: B forgot its vote when it crashed.
  Election safety: at most one leader in a term. First broken by step 11.
"""


def test_a_crash_while_sending_has_a_line_of_its_own():
    trace = crash_while_sending()
    step = next(step for step in trace.steps if step.crashed and step.crashed_before_sending)
    lines = [line for line in to_text(trace).splitlines() if line.startswith(f"{step.number:>3}  ")]
    assert len(lines) == 2
    assert "crashed]" in lines[1]
    assert f"before sending {step.crashed_before_sending[0]}" in lines[1]


def test_many_nodes_become_a_list():
    text = to_text(SAMPLES["crowd_of_8"]())
    assert "N1 receives" in text or "N1: " in text
    assert "│" not in text
    assert "│" in to_text(SAMPLES["crowd_of_8"](), 140)


def test_a_system_without_nodes_is_a_list_of_changes():
    trace = jugs()
    text = to_text(trace)
    for step in trace.steps:
        assert step.text in text


def test_colours_where_the_terminal_has_them():
    console = Console(width=80, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(to_terminal(three_phase_commit()))
    out = console.file.getvalue()
    assert "\x1b[" in out


@EVERY_SAMPLE
def test_the_story_has_a_sentence_for_each_step(name):
    trace = SAMPLES[name]()
    told = sentences(trace)
    assert len(told) == len(trace.steps)
    assert all(told)
    assert all(step.text in sentence for step, sentence in zip(trace.steps, told, strict=True))
