"""Where one meddles: tools for what is picked, and the head of a heat map's menu for what is pointed at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStyle, QStyleOptionButton, QWidget

from engine.labs.language_modelling import Meddling
from gui.icons import draw_icon
from gui.labs.language_modelling import meddle_wording as words
from gui.panels.panel import Cell, Panel
from gui.theme import GRID, theme

Do = Callable[[Meddling], None]

ARROW = 14
"""Side of the arrow on a button with a menu."""


@dataclass(frozen=True)
class Target:
    """A unit of one network and the character from which on something may be done to it."""

    text: str
    """What the networks have read."""
    cell: str
    unit: int
    place: int
    """The character of `text`."""
    gates: tuple[str, ...] = ()
    """All gates that the cell has."""
    pointed: str = ""
    """The one of them that is pointed at."""
    done: tuple[Meddling, ...] = ()
    """What is done already."""

    @property
    def off(self) -> Meddling:
        """The unit is switched off."""
        return Meddling(self.cell, "off", self.place, self.unit)

    @property
    def resets(self) -> tuple[Meddling, Meddling]:
        """The state of this network, and those of all three, are reset."""
        return Meddling(self.cell, "reset", self.place), Meddling(words.ALL, "reset", self.place)

    def holds(self, gate: str) -> list[Meddling]:
        """A gate is held open or shut, in this unit or in all; a candidate only at 0."""
        values = (0.0,) if gate in words.CANDIDATES else (1.0, 0.0)
        return [
            Meddling(self.cell, "hold", self.place, unit, gate, value)
            for unit in (self.unit, None)
            for value in values
        ]


class MeddleTools(QWidget):
    """For the picked unit and character: a button to switch off, and menus to hold and to reset.

    Their words, and where there is little room their number, suit the width that they are given.
    """

    wanted = Signal(object)
    """The `Meddling` that the person wants."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target: Target | None = None
        self._room = 0
        self.off = QPushButton(self)
        self.hold, self.reset, self.together = (
            _MenuButton(self, lambda menu, entries=entries: self._fill(menu, entries))
            for entries in (_gate_entries, _reset_entries, _entries)
        )
        self.off.clicked.connect(lambda: self._target and self.wanted.emit(self._target.off))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, GRID // 2)
        row.setSpacing(GRID)
        for button in (self.off, self.hold, self.reset, self.together):
            row.addWidget(button)
        self.setEnabled(False)
        self._say()

    def fit(self, room: int) -> None:
        """There are so many pixels from left to right."""
        if room != self._room:
            self._room = room
            self._say()

    def show_target(self, target: Target | None) -> None:
        """Say what the tools work on; without a text there is nothing to work on."""
        if target == self._target:
            return
        self._target = target
        self.setEnabled(target is not None)
        if target is not None:
            text, place = target.text, target.place
            self.off.setDisabled(target.off in target.done)
            self.off.setToolTip(_tip(target, target.off))
            self.hold.setEnabled(bool(target.gates))
            self.hold.setToolTip(words.hold_tip(text, place) if target.gates else words.NO_GATES)
            self.reset.setToolTip(words.reset_tip(text, place))
            self.together.setToolTip(words.together_tip(target.cell, target.unit, text, place))
        self._say()

    def _say(self) -> None:
        """In as many words as there is room for."""
        apart, target = (self.off, self.hold, self.reset), self._target
        shown = ("", 0, 0) if target is None else (target.text, target.place, target.unit)
        for labels in (words.long_labels(*shown), words.short_labels(shown[-1])):
            for button, label in zip((*apart, self.together), (*labels, words.TOGETHER), strict=True):
                button.setText(label)
            fits = sum(button.sizeHint().width() + GRID for button in apart) - GRID <= self._room
            if fits:
                break
        for button in apart:
            button.setVisible(fits)
        self.together.setVisible(not fits)

    def _fill(self, menu: QMenu, entries: Callable[[QMenu, Target, Do], list[QAction]]) -> None:
        menu.clear()
        if self._target is not None:
            menu.addActions(entries(menu, self._target, self.wanted.emit))


