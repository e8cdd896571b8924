"""Ordering: the order of steps in which a reader meets them going down the picture.

Of steps that happen beside each other a search picks any order. In the order of their rows, and of columns
within a row, the numbers in a picture increase downwards.
"""

from __future__ import annotations

from .causality import rows
from .recording import Recording


def reordered(recording: Recording) -> tuple[int, ...] | None:
    """Return the numbers of the steps in the order of their rows and columns; None if that is their order already."""
    row = rows(recording.steps, recording.messages)
    column = {lifeline.node: position for position, lifeline in enumerate(recording.lifelines)}

    def place(number: int) -> tuple[float, int, int]:
        step = recording.steps[number - 1]
        if step.number in row:
            return (row[step.number], column.get(step.node or "", -1), number)
        # A message is lost or copied somewhere below the step that sent it.
        message = recording.messages[step.message] if step.message is not None else None
        sent = row.get(message.sent_by, 0) if message else 0
        return (sent + 0.5, column.get(message.to, -1) if message else -1, number)

    numbers = [step.number for step in recording.steps]
    order = sorted(numbers, key=place)
    return None if order == numbers else tuple(order)
