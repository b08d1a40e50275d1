"""Between worker and window: when the next frame is asked for, and how one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from person import FakeSource, frame
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.jobs import JobStatus
from engine.worker import Frame
from gui.feed import AT_ONCE, BREATH, SOON, Feed
from gui.governor import BUSY_SHARE, IDLE_SHARE

OPTIMISING = JobStatus("optimise", "Optimising a picture", 3, 256, 0.2)


class Busy:
    """Clocks that a slot can move on, as if drawing, or waiting for a lock, had taken so long."""

    now = 100.0
    worked = 7.0

    def work(self, seconds: float) -> None:
        self.now += seconds
        self.worked += seconds

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Busy:
    clock = Busy()
    monkeypatch.setattr("gui.feed.time.perf_counter", lambda: clock.now)
    monkeypatch.setattr("gui.feed.time.thread_time", lambda: clock.worked)
    return clock


@pytest.fixture
def feed(qapp: QApplication) -> Iterator[Feed]:
    feed = Feed(FakeSource())
    feed.start()
    yield feed
    feed.stop()


def wait_of(feed: Feed) -> int:
    """Milliseconds until it looks again."""
    return feed._timer.interval()


def finish(feed: Feed) -> None:
    """Draw what is left of a frame."""
    while feed._frame is not None:
        feed.tick()


def test_every_frame_is_handed_on_once(feed: Feed, qtbot: QtBot) -> None:
    given = [frame(steps=number) for number in range(3)]
    feed.source.give(*given)
    came: list[Frame] = []
    feed.came.connect(came.append)
    qtbot.waitUntil(lambda: len(came) == 3)
    assert came == given


def test_without_a_frame_it_looks_again_soon_and_tells_nobody(feed: Feed) -> None:
    came: list[Frame] = []
    feed.came.connect(came.append)
    feed.tick()
    assert came == []
    assert wait_of(feed) == SOON


def test_costly_drawing_is_spaced_out_while_something_runs(feed: Feed, clock: Busy) -> None:
    feed.came.connect(lambda _: clock.work(0.009))
    for jobs, share in (((OPTIMISING,), BUSY_SHARE), ((), IDLE_SHARE)):
        feed.source.give(frame(jobs=jobs))
        feed.tick()
        finish(feed)
        assert wait_of(feed) == pytest.approx(1000 * (0.009 / share - 0.009), abs=1)


def test_painting_between_the_pieces_counts_and_waiting_does_not(feed: Feed, clock: Busy) -> None:
    def pieces() -> Iterator[None]:
        for _ in range(3):
            clock.work(0.001)
            yield

    feed.came.connect(lambda _: feed.draw(pieces()))
    feed.source.give(frame(playing=True))
    feed.tick()
    for _ in range(3):
        clock.work(0.002)  # painted
        clock.wait(0.005)
        feed.tick()
    feed.tick()
    assert wait_of(feed) == pytest.approx(1000 * (0.009 / BUSY_SHARE - 0.009 - 0.015), abs=1)


def test_an_answer_is_followed_by_a_quick_look(feed: Feed, clock: Busy) -> None:
    feed.came.connect(lambda _: clock.work(0.009))
    feed.source.give(frame(jobs=(OPTIMISING,), answers=True))
    feed.tick()
    finish(feed)
    assert wait_of(feed) <= SOON


def test_a_command_brings_the_next_look_forward(feed: Feed, clock: Busy) -> None:
    feed.came.connect(lambda _: clock.work(0.012))
    feed.source.give(frame(playing=True))
    feed.tick()
    finish(feed)
    assert wait_of(feed) > 10 * SOON
    feed.post("ask", "cell")
    assert feed.source.posted == [("ask", ("cell",))]
    assert wait_of(feed) == AT_ONCE


@pytest.mark.parametrize("ask", [lambda feed: feed.post("pause"), Feed.cancel], ids=["post", "cancel"])
def test_a_frame_made_before_the_question_holds_its_answer_up_no_longer(
    ask: Callable[[Feed], None], feed: Feed, clock: Busy
) -> None:
    """It was on its way already: whoever pauses would else see it play for up to two seconds more."""
    feed.came.connect(lambda _: clock.work(0.012))
    ask(feed)
    feed.source.give(frame(playing=True), frame(answers=True))
    feed.tick()
    finish(feed)
    assert wait_of(feed) <= SOON


# In pieces ---------------------------------------------------------------------------------------


class Page:
    """Draws each frame in three pieces, and notes them; a piece may fail."""

    def __init__(self, feed: Feed) -> None:
        self.drawn: list[str] = []
        self.turns: list[int] = []
        self.fails_at = ""
        self._turn = 0
        self._feed = feed
        feed.came.connect(lambda frame: feed.draw(self._pieces(frame)))
        feed._timer.timeout.connect(self._next_turn)

    def _next_turn(self) -> None:
        self._turn += 1

    def _pieces(self, frame: Frame) -> Iterator[None]:
        for piece in "abc":
            name = f"{frame.steps}{piece}"
            if name == self.fails_at:
                raise RuntimeError(name)
            self.drawn.append(name)
            self.turns.append(self._turn)
            yield


@pytest.fixture
def page(feed: Feed) -> Page:
    return Page(feed)


def test_each_piece_has_a_turn_of_its_own_and_a_newer_frame_waits_for_the_last(
    feed: Feed, page: Page, qtbot: QtBot
) -> None:
    feed.source.give(frame(steps=1, playing=True), frame(steps=2, playing=True, answers=True))
    qtbot.waitUntil(lambda: len(page.drawn) == 6)
    assert page.drawn == ["1a", "1b", "1c", "2a", "2b", "2c"]
    assert len(set(page.turns)) == 6


@pytest.mark.parametrize(
    ("changes", "wait"),
    [({"playing": True}, BREATH), ({"jobs": (OPTIMISING,)}, BREATH), ({}, 0), ({"answers": True}, 0)],
)
def test_there_is_a_breath_between_two_pieces_only_where_something_is_held_up(
    feed: Feed, page: Page, changes: dict[str, object], wait: int
) -> None:
    feed.source.give(frame(**changes))
    feed.tick()
    assert wait_of(feed) == wait


def test_whoever_asks_while_a_frame_is_drawn_does_not_wait_for_its_breaths(feed: Feed, page: Page) -> None:
    feed.source.give(frame(playing=True))
    feed.tick()
    feed.post("ask", "cell")
    feed.tick()
    assert page.drawn == ["0a", "0b"]
    assert wait_of(feed) == 0


def test_a_piece_that_fails_is_told_and_the_next_frame_is_drawn(feed: Feed, page: Page, qtbot: QtBot) -> None:
    page.fails_at = "1b"
    feed.source.give(frame(steps=1), frame(steps=2))
    with qtbot.captureExceptions() as told:
        qtbot.waitUntil(lambda: len(page.drawn) == 4)
    assert [str(error) for _, error, _ in told] == ["1b"]
    assert page.drawn == ["1a", "2a", "2b", "2c"]


# The end -----------------------------------------------------------------------------------------


def test_stopped_it_asks_no_more_and_leaves_out_what_is_not_drawn(
    feed: Feed, page: Page, qtbot: QtBot
) -> None:
    feed.source.give(frame(), frame())
    feed.tick()
    feed.stop()
    qtbot.wait(3 * SOON)
    assert page.drawn == ["0a"]


def test_a_slot_that_closes_the_window_leaves_no_timer(feed: Feed) -> None:
    feed.came.connect(lambda _: feed.stop())
    feed.source.give(frame())
    feed.tick()
    assert not feed._timer.isActive()
