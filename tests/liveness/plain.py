"""Small transition systems, drawn or written, for promises over time."""

from attrs import frozen
from hypothesis import strategies as st

from everyway.models.language.fairness import Fairness


@frozen
class Drawn:
    """States 0 to ``count - 1``; each step is a source, a target and a fairness class (None: an unfair step)."""

    count: int
    steps_of_all: tuple
    strong: bool
    begin: tuple = (0,)

    @property
    def fairness(self):
        return Fairness(choices="strong" if self.strong else "weak")

    def initial(self):
        return self.begin

    def steps(self, state):
        for number, (source, target, _) in enumerate(self.steps_of_all):
            if source == state:
                yield number, target

    def fair(self, action):
        return self.steps_of_all[action][2]


@st.composite
def drawn(draw, most=5):
    count = draw(st.integers(1, most))
    state = st.integers(0, count - 1)
    steps = draw(st.lists(st.tuples(state, state, st.sampled_from([None, "a", "b", "c"])), max_size=10))
    begin = draw(st.sets(state, min_size=1, max_size=2))
    return Drawn(count, tuple(steps), draw(st.booleans()), tuple(sorted(begin)))


def states(most=5):
    return st.frozensets(st.integers(0, most - 1))
