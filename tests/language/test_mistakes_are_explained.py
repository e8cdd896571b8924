"""Every mistake in a model is answered by an error that says where it is, what is wrong and what to do."""

from enum import Enum, Flag

import pytest
from attrs import frozen

from everyway import (
    LATER,
    Event,
    Faults,
    Limits,
    Message,
    ModelError,
    Node,
    Observer,
    Protocol,
    System,
    UsageError,
    always,
    at_most,
    check,
    choice,
    on,
    parameter,
    suspect,
    timeout,
    volatile,
)


class Vote(Message):
    pass


class Loud(Vote):
    """Sent, but named by no handler."""


@frozen
class Voter(Node):
    votes: int = volatile(0)

    @choice
    def cast(self):
        if not self.votes and self.id == "P1":
            return self.become(votes=1).send("P2", Vote())

    @on(Vote)
    def count(self, vote, sender):
        return self.become(votes=2)


@frozen
class Poll(Protocol):
    kind: type = Voter
    rounds: int = parameter(1, at_least=1, no_more_than=3)

    def nodes(self):
        return {"P1": self.kind(), "P2": self.kind()}


def complaint(method=None, kind=None, name="cast"):
    """Return what a check says if the voters' method of this name is another one, or if they are of another class."""
    kind = kind or type("Odd", (Voter,), {name: method, "__module__": __name__})
    with pytest.raises(ModelError) as caught:
        check(Poll(kind))
    return str(caught.value)


# What a handler returns.


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (lambda self: self, "returned Odd"),
        (lambda self: [self, self], "returned 2 values, among them a Odd"),
        (lambda self: {"votes": 1}, "returned dict"),
        (lambda self: {}, "returned dict"),
        (lambda self: "abort", "returned str"),
        (lambda self: True, "returned bool"),
        (lambda self: Vote(), "returned Vote"),
        (lambda self: [self.stay(), None], "returned 2 values, among them a NoneType"),
        (lambda self: LATER, "returned LATER, which is for messages only"),
    ],
)
def test_a_wrong_answer_is_told_with_the_right_kind_of_answer(answer, got):
    text = complaint(answer)
    assert "test_mistakes_are_explained.py: Odd.cast (on choice, at node P1)" in text
    assert f"{got}, but a handler returns a Step, None or an iterable of Steps" in text
    assert "self.become(" in text


def test_a_handler_that_raises_is_told_with_its_line_and_state():
    def cast(self):
        return 1 // self.votes

    text = complaint(cast)
    assert "Odd.cast (on choice, at node P1) raised ZeroDivisionError" in text
    assert "test_mistakes_are_explained.py, line" in text
    assert "votes=0" in text


def test_a_handler_that_raises_on_a_message_is_told_with_the_message():
    def count(self, vote, sender):
        raise LookupError("no such ballot")

    text = complaint(count, name="count")
    assert "Odd.count (on Vote, at node P2) raised LookupError: no such ballot" in text


def test_a_generator_that_returns_a_step_is_refused_because_the_step_would_be_lost():
    def cast(self):
        yield self.stay()
        return self.become(votes=1)

    text = complaint(cast)
    assert "Odd.cast (on choice, at node P1)" in text
    assert "Yield every one" in text


def test_becoming_an_unknown_field_names_the_nearest():
    text = complaint(lambda self: self.become(voets=1))
    assert "Odd has no field 'voets'. Did you mean 'votes'?" in text
    assert "Odd.cast" in text


# What a handler sends.


def test_sending_to_an_unknown_node_names_the_nearest():
    text = complaint(lambda self: self.send("P22", Vote()))
    assert "Odd.cast (on choice, at node P1) sends vote to 'P22', but there is no such node" in text
    assert "Did you mean 'P2'?" in text


def test_sending_a_class_shows_how_to_send_a_message():
    assert "sends the class Vote; send a message of it: Vote()" in complaint(
        lambda self: self.send("P2", Vote)
    )


def test_sending_an_unhashable_value_says_what_to_use_instead():
    assert "Use a tuple instead of a list" in complaint(lambda self: self.send("P2", ["yes"]))


def test_sending_a_message_with_an_unhashable_field_names_the_field():
    @frozen
    class Ballots(Message):
        papers: list

    text = complaint(lambda self: self.send("P2", Ballots(["yes"])))
    assert "Ballots.papers, a list" in text
    assert "Odd.cast" in text


def test_sending_a_message_whose_fields_attrs_does_not_know_is_refused():
    class Ballot(Message):
        paper: str = "yes"

    text = complaint(lambda self: self.send("P2", Ballot()))
    assert "Ballot declares the field 'paper', but the class is not decorated with @frozen" in text


