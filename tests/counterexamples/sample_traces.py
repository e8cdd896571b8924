"""Traces written by hand, one for each thing that a picture must be able to show.

They exercise the painters; no search has found them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from script import Script

from everyway.counterexamples.trace import Change, Kind, Tone, Trace, TraceStep

_COMMIT_TONES: Mapping[str, Tone] = {
    "INIT": "idle",
    "WAIT": "wait",
    "READY": "wait",
    "PRECOMMIT": "near",
    "COMMITTED": "good",
    "ABORTED": "stop",
}
_COMMIT_ROLES = {"C": "coordinator", "P1": "participant", "P2": "participant", "P3": "participant"}
_COMMIT_INITIAL = dict.fromkeys(_COMMIT_ROLES, "INIT")
_PARTICIPANTS = ("P1", "P2", "P3")
_AGREEMENT = "Agreement: no two nodes decide differently."


def _votes(script: Script) -> None:
    """Steps 1 to 10: all vote yes, and pre-commit reaches all; ``a1`` to ``a3`` are the acknowledgements."""
    script.choose("C", "WAIT", *((f"q{p[1]}", p, "can-commit?") for p in _PARTICIPANTS))
    for number in "123":
        script.deliver(f"q{number}", "READY", (f"y{number}", "C", "yes"))
    script.deliver("y1")
    script.deliver("y2")
    script.deliver("y3", "PRECOMMIT", *((f"p{p[1]}", p, "pre-commit") for p in _PARTICIPANTS))
    for number in "123":
        script.deliver(f"p{number}", "PRECOMMIT", (f"a{number}", "C", "ack"))


def three_phase_commit() -> Trace:
    """Two losses and two late time-outs: one commits, three abort."""
    script = Script(_COMMIT_ROLES, _COMMIT_INITIAL)
    _votes(script)
    script.lose("a3")
    script.deliver("a1")
    script.deliver("a2")
    script.time_out(
        "C", "ABORTED", "time-out: no ack from P3", *((f"b{p[1]}", p, "abort") for p in _PARTICIPANTS)
    )
    script.lose("b3")
    script.deliver("b1", "ABORTED")
    script.deliver("b2", "ABORTED")
    script.time_out("P3", "COMMITTED", "time-out: nothing from C")
    return script.trace(
        "Agreement violated",
        "3PC, 3 participants",
        "P3 committed although C, P1 and P2 aborted.",
        f"{_AGREEMENT} First broken by step 18.",
        summary="18 steps · 2 messages lost · 2 time-outs · shortest under losses ≤ 2, late time-outs",
        guilty=("C", "P1", "P2", "P3"),
        tones=_COMMIT_TONES,
    )


def election() -> Trace:
    """A crash, a restart, a partition, a copy, a message in flight and two that are cut off: two leaders."""
    script = Script(dict.fromkeys("ABC", "server"), dict.fromkeys("ABC", "FOLLOWER"))
    script.time_out(
        "A",
        "CANDIDATE t1",
        "election time-out",
        ("request B", "B", "request-vote t1"),
        ("request C", "C", "request-vote t1"),
        is_barrier=False,
    )
    script.deliver("request B", "voted A t1", ("vote A", "A", "vote t1"))
    script.copy("request B", "again")
    script.deliver("again", note="already voted")
    script.deliver("vote A", "LEADER t1", ("heartbeat", "C", "heartbeat t1"))
    script.partition(("A",), ("B", "C"))
    script.crash("B")
    script.restart("B", "FOLLOWER")
    script.time_out(
        "C",
        "CANDIDATE t1",
        "election time-out",
        ("late request B", "B", "request-vote t1"),
        ("late request A", "A", "request-vote t1"),
        is_barrier=False,
    )
    script.deliver("late request B", "voted C t1", ("vote C", "C", "vote t1"))
    script.heal()
    script.deliver("vote C", "LEADER t1")
    script.cut_off("heartbeat", "late request A")
    return script.trace(
        "Election safety violated",
        "Raft election, votes kept in memory only",
        "A and C are both LEADER in term 1: B forgot its vote when it crashed.",
        "Election safety: at most one leader in a term. First broken by step 11.",
        summary="11 steps · 1 crash, 1 restart · 1 duplicate · 1 partition · early time-outs",
        guilty=("A", "C"),
        tones={
            "FOLLOWER": "idle",
            "CANDIDATE t1": "wait",
            "voted A t1": "near",
            "voted C t1": "near",
            "LEADER t1": "good",
        },
    )


def crash_while_sending() -> Trace:
    """The coordinator goes down after the first of its sends; a participant suspects it and aborts."""
    roles = {"C": "coordinator", "P1": "participant", "P2": "participant"}
    script = Script(roles, dict.fromkeys(roles, "INIT"))
    script.choose("C", "WAIT", ("q1", "P1", "can-commit?"), ("q2", "P2", "can-commit?"))
    script.deliver("q1", "READY", ("y1", "C", "yes"))
    script.deliver("q2", "READY", ("y2", "C", "yes"))
    script.deliver("y1")
    script.deliver(
        "y2",
        "PRECOMMIT",
        ("p1", "P1", "pre-commit"),
        crashed=True,
        is_fault=True,
        crashed_before_sending=("pre-commit to P2",),
    )
    script.deliver("p1", "PRECOMMIT", ("a1", "C", "ack"))
    script.drop("a1")
    script.suspect("P2", "ABORTED", "suspects C", ("b1", "P1", "abort"))
    script.duplicate("b1", "b1 again")
    script.deliver("b1", "ABORTED")
    script.deliver("b1 again", note="already aborted")
    script.restart("C", "PRECOMMIT")
    script.time_out("C", "COMMITTED", "time-out: no ack from P2")
    return script.trace(
        "Agreement violated",
        "3PC with a failure detector, 2 participants",
        "C committed although P1 and P2 aborted.",
        f"{_AGREEMENT} First broken by step 13.",
        summary="13 steps · 1 crash, 1 restart · 1 duplicate · shortest under crashes ≤ 1",
        guilty=("C", "P1", "P2"),
        tones=_COMMIT_TONES,
    )


def witness() -> Trace:
    """Something good can happen: all commit."""
    script = Script(_COMMIT_ROLES, _COMMIT_INITIAL)
    _votes(script)
    script.deliver("a1")
    script.deliver("a2")
    script.deliver("a3", "COMMITTED", *((f"c{p[1]}", p, "commit") for p in _PARTICIPANTS))
    for number in "123":
        script.deliver(f"c{number}", "COMMITTED")
    return script.trace(
        "Everyone commits",
        "3PC, 3 participants",
        "Reached: C COMMITTED, P1 COMMITTED, P2 COMMITTED, P3 COMMITTED.",
        "Everyone commits: all nodes can commit. Reached by step 16.",
        tones=_COMMIT_TONES,
        is_violation=False,
    )


def broken_at_the_start() -> Trace:
    """No steps: the initial state already breaks the promise."""
    script = Script(_COMMIT_ROLES, {**_COMMIT_INITIAL, "C": "COMMITTED", "P2": "ABORTED"})
    return script.trace(
        "Agreement violated",
        "3PC, 3 participants",
        "C committed although P2 aborted.",
        f"{_AGREEMENT} Broken from the start.",
        guilty=("C", "P2"),
        tones=_COMMIT_TONES,
    )


def jugs() -> Trace:
    """A plain transition system: no nodes, no messages."""
    levels = [(0, 0), (5, 0), (2, 3), (2, 0), (0, 2), (5, 2), (4, 3)]
    texts = ["fill big", "pour big into small", "empty small", "pour big into small", "fill big"]
    texts.append("pour big into small")
    states = [{"big": big, "small": small} for big, small in levels]
    steps = []
    for number, text in enumerate(texts, 1):
        before, after = states[number - 1], states[number]
        changes = tuple(
            Change("", jug, before[jug], after[jug]) for jug in ("big", "small") if before[jug] != after[jug]
        )
        causes = (number - 1,) if number > 1 else ()
        steps.append(TraceStep(number, Kind.OTHER, text, text, changes=changes, causes=causes))
    return Trace(
        headline="Never four violated",
        subject="Jugs of 5 and 3 gallons",
        summary="6 steps · shortest",
        sentence="This must never be: big 4, small 3.",
        promise="Never four: no jug ever holds four gallons. First broken by step 6.",
        property="never four",
        lifelines=(),
        initial={},
        steps=tuple(steps),
        messages=(),
        states=tuple(states),
        tones={},
    )


def lone_node() -> Trace:
    """One node, which sends messages to itself."""
    script = Script({"S": "server"}, {"S": "IDLE"})
    script.choose("S", "BUSY", ("tick", "S", "tick"), ("tock", "S", "tock"), ("never", "S", "never"))
    script.deliver("tick")
    script.deliver("tock", "DONE")
    script.lose("never")
    return script.trace(
        "Liveliness violated",
        "a server by itself",
        "S is DONE.",
        "Liveliness: S is never DONE. First broken by step 3.",
        guilty=("S",),
        tones={"IDLE": "idle", "BUSY": "wait", "DONE": "good"},
    )


def long_words() -> Trace:
    """Words far too long to be drawn whole, markup among them, and several messages between two nodes in one step."""
    words = "having-considered-all-proposals-of-this-ballot-and-the-ones-before-it"
    script = Script({"N<1>": "proposer & acceptor", 'N"2"': "acceptor"}, {"N<1>": "<idle>", 'N"2"': "<idle>"})
    script.choose(
        "N<1>",
        words.upper(),
        ("a", 'N"2"', f"<b>{words}</b>"),
        ("b", 'N"2"', "prepare & promise"),
        ("c", 'N"2"', "prepare again"),
        note=f"because of {words} & <script>alert(1)</script>",
    )
    script.deliver("a", "<PROMISED>", ("d", "N<1>", words))
    script.deliver("c", note=f"ignored, {words}")
    script.deliver("b", None, ("e", "N<1>", "no"))
    script.deliver("e")
    script.deliver("d", "CHOSEN & DONE")
    return script.trace(
        "Ballots <grow> violated",
        "Paxos & friends with a subject that goes on for rather longer than anybody would have expected",
        f'N<1> & N"2" disagree: {" ".join([words] * 4)}.',
        f"Ballots <grow>: {' '.join(['a ballot never shrinks,'] * 12)}. First broken by step 6.",
        summary=" · ".join(["6 steps", *["a bound that takes some words to tell"] * 6]),
        guilty=("N<1>",),
    )


def crowd(nodes: int = 5, steps: int = 42, seed: int = 5) -> Trace:
    """Many steps over many nodes: deliveries in any order, losses, crashes, restarts and copies."""
    chance = random.Random(seed)
    names = [f"N{number}" for number in range(1, nodes + 1)]
    words = ("FOLLOWER", "CANDIDATE", "VOTED", "LEADER")
    script = Script(dict.fromkeys(names, "server"), dict.fromkeys(names, words[0]))
    up, waiting, count = set(names), [], 0

    def sends() -> list[tuple[str, str, str]]:
        nonlocal count
        chosen = []
        for to in chance.sample(names, chance.choice((0, 1, 1, 2, 2))):
            count += 1
            waiting.append(f"m{count}")
            chosen.append((f"m{count}", to, chance.choice(("append", "vote", "request-vote", "ok"))))
        return chosen

    def chip() -> str | None:
        return chance.choice((None, None, *words[1:]))

    while len(script.steps) < steps:
        roll = chance.random()
        key = waiting.pop(chance.randrange(len(waiting))) if waiting and roll < 0.78 else None
        if key is not None:
            if script.messages[script.keys[key]].to not in up:
                script.drop(key)
            elif roll < 0.08:
                script.lose(key)
            elif roll < 0.13:
                script.duplicate(key, f"{key} again")
                waiting += [key, f"{key} again"]
            else:
                script.deliver(key, chip(), *sends())
        elif len(up) == nodes and roll > 0.96:
            script.crash(down := chance.choice(names))
            up.discard(down)
        elif len(up) < nodes:
            script.restart(back := next(name for name in names if name not in up), words[0])
            up.add(back)
        elif roll > 0.9:
            script.time_out(chance.choice(names), chance.choice(words[1:]), "time-out: no word", *sends())
        else:
            script.choose(chance.choice(names), chip(), *sends())
    return script.trace(
        "Leader completeness violated",
        f"a crowd of {nodes}",
        "N1 and N2 disagree.",
        f"Leader completeness: a leader has every entry. First broken by step {steps}.",
        guilty=("N1", "N2"),
        tones={"FOLLOWER": "idle", "CANDIDATE": "wait", "VOTED": "near", "LEADER": "good"},
    )


SAMPLES: Mapping[str, Callable[[], Trace]] = {
    "three_phase_commit": three_phase_commit,
    "election": election,
    "crash_while_sending": crash_while_sending,
    "witness": witness,
    "broken_at_the_start": broken_at_the_start,
    "jugs": jugs,
    "lone_node": lone_node,
    "long_words": long_words,
    "crowd": crowd,
    "crowd_of_8": lambda: crowd(nodes=8, steps=110, seed=8),
}
"""Every sample by its name."""
