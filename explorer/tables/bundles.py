"""Bundles: what several nodes and channels offer, looked up together; and steps that sleep, and need not be taken.

Part of the kernel; see ``generate.py``. What a node offers of its own accord depends on its value, and what a channel
offers on its content and the value of the node it leads to. A *bundle* is a run of such sources; for each combination
of their values that has come up, its *list* says which steps there are. Most states then cost a few look-ups, rather
than one for each node and channel. ``bundling.py`` says which sources go together.

Most steps lead to states that are known already, and of most of those that can be told without taking them (sleep
sets: Godefroid, "Partial-order methods for the verification of concurrent systems", 1996, chapter 5). Let a state t
have been found first by step a of node i, from a state s. Let b be a step of another node that comes before a in the
order of steps, and does not receive anything from node i. Then b could be taken in s already, and led to a state that
was found before t; there a can still be taken, and leads to where b leads from t. So b *sleeps* in t: it is counted
as ever, but its successor need not be made. By the predecessor that was found first every state is made still; so
states are found in the same order, from the same predecessors, by the same steps. See ``docs/engine.md``.
"""

from __future__ import annotations

from typing import Any

from .codes import (
    ASK_DELIVERABLE,
    ASK_DELIVERY,
    ASK_OWN,
    ASK_TAKE,
    B_CELLS,
    B_FIRST,
    B_LAST,
    B_NODES,
    B_PIECES,
    B_SECOND,
    B_SOURCES,
    BUNDLE_STRIDE,
    BUNDLES,
    C_DELIVERABLE,
    C_SENDER,
    C_TO,
    CHANNEL_STRIDE,
    CHANNELS,
    COMPRESSED_ONE,
    COMPRESSED_TWO,
    E_CHANNEL_DELTA,
    E_CHANNEL_WORD,
    E_DELTA,
    E_DIFFERS,
    E_MOVE,
    E_NODE,
    E_ORIGIN,
    E_POSITION,
    E_POSTS,
    E_SENDER,
    E_STRIDE,
    E_WORD,
    FLAG_LAST,
    KEEPS_MOVES,
    LAYOUT,
    LISTS,
    M_DELTA,
    M_KIND,
    M_POSTS,
    MISS,
    MISSED,
    MOST_STEPS,
    MOVE_STRIDE,
    MOVES,
    N_DELIVERY,
    N_DELIVERY_STRIDE,
    N_OWN,
    NODE_COUNT,
    NODE_STRIDE,
    NODES,
    NOWHERE,
    OBSERVER_COUNT,
    ORDINAL,
    OWN_CHOICE,
    OWN_STRIDE,
    OWN_TIMEOUT,
    OWN_UP,
    PENDING,
    PLAN,
    QUIET,
    RANKS,
    TIMEOUT_ORIGIN,
    U_CELLS,
    U_FORGOTTEN,
    U_LISTS,
    U_PASSING,
    U_STOP,
    U_TOP,
    U_TOUCHED,
    VISITED,
    VISITS,
    WORD_MASK,
    WORD_SHIFT,
    WORDS,
)
from .judge import list_miss
from .packing import compressed, extract, gathered
from .posts import post

# A list: how many steps there are, whether any changes something (SOME), how often it was met, and the steps.
L_COUNT, L_DIFFERS, L_TIMES, L_STEPS = 0, 1, 2, 3
NONE, SOME, UNSURE = 0, 1, 2
LACKING, NO_ROOM, TOO_LONG, NO_LIST = -1, -2, -3, -4


def sleeps(head: Any, pool: Any, record: int, origin: int, actor: int, since: int) -> bool:
    """Return whether a step sleeps, in a state that was first found by a step of a node from a certain position on.

    ``origin`` is the step's source; a step of which it is not clear whether it changes anything does not sleep.
    """
    if origin == NOWHERE or origin_position(head, pool, origin) >= since:
        return False
    if pool[record + M_DELTA] == 0 and pool[record + M_POSTS] > 0:
        return False
    node_count = head[NODE_COUNT]
    if origin < TIMEOUT_ORIGIN and origin >= node_count:
        about = head[CHANNELS] + (origin - node_count) * CHANNEL_STRIDE
        if pool[about + C_SENDER] == actor:
            return False
    return origin_node(head, pool, origin) != actor


