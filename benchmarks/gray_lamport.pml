/* Two-phase commit as Gray and Lamport specify it, for SPIN: models/gray_lamport.py state by state and step by step.

   Gray & Lamport, "Consensus on transaction commit", ACM Transactions on Database Systems 31 (2006), section 3
   and appendix A.2, the module TwoPhase.

       spin -a -DN=9 gray_lamport.pml
       gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c
       ./pan -m1000 -w24

   States: 12, 56, 288, 1568, 8832 for one to five resource managers, 10340352 for nine. SPIN's count of transitions
   is one more than everyway's, as it counts the arrival in the initial state.

   Every step is a d_step that ends where it began, at the head of the only loop: so each state that SPIN stores is a
   state of the protocol, and none lies in the middle of a step. One process for all nodes and one bit for each fact
   keep the state vector short, which is what SPIN's speed and memory hang on. */

#ifndef N
#define N 3 /* resource managers, at most 10 */
#endif

#define ALL ((1 << N) - 1)
#define BIT(i) (1 << (i))

#define INIT 0
#define COMMITTED 1
#define ABORTED 2

/* The transaction manager. It sends Commit and Abort to all in the step that decides, and messages stay in the
   network for ever: so Commit is there to be received exactly when tm is COMMITTED, and Abort when it is ABORTED. */
unsigned tm : 2;
unsigned heard : N; /* from whom the transaction manager has received Prepared */

/* The resource managers, one bit each: working is neither, prepared is willing, aborted is ended, committed is both. */
unsigned willing : N;
unsigned ended : N;

/* The network: who has sent Prepared. Not the same as willing, for whoever prepared may have aborted since. */
unsigned prepared : N;

#define WORKING(i) (!((willing | ended) & BIT(i)))

#define MANAGER(i) \
    :: d_step { WORKING(i) -> willing = willing | BIT(i); prepared = prepared | BIT(i) } \
    :: d_step { WORKING(i) -> ended = ended | BIT(i) } \
    :: d_step { tm == COMMITTED -> willing = willing | BIT(i); ended = ended | BIT(i) } \
    :: d_step { tm == ABORTED -> willing = willing & ~BIT(i); ended = ended | BIT(i) } \
    :: d_step { tm == INIT && (prepared & BIT(i)) -> heard = heard | BIT(i) }

active proctype two_phase_commit()
{
end: /* that nothing can happen any more is no error */
    do
    :: d_step { tm == INIT && heard == ALL -> tm = COMMITTED }
    :: d_step { tm == INIT -> tm = ABORTED }

    /* Consistency (TCConsistent): none has committed while another has aborted. The guard is evaluated once in each
       state and never holds, so that the check adds neither states nor transitions. */
    :: d_step { (ended & willing) && (ended & ~willing) -> assert(false) }

    /* C's macros cannot loop. */
    MANAGER(0)
#if N > 1
    MANAGER(1)
#endif
#if N > 2
    MANAGER(2)
#endif
#if N > 3
    MANAGER(3)
#endif
#if N > 4
    MANAGER(4)
#endif
#if N > 5
    MANAGER(5)
#endif
#if N > 6
    MANAGER(6)
#endif
#if N > 7
    MANAGER(7)
#endif
#if N > 8
    MANAGER(8)
#endif
#if N > 9
    MANAGER(9)
#endif
    od
}
