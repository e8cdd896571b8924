"""What is blamed for a formula that fails: the tuples that its value hangs on, there or missing."""

from __future__ import annotations

import pytest
from test_formulas import WORLD, Node, Rank, a, b, done, has, likes, m, n

from everyway.proofs.blame import blame
from everyway.proofs.language import any_of, exists, for_all, given

VALUES = {n: "x", m: "y", a: 3, b: 5}
LIKES, HAS, HAS_NOT, NOT_DONE = "likes(x, y)", "has(x, 3)", "no has(x, 5)", "no done"


@pytest.mark.parametrize(
    ("formula", "guilty"),
    [
        (likes(n, m), {LIKES}),
        (~likes(n, m), {LIKES}),
        (done(), {NOT_DONE}),
        (given(likes(n, m)).then(done()), {LIKES, NOT_DONE}),
        (given(likes(n, m), has(n, a)).then(done() & has(n, a)), {LIKES, HAS, NOT_DONE}),
        (given(done()).then(has(n, b)), {NOT_DONE}),
        (given(likes(n, m)).then(has(n, a)), {HAS}),
        (any_of(done(), has(n, b)), {NOT_DONE, HAS_NOT}),
        (any_of(done(), has(n, a)), {HAS}),
        (done() & has(n, a), {NOT_DONE}),
        (done().iff(has(n, a)), {NOT_DONE, HAS}),
        (exists(Rank, lambda r: has(n, r)), {HAS}),
        (exists(Rank, lambda r: has(m, r)), set()),
        (for_all(Rank, lambda r: has(n, r)), {HAS_NOT}),
        (for_all(Node, lambda x: exists(Node, lambda y: likes(x, y))), set()),
        (n == m, set()),
    ],
)
def test_what_the_value_hangs_on(formula, guilty):
    found = set()
    for one in blame(formula, WORLD, VALUES):
        arguments = f"({', '.join(map(str, one.arguments))})" if one.arguments else ""
        found.add(f"{'' if one.is_there else 'no '}{one.relation}{arguments}")
    assert found == guilty
