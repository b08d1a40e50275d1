"""That live drawing loses no reference to None, True or False.

PySide6 6.12.0 on Python 3.10 and 3.11 gave one away at each call, until the interpreter aborted. From
Python 3.12 on these objects are immortal and can't be lost.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

CALLS = 400
ALLOWED = 0.05
"""References per call; a fault takes a whole one each time, what else happens meanwhile far less."""
SINGLES = (None, True, False)


class Source(QObject):
    nothing = Signal()
    number = Signal(int)
    truth = Signal(bool)
    things = Signal(object, object)


class Painted(QWidget):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.fillRect(QRectF(0, 0, 10, 10), QColor(0, 0, 0))
        painter.end()


def lost_per_call(call: Callable[[], object]) -> dict[str, float]:
    """References to None, True and False that each call took away; negative where it left some behind."""
    for _ in range(5):
        call()
    QApplication.processEvents()
    before = [sys.getrefcount(single) for single in SINGLES]
    for _ in range(CALLS):
        call()
    QApplication.processEvents()
    after = [sys.getrefcount(single) for single in SINGLES]
    changes = zip(SINGLES, before, after, strict=True)
    return {str(single): (earlier - later) / CALLS for single, earlier, later in changes}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before Python 3.12 they are counted")
def test_none_true_and_false_are_immortal() -> None:
    counts = [sys.getrefcount(single) for single in SINGLES]
    kept = [list(SINGLES) for _ in range(1000)]
    assert [sys.getrefcount(single) for single in SINGLES] == counts
    assert len(kept) == 1000


def event_calls(qtbot: QtBot) -> dict[str, Callable[[], object]]:
    source = Source()
    source.nothing.connect(lambda: None)
    source.number.connect(lambda number: None)
    source.truth.connect(lambda truth: None)
    source.things.connect(lambda one, other: None, Qt.ConnectionType.QueuedConnection)
    timer = QTimer(source)
    timer.setSingleShot(True)
    painted = Painted()
    qtbot.addWidget(painted)
    painted.show()
    array = np.zeros(10)

    def queued() -> None:
        source.things.emit(array, None)
        QApplication.processEvents()

    return {
        "processEvents": QApplication.processEvents,
        "emit nothing": source.nothing.emit,
        "emit a number": lambda: source.number.emit(1),
        "emit a truth": lambda: source.truth.emit(True),
        "emit things, queued": queued,
        "start a timer": lambda: (timer.start(1000), timer.stop()),
        "repaint": painted.repaint,
    }


def drawing_calls(qtbot: QtBot) -> dict[str, Callable[[], object]]:
    import pyqtgraph

    plot = pyqtgraph.PlotWidget()
    qtbot.addWidget(plot)
    curve, image = plot.plot(), pyqtgraph.ImageItem()
    plot.addItem(image)
    plot.show()
    steps, losses = np.arange(200), np.random.default_rng(0).random(200)
    pixels = np.zeros((32, 32), np.uint8)

    def draw() -> None:
        curve.setData(steps, losses)
        plot.viewport().repaint()

    return {
        "setData": lambda: curve.setData(steps, losses),
        "setData and paint": draw,
        "setImage": lambda: image.setImage(pixels, autoLevels=False, levels=(0, 255)),
        "make a pen": lambda: pyqtgraph.mkPen("r"),
    }


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="since Python 3.12 they are immortal")
@pytest.mark.parametrize("calls", [event_calls, drawing_calls], ids=["events", "drawing"])
def test_no_call_takes_a_reference(
    qtbot: QtBot, calls: Callable[[QtBot], dict[str, Callable[[], object]]]
) -> None:
    """One given too many is harmless (pyqtgraph's setData does that); one taken too many ends the process."""
    lost = {name: lost_per_call(call) for name, call in calls(qtbot).items()}
    assert {name: counts for name, counts in lost.items() if max(counts.values()) > ALLOWED} == {}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="since Python 3.12 they are immortal")
def test_a_call_that_takes_references_is_noticed() -> None:
    import ctypes

    count = ctypes.c_ssize_t.from_address(id(None))

    def thief() -> None:
        count.value -= 1

    assert lost_per_call(thief)["None"] == pytest.approx(1.0, abs=ALLOWED)
    count.value += CALLS + 5