class MenuHead(QObject):
    """Puts what may be done to the value pointed at before all else in a panel's menu, as it opens."""

    wanted = Signal(object)
    """The `Meddling` that the person wants."""

    def __init__(self, panel: Panel, target_at: Callable[[Cell], Target | None]) -> None:
        super().__init__(panel)
        self._panel, self._target_at = panel, target_at
        self._entries: list[QAction] = []
        panel.menu.setToolTipsVisible(True)
        panel.menu.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        menu, cell = self._panel.menu, self._panel.cursor_cell
        for entry in self._entries:
            menu.removeAction(entry)
            entry.deleteLater()
        target = None if cell is None or self._panel.is_empty else self._target_at(cell)
        self._entries = []
        if target is not None:
            self._entries = [*_entries(menu, target, self.wanted.emit), _line(menu)]
            menu.insertActions(menu.actions()[0], self._entries)


def _entries(menu: QMenu, target: Target, do: Do) -> list[QAction]:
    """All that may be done: to the gate pointed at first, else to all gates in a menu of their own."""
    rest = [_entry(menu, target, each, do) for each in (target.off, *target.resets)]
    if target.pointed:
        holds = [_entry(menu, target, each, do) for each in target.holds(target.pointed)]
        return [*holds, _line(menu), *rest]
    hold = QAction(words.hold_entry(target.text, target.place), menu)
    gates = QMenu(menu)
    gates.setToolTipsVisible(True)
    gates.addActions(_gate_entries(gates, target, do))
    hold.setMenu(gates)
    hold.destroyed.connect(gates.deleteLater)
    hold.setEnabled(bool(target.gates))
    hold.setToolTip("" if target.gates else words.NO_GATES)
    return [rest[0], hold, *rest[1:]]


def _reset_entries(menu: QMenu, target: Target, do: Do) -> list[QAction]:
    return [_entry(menu, target, each, do) for each in target.resets]


def _gate_entries(menu: QMenu, target: Target, do: Do) -> list[QAction]:
    """Every gate, a line between one and the next."""
    entries: list[QAction] = []
    for gate in target.gates:
        entries += [_line(menu)] if entries else []
        entries += [_entry(menu, target, each, do) for each in target.holds(gate)]
    return entries


def _entry(menu: QMenu, target: Target, wanted: Meddling, do: Do) -> QAction:
    entry = QAction(words.deed(target.text, wanted), menu)
    entry.setToolTip(_tip(target, wanted))
    entry.setDisabled(wanted in target.done)
    entry.triggered.connect(lambda: do(wanted))
    return entry


def _line(menu: QMenu) -> QAction:
    line = QAction(menu)
    line.setSeparator(True)
    return line


def _tip(target: Target, wanted: Meddling) -> str:
    said = words.ALREADY if wanted in target.done else words.effect(wanted)
    return f"{words.deed(target.text, wanted)}. {said}"


class _MenuButton(QPushButton):
    """A button with an arrow, whose menu is filled anew whenever it opens."""

    def __init__(self, parent: QWidget, fill: Callable[[QMenu], None]) -> None:
        super().__init__(parent)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(lambda: fill(menu))
        self.setMenu(menu)

    def sizeHint(self) -> QSize:
        return QSize(
            self.fontMetrics().horizontalAdvance(self.text()) + 4 * GRID + ARROW, super().sizeHint().height()
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""
        option.features &= ~QStyleOptionButton.ButtonFeature.HasMenu
        painter = QPainter(self)
        self.style().drawControl(QStyle.ControlElement.CE_PushButton, option, painter, self)
        painter.setPen(QColor(theme().text if self.isEnabled() else theme().muted))
        place = self.rect().adjusted(3 * GRID // 2, 0, 0, 0)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), self.text())
        right = QRectF(self.width() - ARROW - GRID, (self.height() - ARROW) / 2, ARROW, ARROW)
        draw_icon(painter, "down", right, theme().muted)
