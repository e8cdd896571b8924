"""The family of policies of the CAP register, and which of them are both consistent and available.

By Gilbert & Lynch (2002) none is where a partition may come, while some are where the network is whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from everyway.invariants import Property
from everyway.models.cap_register import (
    Acknowledged,
    Cap,
    OnTimeout,
    Policy,
    ReadFrom,
    available,
    linearizable,
)
from everyway.models.language import Faults, ModelError, at_most


def policies() -> list[Policy]:
    """Return all 36 policies."""
    return [Policy(*parts) for parts in itertools.product(Acknowledged, ReadFrom, OnTimeout)]


PARTITION = Faults(partitions=at_most(1), heals=at_most(0))
"""A partition at any moment, for ever."""


def what_gives(
    check: Callable[..., Any], faults: Faults | None = None, *, replicas: int = 3
) -> dict[Policy, Property | None]:
    """Return for each policy a promise that it breaks, or None if it is both consistent and available.

    By Gilbert & Lynch none is both under ``PARTITION``, while some are where the network is whole. ``check`` is
    ``everyway.check``.
    """

    def breaks(policy: Policy, promise: Property, reads: int) -> bool:
        model = Cap(replicas, reads, policy.write, policy.read, policy.on_timeout)
        report = check(model, promise, faults=faults, stop_when_decided=True, engine="tables")
        if report.outcome.value == "unknown":
            raise ModelError(f"{model}: {promise} was not decided.")
        return bool(report.outcome.value == "violated")

    def broken_by(policy: Policy) -> Property | None:
        # Clients need not ask: who breaks a promise with one read breaks it with two. It takes fewer states to see.
        tries = [(linearizable, 1), (available, 1), (linearizable, 2), (available, 2)]
        return next((promise for promise, reads in tries if breaks(policy, promise, reads)), None)

    return {policy: broken_by(policy) for policy in policies()}