def origin_node(head: Any, pool: Any, origin: int) -> int:
    """Return whose step it was that a state was first found by; -1 if that is not known."""
    node_count = head[NODE_COUNT]
    if origin < node_count:
        return origin
    if origin >= TIMEOUT_ORIGIN:
        return -1 if origin == NOWHERE else origin - TIMEOUT_ORIGIN
    node: int = pool[head[CHANNELS] + (origin - node_count) * CHANNEL_STRIDE + C_TO]
    return node


def origin_position(head: Any, pool: Any, origin: int) -> int:
    """Return where in the order of sources a step comes from."""
    node_count = head[NODE_COUNT]
    if origin < node_count or origin >= TIMEOUT_ORIGIN:
        return origin
    position: int = node_count + pool[head[RANKS] + origin - node_count]
    return position


def settle(bundled: Any, counts: Any) -> None:
    """Add to the counts of moves how often each list was met, and begin to count anew."""
    for k in range(bundled[U_TOUCHED]):
        at = bundled[bundled[U_STOP] + k]
        times = bundled[at + L_TIMES]
        bundled[at + L_TIMES] = 0
        entry = at + L_STEPS
        for _ in range(bundled[at + L_COUNT]):
            counts[bundled[entry + E_MOVE]] += times
            entry += E_STRIDE
    bundled[U_TOUCHED] = 0


def forget(bundled: Any) -> None:
    """Forget all lists; they must have been settled."""
    for k in range(bundled[U_CELLS], bundled[U_LISTS]):
        bundled[k] = 0
    bundled[U_TOP] = bundled[U_LISTS]
    bundled[U_FORGOTTEN] += 1


def note_visits(bundled: Any, scratch: Any, work: Any, counts: Any) -> None:
    """Count the lists that were met in a state, now that all its steps are known."""
    for k in range(work[VISITS]):
        at = scratch[VISITED + k]
        if at >= bundled[U_PASSING]:
            entry = at + L_STEPS
            for _ in range(bundled[at + L_COUNT]):
                counts[bundled[entry + E_MOVE]] += 1
                entry += E_STRIDE
            continue
        if bundled[at + L_TIMES] == 0:
            bundled[bundled[U_STOP] + bundled[U_TOUCHED]] = at
            bundled[U_TOUCHED] += 1
        bundled[at + L_TIMES] += 1


def add_steps(
    head: Any, pool: Any, bundled: Any, at: int, limit: int, move: int, channel: int, change: int, origin: int
) -> bool:
    """Add a run of moves to a list, of a node's own or on a message; return whether there was room.

    Args:
        head: where the tables are.
        pool: the tables.
        bundled: the lists.
        at: the list.
        limit: where the room for it ends.
        move: the first of the moves.
        channel: where the message is taken from, or -1.
        change: what taking it adds to the channel's value.
        origin: which source they come from.
    """
    while True:
        entry = at + L_STEPS + bundled[at + L_COUNT] * E_STRIDE
        if entry + E_STRIDE > limit:
            return False
        record = head[MOVES] + move * MOVE_STRIDE
        kind = pool[record + M_KIND]
        bundled[entry + E_MOVE] = move
        bundled[entry + E_DELTA] = pool[record + M_DELTA]
        bundled[entry + E_WORD] = (kind >> WORD_SHIFT) & WORD_MASK
        bundled[entry + E_POSTS] = pool[record + M_POSTS]
        bundled[entry + E_CHANNEL_DELTA] = 0
        bundled[entry + E_CHANNEL_WORD] = 0
        bundled[entry + E_SENDER] = -1
        if channel >= 0:
            place = pool[head[LAYOUT] + head[NODE_COUNT] + 1 + head[OBSERVER_COUNT] + channel]
            bundled[entry + E_CHANNEL_DELTA] = change << (place & 63)
            bundled[entry + E_CHANNEL_WORD] = (place >> 6) & 0xFFF
            bundled[entry + E_SENDER] = pool[head[CHANNELS] + channel * CHANNEL_STRIDE + C_SENDER]
        bundled[entry + E_NODE] = origin_node(head, pool, origin)
        bundled[entry + E_POSITION] = origin_position(head, pool, origin)
        bundled[entry + E_ORIGIN] = origin
        differs = NONE
        if pool[record + M_DELTA] != 0:
            differs = SOME
        elif pool[record + M_POSTS] > 0:
            differs = UNSURE  # what is sent may be there already, or fill the place of what was taken
        elif change != 0:
            differs = SOME
        bundled[entry + E_DIFFERS] = differs
        if bundled[at + L_DIFFERS] != UNSURE and differs != NONE:
            bundled[at + L_DIFFERS] = differs
        bundled[at + L_COUNT] += 1
        if kind & FLAG_LAST:
            return True
        move += 1


