"""What is looked at in the middle of training takes its share of the time and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.budget import Budget


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.floats(0.01, 1.0), st.lists(st.tuples(st.floats(0.001, 5.0), st.floats(0.001, 0.5)), max_size=60))
def test_what_is_spent_stays_within_the_share(share: float, turns: list[tuple[float, float]]):
    """Of the time up to the moment at which more may be spent again."""
    clock, spent = Clock(), 0.0
    budget = Budget(share, clock)
    for other, cost in turns:
        clock.now += other
        if budget.due:
            with budget.spent():
                clock.now += cost
            spent += cost
    while not budget.due:
        clock.now += 0.01
    assert spent <= share * clock.now + 1e-9


def test_slices_pass_through_and_are_counted():
    clock = Clock()
    budget = Budget(0.1, clock)

    def slices():
        for done in range(3):
            clock.now += 1
            yield done, 3

    assert list(budget.sliced(slices())) == [(0, 3), (1, 3), (2, 3)]
    clock.now = 29.9
    assert not budget.due
    clock.now = 34
    assert budget.due


def test_what_fails_is_counted_too():
    clock = Clock()
    budget = Budget(0.5, clock)

    def fail():
        clock.now += 1
        yield 1 // 0, 1

    with pytest.raises(ZeroDivisionError):
        next(budget.sliced(fail()))
    assert not budget.due


def test_a_share_is_part_of_the_whole():
    for share in (0, -1, 1.5):
        with pytest.raises(ValueError, match="share"):
            Budget(share)
