"""What is on offer in a state: the moves that its tables list, in the order of the reference semantics.

Part of the kernel; see ``generate.py``. An offer is a move, and for a move that takes a message out of a channel (or
puts a copy in) that channel and what it then holds.
"""

from __future__ import annotations

from typing import Any

from .codes import (
    ASK_DELIVERABLE,
    ASK_DELIVERY,
    ASK_FAULTS,
    ASK_OWN,
    ASK_STRUCK,
    ASK_TAKE,
    AWAITED_SHIFT,
    C_DELIVERABLE,
    C_FAULTS,
    C_SENDER,
    C_TO,
    CHANNEL_COUNT,
    CHANNEL_STRIDE,
    CHANNELS,
    DOWN,
    E_HEAL_MOVE,
    E_PARTITION_MOVES,
    FLAG_LAST,
    HAS_CRASHES,
    HAS_DUPLICATES,
    HAS_LOSSES,
    HAS_RESTARTS,
    HAS_SUSPICIONS,
    HAS_SUSPICIONS_LEFT,
    IS_SPLIT,
    LISTS,
    M_CUTS,
    M_KIND,
    MISS,
    MISSED,
    MOST,
    MOVE_STRIDE,
    MOVES,
    N_DELIVERY,
    N_DELIVERY_STRIDE,
    N_OWN,
    NODE_COUNT,
    NODE_SHIFT,
    NODE_STRIDE,
    NODES,
    NOWHERE,
    OBSERVER_COUNT,
    OFFER_CHANNEL,
    OFFER_MOVED,
    OFFER_ORIGIN,
    OFFER_VALUE,
    OP_DUPLICATE,
    OP_LOSS,
    OPERATION_MASK,
    OPERATION_SHIFT,
    ORDER,
    OWN_CHOICE,
    OWN_CRASH,
    OWN_RESTART,
    OWN_STRIDE,
    OWN_SUSPECTS,
    OWN_TIMEOUT,
    OWN_UP,
    PENDING,
    QUIET,
    TIMEOUT_ORIGIN,
    VALUES,
)
from .judge import list_miss


def offer_own(
    head: Any, pool: Any, scratch: Any, misses: Any, work: Any, i: int, column: int, offers: int
) -> int:
    """Offer what a node may do of its own accord; return how many offers there are then."""
    value = scratch[VALUES + i]
    cell = pool[head[NODES] + i * NODE_STRIDE + N_OWN] + value * head[OWN_STRIDE] + column
    move = pool[cell]
    if move < 0:
        work[MISSED] = 1
        if move == MISS and list_miss(head, misses, work, ASK_OWN, i, value, column):
            pool[cell] = PENDING
        return offers
    source = NOWHERE
    if column == OWN_CHOICE:
        source = i
    elif column == OWN_TIMEOUT:
        source = TIMEOUT_ORIGIN + i
    while move > 0 and offers < MOST:
        scratch[offers] = move
        scratch[OFFER_CHANNEL + offers] = -1
        scratch[OFFER_ORIGIN + offers] = source
        offers += 1
        if pool[head[MOVES] + move * MOVE_STRIDE + M_KIND] & FLAG_LAST:
            break
        move += 1
    return offers


def is_up(head: Any, pool: Any, scratch: Any, i: int) -> int:
    """Return whether a node is up."""
    up: int = pool[
        pool[head[NODES] + i * NODE_STRIDE + N_OWN] + scratch[VALUES + i] * head[OWN_STRIDE] + OWN_UP
    ]
    return up


