"""The kernel of the table engine: integers in, integers out, and never a call into a model.

Every function is plain Python over one-dimensional arrays of 64-bit integers, written so that Numba compiles it as
it stands (``compiled.py``); where there is no Numba the same functions run as they are. What a table does not know
yet is listed as a *miss*: the state is put off, and ``model_tables.py`` fills the entry by asking the model.

A row is a state: the interned value of every component, packed into words of 62 bits. Components are numbered
nodes first, then the environment, the observers, and the channels in the order in which they were first used.
"""

from __future__ import annotations

from typing import Any

from .bundles import (
    NO_LIST,
    TOO_LONG,
    forget,
    note_visits,
    origin_node,
    origin_position,
    settle,
    sleeps,
    take_bundled,
)
from .codes import (
    ASK_CUTS,
    ASK_ENVIRONMENT,
    ASK_OBSERVER,
    ASK_STEP,
    AT,
    BUNDLES,
    COMPONENTS,
    CUTS_MASK,
    DONE,
    DOWN,
    E_FLAGS,
    E_HEAL_MOVE,
    E_OPERATIONS,
    E_PARTITION_MOVES,
    EARLY,
    ENDS,
    ENVIRONMENT_STRIDE,
    ENVIRONMENTS,
    FLAG_CUT,
    FLAG_FAULT,
    FLAG_LAST,
    FULL,
    HAS_CRASHES,
    HAS_ORIGINS,
    HAS_RESTARTS,
    HAS_SUSPICIONS,
    IS_SPLIT,
    KEEPS_MOVES,
    LATE,
    LAYOUT,
    LEAF,
    M_CUTS,
    M_DELTA,
    M_KIND,
    M_POSTS,
    MEMO_MASK,
    MISS,
    MISSED,
    MISSES,
    MISSING,
    MOST,
    MOST_STEPS,
    MOVE_STRIDE,
    MOVES,
    NEVER,
    NODE_COUNT,
    NOWHERE,
    OBSERVER_COUNT,
    OFFER_CHANNEL,
    OFFER_MOVED,
    OFFER_ORIGIN,
    OFFER_VALUE,
    OPERATION_MASK,
    OPERATION_SHIFT,
    ORDINAL,
    PENDING,
    PREMISES,
    QUIET,
    REASON,
    SAYS_FOUND,
    SAYS_PREMISE,
    SKIPPED,
    STEP_PROPERTIES,
    STEP_ROOTS,
    SUCCESSORS,
    T_ORDINAL,
    T_PREMISES,
    T_STATE,
    TALLY_STRIDE,
    TIMEOUTS_ARE,
    TOO_MANY,
    TRAIL,
    U_LISTS,
    U_PASSING,
    U_TOP,
    VALUES,
    VISITS,
    WORD_MASK,
    WORD_SHIFT,
    WORDS,
)
from .judge import list_miss, raw, walk
from .offers import keep_ready, offer_faults, offer_ordinary, offer_timeouts
from .packing import extract
from .posts import post


def observe(
    head: Any, pool: Any, memo: Any, scratch: Any, out: Any, base: int, misses: Any, work: Any, move: int
) -> bool:
    """Let the observers see a move; return whether the tables knew what they make of it."""
    observers = head[OBSERVER_COUNT]
    is_complete = True
    for j in range(observers):
        place = pool[head[LAYOUT] + head[NODE_COUNT] + 1 + j]
        old = scratch[VALUES + head[NODE_COUNT] + 1 + j]
        key = ((old * observers + j) << 32) + move
        slot = (key ^ (key >> 29) ^ (old * 40503)) & head[MEMO_MASK]
        while memo[2 * slot] != key and memo[2 * slot] != 0:
            slot = (slot + 1) & head[MEMO_MASK]
        if memo[2 * slot] == 0:
            is_complete = False
            list_miss(head, misses, work, ASK_OBSERVER, j, old, move)
        else:
            out[base + ((place >> 6) & 0xFFF)] += (memo[2 * slot + 1] - old) << (place & 63)
    return is_complete


