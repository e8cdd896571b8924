"""What a property of steps says of one action is kept for all actions that look alike to it."""

import pytest

from everyway import Kind, Outcome, check, every_step
from everyway.models.gray_lamport import TwoPhase


@every_step
def says_more_of_some(before, action, after):
    """Looks at the message only after the decision, and at the node only of deliveries."""
    if before["TM"] != after["TM"]:
        return True
    if "COMMITTED" in str(before["TM"]) and action.kind is Kind.DELIVERY:
        return action.node != "R2" or "COMMITTED" in str(after["R2"])
    return True


@every_step
def looks_at_nothing_at_first(before, action, after):
    """Looks at the action late, when other actions were answered for already."""
    done = [name for name in ("R1", "R2", "R3") if "ABORTED" in str(after[name])]
    return len(done) < 3 or action.kind is Kind.CHOICE or action.node == "R3"


@pytest.mark.parametrize("prop", [says_more_of_some, looks_at_nothing_at_first], ids=lambda prop: prop.name)
@pytest.mark.parametrize("symmetry", [True, False])
def test_both_engines_say_the_same_of_steps(prop, symmetry):
    by_hand = check(TwoPhase(), [prop], engine="reference", symmetry=False).verdicts[0]
    for engine in ("plain", "tables"):
        verdict = check(TwoPhase(), [prop], engine=engine, symmetry=symmetry).verdicts[0]
        assert (verdict.outcome, verdict.length) == (by_hand.outcome, by_hand.length)


def test_what_ignores_the_action_is_asked_once_for_each_pair_of_looks():
    asked = []

    @every_step
    def stays_decided(before, action, after):
        """The transaction manager does not take its decision back."""
        asked.append(action)
        return before["TM"].state is after["TM"].state or before["TM"].state.name == "INIT"

    assert (
        check(TwoPhase(managers=4), [stays_decided], engine="plain", symmetry=False).outcome
        is not Outcome.UNKNOWN
    )
    assert len(asked) < 10, "it can only see few pairs of states of one node"
