"""Split brain: the network falls into pieces, nodes notice one by one, and only a piece with a majority goes on.

Davidson, Garcia-Molina & Skeen, Consistency in partitioned networks (1985), section 3.1; Gifford, Weighted voting for
replicated data (SOSP 1979). A way in which the network can fall into pieces is an element of its own.
"""

from __future__ import annotations

from everyway.proofs.language import (
    TRUE,
    Formula,
    Function,
    Quorum,
    Relation,
    Sort,
    Step,
    Theory,
    action,
    axiom,
    derived,
    empty,
    exists,
    given,
    goal,
    initially,
    lemma,
    when,
)


class Node(Sort):
    """A node of the cluster."""


class Piece(Quorum):
    """A set of nodes that reach each other."""

    letter = "p"


class Partition(Quorum):
    """A way in which the network is divided into pieces."""

    letter = "w"


class SplitBrain(Theory):
    """Of the nodes that have noticed how the network is divided one leads at most, and one piece at most can commit."""

    note = (
        "A node that has not noticed yet may still take itself for the leader (see the variant at-every-instant); "
        "it cannot commit."
    )

    member = Relation(Node, Piece, fixed=True)
    has_majority = Relation(Piece, fixed=True)
    """The piece has more than half of all nodes."""
    piece_of = Relation(Piece, Partition, fixed=True)
    first = Function(Piece, to=Node, fixed=True)
    """The node with the lowest number in the piece, which leads it."""

    now = Function(to=Partition)
    """How the network is divided."""
    view = Relation(Node, Piece)
    """The piece that the node takes itself to be in."""
    committed = Relation(Node, Piece)
    """The node, in this piece, had a write acknowledged since the network was last divided anew."""

    @axiom
    def any_two_majorities_meet(self, p: Piece, q: Piece) -> Formula:
        """Two pieces that have a majority share a node."""
        return given(self.has_majority(p), self.has_majority(q)).then(
            exists(Node, lambda n: self.member(n, p) & self.member(n, q))
        )

    @axiom
    def pieces_are_disjoint(self, w: Partition, p: Piece, q: Piece, n: Node) -> Formula:
        """A node is in one piece of a partition only."""
        return given(self.piece_of(p, w), self.piece_of(q, w), self.member(n, p), self.member(n, q)).then(
            p == q
        )

    @axiom
    def the_first_is_a_member(self, p: Piece) -> Formula:
        """The first node of a piece is in it."""
        return self.member(self.first(p), p)

    @initially
    def nobody_has_noticed_anything(self) -> Formula:
        return empty(self.view, self.committed)

    @derived
    def is_in(self, n: Node, p: Piece) -> Formula:
        """The node is in this piece of the network as it is now divided."""
        return self.piece_of(p, self.now()) & self.member(n, p)

    @derived
    def is_enough(self, p: Piece) -> Formula:
        return self.has_majority(p)

    @derived
    def leads(self, n: Node) -> Formula:
        """The node takes itself for the leader: it sees a majority, and itself as the first of it."""
        return exists(Piece, lambda p: self.view(n, p) & self.is_enough(p) & (self.first(p) == n))

    @derived
    def has_noticed(self, n: Node) -> Formula:
        return exists(Piece, lambda p: self.view(n, p) & self.is_in(n, p))

    @action
    def cut(self, w: Partition) -> Step:
        """The network falls into other pieces, or heals."""
        return when().set(self.now(), w).remove_all(self.committed)

    @action
    def notice(self, n: Node, p: Piece) -> Step:
        """A node notices which nodes it reaches."""
        return when(self.is_in(n, p)).remove_all(self.view, lambda m, q: m == n).add(self.view(n, p))

    @action
    def commit(self, n: Node, p: Piece) -> Step:
        """A node that takes itself for the leader has a write acknowledged by a majority, all of which it reaches."""
        return when(self.leads(n), self.is_in(n, p), self.has_majority(p)).add(self.committed(n, p))

    @lemma
    def one_view_each(self, n: Node, p: Piece, q: Piece) -> Formula:
        """A node takes itself to be in one piece."""
        return given(self.view(n, p), self.view(n, q)).then(p == q)

    @lemma
    def views_contain_their_node(self, n: Node, p: Piece) -> Formula:
        """A node is in the piece that it takes itself to be in."""
        return given(self.view(n, p)).then(self.member(n, p))

    @lemma
    def commits_reach_a_majority(self, n: Node, p: Piece) -> Formula:
        """Who committed is in a piece of the network as it is now divided, and that has a majority."""
        return given(self.committed(n, p)).then(self.is_in(n, p), self.has_majority(p))

    @goal
    def one_leader_once_noticed(self, n: Node, m: Node) -> Formula:
        """Of the nodes that have noticed how the network is divided one leads at most."""
        return given(self.leads(n), self.leads(m), self.has_noticed(n), self.has_noticed(m)).then(n == m)

    @goal
    def one_piece_commits(self, n: Node, p: Piece, m: Node, q: Piece) -> Formula:
        """Two nodes that commit while the network is divided in one way are in the same piece."""
        return given(self.committed(n, p), self.committed(m, q)).then(p == q)


# What goes wrong.


class NoRule(SplitBrain):
    """Every piece elects a leader, however small it is."""

    variant = "no-rule"

    @derived
    def is_enough(self, p: Piece) -> Formula:
        return TRUE


class NotSmaller(SplitBrain):
    """A piece goes on if it is not the smaller one, so that two halves both go on."""

    variant = "not-smaller"

    @axiom
    def any_two_majorities_meet(self, p: Piece, q: Piece) -> Formula:
        """Nothing: two halves have no node in common."""
        return TRUE


class CommitAlone(SplitBrain):
    """A leader commits without an acknowledgement from a majority."""

    variant = "commit-alone"

    @action
    def commit(self, n: Node, p: Piece) -> Step:
        """A node that takes itself for the leader commits."""
        return when(self.leads(n), self.is_in(n, p)).add(self.committed(n, p))


class AtEveryInstant(SplitBrain):
    """The claim that there is one leader at every instant, also before everybody has noticed: it does not hold."""

    variant = "at-every-instant"

    @goal
    @lemma
    def one_leader_at_every_instant(self, n: Node, m: Node) -> Formula:
        """One node at most takes itself for the leader."""
        return given(self.leads(n), self.leads(m)).then(n == m)
