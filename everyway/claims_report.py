"""Judged claims as one HTML page that needs nothing else, and as JSON."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import attrs

from everyway.claims import Decision, Judgement
from everyway.models.claims import Ruling

SCHEMA = "everyway-claims/1"

SYSTEMS = {
    "dist": "Distribution",
    "lw": "Leader and workers",
    "decen": "Decentralised election",
    "split": "Split brain",
    "cluster": "Cluster",
    "cap": "CAP",
    "base": "BASE",
    "acid": "ACID",
    "2pc": "Two-phase commit",
    "3pc": "Three-phase commit",
    "outbox": "Local message table",
    "paxos": "Paxos",
    "raft": "Raft",
}
"""How the part before the point of a claim's id reads in a heading."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --card: #f6f8fa; --back: #fff;
  --good: #00704f; --bad: #c4001a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --card: #151b23;
  --back: #0d1117; --good: #3fb68b; --bad: #ff7b72; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 2rem auto;
  max-width: 68rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
nav a { margin-right: .9rem; white-space: nowrap; } a { color: inherit; }
article { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: 1rem 0; }
article h3 { margin: 0; font-size: 1rem; display: flex; gap: .8rem; align-items: baseline; flex-wrap: wrap; }
article > p { margin: .4rem 0; } .soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
.ruling { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .6rem; font-weight: normal;
  font-size: .85rem; }
.scrolls { overflow-x: auto; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; min-width: 44rem; font-size: .88rem; }
th:nth-child(1) { width: 1.2rem; } th:nth-child(2) { width: 30%; } th:nth-child(4) { width: 8.5rem; }
th:nth-child(5) { width: 5rem; } th:nth-child(6) { width: 3rem; }
th { text-align: left; color: var(--soft); font-weight: normal; }
th, td { padding: .25rem .6rem .25rem 0; border-top: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
details > summary { cursor: pointer; } details img { max-width: 100%; margin: .6rem 0; }
"""


_TONES = {Ruling.HOLDS: "good", Ruling.REACHABLE: "good", Ruling.VIOLATED: "bad"}


def as_html(judged: Sequence[Judgement]) -> str:
    """Return a page with every claim, every case, and the diagrams there are."""
    merged: dict[str, list[Judgement]] = {}
    for judgement in judged:
        merged.setdefault(judgement.claim.system, []).append(judgement)
    links = "".join(f'<a href="#{escape(system)}">{escape(_heading(system))}</a>' for system in merged)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Claims of the study notes</title><style>{_STYLE}</style></head><body>",
            "<h1>What the study notes claim, and what is true</h1>",
            f"<p>{escape(_summary(judged))}</p>",
            '<p class="soft">A mark ✓ says that a case came out as expected; where a property is expected to be '
            "violated, the case is a variant with a mistake in it, or the sentence is not true. Every counterexample "
            "and every witness opens as a diagram.</p>",
            f"<nav>{links}</nav>",
            *(line for system, members in merged.items() for line in _section(system, members)),
            "</body></html>",
            "",
        ]
    )


def as_json(judged: Sequence[Judgement], *, is_whole: bool = True) -> dict[str, Any]:
    """Return judged claims as values that ``json.dumps`` takes."""
    return {
        "schema": SCHEMA,
        "is_complete": is_whole,
        "is_as_expected": all(judgement.is_met for judgement in judged),
        "claims": [
            {
                "id": judgement.claim.id,
                "line": judgement.claim.line or None,
                "words": judgement.claim.words or None,
                "sentence": judgement.claim.sentence,
                "ruling": judgement.claim.ruling.value,
                "why": judgement.claim.why,
                "reference": judgement.claim.reference or None,
                "is_as_expected": judgement.is_met,
                "cases": [_case_values(decision) for decision in judgement.decisions],
            }
            for judgement in judged
        ],
    }


def _case_values(decision: Decision) -> dict[str, Any]:
    values = attrs.asdict(decision, filter=lambda field, _: field.name != "picture")
    for name in ("words", "subject", "property", "bounds", "sentence"):
        values[name] = values[name] or None
    return {**values, "seconds": round(decision.seconds, 3)}


def _heading(system: str) -> str:
    return SYSTEMS.get(system, system)


def _summary(judged: Sequence[Judgement]) -> str:
    cases = sum(len(judgement.decisions) for judgement in judged)
    states = sum(judgement.states for judgement in judged)
    missed = sum(not judgement.is_met for judgement in judged)
    result = f"{missed} claims are not as expected" if missed else "all as expected"
    return f"{len(judged)} claims in {cases} cases, {states:,} states visited; {result}."


def _section(system: str, members: Sequence[Judgement]) -> Iterator[str]:
    yield f'<section><h2 id="{escape(system)}">{escape(_heading(system))}</h2>'
    for judgement in members:
        yield from _article(judgement)
    yield "</section>"


def _article(judgement: Judgement) -> Iterator[str]:
    claim = judgement.claim
    yield f'<article id="{escape(claim.id)}">'
    yield (
        f"<h3>{_mark(judgement.is_met)}<code>{escape(claim.id)}</code>"
        f'<span class="ruling {_TONES.get(claim.ruling, "")}">{escape(claim.ruling.value)}</span>'
        f'<span class="soft">{escape(claim.line)}</span></h3>'
    )
    yield f"<p>{escape(claim.sentence)}"
    if claim.words:
        yield f' <span class="soft" lang="zh">{escape(claim.words)}</span>'
    yield "</p>"
    reference = f" ({escape(claim.reference)})" if claim.reference else ""
    yield f'<p class="soft">{escape(claim.why)}{reference}</p>'
    if judgement.decisions:
        heads = ("", "property", "model and bounds", "found", "states", "steps")
        yield '<div class="scrolls"><table><tr>'
        yield "".join(
            f"<th{' class=number' if head in ('states', 'steps') else ''}>{head}</th>" for head in heads
        )
        yield "</tr>"
        for decision in judgement.decisions:
            yield from _row(decision)
        yield "</table></div>"
    yield "</article>"


def _row(decision: Decision) -> Iterator[str]:
    what = escape(decision.property) if decision.property else "calculation"
    if decision.words:
        what += f'<br><span class="soft">{escape(decision.words)}</span>'
    under = escape(decision.subject)
    if decision.bounds:
        under += f'<br><span class="soft">{escape(decision.bounds)}</span>'
    found = escape(decision.found)
    if not decision.is_met:
        steps = "" if decision.expected_steps is None else f" in {decision.expected_steps} steps"
        found += f'<br><span class="bad">expected: {escape(decision.expected)}{steps}</span>'
    states = f"{decision.states:,}" if decision.states else ""
    steps = "" if decision.steps is None else str(decision.steps)
    yield (
        f"<tr><td>{_mark(decision.is_met)}</td><td>{what}</td><td>{under}</td><td>{found}</td>"
        f'<td class="number">{states}</td><td class="number">{steps}</td></tr>'
    )
    if decision.picture:
        # As an image, so that the pictures' own names and styles do not meet.
        data = base64.b64encode(decision.picture.encode()).decode()
        yield (
            f"<tr><td></td><td colspan=5><details><summary>{escape(decision.sentence) or 'diagram'}</summary>"
            f'<img loading="lazy" alt="{escape(decision.sentence)}" src="data:image/svg+xml;base64,{data}">'
            f"</details></td></tr>"
        )


def _mark(is_met: bool) -> str:
    return '<span class="good">✓</span>' if is_met else '<span class="bad">✗</span>'
