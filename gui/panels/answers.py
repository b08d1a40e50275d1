"""Who answers what: a row for each network, a small bar for each class, and the answer at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget

from gui.panels.bars import percent
from gui.panels.marks import tag
from gui.panels.panel import Cell, Numbers
from gui.panels.series import series_colour
from gui.panels.told_panel import Told, ToldPanel
from gui.theme import GRID, small_font, theme

TALLEST = 52.0
"""Height of a row, as far as the panel's height allows."""
NAMES, SAID, BARS = 0.46, 0.48, 0.16
"""Shares of the width that names and answers take at most, and bars at least."""


@dataclass(frozen=True, eq=False)
class Given:
    """One network's answer."""

    key: str
    name: str
    colour: str | int
    probabilities: np.ndarray
    """(K,)"""


class AnswersPanel(ToldPanel):
    """The rows; a cell is (row, class)."""

    nothing_yet = "Nothing has been asked yet."
    help_text = "Arrow keys move by class and network; Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._rows: tuple[Given, ...] = ()
        self._classes: tuple[str, ...] = ()
        self._truth: int | None = None

    # What a view uses.

    def set_answers(self, rows: Sequence[Given], classes: Sequence[str], truth: int | None) -> None:
        """Show each network's probabilities of the classes; `truth` is the right one, where it is known."""
        self._rows, self._classes, self._truth = tuple(rows), tuple(classes), truth
        if self._rows and self._classes:
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def answer(self, row: int) -> str:
        """What a network takes the example for."""
        one = self._rows[row].probabilities
        best = int(one.argmax())
        return f"{self._classes[best]}  {percent(float(one[best]))}"

    def value_rect(self, cell: Cell) -> QRectF:
        """The column of a class in a row."""
        left, right, _ = self._columns()
        breadth, pitch = (right - left) / len(self._classes), self._pitch()
        return QRectF(left + cell[1] * breadth, self._top + cell[0] * pitch, breadth, pitch)

    # What the panel asks.

    def told(self, cell: Cell) -> Told:
        return f"probability-{self._rows[cell[0]].key}", (cell[1],)

    def cell_at(self, point: QPointF) -> Cell | None:
        left, right, _ = self._columns()
        row = int((point.y() - self._top) // self._pitch())
        if not 0 <= row < len(self._rows):
            return None
        if left <= point.x() < right:
            return row, int((point.x() - left) / (right - left) * len(self._classes))
        return row, int(self._rows[row].probabilities.argmax())

    def contains(self, cell: Cell) -> bool:
        return 0 <= cell[0] < len(self._rows) and 0 <= cell[1] < len(self._classes)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._rows:
            return None
        row, place = cell or (0, int(self._rows[0].probabilities.argmax()) - right)
        return (
            min(max(row + down, 0), len(self._rows) - 1),
            min(max(place + right, 0), len(self._classes) - 1),
        )

    def summary(self) -> str:
        said = [f"{one.name} answers {self.answer(row)}" for row, one in enumerate(self._rows)]
        truth = "" if self._truth is None else f" It is {self._classes[self._truth]}."
        return f"{'; '.join(said)}.{truth}".replace("%", "percent")

    def numbers(self) -> Numbers:
        """A row for each network: its name, and the probability of every class."""
        return ["network", *self._classes], [[one.name, *one.probabilities.tolist()] for one in self._rows]

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        left, right, end = self._columns()
        if self._truth is not None:
            breadth = (right - left) / len(self._classes)
            ground = QRectF(
                left + self._truth * breadth, 0, breadth, self._top + self._pitch() * len(self._rows)
            )
            painter.fillRect(ground, QColor(theme().chrome))
        self._paint_classes(painter, metrics, left, right)
        for row in range(len(self._rows)):
            self._paint_row(painter, metrics, row, (left, right, end))
        if self.cursor_cell is not None:
            self._paint_cursor(painter, self.cursor_cell)

    def _paint_classes(self, painter: QPainter, metrics: QFontMetricsF, left: float, right: float) -> None:
        breadth = (right - left) / len(self._classes)
        all_fit = all(metrics.horizontalAdvance(name) <= breadth - 3 for name in self._classes)
        for place, name in enumerate(self._classes):
            is_truth = place == self._truth
            if all_fit or is_truth:
                painter.setPen(QColor(theme().text if is_truth else theme().muted))
                middle = left + (place + 0.5) * breadth - metrics.horizontalAdvance(name) / 2
                at = min(max(middle, left), max(left, right - metrics.horizontalAdvance(name)))
                painter.drawText(QPointF(at, metrics.ascent()), name)

    def _paint_row(
        self, painter: QPainter, metrics: QFontMetricsF, row: int, columns: tuple[float, float, float]
    ) -> None:
        one, colours = self._rows[row], theme()
        left, right, end = columns
        pitch, top = self._pitch(), self._top + row * self._pitch()
        middle = top + pitch / 2 + metrics.capHeight() / 2
        painter.setPen(QColor(series_colour(one.colour)))
        name = metrics.elidedText(one.name, Qt.TextElideMode.ElideRight, left - GRID)
        painter.drawText(QPointF(0, middle), name)
        room, breadth = max(3.0, pitch - 6), (right - left) / len(self._classes)
        painter.fillRect(QRectF(left, top + pitch - 3, right - left, 1), QColor(colours.line))
        for place, share in enumerate(one.probabilities.tolist()):
            height = max(0.0, share) * room
            bar = QRectF(left + (place + 0.12) * breadth, top + pitch - 3 - height, 0.76 * breadth, height)
            painter.fillRect(bar, QColor(series_colour(one.colour)))
        best = int(one.probabilities.argmax())
        is_wrong = self._truth is not None and best != self._truth
        painter.setPen(QColor(colours.muted if is_wrong else colours.text))
        figure = percent(float(one.probabilities[best]))
        at = end - metrics.horizontalAdvance(figure)
        painter.drawText(QPointF(at, middle), figure)
        room = at - right - 1.5 * GRID
        shown = metrics.elidedText(self._classes[best], Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(right + GRID, middle), shown)
        if is_wrong:
            wide = metrics.horizontalAdvance(shown)
            strike = middle - metrics.xHeight() / 2
            painter.fillRect(QRectF(right + GRID, strike, wide, 1.2), QColor(colours.danger))

    def _paint_cursor(self, painter: QPainter, cell: Cell) -> None:
        one = self._rows[cell[0]]
        value = self.value_text or percent(float(one.probabilities[cell[1]]))
        text = f"{one.name}: “{self._classes[cell[1]]}”  {value}"
        tag(painter, text, self.value_rect(cell), QRectF(self.canvas.rect()))

    # Layout.

    @property
    def _top(self) -> float:
        return QFontMetricsF(small_font(self.canvas.font())).height() + 2

    def _pitch(self) -> float:
        return min(TALLEST, max(10.0, (self.canvas.height() - self._top) / max(1, len(self._rows))))

    def _columns(self) -> tuple[float, float, float]:
        """Left and right end of the bars, and the right end of all."""
        metrics, width = QFontMetricsF(small_font(self.canvas.font())), float(self.canvas.width())
        name = max((metrics.horizontalAdvance(one.name) for one in self._rows), default=0.0) + GRID
        said = max((metrics.horizontalAdvance(text) for text in self._classes), default=0.0)
        said += metrics.horizontalAdvance("  >99.9 %") + GRID
        said = min(said, SAID * width)
        return min(name, NAMES * width, (1 - BARS) * width - said), width - said, width
