"""The experiments in a row, each with how far it has run, and the table at the end."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from engine.labs.grid_versus_loop.config import TITLES
from engine.labs.grid_versus_loop.snapshot import Kept
from gui.icons import draw_icon
from gui.labs.grid_versus_loop import wording
from gui.theme import GRID, small_font, theme, themes

HEIGHT = 28
TICK = 12.0
NAMES = (*TITLES, wording.TABLE)


class ExperimentButton(QAbstractButton):
    """Its title, a line below that fills as it runs, and a tick when it is over."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.name, self._done = name, 0.0
        self.setCheckable(True)
        self.setText(wording.title(name))
        self.setFont(small_font(self.font()))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"Experiment: {self.text()}")
        themes.changed.connect(self.update)

    @property
    def done(self) -> float:
        """Share of the experiment that has run."""
        return self._done

    def show_done(self, kept: Kept | None) -> None:
        """Show how far it got."""
        done = wording.done(kept)
        if done != self._done:
            self._done = done
            self.setAccessibleName(f"Experiment: {self.text()}, {wording.done_line(kept)}")
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(QFontMetricsF(self.font()).horizontalAdvance(self.text()) + TICK + GRID), HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_over = self._done >= 1
        is_bright = self.isChecked() or self.underMouse() or self.hasFocus()
        wide = QFontMetricsF(self.font()).horizontalAdvance(self.text())
        left = (self.width() - wide - (TICK if is_over else 0)) / 2
        painter.setPen(QColor(colours.text if is_bright else colours.muted))
        room = QRectF(left, 0, wide + 1, self.height() - 4)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), self.text())
        if is_over:
            box = QRectF(room.right() + 1, (self.height() - 4) / 2 - 5, 11, 11)
            draw_icon(painter, "check", box, colours.gru)
        self._paint_line(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -3.5), 4, 4)

    def _paint_line(self, painter: QPainter) -> None:
        colours, whole = theme(), QRectF(2, self.height() - 2, self.width() - 4, 2)
        painter.fillRect(whole, QColor(colours.raised))
        if self._done > 0:
            ran = QRectF(whole.left(), whole.top(), whole.width() * self._done, 2)
            painter.fillRect(ran, QColor(colours.muted))
        if self.isChecked():
            painter.fillRect(whole, QColor(colours.accent))


class ExperimentBar(QWidget):
    """One of them is chosen; the arrow keys go from one to the next."""

    chosen = Signal(str)
    """Name of an experiment, or of the table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons = {name: ExperimentButton(name, self) for name in NAMES}
        row, group = QHBoxLayout(self), QButtonGroup(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for button in self.buttons.values():
            row.addWidget(button, button.sizeHint().width())
            group.addButton(button)
            button.clicked.connect(lambda _=False, name=button.name: self.chosen.emit(name))
        group.setExclusive(True)
        self.setFixedHeight(HEIGHT)

    def show_chosen(self, name: str) -> None:
        """Show which one is in front, without telling anybody."""
        button = self.buttons.get(name)
        if button is not None and not button.isChecked():
            button.setChecked(True)

    def show_kept(self, kept: Mapping[str, Kept]) -> None:
        """Show how far every experiment got."""
        for name, button in self.buttons.items():
            button.show_done(kept.get(name))
