"""The same quantity of several networks under two or three conditions: grouped bars with their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.bars import percent
from gui.panels.panel import Cell, Numbers
from gui.panels.series import series_colour
from gui.panels.told_panel import Told, ToldPanel
from gui.theme import GRID, small_font, theme

TALLEST = 66.0
"""Height of a group, as far as the panel's height allows."""
WIDEST = "100 → 100 %"
FADES = 1.0, 0.55, 0.28
"""Opacity of the bars of a group, in order."""


@dataclass(frozen=True)
class Bar:
    """One condition: its share (NaN where not measured) and what it is called."""

    share: float
    told: Told | None = None


@dataclass(frozen=True)
class Group:
    """One network's bars, one for each condition."""

    name: str
    colour: str | int
    bars: tuple[Bar, ...]


class PairsPanel(ToldPanel):
    """The groups; a cell is (group, condition)."""

    is_vector = True
    nothing_yet = "Nothing measured yet."
    help_text = "Up and down move by bar; Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._conditions: tuple[str, ...] = ()
        self._groups: tuple[Group, ...] = ()
        self._level: tuple[float, str] | None = None

    # What a view uses.

    def set_groups(
        self, conditions: Sequence[str], groups: Sequence[Group], level: tuple[float, str] | None = None
    ) -> None:
        """Show these shares; `level` is a share with a name, such as that of guessing."""
        if tuple(groups) == self._groups and level == self._level and not self.is_empty:
            return
        self._conditions, self._groups, self._level = tuple(conditions), tuple(groups), level
        if self._groups:
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def value_rect(self, cell: Cell) -> QRectF:
        """Where a bar is drawn."""
        left, right = self._trough()
        pitch = self._pitch()
        thick = min(15.0, (pitch - 6) / max(1, len(self._conditions)))
        share = self._groups[cell[0]].bars[cell[1]].share
        length = (right - left) * min(1.0, max(0.0, share)) if isfinite(share) else 0.0
        top = self._top + cell[0] * pitch + 2 + cell[1] * thick
        return QRectF(left, top, max(1.0, length), max(2.0, thick - 2))

    # What the panel asks.

    def told(self, cell: Cell) -> Told | None:
        return self._groups[cell[0]].bars[cell[1]].told

    def cell_at(self, point: QPointF) -> Cell | None:
        group = int((point.y() - self._top) // self._pitch())
        if point.y() < self._top or not 0 <= group < len(self._groups):
            return None
        thick = self.value_rect((group, 0)).height() + 2
        within = point.y() - self._top - group * self._pitch() - 2
        return group, min(len(self._conditions) - 1, max(0, int(within // thick)))

    def contains(self, cell: Cell) -> bool:
        return 0 <= cell[0] < len(self._groups) and 0 <= cell[1] < len(self._conditions)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._groups:
            return None
        if cell is None:
            return 0, 0
        count = len(self._conditions)
        place = min(max(cell[0] * count + cell[1] + down, 0), len(self._groups) * count - 1)
        return place // count, place % count

    def summary(self) -> str:
        said = []
        for group in self._groups:
            parts = zip(self._conditions, group.bars, strict=True)
            said.append(f"{group.name}: {', '.join(f'{name} {_text(bar.share)}' for name, bar in parts)}.")
        return " ".join(said).replace("%", "percent")

    def numbers(self) -> Numbers:
        """A row for each network: its name, and its share under each condition."""
        rows = [[group.name, *(bar.share for bar in group.bars)] for group in self._groups]
        return ["network", *self._conditions], rows

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        self._paint_legend(painter, metrics)
        for number, group in enumerate(self._groups):
            self._paint_group(painter, metrics, number, group)
        self._paint_level(painter, metrics)

    def _paint_legend(self, painter: QPainter, metrics: QFontMetricsF) -> None:
        left = self._trough()[0]
        for name, fade in zip(self._conditions, FADES, strict=False):
            ink = QColor(theme().text)
            ink.setAlphaF(fade)
            painter.fillRect(QRectF(left, metrics.ascent() - 8, 10, 8), ink)
            painter.setPen(QColor(theme().muted))
            painter.drawText(QPointF(left + 14, metrics.ascent()), name)
            left += 14 + metrics.horizontalAdvance(name) + 2 * GRID

    def _paint_group(self, painter: QPainter, metrics: QFontMetricsF, number: int, group: Group) -> None:
        left, right = self._trough()
        middle = self._top + number * self._pitch() + 2
        tall = len(group.bars) * (self.value_rect((number, 0)).height() + 2)
        painter.setPen(QColor(series_colour(group.colour)))
        name = metrics.elidedText(group.name, Qt.TextElideMode.ElideRight, left - GRID)
        painter.drawText(QPointF(0, middle + tall / 2 + metrics.capHeight() / 2 - 1), name)
        is_thin = self.value_rect((number, 0)).height() < metrics.capHeight()
        if is_thin:
            painter.setPen(QColor(theme().text))
            text = _ends(group)
            left_of = self.canvas.width() - 2 - metrics.horizontalAdvance(text)
            painter.drawText(QPointF(left_of, middle + tall / 2 + metrics.capHeight() / 2 - 1), text)
        for place, (bar, fade) in enumerate(zip(group.bars, FADES, strict=False)):
            rect = self.value_rect((number, place))
            trough = QRectF(left, rect.top(), right - left, rect.height())
            is_pointed = self.cursor_cell == (number, place)
            painter.fillRect(trough, QColor(theme().raised if is_pointed else theme().chrome))
            if isfinite(bar.share):
                ink = QColor(series_colour(group.colour))
                ink.setAlphaF(fade)
                painter.fillRect(rect, ink)
            if not is_thin:
                painter.setPen(QColor(theme().text if isfinite(bar.share) else theme().muted))
                down = rect.center().y() + metrics.capHeight() / 2
                text = _text(bar.share)
                wide = metrics.horizontalAdvance(text)
                painter.drawText(QPointF(self.canvas.width() - wide - 2, down), text)

    def _paint_level(self, painter: QPainter, metrics: QFontMetricsF) -> None:
        if self._level is None:
            return
        share, name = self._level
        left, right = self._trough()
        at = left + share * (right - left)
        bottom = self._top + len(self._groups) * self._pitch()
        painter.setPen(QPen(QColor(theme().reference), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(at, self._top, at, bottom))
        if bottom + metrics.height() <= self.canvas.height() + 2:
            painter.drawText(QPointF(at + 3, bottom + metrics.ascent()), name)

    # Layout.

    @property
    def _top(self) -> float:
        return QFontMetricsF(small_font(self.canvas.font())).height() + 4

    def _pitch(self) -> float:
        room = self.canvas.height() - self._top - QFontMetricsF(small_font(self.canvas.font())).height()
        return min(TALLEST, max(12.0, room / max(1, len(self._groups))))

    def _trough(self) -> tuple[float, float]:
        metrics = QFontMetricsF(small_font(self.canvas.font()))
        name = max((metrics.horizontalAdvance(group.name) for group in self._groups), default=0.0)
        figure = metrics.horizontalAdvance(WIDEST) + GRID
        left = min(name + 1.5 * GRID, 0.35 * self.canvas.width())
        return left, max(left + 1, self.canvas.width() - figure)


def _ends(group: Group) -> str:
    """The first and the last condition, where there is room for one line alone."""
    first, last = (group.bars[at].share for at in (0, -1))
    if not (isfinite(first) and isfinite(last)):
        return _text(first)
    return f"{100 * first:.0f} → {100 * last:.0f} %"


def _text(share: float) -> str:
    return percent(share) if isfinite(share) else "not yet"
