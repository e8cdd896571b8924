"""A register kept by majorities, with one writer.

Attiya, Bar-Noy & Dolev, Sharing memory robustly in message-passing systems (JACM 1995).

The writer numbers its values, so that versions stand for values. A register of a single writer is atomic
(linearizable) exactly if a read returns a version that was written, none older than one whose write had ended before
the read began, and none older than what a read returned that had ended before (Lamport, On interprocess communication,
1986). ``required`` keeps, for each read, the versions that it must not fall behind.

A node's version is kept as the set of invoked versions that it has reached. That only grows, so that "all of a majority
have reached it" stands for as many acknowledgements, early or late.
"""

from __future__ import annotations

from collections.abc import Callable

from everyway.proofs.language import (
    Formula,
    Ordered,
    Quorum,
    Relation,
    Sort,
    Step,
    Theory,
    action,
    all_of,
    axiom,
    constant,
    derived,
    empty,
    exists,
    for_all,
    given,
    goal,
    initially,
    lemma,
    when,
)


class Node(Sort):
    """A node that keeps a copy."""


class Majority(Quorum):
    """A set of more than half of the nodes."""

    plural = "majorities"
    letter = "q"


class Version(Ordered):
    """A value that is written, by its number."""


class Read(Sort):
    """A read, by any reader."""


class MajorityRegister(Theory):
    """A register with one writer, kept by majorities, is atomic: no read falls behind what ended before it began."""

    member = Relation(Node, Majority, fixed=True)
    zero = constant(Version)
    """What the register holds at the start."""

    invoked = Relation(Version)
    """The write has begun."""
    written = Relation(Version)
    """The write has ended."""
    reached = Relation(Node, Version)
    """The version was invoked, and the node keeps it or a later one."""
    begun = Relation(Read)
    required = Relation(Read, Version)
    """The version was written, or returned by a read, before this read began."""
    answered = Relation(Read, Node)
    """The node has answered the reader."""
    answer = Relation(Read, Node, Version)
    """Its answer was this version or a later one."""
    selected = Relation(Read, Version)
    """The latest of a majority's answers, which the reader writes back."""
    returned = Relation(Read, Version)

    @axiom
    def any_two_majorities_meet(self, p: Majority, q: Majority) -> Formula:
        """Any two majorities have a node in common."""
        return exists(Node, lambda n: self.member(n, p) & self.member(n, q))

    @axiom
    def zero_is_the_first(self, t: Version) -> Formula:
        """No version is before the first."""
        return self.zero() <= t

    @initially
    def everybody_has_the_first_version(self) -> Formula:
        return for_all(Version, lambda t: self.invoked(t).iff(t == self.zero())) & for_all(
            Node, Version, lambda n, t: self.reached(n, t).iff(t == self.zero())
        )

    @initially
    def nothing_was_asked(self) -> Formula:
        return empty(
            self.written,
            self.begun,
            self.required,
            self.answered,
            self.answer,
            self.selected,
            self.returned,
        )

    @derived
    def kept_by_all(self, q: Majority, t: Version) -> Formula:
        return for_all(Node, lambda n: given(self.member(n, q)).then(self.reached(n, t)))

    @action
    def begin_write(self, t: Version) -> Step:
        """The writer takes the next number, once its last write has ended, and sends the value to all nodes."""
        return when(
            for_all(Version, lambda u: given(self.invoked(u)).then(u < t)),
            for_all(Version, lambda u: given(self.invoked(u), u != self.zero()).then(self.written(u))),
        ).add(self.invoked(t))

    @action
    def store(self, n: Node, t: Version) -> Step:
        """A node stores what the writer sent, if it is later than what it has."""
        return when(self.invoked(t)).add_all(self.reached, self.stored_at(n, t))

    def stored_at(self, n: Node, t: Version) -> Callable[[Node, Version], Formula]:
        """Return what is reached when a node stores a version."""
        return lambda m, u: all_of(m == n, u <= t, self.invoked(u))

    @action
    def end_write(self, t: Version, q: Majority) -> Step:
        """The write ends when a majority has stored it."""
        return when(self.invoked(t), self.kept_by_all(q, t)).add(self.written(t))

    @action
    def begin_read(self, r: Read) -> Step:
        """A reader asks all nodes for their versions."""
        return (
            when(~self.begun(r))
            .add(self.begun(r))
            .add_all(self.required, lambda x, t: (x == r) & self.has_ended(t))
        )

    @derived
    def has_ended(self, t: Version) -> Formula:
        """An operation with this version has ended."""
        return self.written(t) | exists(Read, lambda x: self.returned(x, t))

    @action
    def tell(self, r: Read, n: Node) -> Step:
        """A node answers with the version that it has."""
        return (
            when(self.begun(r), ~self.answered(r, n))
            .add(self.answered(r, n))
            .add_all(self.answer, lambda x, m, t: (x == r) & (m == n) & self.reached(n, t))
        )

    @action
    def select(self, r: Read, q: Majority, t: Version) -> Step:
        """With answers from a majority, the reader takes the latest version among them."""
        return when(self.is_latest_answer(r, q, t), for_all(Version, lambda u: ~self.selected(r, u))).add(
            self.selected(r, t)
        )

    @derived
    def is_latest_answer(self, r: Read, q: Majority, t: Version) -> Formula:
        return (
            for_all(Node, lambda n: given(self.member(n, q)).then(self.answered(r, n)))
            & exists(Node, lambda n: self.member(n, q) & self.answer(r, n, t))
            & for_all(Node, Version, lambda n, u: given(self.member(n, q), self.answer(r, n, u)).then(u <= t))
        )

    @action
    def write_back(self, r: Read, n: Node, t: Version) -> Step:
        """A node stores what a reader writes back, if it is later than what it has."""
        return when(self.selected(r, t)).add_all(self.reached, self.stored_at(n, t))

    @action
    def end_read(self, r: Read, t: Version, q: Majority) -> Step:
        """The read returns its version when a majority has stored it."""
        return when(self.selected(r, t), self.kept_by_all(q, t)).add(self.returned(r, t))

    @lemma
    def copies_were_invoked(self, n: Node, t: Version) -> Formula:
        """Nodes keep what was written."""
        return given(self.reached(n, t)).then(self.invoked(t))

    @lemma
    def answers_were_invoked(self, r: Read, n: Node, t: Version) -> Formula:
        """Answers tell of what was written."""
        return given(self.answer(r, n, t)).then(self.invoked(t))

    @lemma
    def selected_was_invoked(self, r: Read, t: Version) -> Formula:
        """Readers select what was written."""
        return given(self.selected(r, t)).then(self.invoked(t))

    @lemma
    def returned_was_selected(self, r: Read, t: Version) -> Formula:
        """A read returns what it selected."""
        return given(self.returned(r, t)).then(self.selected(r, t))

    @lemma
    def written_is_kept(self, t: Version) -> Formula:
        """What was written is kept by a majority."""
        return given(self.written(t)).then(exists(Majority, lambda q: self.kept_by_all(q, t)))

    @lemma
    def returned_is_kept(self, r: Read, t: Version) -> Formula:
        """What a read returned is kept by a majority."""
        return given(self.returned(r, t)).then(exists(Majority, lambda q: self.kept_by_all(q, t)))

    @lemma
    def only_reads_are_answered(self, r: Read, n: Node) -> Formula:
        """Nobody answers a read that has not begun."""
        return given(self.answered(r, n)).then(self.begun(r))

    @lemma
    def only_reads_select(self, r: Read, t: Version) -> Formula:
        """No read selects before it has begun."""
        return given(self.selected(r, t)).then(self.begun(r))

    @lemma
    def required_is_heard_of(self, r: Read, t: Version) -> Formula:
        """What a read must not fall behind is kept by a majority, and whoever of it has answered told so."""
        return given(self.required(r, t)).then(
            exists(
                Majority,
                lambda q: for_all(
                    Node,
                    lambda n: given(self.member(n, q)).then(
                        self.reached(n, t), given(self.answered(r, n)).then(self.answer(r, n, t))
                    ),
                ),
            )
        )

    @lemma
    def selected_is_not_behind(self, r: Read, t: Version, u: Version) -> Formula:
        """A reader selects nothing older than what it must not fall behind."""
        return given(self.selected(r, t), self.required(r, u)).then(u <= t)

    @goal
    def reads_return_what_was_written(self, r: Read, t: Version) -> Formula:
        """A read returns a value whose write has begun, or the first one."""
        return given(self.returned(r, t)).then(self.invoked(t))

    @goal
    def no_read_falls_behind(self, r: Read, t: Version, u: Version) -> Formula:
        """A read returns nothing older than what was written or returned before it began."""
        return given(self.returned(r, t), self.required(r, u)).then(u <= t)


