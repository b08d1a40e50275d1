"""A person in front of the window, and a worker that says only what a test gives it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QAccessible,
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QImage,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QListView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from engine.ask import Cell
from engine.worker import Frame
from gui.main_window import MainWindow
from gui.view import View

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
CONTROLS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QListView)
PATIENCE = 30_000
"""Milliseconds that a person waits at most; nothing takes so long unless it is broken."""
HURRIED = 0.5
"""Share of a core for drawing while something trains, where a test waits for many frames: at the usual share
most of its time would be spent in the pauses between them."""


def frame(**changes: Any) -> Frame:
    """A frame of a lab that is idle, but for `changes`."""
    usual = {
        "lab": "image-classification",
        "snapshot": None,
        "playing": False,
        "paused": False,
        "can_step": True,
        "jobs": (),
        "steps": 0,
        "steps_per_second": 0.0,
        "device": None,
    }
    return Frame(**(usual | changes))


class Heard:
    """What a page wants and asks, in order."""

    def __init__(self, page: View) -> None:
        self.all: list[Any] = []
        self.asked: list[Cell | None] = []
        page.command_wanted.connect(lambda name, arguments: self.all.append((name, arguments)))
        page.settings_wanted.connect(self.all.append)
        page.asked.connect(self.asked.append)
        page.pinned.connect(self.asked.append)


class FakeSource:
    """Stands in for the worker: records what is posted, hands out the frames that it is given."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, tuple[Any, ...]]] = []
        self.cancelled = self.closed = 0
        self._frames: deque[Frame] = deque()

    def post(self, command: str, *args: Any) -> None:
        self.posted.append((command, args))

    def cancel(self) -> None:
        self.cancelled += 1

    def take(self) -> Frame | None:
        return self._frames.popleft() if self._frames else None

    def close(self, timeout: float = 3.0) -> bool:
        self.closed += 1
        return True

    def give(self, *frames: Frame) -> None:
        """Frames that the window finds when it asks next."""
        self._frames.extend(frames)

    def of(self, command: str) -> list[tuple[Any, ...]]:
        """The arguments of every such command, in order."""
        return [args for name, args in self.posted if name == command]


def files(*paths: Path) -> QMimeData:
    """What a file manager drags."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def pixels(rgb: np.ndarray) -> QImage:
    """A picture as another program puts it on the clipboard; `rgb`: (H, W, 3) uint8."""
    height, width, _ = rgb.shape
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def middle(widget: QWidget) -> QPoint:
    return widget.rect().center()


def colours(image: QImage, step: int = 3) -> set[str]:
    """The distinct colours of a picture, looked at every `step` pixels."""
    return {
        image.pixelColor(x, y).name()
        for x in range(0, image.width(), step)
        for y in range(0, image.height(), step)
    }


def close_to(colour: QColor, wanted: str, tolerance: int = 40) -> bool:
    """Whether a colour is nearly `wanted`, as a line with smoothed edges leaves it."""
    one, other = colour.getRgb()[:3], QColor(wanted).getRgb()[:3]
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= tolerance


def visible_children(root: QWidget) -> Iterator[QWidget]:
    """Every widget below `root` that a person can see."""
    return (child for child in root.findChildren(QWidget) if child.isVisibleTo(root))


def controls(root: QWidget) -> list[QWidget]:
    """Everything below `root` that a person could use now."""
    return [
        child
        for child in visible_children(root)
        if child.isEnabled()
        and child.focusProxy() is None  # the line inside a number's field is that field
        and (isinstance(child, CONTROLS) or child.focusPolicy() & Qt.FocusPolicy.TabFocus)
    ]


def unnamed(root: QWidget) -> list[str]:
    """Controls that a screen reader could not name."""
    name = QAccessible.Text.Name
    return [
        repr(child) for child in controls(root) if not QAccessible.queryAccessibleInterface(child).text(name)
    ]


class Person:
    """Uses a window with mouse, keyboard and drops, and waits for what it shows."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window = window
        self._qtbot = qtbot
        self._dragged: QMimeData | None = None

    def waits_until(self, holds: Callable[[], object]) -> None:
        """Go on living until something holds."""
        self._qtbot.waitUntil(lambda: bool(holds()), timeout=PATIENCE)

    def drags(self, data: QMimeData, over: QWidget, *, drop: bool = True) -> bool:
        """Drag to the middle of a widget, and drop (or leave), as the window system sends it."""
        self._dragged = data  # the events only point to it
        native = self.window.windowHandle()
        at = over.mapTo(self.window, middle(over))
        actions = Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
        rest = (actions, data, LEFT, Qt.KeyboardModifier.NoModifier)
        enter = QDragEnterEvent(at, *rest)
        enter.ignore()
        QCoreApplication.sendEvent(native, enter)
        if not enter.isAccepted():
            return False
        QCoreApplication.sendEvent(native, QDragMoveEvent(at, *rest))
        if drop:
            QCoreApplication.sendEvent(native, QDropEvent(QPointF(at), *rest))
        return True

    def drags_away(self) -> None:
        """Leave the window with what was dragged over it."""
        QCoreApplication.sendEvent(self.window.windowHandle(), QDragLeaveEvent())

    def points(self, widget: QWidget, at: QPoint | QPointF) -> None:
        """Move the pointer there; a finger on Shift keeps tool tips away, which would be new widgets."""
        QTest.mouseMove(widget, at.toPoint() if isinstance(at, QPointF) else at)
        QApplication.processEvents()
        QTest.keyRelease(self.window, Qt.Key.Key_Shift)

    def clicks(self, widget: QWidget, at: QPoint | QPointF | None = None) -> None:
        """Move there and click."""
        place = middle(widget) if at is None else at
        self.points(widget, place)
        point = place.toPoint() if isinstance(place, QPointF) else place
        QTest.mouseClick(widget, LEFT, pos=point)

    def presses(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key wherever the keyboard is."""
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifier)

    def types(self, text: str) -> None:
        QTest.keyClicks(QApplication.focusWidget() or self.window, text)
