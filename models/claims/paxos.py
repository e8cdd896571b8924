"""What the notes say of Paxos (lines 97 to 120)."""

from __future__ import annotations

from typing import Any

from everyway.invariants import always, broken, eventually, every_step, implements, possible
from everyway.models import paxos
from everyway.models.duel import Duel, something_is_accepted
from everyway.models.language import Action, NodeId, World, at_most
from everyway.models.paxos import (
    Accept,
    AcceptOnce,
    Acceptor,
    AcceptUnchecked,
    AdoptLowest,
    AnyFree,
    AsNoted,
    ForgetOnCrash,
    HalfQuorum,
    IgnoreHighest,
    LearnByValue,
    Learner,
    NoPromiseOnAccept,
    NotesAdopt,
    NotesAtLeast,
    Paxos,
    PromiseNotStored,
    Proposal,
    ReuseNumber,
    SharedNumber,
    agreement,
    chosen,
    quorum,
)
from everyway.models.specifications import Consensus

from .claim import Claim, Ruling, holds, reachable, unreachable, violated

MINORITY = at_most(1, "acceptor")
MAJORITY = at_most(2, "acceptor")
PROPOSER = at_most(1, "proposer")


@every_step
def chosen_stays_chosen(before: World, action: Action, after: World) -> bool:
    """What is chosen stays chosen."""
    return chosen(before) <= chosen(after)


@every_step
def learners_are_passive(before: World, action: Action, after: World) -> bool:
    """Learners send nothing."""
    learners = {learner.id for learner in before.nodes(Learner)}
    return not any(envelope.sender in learners for envelope in action.sent)


@always
def accept_after_majority(world: World) -> Any:
    """Acceptors are asked to accept a number only after a majority has promised it."""
    promised = [acceptor.promised for acceptor in world.nodes(Acceptor)]
    for envelope in world.in_flight(Accept):
        number = envelope.message.proposal.number
        if sum(one >= number for one in promised) < quorum(world):
            return f"{number} was proposed, and not promised by a majority"
    return True


@always
def accepts_once(world: World) -> Any:
    """No acceptor ever accepts two proposals: not promised by Paxos, and not true of it."""
    taken: dict[NodeId, set[Proposal]] = {}
    for acceptor, proposal in world.observer("accepted").values:
        taken.setdefault(acceptor, set()).add(proposal)
    for name, several in sorted(taken.items()):
        if len(several) > 1:
            told = " and ".join(str(one) for one in sorted(several, key=lambda one: one.number))
            return broken(f"{name} accepted {told}", name)
    return True


@possible
def split_for_good(world: World) -> bool:
    """Every acceptor has accepted, each another proposal."""
    taken = [acceptor.accepted for acceptor in world.nodes(Acceptor)]
    return None not in taken and len(set(taken)) == len(taken)


@possible
def only_asks_a_majority(world: World) -> bool:
    """A value is chosen, and one acceptor was never heard of."""
    return bool(chosen(world)) and any(acceptor.promised == 0 for acceptor in world.nodes(Acceptor))


@always
def one_value_by_counting_values(world: World) -> Any:
    """Only one value has ever been accepted by a majority, under whatever numbers."""
    voters: dict[str, set[str]] = {}
    for acceptor, proposal in world.observer("accepted").values:
        voters.setdefault(proposal.value, set()).add(acceptor)
    values = sorted(value for value, who in voters.items() if len(who) >= quorum(world))
    return len(values) <= 1 or f"{' and '.join(values)} were both accepted by a majority"


@possible
def a_learner_knows(world: World) -> bool:
    """A learner knows the outcome."""
    return any(bool(learner.learned) for learner in world.nodes(Learner))


@eventually
def a_value_is_chosen_at_last(world: World) -> bool:
    """In the end a value is chosen."""
    return bool(chosen(world))


def _values(world: World) -> frozenset[str]:
    return frozenset(proposal.value for proposal in chosen(world))


