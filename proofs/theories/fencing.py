"""A lock whose holders may be late, and a storage that checks fencing tokens.

Kleppmann, How to do distributed locking (2016), "Making the lock safe with fencing"; Gray & Cheriton, Leases (SOSP
1989). A lease may run out at any moment, so the lock may be granted again while its last holder still takes itself for
the holder. Nothing is said of time.
"""

from __future__ import annotations

from everyway.proofs.language import (
    Formula,
    Ordered,
    Relation,
    Sort,
    Step,
    Theory,
    action,
    empty,
    for_all,
    given,
    goal,
    initially,
    lemma,
    when,
)


class Client(Sort):
    """A client of the lock, which may pause at any moment."""


class Token(Ordered):
    """A fencing token: a number that comes with a grant of the lock."""

    letter = "k"


class Fencing(Theory):
    """The storage accepts no write of an earlier holder of the lock after one of a later holder."""

    granted = Relation(Client, Token)
    """The lock service granted the lock to the client with this token."""
    accepted = Relation(Token)
    """The storage accepted a write with this token."""
    refuses = Relation(Token)
    """The storage has seen a higher token than this one: what it compares with."""
    accepted_after = Relation(Token, Token)
    """A write with the first token was accepted when one with the second had been."""

    @initially
    def nothing_has_happened(self) -> Formula:
        return empty(self.granted, self.accepted, self.refuses, self.accepted_after)

    @action
    def grant(self, c: Client, k: Token) -> Step:
        """The lock service grants the lock, whether or not its last holder has finished, with a higher token."""
        return when(for_all(Client, Token, lambda d, j: given(self.granted(d, j)).then(j < k))).add(
            self.granted(c, k)
        )

    @action
    def write(self, c: Client, k: Token) -> Step:
        """The storage accepts a write unless it has seen a higher token."""
        return self.accepts(k, when(self.granted(c, k), ~self.refuses(k)))

    def accepts(self, k: Token, step: Step) -> Step:
        """Return the step with which a write is accepted."""
        return (
            step.add_all(self.accepted_after, lambda i, j: (i == k) & self.accepted(j))
            .add(self.accepted(k))
            .add_all(self.refuses, lambda j: j < k)
        )

    @lemma
    def lower_tokens_are_refused(self, j: Token, k: Token) -> Formula:
        """The storage refuses every token below one that it has accepted."""
        return given(self.accepted(k), j < k).then(self.refuses(j))

    @goal
    @lemma
    def writes_never_go_back(self, j: Token, k: Token) -> Formula:
        """After a write with one token none with a lower one is accepted."""
        return given(self.accepted_after(k, j)).then(j <= k)

    @goal
    @lemma
    def one_client_a_token(self, c: Client, d: Client, k: Token) -> Formula:
        """A token belongs to one client."""
        return given(self.granted(c, k), self.granted(d, k)).then(c == d)


# What goes wrong.


class NoFencing(Fencing):
    """The storage does not look at tokens."""

    variant = "no-fencing"

    @action
    def write(self, c: Client, k: Token) -> Step:
        """The storage accepts a write of whoever was granted the lock."""
        return self.accepts(k, when(self.granted(c, k)))


class ForgetfulStorage(Fencing):
    """The storage keeps the highest token that it has seen in memory, and forgets it when it restarts."""

    variant = "forgetful-storage"

    @action
    def restart(self) -> Step:
        """The storage restarts."""
        return when().remove_all(self.refuses)


class ForgetOnCrash(Fencing):
    """The lock service counts its tokens in memory, and may give one out again."""

    variant = "forget-on-crash"

    @action
    def grant(self, c: Client, k: Token) -> Step:
        """The lock service grants the lock with some token."""
        return when().add(self.granted(c, k))