def judge_step(
    head: Any,
    pool: Any,
    rows: Any,
    at: int,
    out: Any,
    base: int,
    scratch: Any,
    misses: Any,
    work: Any,
    tallies: Any,
    move: int,
    ordinal: int,
) -> bool:
    """Look up what the properties of steps say of one; return whether that is known of all."""
    words = head[WORDS]
    is_complete = True
    for p in range(head[STEP_PROPERTIES]):
        slot = walk(head, pool, pool[head[STEP_ROOTS] + p] + move, rows, at * words, out, base)
        says = MISS if slot < 0 else pool[slot]
        if says <= LEAF:
            bits = LEAF - says
            if bits & SAYS_PREMISE:
                scratch[PREMISES + p] += 1
            if bits & SAYS_FOUND and not work[MISSED] and tallies[p * TALLY_STRIDE + T_STATE] < 0:
                tallies[p * TALLY_STRIDE + T_STATE] = at
                tallies[p * TALLY_STRIDE + T_ORDINAL] = ordinal
            continue
        is_complete = False
        if says == MISS and list_miss(head, misses, work, ASK_STEP, p, move, at):
            where = (work[MISSES] - 1) * (4 + 2 * words) + 4
            for w in range(words):
                misses[where + w] = rows[at * words + w]
                misses[where + words + w] = out[base + w]
            if slot >= 0:
                pool[slot] = PENDING
    return is_complete


