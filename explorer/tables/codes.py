"""The numbers by which the tables and the kernel understand each other.

All tables lie in one array of 64-bit integers, the *pool*; the *head* says where each begins.
"""

from __future__ import annotations

# Entries of a table that are no value.
MISS = -1
PENDING = -2
"""Listed as a miss already."""
UNAVAILABLE = -3

# What the head says.
WORDS = 0
LAYOUT = 1
NODES = 2
NODE_COUNT = 3
OBSERVER_COUNT = 4
CHANNELS = 5
ORDER = 6
CHANNEL_COUNT = 7
ENVIRONMENTS = 8
ENVIRONMENT_STRIDE = 9
MOVES = 10
LISTS = 11
TIMEOUTS_ARE = 12
MEMO_MASK = 13
STEP_PROPERTIES = 14
STEP_ROOTS = 15
TRIES = 16
PROJECTIONS = 17
STATE_PROPERTIES = 18
STATE_ROOTS = 19
HAS_SUSPICIONS = 20
OWN_STRIDE = 21
COMPONENTS = 22
SKIPPED = 23
SYMMETRY_COLUMNS = 24
SYMMETRY_COMPONENTS = 25
SYMMETRY_GROUPS = 26
SYMMETRY_MAPS = 27
KEEPS_MOVES = 28
PLAN = 29
BUNDLES = 30
RANKS = 31
SHORTCUTS = 32
HEAD_SIZE = 40

# What there is to know of a component for symmetry.
SYMMETRY_STRIDE = 2
S_SWAPS, S_VIEWS = 0, 1

NEVER, EARLY, LATE = 0, 1, 2

# A node: where its tables are.
NODE_STRIDE = 4
N_OWN, N_DELIVERY, N_DELIVERY_STRIDE = 0, 1, 2
# What a node may do by itself, for each of its values: the first of a list of moves, 0 for none.
OWN_UP, OWN_CHOICE, OWN_TIMEOUT, OWN_RESTART, OWN_CRASH, OWN_SUSPECTS = 0, 1, 2, 3, 4, 5

CHANNEL_STRIDE = 8
C_TO, C_SENDER, C_PUT, C_PUT_STRIDE, C_DELIVERABLE, C_FAULTS = 0, 1, 2, 3, 4, 5

# A move: one thing that can happen, whatever the rest of the world is. Four items, as the kernel reads them in the
# innermost loop: what it adds to a row; the word it adds that to, its flags, its operation and its node; what it sends;
# and what a crash leaves of it, and for a time-out whom it waits for.
MOVE_STRIDE = 4
M_DELTA, M_KIND, M_POSTS, M_CUTS = 0, 1, 2, 3
FLAG_LAST, FLAG_FAULT, FLAG_REPAIR, FLAG_CUT = 1, 2, 4, 8
FLAGS_MASK = 15
OPERATION_SHIFT, OPERATION_MASK = 4, 0xFFFF
WORD_SHIFT, WORD_MASK = 20, 0xFFF
NODE_SHIFT = 32
"""The node's number and 1; nothing above it."""
AWAITED_SHIFT = 32
"""In the item of the cuts, which are counted from -2."""
CUTS_MASK = 0xFFFFFFFF

# What a move does to the environment.
(
    OP_NONE,
    OP_CRASH,
    OP_SUSPECT,
    OP_SUSPECT_CRASH,
    OP_RESTART,
    OP_RESTART_CRASH,
    OP_HEAL,
    OP_LOSS,
    OP_DUPLICATE,
    OP_PARTITION,
) = range(10)
# An environment: what is available, what each operation makes of it, and on which side each node is.
E_FLAGS, E_HEAL_MOVE, E_PARTITION_MOVES, E_OPERATIONS = 0, 1, 2, 3
HAS_CRASHES, HAS_RESTARTS, HAS_SUSPICIONS_LEFT, HAS_LOSSES, HAS_DUPLICATES, IS_SPLIT = 1, 2, 4, 8, 16, 32

# Kinds of misses.
(
    ASK_OWN,
    ASK_DELIVERY,
    ASK_DELIVERABLE,
    ASK_TAKE,
    ASK_PUT,
    ASK_CUTS,
    ASK_FAULTS,
    ASK_STRUCK,
    ASK_ENVIRONMENT,
    ASK_OBSERVER,
    ASK_STEP,
    ASK_STATE,
    ASK_SWAP,
    ASK_VIEW,
) = range(14)

