"""The learning rate at the corners of its trapezoid."""

from __future__ import annotations

import pytest

from engine.training.schedule import Trapezoid


def test_a_run_warms_up_stays_and_decays_in_its_last_quarter() -> None:
    schedule = Trapezoid.of_length(2.0, warm_up=10, characters=100)
    rates = [schedule.rate(position) for position in (0, 5, 10, 50, 75, 87.5, 100, 120)]
    assert rates == pytest.approx([0, 1, 2, 2, 2, 1, 0, 0])


def test_annealing_early_takes_the_same_share_of_the_run() -> None:
    schedule = Trapezoid.of_length(2.0, 10, 1000).decaying_from(30)
    assert schedule.end == 40
    assert [schedule.rate(position) for position in (30, 35, 40)] == pytest.approx([2, 1, 0])


def test_a_widened_model_warms_up_again() -> None:
    schedule = Trapezoid.of_length(2.0, 10, 1000, begin=100)
    assert [schedule.rate(position) for position in (100, 105, 110, 200)] == pytest.approx([0, 1, 2, 2])


def test_without_a_warm_up_the_first_step_has_the_full_rate() -> None:
    assert Trapezoid.of_length(2.0, 0, 100).rate(0) == 2.0
