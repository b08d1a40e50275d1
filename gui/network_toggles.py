"""Which networks take part: a toggle each, which is also the legend of every picture below."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui.panels.series import series_colour
from gui.theme import GRID, small_font, theme, themes

HEIGHT, GAP, RADIUS = 26, GRID // 2, 13.0
SWATCH = 12.0
"""Length of the stroke in the network's colour."""
WIDEST_SCORE = "100 %"
"""Room is always kept for it, so that no toggle moves while they learn."""


@dataclass(frozen=True)
class Network:
    """What a network is called, and its colour in every picture."""

    key: str
    short: str
    full: str
    colour: str


@dataclass(frozen=True)
class State:
    """How a network stands: whether it takes part, and may; a note beside its name, and that in full."""

    is_on: bool
    note: str = ""
    sentence: str = ""
    is_alarm: bool = False
    is_possible: bool = True


class Toggle(QAbstractButton):
    """One network: its stroke, its name, and how often it is right or what became of it."""

    def __init__(self, network: Network, parent: QWidget) -> None:
        super().__init__(parent)
        self.network, self._note, self._is_alarm = network, "", False
        self.setCheckable(True)
        self.setText(network.short)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._keeps_room = True
        self._say("")
        themes.changed.connect(self.update)

    @property
    def note(self) -> str:
        """What stands beside the name."""
        return self._note

    def keep_room(self, keeps: bool) -> bool:
        """Whether room is kept for a note, which then is shown. Whether that is new."""
        before, self._keeps_room = self._keeps_room, keeps
        if before != keeps:
            self.update()
        return before != keeps

    def show_state(self, state: State) -> bool:
        """Show how the network stands. Whether another width is needed."""
        before = self.sizeHint().width()
        is_on = state.is_on and state.is_possible
        if self.isEnabled() != state.is_possible:
            self.setEnabled(state.is_possible)
        if self.isChecked() != is_on:
            self.setChecked(is_on)
        if (state.note, state.is_alarm) != (self._note, self._is_alarm):
            self._note, self._is_alarm = state.note, state.is_alarm
            self.update()
        self._say(state.sentence)
        return self.sizeHint().width() != before

    def _say(self, sentence: str) -> None:
        full = self.network.full
        said = ". ".join(part for part in (full, sentence) if part)
        name = ", ".join(part for part in (full, sentence or self._note) if part)
        if said != self.toolTip():
            self.setToolTip(said)
        if name != self.accessibleName():
            self.setAccessibleName(name)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(small_font(self.font()))
        name = metrics.horizontalAdvance(self.text())
        kept = max(metrics.horizontalAdvance(part) for part in (WIDEST_SCORE, self._note))
        note = GRID / 2 + kept if self.isChecked() and self._keeps_room else 0.0
        return QSize(round(SWATCH + name + note + 2.75 * GRID), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_on, colours = self.isChecked(), theme()
        self._paint_ground(painter)
        ink = QColor(series_colour(self.network.colour) if self.isEnabled() else colours.line)
        painter.setPen(QPen(ink, 3.0 if is_on else 1.5, c=Qt.PenCapStyle.RoundCap))
        middle = self.height() / 2
        painter.drawLine(QLineF(GRID, middle, GRID + SWATCH, middle))
        painter.setFont(small_font(self.font()))
        left = round(SWATCH + 1.75 * GRID)
        room = QRect(left, 0, self.width() - left - GRID, self.height())
        painter.setPen(QColor(colours.text if is_on else colours.muted))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        if is_on and self._note and self._keeps_room:
            painter.setPen(QColor(colours.danger if self._is_alarm else colours.muted))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._note)

    def _paint_ground(self, painter: QPainter) -> None:
        colours, rect = theme(), QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        edge = colours.accent if self.hasFocus() else colours.raised if self.isChecked() else colours.line
        painter.setPen(QPen(QColor(edge), 1.2))
        painter.setBrush(QColor(colours.raised) if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, RADIUS - 1, RADIUS - 1)


class ToggleRow(QWidget):
    """All of them in a row, or in as many as they need; one at least is always on."""

    chosen = Signal(str)
    """Keys of the networks that are on, with commas."""

    def __init__(self, networks: Sequence[Network], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.toggles = {network.key: Toggle(network, self) for network in networks}
        for toggle in self.toggles.values():
            toggle.clicked.connect(lambda on, toggle=toggle: self._tell(toggle))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._arrange()

    @property
    def on(self) -> Collection[str]:
        """Keys of those that are on, in order."""
        return [key for key, toggle in self.toggles.items() if toggle.isChecked()]

    def keep_room(self, keeps: bool) -> None:
        """Whether there is room for notes; without, the toggles take a row less."""
        changed = [toggle.keep_room(keeps) for toggle in self.toggles.values()]
        if any(changed):
            self._arrange()

    def show_states(self, states: Mapping[str, State]) -> None:
        """Show who is on and how each fares, by key."""
        before = self.on
        is_wider = [toggle.show_state(states[key]) for key, toggle in self.toggles.items()]
        if any(is_wider) or before != self.on:
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def _tell(self, toggled: Toggle) -> None:
        if self.on:
            self._arrange()
            self.chosen.emit(",".join(self.on))
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
