"""A clumsy hand: from a seed, it does to a window whatever a hand, a keyboard and a file manager can do."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
from person import LEFT, files, pixels
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QWheelEvent,
    QWindow,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabWidget, QWidget
from shiboken6 import isValid

from engine.registry import labs
from gui.main_window import MainWindow
from gui.theme import themes

NONE = Qt.KeyboardModifier.NoModifier
MODIFIERS = (NONE, NONE, NONE, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier)
BUTTONS = (LEFT, LEFT, LEFT, LEFT, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
KEYS = (
    *(Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Space),
    *(Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End),
    *(Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Menu),
)
WORDS = (
    "7",
    "-1",
    "1e9",
    "0.5",
    "the ",
    "conv",
    "çğß→😀",
    "\u202egnirts",
    "a" * 200,
    "<b>&amp;",
    "%s{0}\\",
    " ",
)
SIZES = ((960, 600), (1280, 720), (1440, 900), (2560, 1440), (1001, 777))
SELDOM = frozenset({"next-theme", "theme-system", "theme-dark", "theme-light"})
"""Actions that are done now and then as it is, since each takes long."""
BREATHS = 0.3
"""Share of the actions after which the window is let live; a hand is quicker than a window draws."""
LONG_STAY = 20
"""Turns of an event loop within one action after which it is a menu's own loop, which waits for a choice."""
LOOK_AGAIN = 40
"""Actions after which what is on the window is looked for anew, since that takes a while."""


