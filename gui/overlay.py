"""A sheet laid over the window: dims the page, holds the keyboard, goes with Esc or a click beside it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout, QWidget

from gui.theme import GRID, theme, themes

VEIL = 165
"""Opacity of the veil over the page, of 255."""


class Overlay(QWidget):
    """A child of the window, as large as it, with a `panel` in the middle of its upper part.

    A child rather than a window of its own: it looks the same under every window system, is in every
    screenshot, and never hides behind the window.
    """

    def __init__(self, window: QWidget, name: str, width: int) -> None:
        super().__init__(window)
        self._width = width
        self._came_from: QWidget | None = None
        self.setAccessibleName(name)
        self.panel = QFrame(self)
        self.panel.setObjectName("overlayPanel")
        self.panel.setAccessibleName(name)
        self.body = QVBoxLayout(self.panel)
        self.body.setContentsMargins(1, 1, 1, 1)
        self.body.setSpacing(0)
        window.installEventFilter(self)
        themes.changed.connect(self._dress)
        self._dress()
        self.hide()

    def open(self, first: QWidget) -> None:
        """Show it and give `first` the keyboard; the widget that had it gets it back on `close`."""
        if not self.isVisible():
            self._came_from = QApplication.focusWidget()
        self._fit()
        self.show()
        self.raise_()
        first.setFocus(Qt.FocusReason.PopupFocusReason)

    def dismiss(self) -> None:
        """Hide it and give the keyboard back."""
        if not self.isVisible():
            return
        came_from, self._came_from = self._came_from, None
        self.hide()
        try:
            if came_from is not None:
                came_from.setFocus(Qt.FocusReason.PopupFocusReason)
        except RuntimeError:
            return  # it was deleted in the meantime; Qt has chosen another

    def panel_rectangle(self) -> QRect:
        """Where the panel goes in this size of window."""
        width = min(self._width, self.width() - 4 * GRID)
        top = max(4 * GRID, min(12 * GRID, self.height() // 8))  # the same for every height of panel
        height = min(self.panel.sizeHint().height(), self.height() - top - 4 * GRID)
        return QRect((self.width() - width) // 2, top, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget() and self.isVisible():
            self._fit()
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and _is_plain_key(event):
            event.accept()  # it is meant for this sheet, not for a shortcut of the page beneath
            return True
        return super().event(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round inside the panel."""
        stops = [
            child
            for child in self.panel.findChildren(QWidget)
            if child.isVisible() and child.isEnabled() and child.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]
        if not stops:
            return True
        now = QApplication.focusWidget()
        place = stops.index(now) + (1 if forward else -1) if now in stops else 0
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[place % len(stops)].setFocus(reason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.panel.geometry().contains(event.position().toPoint()):
            self.dismiss()
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        veil = QColor(theme().page)
        veil.setAlpha(VEIL)
        painter = QPainter(self)
        painter.fillRect(event.rect(), veil)

    def _fit(self) -> None:
        self.setGeometry(self.parentWidget().rect())
        self.panel.setGeometry(self.panel_rectangle())

    def _dress(self) -> None:
        colours = theme()
        self.panel.setStyleSheet(
            f"#overlayPanel {{ background: {colours.chrome}; border: 1px solid {colours.line};"
            f" border-radius: {GRID}px; }}"
        )
        self.update()


def _is_plain_key(event: QEvent) -> bool:
    """Esc, or a key that types something without Ctrl, Alt or Meta."""
    if not isinstance(event, QKeyEvent):
        return False
    held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
    return event.key() == Qt.Key.Key_Escape or (not held and bool(event.text()))
