"""The frame pacing: what drawing may cost, and how fast it may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.governor import BUSY_SHARE, FASTEST, IDLE_SHARE, SLOWEST, Governor


def settled(cost: float, busy: bool) -> float:
    governor = Governor()
    return [governor.interval(cost, busy) for _ in range(50)][-1]


@given(st.floats(1e-6, 5.0), st.booleans())
def test_drawing_keeps_to_its_share_between_the_two_bounds(cost: float, busy: bool) -> None:
    interval = settled(cost, busy)
    assert FASTEST <= interval <= SLOWEST
    if FASTEST < interval < SLOWEST:
        assert cost / interval == pytest.approx(BUSY_SHARE if busy else IDLE_SHARE, rel=1e-6)


def test_cheap_frames_run_at_sixty_a_second_and_dear_ones_wait_longer_while_busy() -> None:
    assert settled(0.0003, busy=True) == FASTEST
    assert settled(0.006, busy=True) == pytest.approx(0.3)
    assert settled(0.03, busy=True) == pytest.approx(1.5)
    assert settled(0.006, busy=False) == pytest.approx(0.04)
    assert settled(2.0, busy=True) == SLOWEST


def test_one_dear_frame_among_cheap_ones_is_forgotten() -> None:
    governor = Governor()
    for _ in range(10):
        governor.interval(0.0001, True)
    assert governor.interval(0.010, True) > FASTEST
    for _ in range(30):
        interval = governor.interval(0.0001, True)
    assert interval == FASTEST


def test_a_page_that_came_up_slowly_is_not_held_against_it_for_long() -> None:
    governor = Governor()
    governor.interval(0.005, True)
    waits = [governor.interval(0.8, True), *(governor.interval(0.005, True) for _ in range(8))]
    assert waits[0] < 1.0
    assert waits[-1] < 0.4


def test_frames_are_counted_over_the_last_second() -> None:
    now = 0.0
    governor = Governor(clock=lambda: now)
    assert governor.fps == 0.0
    for frame in range(200):
        now = frame * 0.025
        governor.interval(0.001, True)
    assert governor.fps == pytest.approx(40.0)
    assert governor.cost == pytest.approx(0.001)
    now += 3.0
    assert governor.fps == 0.0