# How far ``generate`` came, and what it notes of the state at hand.
AT, SUCCESSORS, MISSES, REASON, ENDS = 0, 1, 2, 3, 4
MISS_ROOM, MISSED, DOWN, QUIET = 6, 7, 8, 9
VISITS, ORDINAL, HAS_ORIGINS = 10, 11, 12
WORK_SIZE = 16
DONE, MISSING, FULL, TOO_MANY = 0, 1, 2, 3

MOST_STEPS = 65_535
"""Most steps out of one state: ordinals have 16 bits."""
MOST = MOST_STEPS + 1

# The scratch: what is on offer in a state (the move, the channel it changes, what that then holds, whether it moves
# anything, and which source it comes from), the moves made, premises met, the lists of bundles that were met, and the
# value of each component. Not powers of two apart, which would make them compete for the same lines of the cache.
OFFER_CHANNEL, OFFER_VALUE, OFFER_MOVED, TRAIL = MOST + 72, 2 * (MOST + 72), 3 * (MOST + 72), 4 * (MOST + 72)
OFFER_ORIGIN = 5 * (MOST + 72)
PREMISES = 6 * (MOST + 72)
MOST_PROPERTIES = 62
VISITED = PREMISES + 72
MOST_BUNDLES = 512
VALUES = VISITED + MOST_BUNDLES + 8

# Sources of steps, by number: a node's choices, behind them what a channel delivers, and behind a gap a node's
# time-outs, where they are early. In the order of steps channels have another order than by number: their ranks.
TIMEOUT_ORIGIN = 0xC000
NOWHERE = 0xFFFF
"""Where a step comes from if nothing sleeps because of it."""

# A bundle: where its cells begin (-1 for none), the last position that a source of it has, all nodes that act in it or
# send to those that do, as bits, where in the plan its sources begin, and where pieces beyond the first two (0 for
# none); and of these two the word, the shift, the mask and the shift back, as ``packing.pieces`` has them. Or, if in
# place of pieces beyond it says that one or two words are compressed, of these what ``packing.masks`` has: the word, 0,
# the mask and the shift.
BUNDLE_STRIDE = 13
B_CELLS, B_LAST, B_NODES, B_SOURCES, B_PIECES = 0, 1, 2, 3, 4
B_FIRST, B_SECOND = 5, 9
COMPRESSED_ONE, COMPRESSED_TWO = -1, -2

# A step in a list of a bundle: its move; what it adds to a row, and to which word; what taking the message adds, and
# to which; what it sends; whether it changes anything; its source, that one's position, its node, the message's sender.
E_STRIDE = 11
E_MOVE, E_DELTA, E_WORD, E_CHANNEL_DELTA, E_CHANNEL_WORD, E_POSTS = 0, 1, 2, 3, 4, 5
E_DIFFERS, E_ORIGIN, E_POSITION, E_NODE, E_SENDER = 6, 7, 8, 9, 10

# What a lane keeps of bundles: how far the lists reach, how many were met, where the cells begin and the lists, lists
# that are not kept, and behind them the places of those that were met; and how often all lists were forgotten.
U_TOP, U_TOUCHED, U_CELLS, U_LISTS, U_PASSING, U_STOP, U_FORGOTTEN = 0, 1, 2, 3, 4, 5, 6
U_SIZE = 8

# A tally of a property: how often its premise was true, and where it was first found broken (or witnessed).
TALLY_STRIDE = 3
T_PREMISES, T_STATE, T_ORDINAL = 0, 1, 2

# What a property says: the bits of a leaf of its trie, which is stored as LEAF - bits.
LEAF = -16
SAYS_PREMISE, SAYS_FOUND = 1, 2

# A shortcut of a property of states: where its answers are (0 if there is no shortcut), whether they are all there are,
# how many pieces of a row make the number under which one is found, and of each piece the word, the shift, the mask and
# the shift back.
MOST_PIECES = 8
SHORTCUT_STRIDE = 3 + 4 * MOST_PIECES

TRIE_STRIDE = 5
TRIE_SIDE, TRIE_COMPONENT, TRIE_PROJECTION, TRIE_CHILDREN, TRIE_CAPACITY = 0, 1, 2, 3, 4
