"""A block of the network as a card, and the gap between two where another can be added."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QApplication, QSizePolicy, QWidget

from gui.theme import GRID, small_font, theme, themes

STRIPE = 3
"""Width of the coloured edge that tells convolutions."""
INDENT = 12
SHARES = (0.30, 0.21, 0.25, 0.24)
"""What each column of a card's second line has of its width."""
GAP = 14
"""Height between two cards."""


class Card(QAbstractButton):
    """Title above, figures in columns below. A red edge where it cannot stand; it is moved by dragging it."""

    dragged = Signal(QPoint)
    """Where on the screen it is dragged to."""
    dropped = Signal(QPoint)
    """Where it is let go of."""
    key_pressed = Signal(QKeyEvent)
    """A key that is none of a button's."""

    def __init__(self, parent: QWidget | None = None, *, is_fixed: bool = False) -> None:
        super().__init__(parent)
        self.is_fixed = is_fixed
        """Whether it is an end of the network, which always stands where it stands."""
        self.words: tuple[str, ...] = ()
        self.name = ""
        """What its layers are called everywhere else."""
        self.is_wrong = self.is_lifted = self.convolves = False
        self._pressed_at: QPoint | None = None
        self.setCheckable(not is_fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if is_fixed else Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        themes.changed.connect(self.update)

    def show_block(
        self,
        title: str,
        words: Sequence[str],
        *,
        name: str = "",
        convolves: bool = False,
        is_wrong: bool = False,
    ) -> None:
        """Say what it is and what it makes of its input."""
        self.setText(title)
        self.words, self.name, self.convolves, self.is_wrong = tuple(words), name, convolves, is_wrong
        self.update()

    def set_lifted(self, is_lifted: bool) -> None:
        """Fade it while it is dragged."""
        self.is_lifted = is_lifted
        self.update()

    def nextCheckState(self) -> None:
        """A click chooses it; the list says when it is chosen no more."""

    def sizeHint(self) -> QSize:
        small = QFontMetrics(small_font(self.font()))
        return QSize(40 * GRID, self.fontMetrics().height() + small.height() + 12)

    def minimumSizeHint(self) -> QSize:
        return QSize(20 * GRID, self.sizeHint().height())

    # Mouse and keyboard ------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.is_fixed:
            self._pressed_at = event.globalPosition().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.globalPosition().toPoint()
        if self._pressed_at is None:
            super().mouseMoveEvent(event)
        elif self.is_lifted or self._is_far(here):
            self.dragged.emit(here)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        was_lifted, self._pressed_at = self.is_lifted, None
        if was_lifted:
            self.setDown(False)
            self.dropped.emit(event.globalPosition().toPoint())
        else:
            super().mouseReleaseEvent(event)

    def _is_far(self, here: QPoint) -> bool:
        start = self._pressed_at or here
        return (here - start).manhattanLength() >= QApplication.startDragDistance()

    def let_go(self) -> None:
        """Put it back: the drag was given up."""
        self._pressed_at = None
        self.setDown(False)
        self.set_lifted(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()
        self.key_pressed.emit(event)
        if not event.isAccepted():
            super().keyPressEvent(event)

    # What is seen ------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(0.4 if self.is_lifted else 1.0)
        self._draw_ground(painter)
        metrics, small = self.fontMetrics(), small_font(self.font())
        tiny = QFontMetrics(small)
        room = self.rect().adjusted(INDENT, 5, -GRID, 0)
        own = tiny.horizontalAdvance(self.name) + GRID
        title = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width() - own)
        painter.setPen(QColor(theme().text))
        painter.drawText(QPoint(room.left(), room.top() + metrics.ascent()), title)
        painter.setFont(small)
        painter.setPen(QColor(theme().muted))
        painter.drawText(QPoint(room.right() + GRID - own, room.top() + metrics.ascent()), self.name)
        baseline = room.top() + metrics.height() + 2 + tiny.ascent()
        for column, words in zip(self._columns(room), self.words, strict=False):
            text = tiny.elidedText(words, Qt.TextElideMode.ElideRight, column.width() - 4)
            painter.drawText(QPoint(column.left(), baseline), text)

    def _columns(self, room: QRect) -> list[QRect]:
        """Where each column stands; a line that is alone has the whole width."""
        if len(self.words) == 1:
            return [room]
        starts = [round(room.width() * sum(SHARES[:place])) for place in range(len(SHARES) + 1)]
        return [
            QRect(room.left() + left, room.top(), right - left, room.height())
            for left, right in pairwise(starts)
        ]

    def _draw_ground(self, painter: QPainter) -> None:
        colours = theme()
        edge = colours.accent if self.hasFocus() else colours.line if self.isChecked() else colours.chrome
        width = 1
        if self.is_wrong:
            edge, width = colours.danger, 2
        box = QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.setPen(QPen(QColor(edge), width))
        is_raised = self.isChecked() or (self.underMouse() and not self.is_fixed)
        painter.setBrush(QColor(colours.raised if is_raised else colours.chrome))
        painter.drawRoundedRect(box, 4, 4)
        if self.convolves:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.convolution))
            painter.drawRoundedRect(QRectF(3, 5, STRIPE, self.height() - 10), 1.5, 1.5)


class Gap(QAbstractButton):
    """The place between two cards: a click adds a block; what is dragged falls where it is lit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_lit = False
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by keyboard a block is added from the card before
        self.setFixedHeight(GAP)
        self.setToolTip("Add a block here")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        themes.changed.connect(self.update)

    @property
    def is_lit(self) -> bool:
        """Whether what is dragged would fall here."""
        return self._is_lit

    def set_lit(self, is_lit: bool) -> None:
        """Show that what is dragged would fall here, or no more."""
        if is_lit != self._is_lit:
            self._is_lit = is_lit
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(20 * GRID, GAP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours, middle = theme(), GAP / 2
        is_hot = self._is_lit or self.underMouse() or self.isDown()
        painter.setPen(QPen(QColor(colours.accent if is_hot else colours.muted), 1.6 if is_hot else 1.2))
        x, reach = INDENT + 5.0, 4.0
        painter.drawLine(QPointF(x - reach, middle), QPointF(x + reach, middle))
        painter.drawLine(QPointF(x, middle - reach), QPointF(x, middle + reach))
        if is_hot:
            painter.drawLine(QPointF(x + 2 * GRID, middle), QPointF(self.width() - GRID, middle))
