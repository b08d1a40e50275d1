"""Ranked classes as labelled bars of probability, with a tick where another picture's value stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from gui.panels.marks import stroke
from gui.panels.panel import Cell, Numbers, Panel
from gui.theme import GRID, small_font, theme

TALLEST, LOWEST = 30.0, 18.0
"""Height of a row, as far as the panel's height allows."""
THICKEST = 14.0
"""A bar, as far as its row allows."""
EDGE = 8.0
"""Left of the labels: room for the mark of the chosen class."""
NOTE_LINES = 2


@dataclass(frozen=True)
class _Columns:
    """Left and right ends of what a row is made of."""

    label: tuple[float, float]
    trough: tuple[float, float]
    percent: tuple[float, float]


class BarsPanel(Panel):
    """The bars; a cell is (rank,), 0 being the first row."""

    is_vector = True
    nothing_yet = "No classes yet."

    def __init__(
        self,
        title: str,
        sentence: str = "",
        name: str = "",
        colour: str = "accent",
        parent: QWidget | None = None,
        *,
        columns: tuple[str, str] = ("class", "probability"),
    ) -> None:
        """`colour` names the theme's colour of the bars, such as "convolution"; `columns` label and value."""
        super().__init__(title, sentence, name, parent)
        self._colour, self._names = colour, columns
        self._labels: list[str] = []
        self._values: list[float] = []
        self._figures: list[str] = []
        self._reference: list[float] | None = None
        self._chosen: int | None = None
        self._note = ""
        self._first = 0
        self.canvas.resized.connect(self._settle)

    # What a view uses.

    def set_rows(
        self,
        labels: Sequence[str],
        values: Sequence[float],
        reference: Sequence[float] | None = None,
        chosen: int | None = None,
        muted_note: str = "",
        figures: Sequence[str] | None = None,
    ) -> None:
        """Show a bar for each label, `values` and `reference` being probabilities (0 to 1).

        `reference` stands as a tick on each bar, `chosen` is the rank of the class that is explained,
        `muted_note` is said below, and `figures` are written instead of the values in per cent. Raises
        ValueError where the lengths differ.
        """
        if any(len(given) != len(labels) for given in (values, reference, figures) if given is not None):
            raise ValueError(f"{len(labels)} labels for {len(values)} values.")
        self._labels, self._values = [str(label) for label in labels], [float(value) for value in values]
        self._figures = list(map(percent, self._values)) if figures is None else list(figures)
        self._reference = None if reference is None else [float(value) for value in reference]
        self._chosen, self._note = chosen, muted_note
        self._settle()
        self.refresh()

    def bar_rect(self, rank: int) -> QRectF:
        """Where a class's bar is drawn, in pixels of the canvas."""
        left, right = self._columns().trough
        share = self._values[rank] if isfinite(self._values[rank]) else 0.0
        length = min(1.0, max(0.0, share)) * (right - left)
        thickness = min(THICKEST, self._pitch() - 6)
        return QRectF(left, self._middle(rank) - thickness / 2, max(2.0, length), thickness)

    def row_rect(self, rank: int) -> QRectF:
        """The whole row of a class, in pixels of the canvas."""
        pitch = self._pitch()
        return QRectF(0, (rank - self._first) * pitch, self.canvas.width(), pitch)

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        inside = 0 <= point.x() < self.canvas.width() and point.y() >= 0
        rank = int(point.y() // self._pitch()) if inside else -1
        return (rank + self._first,) if 0 <= rank < self._seen() else None

    def contains(self, cell: Cell) -> bool:
        return cell[0] < len(self._labels)

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        if not self._labels:
            return None
        rank = (self._chosen or 0) if cell is None else cell[0] + down * (self._seen() if far else 1)
        return (min(max(rank, 0), len(self._labels) - 1),)

    def reveal(self, cell: Cell) -> None:
        self._scroll_to(
            min(self._first, cell[0]) if cell[0] < self._first + self._seen() else cell[0] - self._seen() + 1
        )

    def wheel(self, at: QPointF, notches: float) -> bool:
        before = self._first
        self._scroll_to(self._first - round(notches))
        self.point(self._pointer)
        return self._first != before

    def key(self, event: QKeyEvent) -> bool:
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self._labels) - 1}
        rank = ends.get(Qt.Key(event.key()))
        if rank is None or not self._labels:
            return False
        self.reveal((rank,))
        self.move_cursor((rank,))
        return True

    def tip(self, point: QPointF) -> str:
        cell = self.cell_at(point)
        if cell is None:
            return ""
        label = self._labels[cell[0]]
        left, right = self._columns().label
        return label if QFontMetricsF(self.canvas.font()).horizontalAdvance(label) > right - left else ""

    def summary(self) -> str:
        rows = zip(self._labels, self._figures, strict=True)
        return ", ".join(f"{label} {figure.replace('%', 'percent')}" for label, figure in rows)

    def numbers(self) -> Numbers:
        header, columns = ["rank", *self._names], [self._labels, self._values]
        if self._reference is not None:
            header, columns = [*header, f"reference {self._names[1]}"], [*columns, self._reference]
        return header, [[rank, *row] for rank, row in enumerate(zip(*columns, strict=True), start=1)]

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        columns = self._columns()
        for rank in range(self._first, self._first + self._seen()):
            self._paint_row(painter, rank, columns)
        self._paint_note(painter, self._seen() * self._pitch())

    def _paint_row(self, painter: QPainter, rank: int, columns: _Columns) -> None:
        colours, row = theme(), self.row_rect(rank)
        if self.cursor_cell == (rank,):
            _fill(painter, row.adjusted(0, 1, 0, -1), colours.chrome, 4)
        if self._chosen == rank:
            bar = self.bar_rect(rank)
            _fill(painter, QRectF(0, bar.top(), 3, bar.height()), colours.accent, 1.5)
        painter.setPen(QColor(colours.text))
        metrics = QFontMetricsF(painter.font())
        left, right = columns.label
        label = metrics.elidedText(self._labels[rank], Qt.TextElideMode.ElideRight, right - left)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(QRectF(left, row.top(), right - left, row.height()), middle, label)
        left, right = columns.percent
        where = QRectF(left, row.top(), right - left, row.height())
        painter.drawText(where, middle | int(Qt.AlignmentFlag.AlignRight), self._figures[rank])
        self._paint_bar(painter, rank, columns)

    def _paint_bar(self, painter: QPainter, rank: int, columns: _Columns) -> None:
        left, right = columns.trough
        bar = self.bar_rect(rank)
        _fill(painter, QRectF(left, bar.top(), right - left, bar.height()), theme().raised, 3)
        if self._values[rank] > 0:
            _fill(painter, bar, getattr(theme(), self._colour), 3)
        if self._reference is not None and isfinite(self._reference[rank]):
            at = left + min(1.0, max(0.0, self._reference[rank])) * (right - left)
            tick = QLineF(at, bar.top() - 2, at, bar.bottom() + 2)
            stroke(painter, tick, theme().reference, 2)

    def _paint_note(self, painter: QPainter, top: float) -> None:
        """The note, or how many classes are out of sight, where there is room for it."""
        hidden = len(self._labels) - self._seen()
        text = f"{hidden} more: scroll" if hidden else self._note
        painter.setFont(small_font(self.canvas.font()))
        painter.setPen(QColor(theme().muted))
        height = NOTE_LINES * QFontMetricsF(painter.font()).lineSpacing()
        area = QRectF(EDGE, top + GRID / 2, self.canvas.width() - EDGE, height)
        if area.bottom() <= self.canvas.height() + 1:
            painter.drawText(area, int(Qt.TextFlag.TextWordWrap), text)

    # Layout.

    def _columns(self) -> _Columns:
        metrics, width = QFontMetricsF(self.canvas.font()), float(self.canvas.width())
        longest = max((metrics.horizontalAdvance(label) for label in self._labels), default=0.0)
        label = min(longest + 1, width * 0.42)
        room = max(map(metrics.horizontalAdvance, ("100.0 %", *self._figures))) + GRID / 2
        trough = (EDGE + label + 1.5 * GRID, width - room - GRID)
        return _Columns((EDGE, EDGE + label), trough, (width - room, width - GRID / 2))

    def _pitch(self) -> float:
        """Height of a row."""
        note = NOTE_LINES * QFontMetricsF(small_font(self.canvas.font())).lineSpacing() + GRID
        room = self.canvas.height() - (note if self._note else 0)
        return min(TALLEST, max(LOWEST, room / max(1, len(self._labels))))

    def _seen(self) -> int:
        """How many rows there is room for."""
        return max(1, min(len(self._labels), int(self.canvas.height() // self._pitch())))

    def _middle(self, rank: int) -> float:
        return (rank - self._first + 0.5) * self._pitch()

    def _scroll_to(self, first: int) -> None:
        self._first = min(max(0, first), max(0, len(self._labels) - self._seen()))
        self.canvas.update()

    def _settle(self) -> None:
        self._scroll_to(self._first)


def percent(probability: float) -> str:
    """A probability with one decimal, never rounded to a certainty that it is not."""
    if not isfinite(probability):
        return "not a number"
    if 0 < probability < 0.001:
        return "<0.1 %"
    if 0.999 < probability < 1:
        return ">99.9 %"
    return f"{probability * 100:.1f} %"


def _fill(painter: QPainter, rect: QRectF, colour: str, radius: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(rect, radius, radius)
