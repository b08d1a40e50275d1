"""Which networks learn: a toggle each, which is also the legend of every picture below."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from engine.labs.gradient_flow.config import NETWORKS
from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.networks import COLOURS, FULL, READERS, SHORT, chosen, joined
from gui.panels.series import series_colour
from gui.theme import GRID, small_font, theme, themes

HEIGHT, GAP, RADIUS = 26, GRID // 2, 13.0
SWATCH = 12.0
"""Length of the stroke in the network's colour."""
WIDEST_SCORE = "100 %"
"""Room is always kept for it, so that no toggle moves while they learn."""


class Toggle(QAbstractButton):
    """One network: its stroke, its name, and how often it is right or what became of it."""

    def __init__(self, cell: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.cell, self._note, self._is_alarm = cell, "", False
        self.setCheckable(True)
        self.setText(SHORT[cell])
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        themes.changed.connect(self.update)

    @property
    def note(self) -> str:
        """What stands beside the name."""
        return self._note

    def show_state(self, note: str, sentence: str, *, alarm: bool) -> bool:
        """Show a note; `sentence` says it in full. Whether another width is needed."""
        before = self.sizeHint().width()
        if (note, alarm) != (self._note, self._is_alarm):
            self._note, self._is_alarm = note, alarm
            self.update()
        said = ". ".join(part for part in (FULL[self.cell], sentence) if part)
        if said != self.toolTip():
            self.setToolTip(said)
            self.setAccessibleName(f"{FULL[self.cell]}{f', {sentence or note}' if sentence or note else ''}")
        return self.sizeHint().width() != before

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(small_font(self.font()))
        name = metrics.horizontalAdvance(self.text())
        kept = max(metrics.horizontalAdvance(part) for part in (WIDEST_SCORE, self._note))
        note = GRID / 2 + kept if self.isChecked() else 0.0
        return QSize(round(SWATCH + name + note + 2.75 * GRID), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_on, colours = self.isChecked(), theme()
        self._paint_ground(painter)
        ink = QColor(series_colour(COLOURS[self.cell]) if self.isEnabled() else colours.line)
        painter.setPen(QPen(ink, 3.0 if is_on else 1.5, c=Qt.PenCapStyle.RoundCap))
        middle = self.height() / 2
        painter.drawLine(QLineF(GRID, middle, GRID + SWATCH, middle))
        painter.setFont(small_font(self.font()))
        left = round(SWATCH + 1.75 * GRID)
        room = QRect(left, 0, self.width() - left - GRID, self.height())
        painter.setPen(QColor(colours.text if is_on else colours.muted))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        if is_on and self._note:
            painter.setPen(QColor(colours.danger if self._is_alarm else colours.muted))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._note)

    def _paint_ground(self, painter: QPainter) -> None:
        colours, rect = theme(), QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        edge = colours.accent if self.hasFocus() else colours.raised if self.isChecked() else colours.line
        painter.setPen(QPen(QColor(edge), 1.2))
        painter.setBrush(QColor(colours.raised) if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, RADIUS - 1, RADIUS - 1)


class NetworkToggles(QWidget):
    """All six in a row, or in as many as they need."""

    chosen = Signal(str)
    """The setting that names the networks that are on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.toggles = {cell: Toggle(cell, self) for cell in NETWORKS}
        for toggle in self.toggles.values():
            toggle.clicked.connect(lambda on, toggle=toggle: self._tell(toggle))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._arrange()

    def show_networks(self, snapshot: GradientFlowSnapshot) -> None:
        """Show who is on and how each fares."""
        on = chosen(snapshot.config.cells)
        runners = {one.cell: one for one in snapshot.runners}
        is_other = False
        for cell, toggle in self.toggles.items():
            can_be_on = snapshot.config.task != "sentence" or cell in READERS
            is_other |= toggle.isChecked() != (cell in on and can_be_on)
            toggle.setEnabled(can_be_on)
            toggle.setChecked(cell in on and can_be_on)
            runner = runners.get(cell)
            said = "" if runner is None else wording.exploded(runner)
            note = "" if runner is None else wording.note(runner)
            is_other |= toggle.show_state(note, said, alarm=bool(said))
        if is_other:
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def _tell(self, toggled: Toggle) -> None:
        on = [cell for cell, toggle in self.toggles.items() if toggle.isChecked()]
        if on:
            self._arrange()
            self.chosen.emit(joined(on))
        else:
            toggled.setChecked(True)  # somebody has to learn

    def _arrange(self) -> None:
        left = top = 0
        for toggle in self.toggles.values():
            width = toggle.sizeHint().width()
            if left and left + width > self.width():
                left, top = 0, top + HEIGHT + GAP
            toggle.setGeometry(left, top, width, HEIGHT)
            left += width + GAP
        self.setFixedHeight(top + HEIGHT)