class Monkey:
    """Draws each action from its seed and the action's number alone, so that no timing changes the next.

    `clock` collects the seconds of this thread that each action took, drawing what follows from it included.
    """

    def __init__(self, window: MainWindow, seed: int, hoard: list[Path]) -> None:
        self.window, self.seed, self._hoard = window, seed, hoard
        if window.window_actions is not None:  # the test ends it
            window.window_actions.table["quit"].setEnabled(False)
        self.log: list[str] = []
        self.turns: list[float] = []
        self._widgets: list[QWidget] = []
        self._dragged: QMimeData | None = None
        self._popup: QWidget | None = None
        self._stayed = 0
        self._watch = QTimer(window)
        self._watch.timeout.connect(self._leave_menu)
        self._watch.start(0)
        self.draw = random.Random()
        weights: dict[Callable[[], str], int] = {
            self._click: 120, self._click_a_widget: 120, self._double_click: 15, self._move: 40,
            self._drag: 40, self._wheel: 40, self._key: 50, self._type: 25, self._press_shortcut: 40,
            self._choose_lab: 8, self._choose_tab: 20, self._resize: 8, self._drop: 8, self._paste: 8,
            self._play: 40, self._undo: 15, self._swap_theme: 1,
        }  # fmt: skip
        self._acts, self._weights = list(weights), list(weights.values())

    def act(self, number: int) -> None:
        """Do the action of this number, and let the window live until it has nothing left to do at once."""
        self.draw = random.Random(f"{self.seed} {number}")
        act = self.draw.choices(self._acts, self._weights)[0]
        self.log.append(f"{number} {act.__name__.strip('_')}")
        if number % LOOK_AGAIN == 0:
            self._widgets = self.window.findChildren(QWidget)
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        start = time.thread_time()
        self._stayed = 0
        self.log[-1] += f" {act()}"
        if self.draw.random() < BREATHS:
            QApplication.processEvents()
        self.turns.append(time.thread_time() - start)

    def _leave_menu(self) -> None:
        self._stayed += 1
        if self._stayed > LONG_STAY:
            popup = QApplication.activePopupWidget() or QApplication.activeModalWidget()
            if popup is not None:
                popup.close()

    # Where ----------------------------------------------------------------------------------------

    @property
    def _native(self) -> QWindow:
        """The window that gets the input now: a menu that is open, or the main one."""
        # Kept, because PySide lets go of a widget's handle with the widget's wrapper.
        self._popup = QApplication.activePopupWidget()
        native = self._popup.windowHandle() if self._popup is not None else None
        return native or self.window.windowHandle()

    def _point(self) -> QPoint:
        native = self._native
        x, y = self.draw.random(), self.draw.random()
        return QPoint(int(x * max(1, native.width() - 1)), int(y * max(1, native.height() - 1)))

    # With the mouse -------------------------------------------------------------------------------

    def _click(self) -> str:
        return self._press(self._point())

    def _press(self, at: QPoint) -> str:
        button, modifier = self.draw.choice(BUTTONS), self.draw.choice(MODIFIERS)
        QTest.mouseClick(self._native, button, modifier, at)
        return f"{button.name} {modifier.name} at {at.x()}, {at.y()}"

    def _click_a_widget(self) -> str:
        """The middle of one, so that small buttons are hit as often as large pictures."""
        widget = self._visible_widget(self.draw.random())
        if widget is None or QApplication.activePopupWidget() is not None:
            return self._click()
        at = (
            widget.mapTo(self.window, widget.rect().center())
            if self.window.isAncestorOf(widget)
            else QPoint()
        )
        if not self.window.rect().contains(at) or at != _within(self._native, at):
            return self._click()
        return f"{type(widget).__name__} “{widget.accessibleName()}” {self._press(at)}"

    def _visible_widget(self, place: float) -> QWidget | None:
        """The one at `place` (0 to 1) among all, or the next after it that is visible."""
        first = int(place * len(self._widgets))
        around = chain(self._widgets[first:], self._widgets[:first])
        return next((widget for widget in around if isValid(widget) and widget.isVisible()), None)

    def _double_click(self) -> str:
        at = self._point()
        QTest.mouseDClick(self._native, LEFT, NONE, at)
        return f"at {at.x()}, {at.y()}"

    def _move(self) -> str:
        at = self._point()
        QTest.mouseMove(self._native, at)
        return f"to {at.x()}, {at.y()}"

    def _drag(self) -> str:
        start, end = self._point(), self._point()
        if self.draw.random() < 0.7:
            end = start + QPoint(self.draw.randint(-40, 40), self.draw.randint(-40, 40))
        native = self._native
        QTest.mousePress(native, LEFT, NONE, start)
        QTest.mouseMove(native, _within(native, (start + end) / 2))
        QTest.mouseMove(native, _within(native, end))
        QTest.mouseRelease(native, LEFT, NONE, _within(native, end))
        return f"{start.x()}, {start.y()} to {end.x()}, {end.y()}"

    def _wheel(self) -> str:
        at, turn, modifier = (
            self._point(),
            self.draw.choice((-960, -120, 120, 960)),
            self.draw.choice(MODIFIERS),
        )
        native = self._native
        at_screen = QPointF(native.mapToGlobal(at))
        event = QWheelEvent(
            QPointF(at), at_screen, QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, modifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QCoreApplication.sendEvent(native, event)
        return f"{turn} {modifier.name} at {at.x()}, {at.y()}"

    # With the keyboard ----------------------------------------------------------------------------

    def _key(self) -> str:
        key, modifier, times = (
            self.draw.choice(KEYS),
            self.draw.choice(MODIFIERS),
            self.draw.choice((1, 1, 4)),
        )
        for _ in range(times):
            QTest.keyClick(self._native, key, modifier)
        return f"{key.name} {modifier.name} x{times}"

    def _type(self) -> str:
        word, target = self.draw.choice(WORDS), QApplication.focusWidget()
        for letter in word:
            key = ord(letter.upper()) if letter.isascii() and letter.isprintable() else 0
            for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):  # QTest aborts at what is not Latin
                QCoreApplication.sendEvent(self._native, QKeyEvent(kind, key, NONE, letter))
        return f"{word[:12]!r} into {type(target).__name__}"

    def _press_shortcut(self) -> str:
        place = self.draw.random()
        table = self.window.window_actions.table if self.window.window_actions else None
        if table is None:
            return "nothing yet"
        actions = [
            action
            for group in table.groups.values()
            for action in group
            if action.isEnabled() and action.isVisible() and action.objectName() not in SELDOM
        ]
        action = actions[int(place * len(actions))]
        action.trigger()
        return action.objectName()

    def _undo(self) -> str:
        redo = self.draw.random() < 0.3
        form = self.window.form
        if form is not None:
            form.redo() if redo else form.undo()
        return "back" if redo else ""

    # Going about ----------------------------------------------------------------------------------

    def _choose_lab(self) -> str:
        name = self.draw.choice(list(labs()))
        self.window.choose_lab(name)
        return name

    def _choose_tab(self) -> str:
        first, second = self.draw.random(), self.draw.random()
        tabs = self.window.page.findChildren(QTabWidget) if self.window.page is not None else []
        if not tabs:
            return "none here"
        bar = tabs[int(first * len(tabs))]
        bar.setCurrentIndex(int(second * bar.count()))
        return bar.tabText(bar.currentIndex())

    def _swap_theme(self) -> str:
        choice = self.draw.choice(("dark", "light"))
        themes.choose(choice)
        return choice

    def _resize(self) -> str:
        size = self.draw.choice(SIZES)
        self.window.resize(*size)
        return f"{size}"

    def _play(self) -> str:
        command = self.draw.choice(("play", "play", "play", "pause", "step_once"))
        self.window.post(command)
        return command

    # What arrives ---------------------------------------------------------------------------------

    def _drop(self) -> str:
        chosen = self.draw.sample(self._hoard, self.draw.choice((1, 1, 1, 3)))
        at, leaves = self._point(), self.draw.random() < 0.2
        self._dragged = files(*chosen)  # the events only point to it
        rest = (Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, self._dragged, LEFT, NONE)
        native = self.window.windowHandle()
        QCoreApplication.sendEvent(native, QDragEnterEvent(at, *rest))
        QCoreApplication.sendEvent(native, QDragMoveEvent(at, *rest))
        QCoreApplication.sendEvent(native, QDragLeaveEvent() if leaves else QDropEvent(QPointF(at), *rest))
        return f"{[path.name for path in chosen]} {'not' if leaves else ''}"

    def _paste(self) -> str:
        what = self.draw.choice(("picture", "speck", "file", "words", "line", "link", "nothing"))
        data = QMimeData()
        if what == "picture":
            data.setImageData(pixels(np.full((90, 160, 3), 77, np.uint8)))
        elif what == "speck":
            data.setImageData(pixels(np.zeros((1, 4, 3), np.uint8)))
        elif what == "file":
            data = files(self.draw.choice(self._hoard))
        elif what == "link":
            data.setUrls([QUrl("https://example.org/a.png")])
        elif what != "nothing":
            data.setText("x" * 20_000 if what == "line" else "Once upon a time\nthere was\0 a net.")
        QApplication.clipboard().setMimeData(data)
        QTest.keyClick(self._native, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        return what


def _within(native: QWindow, at: QPoint) -> QPoint:
    return QPoint(min(max(at.x(), 0), native.width() - 1), min(max(at.y(), 0), native.height() - 1))
