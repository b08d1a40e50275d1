"""Short texts by several authors, to be read one beside or below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QTextLayout, QTextOption
from PySide6.QtWidgets import QWidget

from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.series import series_colour
from gui.theme import GRID, small_font, theme

COLUMN = 26 * GRID
"""Least width of a text that stands beside others; else they stand one below the other."""
STRIPE = 3.0
"""Breadth of the stripe in the author's colour."""


@dataclass(frozen=True)
class Sample:
    """What one author wrote; where that is nothing, the note stands in its place."""

    name: str
    text: str
    colour: str | int = "accent"
    """A colour of the theme, or the place of a series without one: see `gui.panels.series`."""
    note: str = ""
    """When or how it was written."""


class SamplesPanel(Panel):
    """The texts, each with its author's name and a stripe in his colour. A cell is (sample,)."""

    is_vector = True
    nothing_yet = "Nothing is written yet."
    help_text = "Arrow keys move from text to text, Enter chooses."

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._samples: tuple[Sample, ...] = ()
        self._laid_out: tuple[object, list[list[str]]] | None = None

    # What a view uses.

    def set_samples(self, samples: Sequence[Sample]) -> None:
        """Show these texts; none leaves the panel empty."""
        self._samples = tuple(samples)
        if self._samples:
            self._keep_room()
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def area(self, place: int) -> QRectF:
        """Where a text stands, in pixels of the canvas."""
        width, height, count = self.canvas.width(), self.canvas.height(), len(self._samples)
        if self._is_beside:
            breadth = (width - (count - 1) * 2 * GRID) / count
            return QRectF(place * (breadth + 2 * GRID), 0, breadth, height)
        tall = (height - (count - 1) * GRID / 2) / count
        return QRectF(0, place * (tall + GRID / 2), width, tall)

    def lines(self, place: int) -> list[str]:
        """A text as it is broken into lines, the last one elided where there is more."""
        key = (self._samples, self.canvas.size(), self.canvas.font().key())
        if self._laid_out is None or self._laid_out[0] != key:
            self._laid_out = key, [self._broken(number) for number in range(len(self._samples))]
        return self._laid_out[1][place]

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        for place in range(len(self._samples)):
            if self.area(place).contains(point):
                return (place,)
        return None

    def contains(self, cell: Cell) -> bool:
        return cell[0] < len(self._samples)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._samples:
            return None
        place = 0 if cell is None else cell[0] + right + down
        return (min(max(place, 0), len(self._samples) - 1),)

    def tip(self, point: QPointF) -> str:
        cell = self.cell_at(point)
        if cell is None or not (lines := self.lines(cell[0])) or not lines[-1].endswith("…"):
            return ""
        return f"<p>{escape(self._samples[cell[0]].text)}</p>"  # as rich text it is wrapped

    def summary(self) -> str:
        return " ".join(f"{one.name}{_after(one.note)}: {one.text}" for one in self._samples)

    def numbers(self) -> Numbers:
        """A row for each text."""
        return ["name", "note", "text"], [[one.name, one.note, one.text] for one in self._samples]

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place in range(len(self._samples)):
            self._paint_sample(painter, place)

    def _paint_sample(self, painter: QPainter, place: int) -> None:
        one, area = self._samples[place], self.area(place)
        painter.save()
        painter.setClipRect(area)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.cursor_cell == (place,):
            painter.setBrush(QColor(theme().chrome))
            painter.drawRoundedRect(area, 4, 4)
        font = self.canvas.font()
        metrics, lines = QFontMetricsF(font), self.lines(place)
        painter.setBrush(QColor(series_colour(one.colour)))
        bottom = self._text_top(area) + len(lines) * metrics.lineSpacing()
        stripe = QRectF(area.topLeft(), QPointF(area.left() + STRIPE, min(bottom, area.bottom())))
        painter.drawRoundedRect(stripe, 1.5, 1.5)
        self._paint_name(painter, one, area)
        painter.setFont(font)
        painter.setPen(QColor(theme().text if one.text else theme().muted))
        for number, line in enumerate(lines):
            baseline = self._text_top(area) + number * metrics.lineSpacing() + metrics.ascent()
            painter.drawText(QPointF(self._left(area, number), baseline), line)
        painter.restore()

    def _paint_name(self, painter: QPainter, one: Sample, area: QRectF) -> None:
        """Write the name, and the note beside it where the text stands below."""
        font = self._name_font
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(QColor(series_colour(one.colour)))
        left, baseline = area.left() + STRIPE + GRID, area.top() + metrics.ascent()
        painter.drawText(QPointF(left, baseline), one.name)
        if one.text and not self._is_tight:
            after = left + metrics.horizontalAdvance(one.name) + GRID
            self._paint_note(painter, one.note, QPointF(after, baseline), area.right())

    def _paint_note(self, painter: QPainter, note: str, at: QPointF, right: float) -> None:
        font = small_font(self.canvas.font())
        shown = QFontMetricsF(font).elidedText(note, Qt.TextElideMode.ElideRight, max(0.0, right - at.x()))
        painter.setFont(font)
        painter.setPen(QColor(theme().muted))
        painter.drawText(at, shown)

    # Layout.

    def _keep_room(self) -> None:
        """Never be so low that, one below the other, not one line of each text could be read."""
        count, line = len(self._samples), QFontMetricsF(self._name_font).lineSpacing()
        self.canvas.setMinimumHeight(ceil(count * line + (count - 1) * GRID / 2))

    @property
    def _name_font(self) -> QFont:
        font = QFont(self.canvas.font())
        font.setBold(True)
        return font

    @property
    def _is_beside(self) -> bool:
        return self.canvas.width() >= COLUMN * len(self._samples)

    @property
    def _is_tight(self) -> bool:
        """Whether there is room for so few lines that the text begins on the line of the name."""
        return self.area(0).height() < 3 * QFontMetricsF(self.canvas.font()).lineSpacing()

    def _text_top(self, area: QRectF) -> float:
        """Where a text begins, below its name or beside it."""
        return area.top() + (0.0 if self._is_tight else QFontMetricsF(self._name_font).lineSpacing())

    def _left(self, area: QRectF, line: int) -> float:
        """Where a line of text begins."""
        left = area.left() + STRIPE + GRID
        if line or not self._is_tight:
            return left
        metrics = QFontMetricsF(self._name_font)
        return left + max(metrics.horizontalAdvance(one.name) for one in self._samples) + GRID

    def _broken(self, place: int) -> list[str]:
        """One text in lines of at most the area's width, as many as there is room for."""
        one, area, font = self._samples[place], self.area(place), self.canvas.font()
        text = one.text or one.note
        metrics = QFontMetricsF(font)
        most = max(1, int((area.bottom() + 1 - self._text_top(area)) // metrics.lineSpacing()))
        layout = QTextLayout(text, font)
        wrapping = QTextOption(Qt.AlignmentFlag.AlignLeft)
        wrapping.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(wrapping)
        starts: list[int] = []
        layout.beginLayout()
        while len(starts) < most and (line := layout.createLine()).isValid():
            line.setLineWidth(max(1.0, area.right() - self._left(area, len(starts))))
            starts.append(line.textStart())
        layout.endLayout()
        if not starts:
            return []
        *lines, last = _cut(text, starts)
        room = area.right() - self._left(area, len(starts) - 1)
        return [*lines, metrics.elidedText(last, Qt.TextElideMode.ElideRight, room)]


def _cut(text: str, starts: Sequence[int]) -> list[str]:
    """The parts of a text that begin at these places, which Qt counts in UTF-16."""
    coded = text.encode("utf-16-le", "surrogatepass")
    ends = [*starts[1:], len(coded) // 2]
    return [
        coded[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")
        for start, end in zip(starts, ends, strict=True)
    ]


def _after(note: str) -> str:
    return f", {note}" if note else ""
