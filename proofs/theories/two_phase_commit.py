"""Two-phase commit, as in Gray & Lamport, Consensus on transaction commit (TODS 2006), section 3.

Messages are never removed, so that they may be late, repeated, or never received. Failures need no action of their
own: a node that has failed takes no more steps, and any node may always take none.
"""

from __future__ import annotations

from everyway.proofs.language import (
    Formula,
    Relation,
    Sort,
    Step,
    Theory,
    action,
    all_of,
    any_of,
    empty,
    exists,
    for_all,
    given,
    goal,
    initially,
    lemma,
    never,
    when,
)


class Manager(Sort):
    """A resource manager: it takes part in the transaction."""

    plural = "resource managers"
    letter = "r"

    @classmethod
    def word(cls) -> str:
        return "resource manager"


class TwoPhaseCommit(Theory):
    """No resource manager commits while another one aborts."""

    working = Relation(Manager)
    prepared = Relation(Manager)
    committed = Relation(Manager)
    aborted = Relation(Manager)

    undecided = Relation()
    """The transaction manager has not decided yet."""
    noted = Relation(Manager)
    """The transaction manager received the resource manager's "prepared"."""

    prepared_sent = Relation(Manager)
    commit_sent = Relation()
    abort_sent = Relation()

    @initially
    def everybody_works(self) -> Formula:
        return for_all(Manager, lambda r: self.working(r)) & self.undecided()

    @initially
    def nothing_was_sent(self) -> Formula:
        return empty(
            self.prepared,
            self.committed,
            self.aborted,
            self.noted,
            self.prepared_sent,
            self.commit_sent,
            self.abort_sent,
        )

    @action
    def prepare(self, r: Manager) -> Step:
        """A resource manager prepares, and tells the transaction manager."""
        return when(self.working(r)).remove(self.working(r)).add(self.prepared(r), self.prepared_sent(r))

    @action
    def choose_to_abort(self, r: Manager) -> Step:
        """A resource manager that has not prepared aborts of its own accord."""
        return when(self.working(r)).remove(self.working(r)).add(self.aborted(r))

    @action
    def receive_prepared(self, r: Manager) -> Step:
        """The transaction manager notes that a resource manager is prepared."""
        return when(self.undecided(), self.prepared_sent(r)).add(self.noted(r))

    @action
    def decide_to_commit(self) -> Step:
        """The transaction manager commits once everybody is prepared."""
        return (
            when(self.undecided(), for_all(Manager, lambda r: self.noted(r)))
            .remove(self.undecided())
            .add(self.commit_sent())
        )

    @action
    def decide_to_abort(self) -> Step:
        """The transaction manager aborts of its own accord."""
        return when(self.undecided()).remove(self.undecided()).add(self.abort_sent())

    @action
    def receive_commit(self, r: Manager) -> Step:
        """A resource manager is told to commit."""
        return (
            when(self.commit_sent())
            .remove(self.working(r), self.prepared(r), self.aborted(r))
            .add(self.committed(r))
        )

    @action
    def receive_abort(self, r: Manager) -> Step:
        """A resource manager is told to abort."""
        return (
            when(self.abort_sent())
            .remove(self.working(r), self.prepared(r), self.committed(r))
            .add(self.aborted(r))
        )

    @lemma
    def commits_are_told(self, r: Manager) -> Formula:
        """Nobody commits without a commit message."""
        return given(self.committed(r)).then(self.commit_sent())

    @lemma
    def one_decision(self) -> Formula:
        """There are not both commit and abort messages."""
        return never(self.commit_sent(), self.abort_sent())

    @lemma
    def no_message_before_the_decision(self) -> Formula:
        """While it is undecided the transaction manager has sent neither."""
        return given(self.undecided()).then(~self.commit_sent(), ~self.abort_sent())

    @lemma
    def commit_needs_everybody(self, r: Manager) -> Formula:
        """A commit was sent only after everybody was noted as prepared."""
        return given(self.commit_sent()).then(self.noted(r))

    @lemma
    def noted_was_sent(self, r: Manager) -> Formula:
        """Who was noted had said so."""
        return given(self.noted(r)).then(self.prepared_sent(r))

    @lemma
    def prepared_is_binding(self, r: Manager) -> Formula:
        """Who has said that it is prepared works no more, and aborts only if it is told to."""
        return given(self.prepared_sent(r)).then(
            ~self.working(r),
            any_of(self.prepared(r), self.committed(r), all_of(self.aborted(r), self.abort_sent())),
        )

    @lemma
    def one_state_each(self, r: Manager) -> Formula:
        """A resource manager is in one of the four states, not in two."""
        states = [self.working(r), self.prepared(r), self.committed(r), self.aborted(r)]
        return all_of(
            *(never(one, other) for number, one in enumerate(states) for other in states[number + 1 :])
        )

    @goal
    def consistency(self, r: Manager, s: Manager) -> Formula:
        """Nobody commits while another aborts."""
        return never(self.committed(r), self.aborted(s))


# What goes wrong.


class AbortAfterYes(TwoPhaseCommit):
    """A resource manager that has said that it is prepared may still abort of its own accord."""

    variant = "abort-after-yes"

    @action
    def choose_to_abort(self, r: Manager) -> Step:
        """A resource manager aborts of its own accord, prepared or not."""
        return (
            when(self.working(r) | self.prepared(r))
            .remove(self.working(r), self.prepared(r))
            .add(self.aborted(r))
        )


class CommitAfterYes(TwoPhaseCommit):
    """A resource manager that is prepared commits without waiting for the decision, as a time-out may have it do."""

    variant = "commit-after-yes"

    @action
    def receive_commit(self, r: Manager) -> Step:
        """A resource manager commits once it is prepared."""
        return when(self.prepared(r)).remove(self.prepared(r)).add(self.committed(r))


class CommitOnSome(TwoPhaseCommit):
    """The transaction manager commits once somebody is prepared, not everybody."""

    variant = "commit-on-some"

    @action
    def decide_to_commit(self) -> Step:
        """The transaction manager commits once a resource manager is prepared."""
        return (
            when(self.undecided(), exists(Manager, lambda r: self.noted(r)))
            .remove(self.undecided())
            .add(self.commit_sent())
        )


class CoordinatorLogLost(TwoPhaseCommit):
    """The transaction manager does not write down that it has decided, and may decide again."""

    variant = "coordinator-log-lost"

    @action
    def decide_to_commit(self) -> Step:
        """The transaction manager commits, and forgets that it did."""
        return when(self.undecided(), for_all(Manager, lambda r: self.noted(r))).add(self.commit_sent())