def learn(
    head: Any,
    pool: Any,
    rows: Any,
    row: int,
    bundled: Any,
    at: int,
    limit: int,
    sources: int,
    misses: Any,
    work: Any,
) -> int:
    """Write the list of a bundle for the values that a row has; return where it ends.

    Returns ``LACKING`` if a table lacks an entry, which is then listed as missing, and ``NO_LIST`` if it would go
    beyond its limit.
    """
    node_count = head[NODE_COUNT]
    layout = head[LAYOUT]
    first_channel = layout + node_count + 1 + head[OBSERVER_COUNT]
    bundled[at + L_COUNT] = 0
    bundled[at + L_DIFFERS] = NONE
    bundled[at + L_TIMES] = 0
    is_complete = True
    for k in range(pool[sources]):
        source = pool[sources + 1 + k]
        channel = source - node_count
        if channel < 0 or source >= TIMEOUT_ORIGIN:
            i = source if channel < 0 else source - TIMEOUT_ORIGIN
            column = OWN_CHOICE if channel < 0 else OWN_TIMEOUT
            value = extract(pool[layout + i], rows, row)
            cell = pool[head[NODES] + i * NODE_STRIDE + N_OWN] + value * head[OWN_STRIDE]
            move = pool[cell + column]
            if not pool[cell + OWN_UP] or move == 0:
                continue
            if move < 0:
                is_complete = False
                if move == MISS and list_miss(head, misses, work, ASK_OWN, i, value, column):
                    pool[cell + column] = PENDING
            elif not add_steps(head, pool, bundled, at, limit, move, -1, 0, source):
                return NO_LIST
            continue
        content = extract(pool[first_channel + channel], rows, row)
        if content == 0:
            continue
        about = head[CHANNELS] + channel * CHANNEL_STRIDE
        i = pool[about + C_TO]
        node = head[NODES] + i * NODE_STRIDE
        value = extract(pool[layout + i], rows, row)
        if not pool[pool[node + N_OWN] + value * head[OWN_STRIDE] + OWN_UP]:
            continue
        entry = pool[pool[about + C_DELIVERABLE] + content]
        if entry < 0:
            is_complete = False
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
                is_complete = False
                if move == MISS and list_miss(head, misses, work, ASK_DELIVERY, i, value, pool[entry]):
                    pool[cell] = PENDING
            elif move > 0 and rest < 0:
                is_complete = False
                if rest == MISS and list_miss(
                    head, misses, work, ASK_TAKE, channel, content, entry - head[LISTS]
                ):
                    pool[entry + 1] = PENDING
            elif move > 0 and not add_steps(
                head, pool, bundled, at, limit, move, channel, rest - content, source
            ):
                return NO_LIST
            entry += 3
    if not is_complete:
        return LACKING
    end: int = at + L_STEPS + bundled[at + L_COUNT] * E_STRIDE
    return end


def find(
    head: Any, pool: Any, rows: Any, row: int, bundled: Any, record: int, passing: int, misses: Any, work: Any
) -> int:
    """Return a bundle's list for the values that a row has; what else as for ``learn``.

    Lists of bundles of too many values are not kept but written where ``passing`` says, for this row alone.
    """
    plan = head[PLAN]
    sources = plan + pool[record + B_SOURCES]
    cells = pool[record + B_CELLS]
    if cells < 0:
        end = learn(head, pool, rows, row, bundled, passing, bundled[U_STOP], sources, misses, work)
        return passing if end >= 0 else end
    # Written out, for this is where most of the time goes.
    beyond = pool[record + B_PIECES]
    cell = bundled[U_CELLS] + cells
    one = rows[row + pool[record + B_FIRST]]
    if beyond == COMPRESSED_ONE:
        cell += compressed(one, pool[record + B_FIRST + 2])
    else:
        other = rows[row + pool[record + B_SECOND]]
        if beyond == COMPRESSED_TWO:
            first = compressed(one, pool[record + B_FIRST + 2])
            second = compressed(other, pool[record + B_SECOND + 2])
        else:
            first = (one >> pool[record + B_FIRST + 1]) & pool[record + B_FIRST + 2]
            second = (other >> pool[record + B_SECOND + 1]) & pool[record + B_SECOND + 2]
        cell += first | second << pool[record + B_SECOND + 3]
        if beyond > 0:
            cell += gathered(pool, plan + beyond, rows, row)
    at: int = bundled[cell]
    if at == 0:
        at = bundled[U_TOP]
        if at + L_STEPS > bundled[U_PASSING]:
            return NO_LIST
        end = learn(head, pool, rows, row, bundled, at, bundled[U_PASSING], sources, misses, work)
        if end < 0:
            return end
        bundled[cell] = at
        bundled[U_TOP] = end
    return at