def test_a_field_that_becomes_unhashable_is_named():
    text = complaint(lambda self: self.become(votes=[1]))
    assert "Odd.votes, a list" in text
    assert "Odd.cast (on choice, at node P1)" in text


# How a handler is declared.


def test_a_handler_with_too_many_arguments_is_refused_before_the_search():
    class Greedy(Voter):
        @on(Vote)
        def count(self, vote, sender, moment):
            return None

    with pytest.raises(ModelError, match=r"Greedy.count takes 3 arguments besides self"):
        System(Poll(Greedy))


@pytest.mark.parametrize(
    ("decorator", "takes"), [(choice, "nothing but self"), (timeout, "nothing but self")]
)
def test_a_handler_of_its_own_accord_takes_nothing(decorator, takes):
    kind = type("Greedy", (Voter,), {"act": decorator(lambda self, moment: None)})
    with pytest.raises(ModelError, match=takes):
        System(Poll(kind))


def test_a_suspicion_takes_at_most_the_suspected_node():
    kind = type("Greedy", (Voter,), {"doubt": suspect(lambda self, node, moment: None)})
    with pytest.raises(ModelError, match="self and the suspected node"):
        System(Poll(kind))


def test_on_needs_a_class():
    with pytest.raises(ModelError, match=r"needs a message class, such as @on\(Vote\), not a value"):
        on(Vote())
    with pytest.raises(ModelError, match="needs the class"):
        on()


def test_two_decorators_on_one_method_are_refused_because_one_would_be_lost():
    with pytest.raises(ModelError, match=r"hear has two decorators.*@on\(Yes, No\)"):

        @on(Vote)
        @on(Loud)
        def hear(self):
            return None

    with pytest.raises(ModelError, match="two decorators"):

        @choice
        @timeout
        def act(self):
            return None


# Nodes and protocols.


def test_forgetting_frozen_on_a_node_is_told_with_the_field():
    class Careless(Voter):
        weight: int = volatile(1)

    text = complaint(kind=Careless)
    assert "Careless declares the field 'weight', but the class is not decorated with @frozen" in text


def test_forgetting_frozen_on_a_node_without_defaults_is_hinted_at():
    class Careless(Voter):
        weight: int

    @frozen
    class Weighing(Poll):
        def nodes(self):
            return {"P1": Careless(weight=3)}

    with pytest.raises(ModelError, match=r"(?s)Weighing.nodes raised TypeError.*@frozen") as caught:
        System(Weighing())
    assert "test_mistakes_are_explained.py, line" in str(caught.value)


def test_forgetting_frozen_on_a_protocol_is_told():
    class Careless(Poll):
        seats: int = 3

    with pytest.raises(
        ModelError, match="Careless declares the field 'seats', but the class is not decorated"
    ):
        System(Careless())


def test_forgetting_frozen_on_an_observer_is_told():
    class Careless(Observer):
        seen: int = 0

        def observe(self, event):
            return self

    @frozen
    class Watched(Poll):
        def observers(self):
            return {"eye": Careless()}

    with pytest.raises(ModelError, match="Careless declares the field 'seen'"):
        System(Watched())


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (None, "nodes returned NoneType, but it returns the nodes by name"),
        (5, "nodes returned int"),
        ({}, "nodes returned no nodes"),
        ([], "nodes returned no nodes"),
        ([{"P1": Voter()}, {}], "nodes returned no nodes"),
        ([Voter()], "nodes returned list"),
        ("P1", "nodes returned str"),
        ({"P1": Voter}, "node 'P1' is a type, not an instance of a subclass of Node. Write Voter(...)"),
        ({"P1": "voter"}, "node 'P1' is a str, not an instance"),
        ({1: Voter()}, "a node's name is a word such as 'P1', not 1"),
        ({"": Voter()}, "a node's name is a word such as 'P1', not ''"),
        ({"P1": Voter([])}, "node 'P1': Voter holds a value that can be changed in place"),
        ([{"P1": Voter()}, {"P2": Voter()}], "every start must have the same nodes, of the same classes"),
    ],
)
def test_rubbish_from_nodes_is_told(made, told):
    @frozen
    class Rubbish(Protocol):
        def nodes(self):
            return made

    with pytest.raises(ModelError) as caught:
        System(Rubbish())
    assert "Rubbish.nodes" in str(caught.value)
    assert told in str(caught.value)


def test_a_protocol_without_nodes_is_told_what_to_define():
    @frozen
    class Empty(Protocol):
        pass

    with pytest.raises(ModelError, match=r"Empty needs a method nodes\(self\)"):
        System(Empty())