def offer_ordinary(head: Any, pool: Any, scratch: Any, misses: Any, work: Any, flags: int, sides: int) -> int:
    """Offer choices, deliveries, true suspicions and drops; return how many there are."""
    node_count = head[NODE_COUNT]
    nodes = head[NODES]
    channels = head[CHANNELS]
    moves = head[MOVES]
    own_stride = head[OWN_STRIDE]
    first_channel = VALUES + node_count + 1 + head[OBSERVER_COUNT]
    is_split = flags & IS_SPLIT
    offers = 0
    work[DOWN] = 0
    for i in range(node_count):
        cell = pool[nodes + i * NODE_STRIDE + N_OWN] + scratch[VALUES + i] * own_stride
        if not pool[cell + OWN_UP]:
            work[DOWN] += 1
        elif pool[cell + OWN_CHOICE] != 0:
            offers = offer_own(head, pool, scratch, misses, work, i, OWN_CHOICE, offers)
    order = head[ORDER]
    for k in range(head[CHANNEL_COUNT]):
        channel = pool[order + k]
        content = scratch[first_channel + channel]
        if content == 0:
            continue
        about = channels + channel * CHANNEL_STRIDE
        i = pool[about + C_TO]
        value = scratch[VALUES + i]
        node = nodes + i * NODE_STRIDE
        if not pool[pool[node + N_OWN] + value * own_stride + OWN_UP]:
            continue
        if is_split and pool[sides + i] != pool[sides + pool[about + C_SENDER]]:
            continue
        entry = pool[pool[about + C_DELIVERABLE] + content]
        if entry < 0:
            work[MISSED] = 1
            if entry == MISS and list_miss(head, misses, work, ASK_DELIVERABLE, channel, content, 0):
                pool[pool[about + C_DELIVERABLE] + content] = PENDING
            continue
        entry += head[LISTS]
        cells = pool[node + N_DELIVERY] + value * pool[node + N_DELIVERY_STRIDE]
        while pool[entry] >= 0:
            cell = cells + pool[entry]
            move = pool[cell]
            rest = pool[entry + 1]
            if move < 0:
                work[MISSED] = 1
                if move == MISS and list_miss(head, misses, work, ASK_DELIVERY, i, value, pool[entry]):
                    pool[cell] = PENDING
            elif move > 0 and rest < 0:
                work[MISSED] = 1
                if rest == MISS and list_miss(
                    head, misses, work, ASK_TAKE, channel, content, entry - head[LISTS]
                ):
                    pool[entry + 1] = PENDING
            elif move > 0:
                while offers < MOST:
                    scratch[offers] = move
                    # A message that stays where it is, as on a set network, changes no channel.
                    scratch[OFFER_CHANNEL + offers] = -1 if rest == content else channel
                    scratch[OFFER_VALUE + offers] = rest
                    scratch[OFFER_ORIGIN + offers] = node_count + channel
                    offers += 1
                    if pool[moves + move * MOVE_STRIDE + M_KIND] & FLAG_LAST:
                        break
                    move += 1
            entry += 3
    if work[DOWN] and head[HAS_SUSPICIONS]:
        for i in range(node_count):
            if is_up(head, pool, scratch, i):
                for j in range(node_count):
                    if not is_up(head, pool, scratch, j):
                        offers = offer_own(head, pool, scratch, misses, work, i, OWN_SUSPECTS + j, offers)
    if work[DOWN] and flags & HAS_RESTARTS:
        offers = offer_drops(head, pool, scratch, misses, work, is_split, sides, offers)
    return offers


def offer_drops(
    head: Any, pool: Any, scratch: Any, misses: Any, work: Any, is_split: int, sides: int, offers: int
) -> int:
    """Offer that messages arrive at nodes that are down, and may come up again; return how many offers there are."""
    order, channels = head[ORDER], head[CHANNELS]
    first_channel = VALUES + head[NODE_COUNT] + 1 + head[OBSERVER_COUNT]
    for k in range(head[CHANNEL_COUNT]):
        channel = pool[order + k]
        content = scratch[first_channel + channel]
        about = channels + channel * CHANNEL_STRIDE
        i = pool[about + C_TO]
        if content == 0 or is_up(head, pool, scratch, i):
            continue
        if is_split and pool[sides + i] != pool[sides + pool[about + C_SENDER]]:
            continue
        entry = pool[pool[about + C_DELIVERABLE] + content]
        if entry < 0:
            work[MISSED] = 1
            if entry == MISS and list_miss(head, misses, work, ASK_DELIVERABLE, channel, content, 0):
                pool[pool[about + C_DELIVERABLE] + content] = PENDING
            continue
        entry += head[LISTS]
        while pool[entry] >= 0:
            rest = pool[entry + 1]
            if pool[entry + 2] > 0:  # the node may come up again
                work[QUIET] = 0
                if rest < 0:
                    work[MISSED] = 1
                    if rest == MISS and list_miss(
                        head, misses, work, ASK_TAKE, channel, content, entry - head[LISTS]
                    ):
                        pool[entry + 1] = PENDING
                elif offers < MOST:
                    scratch[offers] = pool[entry + 2]
                    scratch[OFFER_CHANNEL + offers] = channel
                    scratch[OFFER_VALUE + offers] = rest
                    scratch[OFFER_ORIGIN + offers] = NOWHERE
                    offers += 1
            entry += 3
    return offers


def offer_timeouts(head: Any, pool: Any, scratch: Any, misses: Any, work: Any) -> int:
    """Offer every time-out that is armed; return how many there are."""
    offers = 0
    for i in range(head[NODE_COUNT]):
        if is_up(head, pool, scratch, i):
            offers = offer_own(head, pool, scratch, misses, work, i, OWN_TIMEOUT, offers)
    return offers