def take_bundled(
    head: Any,
    pool: Any,
    rows: Any,
    row: int,
    out: Any,
    n: int,
    room: int,
    ordinals: Any,
    made: Any,
    origins: Any,
    origin: int,
    bundled: Any,
    scratch: Any,
    misses: Any,
    work: Any,
) -> int:
    """Write those successors of a row that choices, deliveries and early time-outs lead to, bundle by bundle.

    Returns the number of successors then; ``NO_ROOM`` if there was none for them, ``NO_LIST`` if there was none for a
    list, ``TOO_LONG`` if there are more steps than can be numbered. What is missing is listed, and ``work`` says so.

    Args:
        head: where the tables are.
        pool: the tables.
        rows: the packed states.
        row: where the row begins.
        out: takes the successors' rows.
        n: the number of the first.
        room: how many there is room for.
        ordinals: takes the positions of their steps.
        made: takes their moves, if that is asked for.
        origins: takes the sources of their steps.
        origin: the source of the step by which the row was first found, or ``NOWHERE``.
        bundled: the lists.
        scratch: takes the lists that were met.
        misses: takes what is to be filled in.
        work: how it went.
    """
    words = head[WORDS]
    keeps_moves = head[KEEPS_MOVES]
    since = -1
    actor = -1
    if origin != NOWHERE:
        actor = origin_node(head, pool, origin)
        since = origin_position(head, pool, origin)
    passing = bundled[U_PASSING]
    bundles = head[BUNDLES]
    # First all lists, whose places memory is then asked for together; then what they say.
    record = head[PLAN]
    for b in range(bundles):
        at = find(head, pool, rows, row, bundled, record, passing, misses, work)
        if at == NO_LIST:
            return NO_LIST
        if at >= passing:
            passing = at + L_STEPS + bundled[at + L_COUNT] * E_STRIDE
        scratch[VISITED + b] = at
        record += BUNDLE_STRIDE
    ordinal = 0
    visits = 0
    record = head[PLAN]
    for b in range(bundles):
        at = scratch[VISITED + b]
        nodes, last = pool[record + B_NODES], pool[record + B_LAST]
        record += BUNDLE_STRIDE
        if at < 0:
            work[MISSED] = 1
            continue
        count = bundled[at + L_COUNT]
        if count == 0:
            continue
        scratch[VISITED + visits] = at
        visits += 1
        if ordinal + count > MOST_STEPS:
            return TOO_LONG
        if last < since and not (nodes >> actor) & 1 and bundled[at + L_DIFFERS] != UNSURE:
            # All of it sleeps.
            ordinal += count
            if bundled[at + L_DIFFERS] == SOME:
                work[QUIET] = 0
            continue
        if n + count > room:
            return NO_ROOM
        entry = at + L_STEPS
        for _ in range(count):
            differs = bundled[entry + E_DIFFERS]
            if differs != NONE and (
                bundled[entry + E_POSITION] >= since
                or bundled[entry + E_NODE] == actor
                or bundled[entry + E_SENDER] == actor
                or differs == UNSURE
            ):
                base = n * words
                for w in range(words):
                    out[base + w] = rows[row + w]
                out[base + bundled[entry + E_WORD]] += bundled[entry + E_DELTA]
                out[base + bundled[entry + E_CHANNEL_WORD]] += bundled[entry + E_CHANNEL_DELTA]
                if bundled[entry + E_POSTS] > 0 and not post(
                    head, pool, out, base, misses, work, bundled[entry + E_POSTS]
                ):
                    work[MISSED] = 1
                else:
                    if differs == UNSURE:
                        differs = NONE
                        for w in range(words):
                            if out[base + w] != rows[row + w]:
                                differs = SOME
                    if differs == SOME:
                        work[QUIET] = 0
                        ordinals[n] = ordinal
                        origins[n] = bundled[entry + E_ORIGIN]
                        if keeps_moves:
                            made[n] = bundled[entry + E_MOVE]
                        n += 1
            elif differs == SOME:
                work[QUIET] = 0
            ordinal += 1
            entry += E_STRIDE
    work[VISITS] = visits
    work[ORDINAL] = ordinal
    return n
