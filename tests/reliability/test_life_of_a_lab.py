"""Every lab, started and stopped again and again, leaves nothing behind and closes while anything runs."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

import pytest
from frames import Frames
from open_window import open_window, wait_until
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabWidget
from sizes import STARTS, Scale, in_both_parts
from tally import Tally
from torch import nn

from engine.data.samples import samples
from engine.registry import labs
from engine.worker import Frame, Worker
from gui.main_window import MainWindow

TIME_TO_CLOSE = 3.0
"""Seconds of wall time that a worker may take to end, which `Worker.close` waits for."""
SETTLING = 6
"""Starts after which everything that is made once has been made."""
SLACK = {"file handles": 4}
"""What comes and goes by itself; one lost at each start would be many more."""
HANDLES = Path("/proc/self/fd")


class Watch:
    """Counts what must not grow."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.frame: Frame | None = None
        window.shown.connect(self._keep)

    def _keep(self, frame: Frame) -> None:
        self.frame = frame

    def starts_and_stops(self, tab: int) -> None:
        """Play until it goes, on another tab each time, and stop until nothing runs."""
        for tabs in self.window.page.findChildren(QTabWidget):
            tabs.setCurrentIndex(tab % tabs.count())
        if not self.frame.can_step:  # all epochs are done
            self.window.post("reset")
            wait_until(lambda: self.frame.can_step)
        before = self.frame.steps
        self.window.post("play")
        wait_until(lambda: self.frame.steps > before)
        self.window.post("pause")
        self.window.cancel()
        wait_until(lambda: not self.frame.playing and not self.frame.jobs)

    def counts(self) -> dict[str, int]:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
        gc.collect()
        modules = [thing for thing in gc.get_objects() if issubclass(type(thing), nn.Module)]
        return {
            "hooks": sum(len(one._forward_hooks) + len(one._forward_pre_hooks) for one in modules),
            "threads": threading.active_count(),
            "objects of the window": len(self.window.findChildren(QObject)),
            "windows": len(QApplication.topLevelWidgets()),
            "file handles": len(os.listdir(HANDLES)) if HANDLES.exists() else 0,
        }


@in_both_parts(STARTS)
@pytest.mark.parametrize("name", labs())
def test_starts_and_stops_leave_nothing_and_it_closes_while_it_plays(
    name: str, scale: Scale, tmp_path: Path, tally: Tally
) -> None:
    with open_window(tmp_path, name) as window:
        watch = Watch(window)
        window.post("set_speed", None)  # as fast as it can; and whatever is posted brings a frame
        wait_until(lambda: watch.frame is not None)
        for number in range(SETTLING):
            watch.starts_and_stops(number)
        before = watch.counts()
        for number in range(scale(STARTS)):
            watch.starts_and_stops(number)
        grown = {what: count - before[what] for what, count in watch.counts().items()}
        assert {what: more for what, more in grown.items() if more > SLACK.get(what, 0)} == {}
        tally.add("starts and stops of a lab", scale(STARTS))
        window.post("play")
        QTest.qWait(1)
        start = time.monotonic()
        assert window.close()
        assert window.worker_ended
        tally.add("closed while something runs", took=f"{time.monotonic() - start:.1f} s at last")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", labs())
def test_it_ends_in_time_whatever_still_waits(name: str, tally: Tally) -> None:
    """Files by the dozen, resets and steps: what has not begun is left, what has begun is cancelled."""
    picture, worker = samples()[0].path, Worker("cpu")
    frames = Frames(worker)
    worker.post("select", name)
    frames.until(lambda frame: frame.snapshot is not None)
    for command, argument in [("open", (picture,)), ("reset", ()), ("step_once", ())] * 30:
        worker.post(command, *argument)
    frames.until(lambda frame: frame.snapshot is not None)
    assert worker.close(TIME_TO_CLOSE)
    tally.add("closed while something runs")
