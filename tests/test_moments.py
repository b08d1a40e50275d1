"""Moments: true copies, evenly spaced over the whole run, within the budget."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.moments import Moments

SIZE = 40
"""Bytes of one moment."""


def state(step: int) -> dict[str, torch.Tensor]:
    return {"weight": torch.full((2, 3), float(step)), "count": torch.tensor([step, step], dtype=torch.int64)}


def kept(budget: int, steps: range | list[int]) -> Moments:
    """What is left of a run that keeps every step that is due."""
    moments = Moments(budget)
    for step in steps:
        if moments.wanted(step):
            moments.keep(step, state(step))
    return moments


@given(st.integers(2, 24), st.integers(0, 1000), st.integers(1, 400))
def test_it_is_even_within_the_budget_and_uses_half_of_it(room: int, first: int, length: int) -> None:
    moments = kept(room * SIZE, range(first, first + length))
    assert moments.steps[0] == first
    assert moments.bytes == len(moments) * SIZE <= room * SIZE
    gaps = [after - before for before, after in itertools.pairwise(moments.steps)] or [1]
    spacing = max(gaps)
    assert gaps[:-1] == [spacing] * (len(gaps) - 1)  # the newest may be one that goes when the next comes
    assert len(gaps) == 1 or spacing & (spacing - 1) == 0
    assert first + length - 1 - moments.steps[-1] < spacing
    if length > room:
        assert len(moments) >= room // 2


@given(st.integers(1, 12), st.sets(st.integers(0, 300), min_size=1), st.integers(-5, 320))
def test_kept_out_of_turn_too_the_first_and_the_newest_stay(room: int, steps: set[int], asked: int) -> None:
    moments, ascending = Moments(room * SIZE), sorted(steps)
    for count, step in enumerate(ascending, 1):
        moments.keep(step, state(step))
        assert (moments.steps[0], moments.steps[-1]) == (ascending[0], step)
        assert len(moments) <= max(room, min(count, 2))
    assert moments.steps == tuple(sorted(moments.steps))
    assert all(moments.at(step)["count"].tolist() == [step, step] for step in moments.steps)
    nearest = moments.nearest(asked)
    assert abs(nearest - asked) == min(abs(step - asked) for step in moments.steps)


@given(st.integers(3, 12), st.integers(1, 200), st.integers(0, 250))
def test_after_going_back_the_run_goes_on_evenly(room: int, length: int, back: int) -> None:
    moments, back = kept(room * SIZE, range(length)), min(back, length - 1)
    before = moments.steps
    moments.forget_after(back)
    assert moments.steps == tuple(step for step in before if step <= back)
    for step in range(back + 1, back + 300):
        if moments.wanted(step):
            moments.keep(step, state(step))
    regular = {after - before for before, after in itertools.pairwise(moments.steps[:-1])}
    assert len(regular) <= 1
    assert moments.bytes <= room * SIZE


def test_what_is_kept_is_a_copy() -> None:
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    moments = Moments(1000)
    moments.keep(0, {"weight": weight, "turned": weight.T})
    with torch.no_grad():
        weight.zero_()
    assert moments.at(0)["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert moments.at(0)["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert not moments.at(0)["weight"].requires_grad
    assert moments.bytes == 48
    with pytest.raises(TypeError):
        moments.at(0)["weight"] = weight  # type: ignore[index]


def test_part_of_a_large_tensor_keeps_only_its_own_memory() -> None:
    moments = Moments(1000)
    moments.keep(0, {"row": torch.zeros(1000, 3)[5], "wide": torch.zeros(1, 3).expand(4, 3)})
    stored = {name: t.untyped_storage().nbytes() for name, t in moments.at(0).items()}
    assert stored == {"row": 12, "wide": 48}


def test_the_newest_may_be_kept_anew_and_an_earlier_step_may_not() -> None:
    moments = kept(100 * SIZE, range(3))
    moments.keep(2, state(7))
    assert moments.steps == (0, 1, 2)
    assert moments.at(2)["count"].tolist() == [7, 7]
    with pytest.raises(ValueError, match="before 2"):
        moments.keep(1, state(1))


def test_of_two_as_near_the_earlier_is_taken() -> None:
    moments = kept(100 * SIZE, [10, 12])
    assert [moments.nearest(step) for step in (0, 10, 11, 12, 99)] == [10, 10, 10, 12, 12]


def test_nothing_is_there_where_nothing_was_kept() -> None:
    moments = Moments(SIZE)
    assert (len(moments), moments.steps, moments.wanted(5)) == (0, (), True)
    with pytest.raises(KeyError):
        moments.at(5)
    with pytest.raises(KeyError):
        moments.nearest(5)
    moments.keep(5, state(5))
    with pytest.raises(KeyError):
        moments.at(4)
    moments.forget_after(4)
    assert len(moments) == 0
    with pytest.raises(ValueError, match="budget"):
        Moments(0)
