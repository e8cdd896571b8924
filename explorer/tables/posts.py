"""Posting: putting what a move sends into the channels of a row. Part of the kernel; see ``generate.py``."""

from __future__ import annotations

from typing import Any

from .codes import (
    ASK_PUT,
    C_PUT,
    C_PUT_STRIDE,
    CHANNEL_STRIDE,
    CHANNELS,
    LAYOUT,
    LISTS,
    MISS,
    NODE_COUNT,
    OBSERVER_COUNT,
    PENDING,
)
from .judge import list_miss
from .packing import extract


def post(head: Any, pool: Any, out: Any, base: int, misses: Any, work: Any, posts: int) -> bool:
    """Put what a move sends into the channels of a row; return whether the tables knew how."""
    entry = head[LISTS] + posts
    first_channel = head[NODE_COUNT] + 1 + head[OBSERVER_COUNT]
    is_complete = True
    for _ in range(pool[entry]):
        channel = pool[entry + 1]
        entry += 2
        place = pool[head[LAYOUT] + first_channel + channel]
        old = extract(place, out, base)
        about = head[CHANNELS] + channel * CHANNEL_STRIDE
        cell = pool[about + C_PUT] + old * pool[about + C_PUT_STRIDE] + pool[entry]
        content = pool[cell]
        if content >= 0:
            out[base + ((place >> 6) & 0xFFF)] += (content - old) << (place & 63)
        else:
            is_complete = False
            if content == MISS and list_miss(head, misses, work, ASK_PUT, channel, old, pool[entry]):
                pool[cell] = PENDING
    return is_complete