def generate(
    head_: Any,
    pool_: Any,
    memo_: Any,
    rows_: Any,
    last: int,
    out_: Any,
    room: int,
    ordinals_: Any,
    made_: Any,
    origins_: Any,
    begins_: Any,
    ends_: Any,
    counts_: Any,
    found_by_: Any,
    bundled_: Any,
    scratch_: Any,
    misses_: Any,
    tallies_: Any,
    work_: Any,
    lookahead: int,
) -> None:
    """Write the successors of rows, one after the other, in the order of the reference semantics.

    Goes on from ``work[AT]`` to ``last``, or until a table lacks an entry. Then the rows behind are looked through
    for further misses, so that many are filled at once. Steps that change nothing, and steps that sleep
    (``bundles.py``), are counted and not written.

    Args:
        head_: where the tables are.
        pool_: the tables.
        memo_: what observers make of moves: pairs of a key and a value, by open addressing.
        rows_: the packed states to expand.
        last: the number of the row behind the last one to expand.
        out_: takes the successors' rows.
        room: how many of them it has room for.
        ordinals_: takes for each the position of its step among all steps of its predecessor.
        made_: takes for each the move that led to it, if that is asked for.
        origins_: takes for each the source of the step that led to it.
        begins_: takes for each row the number of its first successor.
        ends_: takes the numbers of the rows in which nothing can happen any more.
        counts_: how often each move was made.
        found_by_: for each row the source of the step by which it was first found, if ``work`` says that this is known.
        bundled_: the lists of bundles.
        scratch_: room for the steps of one state.
        misses_: takes what is to be filled in.
        tallies_: of the step properties.
        work_: where to go on, and how it went.
        lookahead: after so many rows without another miss they are no longer looked through.
    """
    head, pool, memo, rows, out = raw(head_), raw(pool_), raw(memo_), raw(rows_), raw(out_)
    ordinals, begins, ends, counts = raw(ordinals_), raw(begins_), raw(ends_), raw(counts_)
    made, origins, found_by, bundled = raw(made_), raw(origins_), raw(found_by_), raw(bundled_)
    scratch, misses, tallies, work = raw(scratch_), raw(misses_), raw(tallies_), raw(work_)
    words = head[WORDS]
    layout = head[LAYOUT]
    node_count = head[NODE_COUNT]
    components = head[COMPONENTS]
    moves = head[MOVES]
    timeouts = head[TIMEOUTS_ARE]
    step_properties = head[STEP_PROPERTIES]
    skipped = head[SKIPPED]
    keeps_moves = head[KEEPS_MOVES]
    has_observers = head[OBSERVER_COUNT] > 0
    # Observers and properties of steps see each step by itself: then none sleeps, and each is made by itself.
    has_bundles = (
        head[BUNDLES] > 0 and not has_observers and step_properties == 0 and not head[HAS_SUSPICIONS]
    )
    may_sleep = work[HAS_ORIGINS] and not has_observers and step_properties == 0
    nearly_full = bundled[U_LISTS] + (bundled[U_PASSING] - bundled[U_LISTS]) * 3 // 4
    first_channel = node_count + 1 + head[OBSERVER_COUNT]
    environment_place = pool[layout + node_count]
    work[MISSES] = 0
    work[REASON] = DONE
    at = work[AT]
    n = work[SUCCESSORS]
    put_off = -1
    stop = last
    while at < stop:
        row = at * words
        start = n
        listed = work[MISSES]
        if put_off < 0:
            begins[at] = n
        work[MISSED] = 0
        work[QUIET] = 1
        for p in range(step_properties):
            scratch[PREMISES + p] = 0
        environment = extract(environment_place, rows, row)
        here = head[ENVIRONMENTS] + environment * head[ENVIRONMENT_STRIDE]
        flags = pool[here + E_FLAGS]
        sides = here + head[ENVIRONMENT_STRIDE] - node_count
        is_end = True
        taken = 0
        ordinal = 0
        work[VISITS] = 0
        work[DOWN] = 0
        first_stage = 0
        is_full = is_too_long = False
        origin = found_by[at] if may_sleep else NOWHERE
        if has_bundles and not flags & (HAS_CRASHES | HAS_RESTARTS | IS_SPLIT):
            if bundled[U_TOP] > nearly_full:
                settle(bundled, counts)
                forget(bundled)
            end = take_bundled(
                head,
                pool,
                rows,
                row,
                out,
                n,
                room,
                ordinals,
                made,
                origins,
                origin,
                bundled,
                scratch,
                misses,
                work,
            )
            if end >= 0:
                n = end
                ordinal = work[ORDINAL]
                is_end = work[QUIET] == 1
                first_stage = 1 if timeouts == LATE else 3
                if timeouts == LATE and (work[MISSED] or not is_end):
                    first_stage = 3
                has_faults = flags != 0 or pool[here + E_HEAL_MOVE] > 0 or pool[here + E_PARTITION_MOVES] > 0
                if first_stage == 3 and not has_faults:
                    first_stage = 4
            elif end == NO_LIST:
                work[MISSED] = 0
                work[QUIET] = 1
            else:
                is_too_long = end == TOO_LONG
                is_full = True
        if first_stage < 4 and not is_full:
            for c in range(components):
                scratch[VALUES + c] = extract(pool[layout + c], rows, row)
        actor = -1
        since = -1
        if origin != NOWHERE and first_stage < 4:
            actor = origin_node(head, pool, origin)
            since = origin_position(head, pool, origin)
        # Stage 0: choices, deliveries, suspicions, drops. 1: time-outs, only tried. 2: time-outs. 3: the rest.
        for stage in range(first_stage, 4):
            if is_full:
                break
            if stage == 0:
                offers = offer_ordinary(head, pool, scratch, misses, work, flags, sides)
            elif stage == 3:
                offers = offer_faults(head, pool, scratch, misses, work, flags, here)
            else:
                if timeouts == NEVER or (timeouts == EARLY and stage == 1):
                    continue
                if timeouts == LATE and (work[MISSED] or not work[QUIET]):
                    continue
                offers = offer_timeouts(head, pool, scratch, misses, work)
                if stage == 2 and timeouts == LATE:
                    offers = keep_ready(head, pool, scratch, offers, flags & IS_SPLIT, sides)
            has_origins = stage == 0 or (stage == 2 and timeouts == EARLY)
            is_full = is_too_long = offers >= MOST
            # Make the steps on offer, each followed by what a crash in the middle leaves of it.
            for k in range(offers):
                channel = scratch[OFFER_CHANNEL + k]
                move = scratch[k]
                source = scratch[OFFER_ORIGIN + k] if has_origins else NOWHERE
                does_sleep = since >= 0 and sleeps(
                    head, pool, moves + move * MOVE_STRIDE, source, actor, since
                )
                while not is_full:
                    if n >= room or ordinal >= MOST_STEPS:
                        is_too_long = ordinal >= MOST_STEPS
                        is_full = True
                        break
                    record = moves + move * MOVE_STRIDE
                    base = n * words
                    kind = pool[record + M_KIND]
                    if does_sleep:
                        does_sleep = False  # what a crash leaves of it does not
                        scratch[TRAIL + taken] = move
                        taken += 1
                        ordinal += 1
                        if pool[record + M_DELTA] != 0 or channel >= 0:
                            is_end = False
                            work[QUIET] = 0
                        if not flags & HAS_CRASHES:
                            break
                        cuts = (pool[record + M_CUTS] & CUTS_MASK) - 2
                        if cuts == 0:
                            break
                        if cuts < 0:
                            work[MISSED] = 1
                            if cuts == MISS and list_miss(head, misses, work, ASK_CUTS, move, 0, 0):
                                pool[record + M_CUTS] += PENDING - MISS
                            break
                        move = cuts
                        continue
                    for w in range(words):
                        out[base + w] = rows[row + w]
                    out[base + ((kind >> WORD_SHIFT) & WORD_MASK)] += pool[record + M_DELTA]
                    if channel >= 0:
                        place = pool[layout + first_channel + channel]
                        out[base + ((place >> 6) & 0xFFF)] += (
                            scratch[OFFER_VALUE + k] - scratch[VALUES + first_channel + channel]
                        ) << (place & 63)
                    is_complete = True
                    if pool[record + M_POSTS] > 0:
                        is_complete = post(head, pool, out, base, misses, work, pool[record + M_POSTS])
                    differs = False
                    for w in range(words):
                        if out[base + w] != rows[row + w]:
                            differs = True
                    if stage == 1:
                        scratch[OFFER_MOVED + k] = differs
                        if not is_complete:
                            work[MISSED] = 1
                        break
                    if stage == 0 and differs and not kind & FLAG_CUT:
                        work[QUIET] = 0
                    operation = (kind >> OPERATION_SHIFT) & OPERATION_MASK
                    if operation > 0:
                        after = pool[here + E_OPERATIONS + operation]
                        if after < 0:
                            is_complete = False
                            if after == MISS and list_miss(
                                head, misses, work, ASK_ENVIRONMENT, environment, operation, 0
                            ):
                                pool[here + E_OPERATIONS + operation] = PENDING
                        elif after != environment:
                            out[base + ((environment_place >> 6) & 0xFFF)] += (after - environment) << (
                                environment_place & 63
                            )
                            differs = True
                    if has_observers and is_complete:
                        is_complete = observe(head, pool, memo, scratch, out, base, misses, work, move)
                        for w in range(words):
                            if out[base + w] != rows[row + w]:
                                differs = True
                    if step_properties > 0 and is_complete and put_off < 0:
                        is_complete = judge_step(
                            head, pool, rows, at, out, base, scratch, misses, work, tallies, move, ordinal
                        )
                    if is_complete:
                        scratch[TRAIL + taken] = move
                        taken += 1
                        if differs and not kind & skipped:
                            ordinals[n] = ordinal
                            origins[n] = NOWHERE if operation > 0 or kind & FLAG_CUT else source
                            if keeps_moves:
                                made[n] = move
                            n += 1
                            if not kind & FLAG_FAULT:
                                is_end = False
                    else:
                        work[MISSED] = 1
                    ordinal += 1
                    # Next, the step cut short by a crash, wherever the budget allows one.
                    if kind & FLAG_CUT:
                        if kind & FLAG_LAST:
                            break
                        move += 1
                        continue
                    if not flags & HAS_CRASHES:
                        break
                    cuts = (pool[record + M_CUTS] & CUTS_MASK) - 2
                    if cuts == 0:
                        break
                    if cuts < 0:
                        work[MISSED] = 1
                        if cuts == MISS and list_miss(head, misses, work, ASK_CUTS, move, 0, 0):
                            pool[record + M_CUTS] += PENDING - MISS
                        break
                    move = cuts
        if is_full:
            # A violation that was noted in this row is found again when it is complete.
            for p in range(step_properties):
                if tallies[p * TALLY_STRIDE + T_STATE] == at:
                    tallies[p * TALLY_STRIDE + T_STATE] = -1
            if put_off < 0:
                work[AT] = at
                work[SUCCESSORS] = start
                work[REASON] = TOO_MANY if is_too_long else FULL
            settle(bundled, counts)
            return
        if work[MISSED] and put_off < 0:
            put_off = at
            work[REASON] = MISSING
            work[AT] = at
            work[SUCCESSORS] = start
            for p in range(step_properties):
                if tallies[p * TALLY_STRIDE + T_STATE] == at:
                    tallies[p * TALLY_STRIDE + T_STATE] = -1
        if put_off >= 0:
            n = start
            if work[MISSES] > listed:
                stop = min(last, at + lookahead)
        else:
            note_visits(bundled, scratch, work, counts)
            for k in range(taken):
                counts[scratch[TRAIL + k]] += 1
            for p in range(step_properties):
                tallies[p * TALLY_STRIDE + T_PREMISES] += scratch[PREMISES + p]
            if is_end:
                ends[work[ENDS]] = at
                work[ENDS] += 1
        at += 1
    settle(bundled, counts)
    if put_off < 0:
        work[AT] = at
        work[SUCCESSORS] = n
        begins[at] = n
