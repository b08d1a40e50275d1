"""A group of rows under a heading that folds them away."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from gui.form.drawing import HEIGHT, RADIUS
from gui.form.row import Row
from gui.icons import draw_icon
from gui.theme import GRID, small_font, theme, themes


class Section(QWidget):
    """Without a title it has no heading and stays open."""

    toggled = Signal()

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.rows: list[Row] = []
        self.heading = _Heading(title)
        self._body = QWidget()
        self._body_layout = QVBoxLayout(self._body)
        self._body_layout.setContentsMargins(0, 0, 0, GRID)
        self._body_layout.setSpacing(GRID // 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.heading)
        layout.addWidget(self._body)
        # Only now: a widget that is shown before it has a parent flashes up as a window of its own.
        self.heading.setVisible(bool(title))
        self.heading.toggled.connect(self._fold)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self._body_layout.addWidget(row)

    @property
    def is_open(self) -> bool:
        return self.heading.isChecked()

    def set_open(self, is_open: bool) -> None:
        self.heading.setChecked(is_open)

    def _fold(self, is_open: bool) -> None:
        self._body.setVisible(is_open)
        self.toggled.emit()


class _Heading(QAbstractButton):
    """The section's name with an arrow that points down while it is open."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setText(title)
        self.setCheckable(True)
        self.setChecked(True)
        self.setAccessibleName(f"{title}, section")
        self.setToolTip("Fold or unfold this section")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(HEIGHT)
        font = small_font(self.font())
        font.setBold(True)
        self.setFont(font)
        themes.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 24, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme().accent), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        middle = self.height() / 2
        icon = "down" if self.isChecked() else "right"
        draw_icon(painter, icon, QRectF(self.width() - 17, middle - 7, 14, 14), theme().muted)
        painter.setPen(QColor(theme().muted))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect().adjusted(0, 0, -20, 0), flags, self.text())