CLAIMS = (
    Claim(
        "paxos.agreement",
        "L97, L119",
        "能保证选出唯一值；最后只有一个提议值生效",
        "Of the values of several nodes one is chosen, and only one.",
        Ruling.HOLDS,
        "True of the textbook. To the letter of the notes nothing is chosen; with 'at least' two values are.",
        (
            holds(Paxos(), agreement, "3 acceptors, 2 numbers"),
            holds(Paxos(proposers=3), agreement, "3 acceptors, 3 numbers", slow=True),
            holds(Paxos(), implements(Consensus(["v1", "v2"]), _values), "as a refinement"),
            reachable(Paxos(), paxos.a_value_is_chosen, "not for nothing"),
            violated(NotesAtLeast(), agreement, "the notes with 'at least' for 'greater'", length=14),
            violated(
                NotesAdopt(proposers=3), agreement, "and with the answer's content", length=16, slow=True
            ),
            holds(NotesAdopt(), agreement, "that hides from 2 numbers"),
        ),
        "Lamport 2001, section 2.2",
    ),
    Claim(
        "paxos.validity",
        "L100",
        "提议者Proposer：提议一个值",
        "Only a value that somebody proposed is chosen.",
        Ruling.HOLDS,
        "Values come from proposers' own or from what acceptors accepted.",
        (holds(Paxos(), paxos.validity),),
    ),
    Claim(
        "paxos.stable",
        "L97",
        "选出唯一值",
        "What is chosen stays chosen (implied).",
        Ruling.HOLDS,
        "Chosen means: ever accepted by a majority.",
        (holds(Paxos(), chosen_stays_chosen),),
    ),
    Claim(
        "paxos.learner-passive",
        "L102",
        "告知者Learner：被告知投票的结果，不进行投票",
        "Learners are told, and do not vote.",
        Ruling.HOLDS,
        "They send nothing.",
        (
            holds(Paxos(learners=1), learners_are_passive, slow=True),
            holds(Paxos(proposers=1, learners=1), learners_are_passive),
        ),
    ),
    Claim(
        "paxos.unique-numbers",
        "L106",
        "n为唯一序号",
        "Numbers are unique.",
        Ruling.DEFINITION,
        "Under one number one value is proposed. Numbers that are shared, or forgotten in a crash, break agreement.",
        (
            holds(Paxos(), paxos.one_value_per_number),
            violated(SharedNumber(), agreement, "two proposers, one number", length=14),
            violated(
                ReuseNumber(), agreement, "used again after a crash", crashes=PROPOSER, restarts=1, slow=True
            ),
            holds(Paxos(), agreement, "noted on disk", crashes=PROPOSER, restarts=1),
        ),
    ),
    Claim(
        "paxos.one-value-per-number",
        "L106",
        "n为唯一序号，v为提议值",
        "Under one number one value is proposed (implied).",
        Ruling.HOLDS,
        "It is what unique numbers are for.",
        (
            holds(Paxos(proposers=3), paxos.one_value_per_number, "3 numbers", slow=True),
            violated(SharedNumber(), paxos.one_value_per_number, "two proposers, one number"),
        ),
    ),
    Claim(
        "paxos.prepare-to-all",
        "L109",
        "向所有Acceptor发送Prepare请求",
        "Prepare requests go to all acceptors.",
        Ruling.DEFINITION,
        "A majority is enough: a value can be chosen while one has heard of nothing.",
        (reachable(Paxos(), only_asks_a_majority),),
    ),
    Claim(
        "paxos.promise-monotone",
        "L110-111",
        "保证之后不会接受序号小于 n1 的提议",
        "A promise is kept.",
        Ruling.HOLDS,
        "Promises only grow; they must be stored, count with acceptances, and survive a crash.",
        (
            holds(Paxos(), paxos.promises_only_grow),
            violated(PromiseNotStored(), agreement, "promised, not stored", length=14),
            violated(AcceptUnchecked(), agreement, "not looked at", length=14),
            violated(
                NoPromiseOnAccept(proposers=3), agreement, "accepting does not promise", length=20, slow=True
            ),
            holds(NoPromiseOnAccept(), agreement, "that hides from 2 numbers"),
            violated(
                ForgetOnCrash(),
                agreement,
                "lost in a crash",
                length=16,
                crashes=MINORITY,
                restarts=1,
                slow=True,
            ),
        ),
    ),
    Claim(
        "paxos.set-on-prepare",
        "L110-111",
        "发送Prepare响应，设置当前接受的提议为 [n1,v1]",
        "A prepare request sets what the acceptor has accepted.",
        Ruling.VIOLATED,
        "It overwrites what was really accepted.",
        (
            violated(NotesAtLeast(), agreement, length=14),
            violated(
                NotesAdopt(proposers=3),
                agreement,
                "even if the answer tells what was there",
                length=16,
                slow=True,
            ),
        ),
    ),
    Claim(
        "paxos.accept-after-majority",
        "L113",
        "接收到超过一半的Acceptor的响应时，发送Accept请求",
        "A proposer asks to accept once more than half have answered.",
        Ruling.HOLDS,
        "And it must take over the value of the highest-numbered proposal it is told of.",
        (
            holds(Paxos(), accept_after_majority),
            violated(HalfQuorum(), agreement, "half of 4 are enough", length=14, slow=True),
            holds(HalfQuorum(acceptors=3), agreement, "that hides from 3, of which a half is 2"),
            violated(IgnoreHighest(), agreement, "its own value always", length=14),
            violated(AnyFree(), agreement, "its own value if one is free", length=14),
            violated(AdoptLowest(proposers=3), agreement, "the lowest-numbered", length=20, slow=True),
            holds(AdoptLowest(), agreement, "that hides from 2 numbers"),
        ),
    ),
    Claim(
        "paxos.notes-strict-chooses-nothing",
        "L115",
        "若序号 > 承诺的最小序号，就发送Learn提议",
        "An acceptor accepts if the number is greater than the one it promised.",
        Ruling.VIOLATED,
        "Those who promised a number then refuse it for ever, and they are a majority: nothing is ever chosen.",
        (
            unreachable(AsNoted(), paxos.a_value_is_chosen, "2 numbers"),
            unreachable(AsNoted(proposers=3), paxos.a_value_is_chosen, "3 numbers"),
            holds(AsNoted(), agreement, "so agreement is empty"),
        ),
    ),
    Claim(
        "paxos.learn-by-proposal",
        "L116",
        "大多数的Acceptor接受了某个提议，则该提议值就是选出的唯一值",
        "What a majority has accepted is the chosen value.",
        Ruling.HOLDS,
        "If acceptances of one proposal are counted. Counting by value is wrong, which shows at 3 or 4 numbers.",
        (
            holds(Paxos(learners=1), paxos.learned_is_chosen, slow=True),
            holds(Paxos(proposers=1, learners=1), paxos.learned_is_chosen),
            violated(LearnByValue(), paxos.learned_is_chosen, "counting by value", length=14, slow=True),
            holds(
                Paxos(proposers=3),
                one_value_by_counting_values,
                "which is one value, of 3 numbers",
                slow=True,
            ),
            violated(Paxos(proposers=4), one_value_by_counting_values, "but two, of 4", length=24, slow=True),
        ),
    ),
    Claim(
        "paxos.learned-is-chosen",
        "L116",
        "该提议值就是选出的唯一值",
        "What a learner takes for the outcome is chosen.",
        Ruling.HOLDS,
        "If it counts acceptances of one proposal, each acceptor once.",
        (
            holds(Paxos(learners=1), paxos.learned_is_chosen, slow=True),
            reachable(Paxos(proposers=1, learners=1), a_learner_knows, "not for nothing"),
        ),
    ),
    Claim(
        "paxos.acceptor-accepts-once",
        "L119",
        "因为接受者只能接受一个提议",
        "The reason: an acceptor can accept only one proposal.",
        Ruling.VIOLATED,
        "It may accept several. If it could not, votes might be split for good.",
        (
            violated(Paxos(), accepts_once, length=12),
            holds(AcceptOnce(proposers=3), agreement, "accept only once: still safe", slow=True),
            reachable(AcceptOnce(proposers=3), split_for_good, "but stuck"),
        ),
        "Lamport 2001, section 2.2, P2c",
    ),
    Claim(
        "paxos.termination",
        "L120",
        "最后总有一个提议生效",
        "In the end some proposal takes effect.",
        Ruling.VIOLATED,
        "Two proposers may outbid each other for ever, without any fault. With one proposer it is true.",
        (
            violated(Duel(), something_is_accepted, "two proposers"),
            violated(Duel(), something_is_accepted, "even under strong fairness", fairness="strong"),
            holds(Duel(proposers=1), something_is_accepted, "one proposer"),
        ),
        "Fischer, Lynch & Paterson 1985; Lamport 2001, section 2.4",
    ),
    Claim(
        "paxos.termination-single-proposer",
        "L120",
        "最后总有一个提议生效",
        "In the end the proposal takes effect, if only one proposer acts.",
        Ruling.HOLDS,
        "Nobody outbids it; electing one proposer is left to others, and safety does not depend on it.",
        (
            holds(Duel(proposers=1), something_is_accepted, "one proposer"),
            holds(
                Paxos(proposers=1), a_value_is_chosen_at_last, "one proposer, a bag network", network="bag"
            ),
            holds(
                Paxos(proposers=1),
                a_value_is_chosen_at_last,
                "1 of 3 acceptors stays down",
                network="bag",
                crashes=MINORITY,
            ),
        ),
        "Lamport 2001, section 2.4",
    ),
    Claim(
        "paxos.can-finish",
        "L120",
        "最后总有一个提议生效",
        "It can always still come to an end.",
        Ruling.HOLDS,
        "As long as a number is left and a majority is up.",
        (
            holds(Paxos(), paxos.can_finish),
            holds(Paxos(), paxos.can_finish, "1 of 3 acceptors stays down", crashes=MINORITY),
            violated(Paxos(), paxos.can_finish, "2 of 3 stay down", length=2, crashes=MAJORITY),
        ),
    ),
    Claim(
        "paxos.tolerates-minority",
        "L116",
        "大多数的Acceptor",
        "A majority of the acceptors is enough, however long the others are down (implied).",
        Ruling.HOLDS,
        "With 2f+1 acceptors f may be down for ever.",
        (
            holds(Paxos(acceptors=3, proposers=1), paxos.can_finish, "1 of 3", crashes=MINORITY),
            violated(Paxos(acceptors=3, proposers=1), paxos.can_finish, "2 of 3", crashes=MAJORITY),
            holds(Paxos(acceptors=5, proposers=1), paxos.can_finish, "2 of 5", crashes=MAJORITY),
            violated(Paxos(acceptors=4, proposers=1), paxos.can_finish, "2 of 4", crashes=MAJORITY),
        ),
    ),
)
