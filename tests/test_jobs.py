"""Jobs: order, replacement, cancelling and what a failing slice leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.jobs import Job, Jobs


def counting(log: list[str], name: str, total: int) -> Iterator[tuple[int, int]]:
    try:
        for done in range(1, total + 1):
            log.append(f"{name}{done}")
            yield done, total
    finally:
        log.append(f"{name} closed")


def drain(jobs: Jobs) -> None:
    while jobs:
        jobs.advance()


def test_lower_rank_goes_first_even_when_it_comes_later():
    log: list[str] = []
    jobs = Jobs()
    jobs.start(Job("slow", "Slow", counting(log, "s", 2), rank=5))
    jobs.advance()
    jobs.start(Job("fast", "Fast", counting(log, "f", 2), rank=1))
    drain(jobs)
    assert log == ["s1", "f1", "f2", "f closed", "s2", "s closed"]


def test_a_new_job_takes_the_place_of_its_namesake_and_closes_it():
    log: list[str] = []
    jobs = Jobs()
    jobs.start(Job("map", "Map", counting(log, "old", 3)))
    jobs.advance()
    jobs.start(Job("map", "Map", counting(log, "new", 1)))
    assert log == ["old1", "old closed"]
    drain(jobs)
    assert log[2:] == ["new1", "new closed"]


def test_status_counts_slices_and_estimates_the_rest():
    jobs = Jobs()
    jobs.start(Job("map", "Map", counting([], "m", 4)))
    assert jobs.statuses[0].seconds_left is None
    jobs.advance()
    status = jobs.statuses[0]
    assert (status.done, status.total, status.title) == (1, 4, "Map")
    assert status.rate == pytest.approx(1 / status.seconds)
    assert status.seconds_left == pytest.approx(3 * status.seconds)


def test_cancel_closes_what_runs_and_forgets_what_waits():
    log: list[str] = []
    jobs = Jobs()
    jobs.start(Job("one", "One", counting(log, "a", 3)))
    jobs.start(Job("two", "Two", counting(log, "b", 3)))
    jobs.advance()
    jobs.cancel()
    assert not jobs
    assert log == ["a1", "a closed"]  # the second never began


def test_a_slice_that_raises_takes_its_job_away_and_the_others_go_on():
    def failing() -> Iterator[tuple[int, int]]:
        yield 1, 2
        raise ArithmeticError("lost")

    log: list[str] = []
    jobs = Jobs()
    jobs.start(Job("bad", "Bad", failing()))
    jobs.start(Job("good", "Good", counting(log, "g", 1)))
    jobs.advance()
    with pytest.raises(ArithmeticError):
        jobs.advance()
    assert "bad" not in jobs
    drain(jobs)
    assert log == ["g1", "g closed"]


def test_without_a_screen_what_only_a_screen_needs_is_not_started():
    jobs = Jobs(screen=False)
    jobs.start(Job("strip", "Strip", counting([], "s", 1), for_screen=True))
    assert not jobs
    jobs.start(Job("map", "Map", counting([], "m", 1)))
    assert "map" in jobs
