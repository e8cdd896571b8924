/* Single-decree Paxos over a network that forgets nothing, for SPIN: paxos.py state by state and step by step.

   Lamport, "Paxos made simple", ACM SIGACT News 32 (2001), section 2.

       spin -a -DP=3 paxos.pml
       gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c
       ./pan -m1000 -w23

   States, with three acceptors and two values: 237, 36297, 4959765 for one, two, three proposers. SPIN's count of
   transitions is one more than everyway's, as it counts the arrival in the initial state.

   Every step is a d_step that ends where it began, at the head of the only loop: so each state that SPIN stores is a
   state of the protocol. One process for all nodes, and arrays packed into bit fields by hand (SPIN gives each element
   of an array a byte at least), make the state vector as short as it gets: 84 bits of protocol. */

#ifndef A
#define A 3 /* acceptors, at most 3: see MAJORITY */
#endif
#ifndef P
#define P 3 /* proposers, at most 3, for numbers have two bits; proposer p, counted from 0, has the number p + 1 */
#endif

/* A proposal is 2 * number + value, and 0 is none; so the greater of two is the one with the higher number. */
#define VALUE(proposal) ((proposal) & 1)
#define GREATER(x, y) ((x) > (y) -> (x) : (y))

#define GET(field, width, i) (((field) >> ((width) * (i))) & ((1 << (width)) - 1))
#define PUT(field, width, i, x) \
    field = (field & ~(((1 << (width)) - 1) << ((width) * (i)))) | ((x) << ((width) * (i)))

/* In arrays over both, an acceptor and a proposer share the place PAIR(a, p), so that all that concerns one proposer
   is next to each other. */
#define PAIR(a, p) ((p) * A + (a))
#define BIT(a, p) (1 << PAIR(a, p))
#define OF(field, p) GET(field, A, p)

#if A > 1
#define MAJORITY(set) ((set) & ((set) - 1)) /* two bits at least: the majority of two and of three */
#else
#define MAJORITY(set) (set)
#endif

/* The proposers. Prepare requests are in the network from the step on that leaves IDLE, accept requests from the one
   that proposes, and messages stay there for ever: so the phase tells which there are. */
#define IDLE 0
#define PREPARING 1
#define PROPOSED 2 /* plus the value */
#define PHASE(p) GET(phase, 2, p)
#define HIGHEST(p) GET(highest, 3, p)

/* As wide as three acceptors and three proposers need; SPIN takes no expression here. */
unsigned promise : 27; /* the network: who promised what to whom; 0 is nothing yet, else 1 + proposal */
unsigned heard : 9;    /* proposers: whose promise they have received; forgotten once a value is proposed */
unsigned highest : 9;  /* proposers: the highest-numbered proposal among those promises; forgotten likewise */
unsigned voted : 9;    /* the network: who has sent that it accepted whose proposal */
unsigned learned : 9;  /* the learner: which of these it has received */
unsigned accepted : 9; /* acceptors: the last proposal that they accepted */
unsigned promised : 6; /* acceptors: the highest number that they promised or accepted */
unsigned phase : 6;    /* proposers */

#define RECEIVES_PROMISE(a, p) (PHASE(p) == PREPARING && GET(promise, 3, PAIR(a, p)))
#define HEARD(a, p) OF(heard | BIT(a, p), p)
#define HEARS(a, p) GREATER(HIGHEST(p), GET(promise, 3, PAIR(a, p)) - 1)

/* Phase 1 (a). */
#define PROPOSER(p) \
    :: d_step { PHASE(p) == IDLE -> PUT(phase, 2, p, PREPARING) }

/* Phase 2 (a), twice, for a d_step may not choose: with a majority's promises, propose the value of the highest
   accepted proposal, or any. */
#define PROPOSE(a, p, value) \
    :: d_step { RECEIVES_PROMISE(a, p) && MAJORITY(HEARD(a, p)) \
                && (HEARS(a, p) == 0 || VALUE(HEARS(a, p)) == value) -> \
                PUT(phase, 2, p, PROPOSED + value); PUT(heard, A, p, 0); PUT(highest, 3, p, 0) }

/* In this order: phase 1 (b), promise a greater number; count a promise; phase 2 (a); phase 2 (b), accept unless a
   greater number was promised; the learner learns what was accepted. */
#define ACCEPTOR(a, p) \
    :: d_step { PHASE(p) != IDLE && p + 1 > GET(promised, 2, a) -> \
                PUT(promised, 2, a, p + 1); PUT(promise, 3, PAIR(a, p), 1 + GET(accepted, 3, a)) } \
    :: d_step { RECEIVES_PROMISE(a, p) && !MAJORITY(HEARD(a, p)) -> \
                PUT(highest, 3, p, HEARS(a, p)); heard = heard | BIT(a, p) } \
    PROPOSE(a, p, 0) \
    PROPOSE(a, p, 1) \
    :: d_step { PHASE(p) >= PROPOSED && p + 1 >= GET(promised, 2, a) -> \
                PUT(promised, 2, a, p + 1); PUT(accepted, 3, a, 2 * (p + 1) + PHASE(p) - PROPOSED); \
                voted = voted | BIT(a, p) } \
    :: d_step { (voted & BIT(a, p)) -> learned = learned | BIT(a, p) }

#if A == 1
#define ACCEPTORS(p) ACCEPTOR(0, p)
#elif A == 2
#define ACCEPTORS(p) ACCEPTOR(0, p) ACCEPTOR(1, p)
#else
#define ACCEPTORS(p) ACCEPTOR(0, p) ACCEPTOR(1, p) ACCEPTOR(2, p)
#endif

#define CONTRADICT(p, q) (MAJORITY(OF(learned, p)) && MAJORITY(OF(learned, q)) && PHASE(p) != PHASE(q))

active proctype paxos()
{
end: /* that nothing can happen any more is no error */
    do
    PROPOSER(0)
    ACCEPTORS(0)
#if P > 1
    PROPOSER(1)
    ACCEPTORS(1)
#endif
#if P > 2
    PROPOSER(2)
    ACCEPTORS(2)
#endif

    /* Agreement: only a single value is chosen. The guards are evaluated once in each state and never hold, so that
       the check adds neither states nor transitions. Validity is in the encoding: what a message of acceptance says
       is looked up at the proposer. */
#if P > 1
    :: d_step { CONTRADICT(0, 1) -> assert(false) }
#endif
#if P > 2
    :: d_step { CONTRADICT(0, 2) || CONTRADICT(1, 2) -> assert(false) }
#endif
    od
}