@pytest.mark.parametrize(
    ("rounds", "told"),
    [
        (0, "Poll: rounds must be at least 1, not 0"),
        (4, "Poll: rounds must be at most 3, not 4"),
        ("2", "Poll: rounds must be a number, not '2'"),
        (None, "Poll: rounds must be a number, not None"),
        (True, "Poll: rounds must be a number, not True"),
    ],
)
def test_a_parameter_out_of_bounds_is_told(rounds, told):
    with pytest.raises(UsageError) as caught:
        Poll(rounds=rounds)
    assert told in str(caught.value)


def test_parameters_from_words():
    assert Poll.configured(rounds="2") == Poll(rounds=2)
    with pytest.raises(UsageError, match="parameter rounds needs a whole number, not 'two'"):
        Poll.configured(rounds="two")
    with pytest.raises(UsageError, match=r"poll has no parameter 'rouns'\. Did you mean 'rounds'\?"):
        Poll.configured(rouns="2")


# Observers.


@pytest.mark.parametrize(
    ("observe", "told"),
    [
        (
            lambda self, event: None,
            "Eye.observe returned NoneType; it returns the observer's next state, or self",
        ),
        (lambda self, event: 1 // 0, "Eye.observe raised ZeroDivisionError"),
        (lambda self, event: [], "Eye.observe raised TypeError: unhashable type: 'list'"),
    ],
)
def test_an_observer_that_fails_is_told_with_the_step(observe, told):
    kind = type("Eye", (Observer,), {"observe": observe})

    @frozen
    class Watched(Poll):
        def observers(self):
            return {"eye": kind()}

    with pytest.raises(ModelError) as caught:
        check(Watched())
    assert "observer eye" in str(caught.value)
    assert told in str(caught.value)


def test_what_is_no_observer_is_refused():
    @frozen
    class Watched(Poll):
        def observers(self):
            return {"eye": Event}

    with pytest.raises(ModelError, match=r"Watched\.observers: 'eye' is a type, not an Observer"):
        System(Watched())


def test_an_unknown_observer_is_named():
    with pytest.raises(UsageError, match="no observer 'eye'"):
        next(System(Poll()).initial()).observer("eye")


# Properties.


def test_a_property_that_raises_is_told_with_its_line_and_the_state():
    @always
    def broken_itself(world):
        return world["P1"].voices

    with pytest.raises(ModelError) as caught:
        check(Poll(), broken_itself)
    text = str(caught.value)
    assert "property 'broken itself' raised AttributeError" in text
    assert "test_mistakes_are_explained.py, line" in text
    assert "in the state: P1=Voter(votes=0)" in text


@pytest.mark.parametrize("answer", [None, 0, "", [], ["reason"]])
def test_a_property_that_answers_with_no_verdict_is_told(answer):
    with pytest.raises(ModelError) as caught:
        check(Poll(), always(lambda _: answer, name="undecided"))
    assert f"property 'undecided' returned {answer!r}" in str(caught.value)
    assert "True or False" in str(caught.value)


def test_a_property_that_asks_for_an_unknown_node_is_told_the_nearest():
    with pytest.raises(ModelError, match=r"there is no node 'P3'\. Did you mean 'P"):
        check(Poll(), always(lambda world: bool(world["P3"]), name="typo"))


def test_a_lambda_needs_a_name():
    with pytest.raises(ModelError, match="needs a name"):
        always(lambda _: True)


def test_two_properties_of_one_name_are_refused():
    one, other = always(lambda _: True, name="same"), always(lambda _: True, name="Same")
    with pytest.raises(UsageError, match="two properties are called 'same'"):
        check(Poll(), [one, other])


def test_a_bare_predicate_is_no_property():
    with pytest.raises(UsageError, match=r"is not a property\. Decorate"):
        check(Poll(), [lambda _: True])


# Faults and limits.


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        (lambda: Faults(crashes=-1), "crashes must be 0 or more, not -1"),
        (lambda: Faults(heals=-1), "heals must be 0 or more, not -1"),
        (lambda: Faults(losses=at_most(-2, "P1")), "losses must be 0 or more, not -2"),
        (lambda: Faults(losses="2"), r"losses must be a whole number or at_most\(...\), not '2'"),
        (lambda: Faults(losses=1.5), "losses must be a whole number"),
        (lambda: Faults(losses=True), "losses must be a whole number"),
        (lambda: Faults(losses=None), "losses must be a whole number"),
        (lambda: Faults(losses=at_most("P1")), "losses must be a whole number"),
    ],
)
def test_senseless_budgets_are_refused(faults, told):
    with pytest.raises(UsageError, match=told):
        faults()


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        (Faults(crashes=at_most(1, "P3")), "crashes: poll has nothing called 'P3'. Did you mean 'P2'?"),
        (Faults(crashes=at_most(1, "votr")), "Did you mean 'Voter'?"),
        (Faults(losses=at_most(1, "Vot")), "Did you mean 'Vote'?"),
        (Faults(crashes=at_most(1, Vote)), "crashes: poll has nothing called 'Vote'"),
        (Faults(restarts=at_most(1, "nobody")), "restarts: poll has nothing called 'nobody'"),
        (Faults(suspicions=at_most(1, "nobody")), "Known: P1, P2, Voter, voter"),
    ],
)
def test_a_restriction_to_something_unknown_is_told_with_the_nearest(faults, told):
    with pytest.raises(UsageError) as caught:
        System(Poll(), faults)
    assert told in str(caught.value)


