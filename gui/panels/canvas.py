"""Where a panel draws: hands it what pointer and keyboard do, and shows the focus ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QToolTip, QWidget

from gui.theme import GRID, theme

if TYPE_CHECKING:
    from gui.panels.panel import Panel

ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)

BY_KEY = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class Canvas(QWidget):
    """Where a panel draws; hands it what pointer and keyboard do."""

    resized = Signal()
    """The canvas has another size, or as many device pixels to a pixel."""

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel.content)
        self._panel = panel
        self._pressed: QPointF | None = None
        self._dragged = False
        self._rings = False
        self.exposed = QRect()
        """What is being painted; a panel may leave the rest out."""
        self.wheel_keys = Qt.KeyboardModifier.NoModifier
        """Keys held while the wheel turned last."""
        self.is_wheel_sideways = False
        """Whether the wheel turned sideways last, as a trackpad's may."""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(6 * GRID, 4 * GRID)

    def sizeHint(self) -> QSize:
        return QSize(40 * GRID, 30 * GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.exposed = event.rect()
        hidden = QRect() if self._panel.is_empty else self._panel.covered()
        painter.setClipRegion(event.region().subtracted(QRegion(hidden)))
        painter.fillRect(event.rect(), QColor(theme().page))
        painter.setClipping(False)
        if self._panel.is_empty:
            painter.setPen(QColor(theme().muted))
            where = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(GRID, 0, -GRID, 0), int(where), self._panel.empty_text)
        else:
            self._panel.paint(painter)
        if self._rings and self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(theme().accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.resized.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is not None:
            moved = at - self._pressed
            self._dragged = self._dragged or moved.manhattanLength() >= QApplication.startDragDistance()
            if self._dragged:
                self._panel.drag(moved)
                self._pressed = at
        self._panel.point(at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = event.position(), False
            self._panel.point(event.position())
            self._panel.press(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._pressed is not None:
            self._pressed = None
            if not self._dragged:
                self._panel.choose()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._panel.double_click()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        notches = (turned.y() or turned.x()) / 120  # a trackpad also goes sideways
        self.wheel_keys, self.is_wheel_sideways = event.modifiers(), not turned.y()
        event.setAccepted(self._panel.wheel(event.position(), notches))

    def leaveEvent(self, event: QEvent) -> None:
        self._panel.leave()

    def focusInEvent(self, event: QFocusEvent) -> None:
        if event.reason() in BY_KEY or event.reason() == Qt.FocusReason.MouseFocusReason:
            self._ring(event.reason() in BY_KEY)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        if not self.underMouse():
            self._panel.leave()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._panel.menu.popup(event.globalPos())

    def _ring(self, shown: bool) -> None:
        """Show the focus ring while the keyboard is used; a click needs none."""
        self._rings = shown
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._ring(True)
        step = ARROWS.get(Qt.Key(event.key()))
        if event.matches(QKeySequence.StandardKey.Copy):
            self._panel.copy_requested.emit()
        elif event.key() in ENTER:
            self._panel.choose()
        elif step is not None:
            self._move(*step, far=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif not self._panel.key(event):
            super().keyPressEvent(event)

    def _move(self, right: int, down: int, far: bool) -> None:
        panel = self._panel
        cell = None if panel.is_empty else panel.neighbour(panel.cursor_cell, right, down, far)
        if cell is not None:
            panel.point(None)  # the pointer rests: new data must not pull the cursor back to it
            panel.reveal(cell)
            if far:
                panel.extend(panel.cursor_cell, cell)
            panel.move_cursor(cell)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = "" if self._panel.is_empty else self._panel.tip(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), text, self)
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.resized.emit()
        return super().event(event)