def keep_ready(head: Any, pool: Any, scratch: Any, offers: int, is_split: int, sides: int) -> int:
    """Keep those late time-outs on offer that wait for nobody; return how many there are.

    One waits for the nodes that it awaits, if they can be reached and are about to act themselves. Where none of
    the others would change anything, all are ready.
    """
    moves, lists = head[MOVES], head[LISTS]
    does_any_change = False
    for k in range(offers):
        move = scratch[k]
        i = (pool[moves + move * MOVE_STRIDE + M_KIND] >> NODE_SHIFT) - 1
        awaited = pool[moves + move * MOVE_STRIDE + M_CUTS] >> AWAITED_SHIFT
        must_wait = False
        if awaited > 0:
            for a in range(pool[lists + awaited]):
                j = pool[lists + awaited + 1 + a]
                if is_split and pool[sides + i] != pool[sides + j]:
                    continue
                for o in range(offers):
                    actor = (pool[moves + scratch[o] * MOVE_STRIDE + M_KIND] >> NODE_SHIFT) - 1
                    if scratch[OFFER_MOVED + o] and actor == j:
                        must_wait = True
        scratch[OFFER_VALUE + k] = must_wait
        if not must_wait and scratch[OFFER_MOVED + k]:
            does_any_change = True
    kept = 0
    for k in range(offers):
        if not does_any_change or not scratch[OFFER_VALUE + k]:
            scratch[kept] = scratch[k]
            kept += 1
    return kept


def offer_faults(head: Any, pool: Any, scratch: Any, misses: Any, work: Any, flags: int, here: int) -> int:
    """Offer restarts and heals, then what the environment may do; return how many there are."""
    node_count = head[NODE_COUNT]
    offers = 0
    if work[DOWN] and flags & HAS_RESTARTS:
        for i in range(node_count):
            if not is_up(head, pool, scratch, i):
                offers = offer_own(head, pool, scratch, misses, work, i, OWN_RESTART, offers)
    if pool[here + E_HEAL_MOVE] > 0 and offers < MOST:
        scratch[offers] = pool[here + E_HEAL_MOVE]
        scratch[OFFER_CHANNEL + offers] = -1
        offers += 1
    if flags & HAS_SUSPICIONS_LEFT and head[HAS_SUSPICIONS]:
        for i in range(node_count):
            if is_up(head, pool, scratch, i):
                for j in range(node_count):
                    if i != j and is_up(head, pool, scratch, j):
                        column = OWN_SUSPECTS + node_count + j
                        offers = offer_own(head, pool, scratch, misses, work, i, column, offers)
    if flags & (HAS_LOSSES | HAS_DUPLICATES):
        offers = offer_message_faults(head, pool, scratch, misses, work, flags, offers)
    if flags & HAS_CRASHES:
        for i in range(node_count):
            if is_up(head, pool, scratch, i):
                offers = offer_own(head, pool, scratch, misses, work, i, OWN_CRASH, offers)
    entry = pool[here + E_PARTITION_MOVES]
    if entry > 0:
        for k in range(pool[head[LISTS] + entry]):
            if offers < MOST:
                scratch[offers] = pool[head[LISTS] + entry + 1 + k]
                scratch[OFFER_CHANNEL + offers] = -1
                offers += 1
    return offers


def offer_message_faults(
    head: Any, pool: Any, scratch: Any, misses: Any, work: Any, flags: int, offers: int
) -> int:
    """Offer that messages are lost or repeated; return how many offers there are."""
    order, channels, lists = head[ORDER], head[CHANNELS], head[LISTS]
    first_channel = VALUES + head[NODE_COUNT] + 1 + head[OBSERVER_COUNT]
    for k in range(head[CHANNEL_COUNT]):
        channel = pool[order + k]
        content = scratch[first_channel + channel]
        if content == 0:
            continue
        about = channels + channel * CHANNEL_STRIDE
        entry = pool[pool[about + C_FAULTS] + content]
        if entry < 0:
            work[MISSED] = 1
            if entry == MISS and list_miss(head, misses, work, ASK_FAULTS, channel, content, 0):
                pool[pool[about + C_FAULTS] + content] = PENDING
            continue
        entry += lists
        while pool[entry] >= 0:
            move, rest = pool[entry], pool[entry + 1]
            operation = (pool[head[MOVES] + move * MOVE_STRIDE + M_KIND] >> OPERATION_SHIFT) & OPERATION_MASK
            if (operation == OP_LOSS and flags & HAS_LOSSES) or (
                operation == OP_DUPLICATE and flags & HAS_DUPLICATES
            ):
                if rest < 0:
                    work[MISSED] = 1
                    if rest == MISS and list_miss(
                        head, misses, work, ASK_STRUCK, channel, content, entry - lists
                    ):
                        pool[entry + 1] = PENDING
                elif offers < MOST:
                    scratch[offers] = move
                    scratch[OFFER_CHANNEL + offers] = channel
                    scratch[OFFER_VALUE + offers] = rest
                    offers += 1
            entry += 3
    return offers