def test_a_restriction_may_name_a_subclass_of_a_message_that_is_handled():
    assert System(Poll(), Faults(losses=at_most(1, Loud))).faults.losses.only == ("Loud",)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"timeouts": "erly"}, "unknown timeouts 'erly'. Did you mean 'early'? Known: late, early, never"),
        ({"network": "bags"}, "unknown network 'bags'. Did you mean 'bag'? Known: bag, set, fifo"),
        ({"search": "dsf"}, "unknown search 'dsf'. Did you mean 'dfs'? Known: bfs, dfs"),
    ],
)
def test_unknown_words_are_told_with_the_nearest(options, told):
    with pytest.raises(UsageError) as caught:
        check(Poll(), **options)
    assert str(caught.value) == told + "."


@pytest.mark.parametrize("limit", [-1, "10", True, float("nan")])
@pytest.mark.parametrize("name", ["max_depth", "max_states", "max_seconds"])
def test_senseless_limits_are_refused(name, limit):
    with pytest.raises(UsageError, match=f"{name} must be 0 or more, not"):
        Limits(**{name: limit})


def test_what_cannot_be_explored_is_told():
    with pytest.raises(UsageError, match="int cannot be explored"):
        check(3)


def test_a_plain_system_with_states_that_can_change_is_told():
    class Lists:
        def initial(self):
            return [[0]]

        def steps(self, state):
            return []

    with pytest.raises(ModelError, match="Use a tuple instead of a list"):
        check(Lists())


def test_a_plain_system_whose_steps_are_no_pairs_is_told():
    class Singles:
        def initial(self):
            return [0]

        def steps(self, state):
            return [1]

    with pytest.raises(ModelError, match=r"steps\(0\) gave 1, but each step is a pair"):
        check(Singles())


# Crashes.


def test_a_plain_field_that_changed_before_a_crash_is_named():
    @frozen
    class Vague(Voter):
        weight: int = 1

        @choice
        def grow(self):
            if self.weight == 1:
                return self.become(weight=2)

    with pytest.raises(ModelError) as caught:
        check(Poll(Vague), faults=Faults(crashes=1))
    text = str(caught.value)
    assert "Vague.weight changed at node P1 before it crashed (from 1 to 2)" in text
    assert "durable(...) or volatile(...)" in text
    assert check(Poll(Vague)).is_complete  # without crashes it makes no difference


def test_what_a_timeout_awaits_must_be_there():
    kind = type("Waiting", (Voter,), {"tire": timeout(awaiting="coordinatr")(lambda self: self.stay())})
    with pytest.raises(
        ModelError, match=r"Waiting.*\(on time-out, at node P1\): its 'awaiting' raised AttributeError"
    ):
        check(Poll(kind))
    kind = type("Waiting", (Voter,), {"tire": timeout(awaiting=lambda self: "P9")(lambda self: self.stay())})
    with pytest.raises(ModelError, match=r"awaits 'P9', but there is no such node"):
        check(Poll(kind))


def test_enumerations_of_any_kind_may_be_in_messages():
    class Colour(Flag):
        RED = 1
        BLUE = 2

    class Size(Enum):
        SMALL = 1

    @frozen
    class Paint(Message):
        colour: Colour
        size: Size = Size.SMALL

    def cast(self):
        if not self.votes and self.id == "P1":
            step = self.become(votes=1)
            for colour in (Colour.RED | Colour.BLUE, Colour(0), Colour.BLUE):
                step = step.send("P2", Paint(colour))
            return step

    kind = type("Painter", (Voter,), {"cast": cast})
    report = check(Poll(kind))
    assert report.is_complete
    assert report.statistics.states == 1 + 2**3
