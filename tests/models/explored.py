"""What the claims are read from: every state of a system, the steps between them, and runs by hand."""

from everyway import Faults, Outcome, System, World, check
from everyway.explorer import Exploration


def states(protocol, *, timeouts=None, **budgets) -> list[World]:
    """Return every state that can be reached."""
    exploration = Exploration(system(protocol, timeouts=timeouts, **budgets)).run()
    assert exploration.is_complete
    return exploration.states


def ends(protocol, *, timeouts=None, **budgets) -> list[World]:
    """Return the states in which nothing can happen any more that is not a fault; assert that every run gets to one.

    From an end nothing leads away, and no run goes in circles: so a goal that is kept once it is reached is
    reached by *every* run if, and only if, it is reached at all ends. That decides "leads to" without fairness.
    """
    explored = system(protocol, timeouts=timeouts, **budgets)
    every = states(protocol, timeouts=timeouts, **budgets)
    after = {
        state: {then for action, then in explored.steps(state) if not action.is_fault and then != state}
        for state in every
    }
    left = {state: len(successors) for state, successors in after.items()}
    before = {state: [] for state in every}
    for state, successors in after.items():
        for successor in successors:
            before[successor].append(state)
    found = [state for state in every if not left[state]]
    waiting = list(found)
    while waiting:
        for state in before[waiting.pop()]:
            left[state] -= 1
            if not left[state]:
                waiting.append(state)
    assert not any(left.values()), "some run goes in circles"
    return found


def system(protocol, *, timeouts=None, **budgets) -> System:
    return System(protocol, Faults(**budgets), timeouts=timeouts)


def outcome(protocol, prop, **bounds) -> Outcome:
    return verdict(protocol, prop, **bounds).outcome


def verdict(protocol, prop, *, timeouts=None, **budgets):
    """Return the verdict on one property, from the whole space."""
    return check(system(protocol, timeouts=timeouts, **budgets), prop).verdicts[0]


def shortest(protocol, prop, *, timeouts=None, **budgets) -> list[str]:
    """Return the shortest schedule that shows the verdict on a property, in words; no more is searched than needed."""
    report = check(
        system(protocol, timeouts=timeouts, **budgets), prop, stop_when_decided=True, symmetry=False
    )
    return [str(visit.action) for visit in report.verdicts[0].path[1:]]


def after(a_system: System, *deeds: str) -> World:
    """Return the world after the steps that are called this, one after the other."""
    (world,) = a_system.initial()
    for deed in deeds:
        offered = {str(action): then for action, then in a_system.steps(world)}
        assert deed in offered, f"'{deed}' is not offered, but {list(offered)}"
        world = offered[deed]
    return world