# What goes wrong.


class NoWriteBack(MajorityRegister):
    """A read returns without writing back, so that a later read may return an older value."""

    variant = "no-write-back"

    @action
    def end_read(self, r: Read, t: Version) -> Step:
        """The read returns its version at once."""
        return when(self.selected(r, t)).add(self.returned(r, t))


class WriteToOne(MajorityRegister):
    """A write ends when one node has stored it."""

    variant = "write-to-one"

    @action
    def end_write(self, t: Version, n: Node) -> Step:
        """The write ends when a node has stored it."""
        return when(self.invoked(t), self.reached(n, t)).add(self.written(t))


class ReadFromOne(MajorityRegister):
    """A read asks one node only."""

    variant = "read-from-one"

    @action
    def select(self, r: Read, n: Node, t: Version) -> Step:
        """The reader takes the version of one node's answer."""
        return when(
            self.answer(r, n, t), for_all(Version, lambda u: given(self.answer(r, n, u)).then(u <= t))
        ).add(self.selected(r, t))


class NoTagCheck(MajorityRegister):
    """A node stores whatever comes in, also if it has something later."""

    variant = "no-tag-check"

    @action
    def store(self, n: Node, t: Version) -> Step:
        """A node stores what the writer sent."""
        return (
            when(self.invoked(t))
            .remove_all(self.reached, lambda m, u: m == n)
            .add_all(self.reached, self.stored_at(n, t))
        )


class ForgetOnCrash(MajorityRegister):
    """A node keeps its copy in memory, and has the first version again after a crash."""

    variant = "forget-on-crash"

    @action
    def crash(self, n: Node) -> Step:
        """A node crashes and comes up again."""
        return when().remove_all(self.reached, lambda m, t: (m == n) & (t != self.zero()))


class HalfQuorum(MajorityRegister):
    """Half of the nodes are taken for a majority, so that two "majorities" need not meet."""

    variant = "half-quorum"

    @axiom
    def any_two_majorities_meet(self, p: Majority, q: Majority) -> Formula:
        """A "majority" has a node; nothing is said of two of them."""
        return exists(Node, lambda n: self.member(n, p))
