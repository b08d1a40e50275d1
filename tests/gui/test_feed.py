"""Between worker and window: when the next frame is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from person import FakeSource, frame
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.jobs import JobStatus
from engine.worker import Frame
from gui.feed import AT_ONCE, SOON, Feed

OPTIMISING = JobStatus("optimise", "Optimising a picture", 3, 256, 0.2)


class Busy:
    """A clock that a slot can move on, as if drawing had taken that long."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Busy:
    clock = Busy()
    monkeypatch.setattr("gui.feed.time.perf_counter", clock)
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
    def draw(_: Frame) -> None:
        clock.now += 0.009

    feed.came.connect(draw)
    feed.source.give(frame(jobs=(OPTIMISING,)))
    feed.tick()
    assert wait_of(feed) == pytest.approx(1000 * (0.009 / 0.03 - 0.009), abs=1)
    feed.source.give(frame())
    feed.tick()
    assert wait_of(feed) == pytest.approx(1000 * (0.009 / 0.15 - 0.009), abs=1)


def test_an_answer_is_followed_by_a_quick_look(feed: Feed, clock: Busy) -> None:
    def draw(_: Frame) -> None:
        clock.now += 0.009

    feed.came.connect(draw)
    feed.source.give(frame(jobs=(OPTIMISING,), answers=True))
    feed.tick()
    assert wait_of(feed) <= SOON


def test_a_command_brings_the_next_look_forward(feed: Feed, clock: Busy) -> None:
    feed.came.connect(lambda _: setattr(clock, "now", clock.now + 0.012))
    feed.source.give(frame(playing=True))
    feed.tick()
    assert wait_of(feed) > 10 * SOON
    feed.post("ask", "cell")
    assert feed.source.posted == [("ask", ("cell",))]
    assert wait_of(feed) == AT_ONCE


def test_stopped_it_asks_no_more(feed: Feed, qtbot: QtBot) -> None:
    feed.stop()
    feed.source.give(frame())
    came: list[Frame] = []
    feed.came.connect(came.append)
    qtbot.wait(3 * SOON)
    assert came == []


def test_a_slot_that_closes_the_window_leaves_no_timer(feed: Feed) -> None:
    feed.came.connect(lambda _: feed.stop())
    feed.source.give(frame())
    feed.tick()
    assert not feed._timer.isActive()
