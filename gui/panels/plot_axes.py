"""The axes of a plot: where its frame lies, where values fall in it, and its ticks, grid lines and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from gui.panels.plot_ticks import Floats, Scale, plain, tick_texts, with_unit
from gui.theme import GRID, small_font, theme

APART = 40.0
"""Least distance of ticks along y, in device-independent pixels."""
BETWEEN = 2.0 * GRID
"""Least gap between two texts under the axis."""
LOW = 130.0
"""Height of a plot below which the label of x shares the row of its ticks."""
CLOSEST = 50.0
"""How many times the axis of x may be enlarged."""


@dataclass(frozen=True)
class Window:
    """The part of the x axis that is seen, as shares of it."""

    start: float = 0.0
    end: float = 1.0

    @property
    def zoom(self) -> float:
        return 1 / (self.end - self.start)

    def zoomed(self, factor: float, at: float) -> Window:
        """Enlarged around the share `at` of what is seen."""
        breadth = 1 / min(max(1.0, self.zoom * factor), CLOSEST)
        still = self.start + at * (self.end - self.start)
        return Window(0, breadth).moved(still - at * breadth)

    def moved(self, by: float) -> Window:
        """Moved by a share of the whole axis, as far as that reaches."""
        breadth = self.end - self.start
        start = min(max(0.0, self.start + by), 1 - breadth)
        return Window(start, start + breadth)


@dataclass(frozen=True)
class Words:
    """What is written along the axes."""

    x: str = ""
    y: str = ""
    unit: str = ""
    """Of x."""
    in_percent: bool = False
    """Whether y is a share that is written in percent."""
    names: tuple[str, ...] = ()
    """Names of x = 0, 1, ... where x counts things, such as layers."""
    whole: bool = False
    """Whether all x are whole numbers."""

    def x_text(self, x: float) -> str:
        """One value of x in full."""
        if self.names and 0 <= round(x) < len(self.names):
            return self.names[round(x)]
        return with_unit(plain(x), self.unit)

    @property
    def x_title(self) -> str:
        return f"{self.x} ({self.unit})" if self.unit and self.x else self.x or self.unit


@dataclass(frozen=True)
class Tick:
    """A mark on the x axis: its share of the frame, its text, and whether the text begins there."""

    share: float
    text: str
    begins: bool = False


@dataclass(frozen=True)
class Axes:
    """A frame in canvas pixels, with the seen part of x and all of y mapped onto it."""

    frame: QRectF
    x: Scale
    y: Scale
    words: Words

    def place(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Where values lie on the canvas: (n,) across and (n,) down."""
        frame = self.frame
        across = frame.left() + self.x.share(x) * frame.width()
        return across, frame.bottom() - self.y.share(y) * frame.height()

    def across(self, x: float) -> float:
        """Where one value of x lies on the canvas."""
        return self.frame.left() + float(self.x.share(np.array([x]))[0]) * self.frame.width()


def lay_out(size: QRectF, font: QFont, x: Scale, y: Scale, words: Words, label_room: float) -> Axes:
    """Axes that fill `size` but for their own texts and `label_room` at the right."""
    metrics = QFontMetricsF(small_font(font))
    line = metrics.height()
    top = line + GRID / 2 if words.y else line / 2
    bottom = line + 4 + (line if words.x_title and size.height() >= LOW else 0)
    frame = QRectF(0, top, size.width(), max(1.0, size.height() - top - bottom))
    texts = [text for _, text in y_ticks(Axes(frame, x, y, words))]
    left = max((metrics.horizontalAdvance(text) for text in texts), default=0.0) + GRID
    frame.setLeft(left)
    frame.setRight(max(left + 1, size.right() - label_room))
    return Axes(frame, x, y, words)


def y_ticks(axes: Axes) -> list[tuple[float, str]]:
    """Values and texts of the ticks along y."""
    ticks = axes.y.ticks(min(6, max(2, int(axes.frame.height() / APART) + 1)))
    return list(zip(ticks, tick_texts(ticks, axes.y.kind, axes.words.in_percent), strict=True))


def x_ticks(axes: Axes, metrics: QFontMetricsF) -> list[Tick]:
    """Ticks along x whose texts have room beside each other."""
    if axes.words.names:
        return _named_ticks(axes, metrics)
    ticks: list[Tick] = []
    for most in range(min(9, max(2, int(axes.frame.width() / 48))), 1, -1):
        values = axes.x.ticks(most, axes.words.whole)
        shares = axes.x.share(np.array(values)).tolist()
        texts = tick_texts(values)
        ticks = [
            Tick(share, text if axes.words.unit != "°" else f"{text}°")
            for share, text in zip(shares, texts, strict=True)
        ]
        if _fits(ticks, axes, metrics):
            return ticks
    return ticks[:1]  # in the least room one number still tells how far it goes


def _named_ticks(axes: Axes, metrics: QFontMetricsF) -> list[Tick]:
    """Every name where they fit; else where each group ("stage2" of "stage2.0.conv") begins; else a few."""
    names, scale = axes.words.names, axes.x
    seen = [place for place in range(len(names)) if scale.low <= place <= scale.high]
    shares = scale.share(np.array(seen, np.float64)).tolist() if seen else []
    every = [Tick(share, names[place]) for share, place in zip(shares, seen, strict=True)]
    if _fits(every, axes, metrics):
        return every
    groups = [name.split(".")[0] for name in names]
    begins = [
        Tick(share, groups[place], begins=True)
        for share, place in zip(shares, seen, strict=True)
        if place == 0 or groups[place] != groups[place - 1]
    ]
    if 1 < len(begins) < len(seen):
        return begins
    stride = next((n for n in range(2, len(every)) if _fits(every[::n], axes, metrics)), len(every) or 1)
    return every[::stride]


def _fits(ticks: Sequence[Tick], axes: Axes, metrics: QFontMetricsF) -> bool:
    """Whether the ticks' texts lie beside each other with gaps between them."""
    places = [text_span(tick, axes, metrics) for tick in ticks]
    return all(one[1] + BETWEEN <= other[0] for one, other in pairwise(places))


def text_span(tick: Tick, axes: Axes, metrics: QFontMetricsF) -> tuple[float, float]:
    """Left and right end of a tick's text, kept over the plot."""
    breadth = metrics.horizontalAdvance(tick.text)
    at = axes.frame.left() + tick.share * axes.frame.width()
    left = at if tick.begins else at - breadth / 2
    left = min(max(0.0, left), max(0.0, axes.frame.right() + GRID - breadth))
    return left, left + breadth


def paint_axes(painter: QPainter, axes: Axes, cursor: float | None, height: float) -> None:
    """Grid lines, ticks and labels; `cursor` is the value of x whose own text stands among the ticks."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # lines along pixels look the same without
    painter.setFont(small_font(painter.font()))
    metrics = QFontMetricsF(painter.font())
    _paint_y(painter, axes, metrics)
    taken: list[tuple[float, float]] = []
    if cursor is not None and axes.x.low <= cursor <= axes.x.high:
        share = (axes.across(cursor) - axes.frame.left()) / axes.frame.width()
        mark = Tick(share, axes.words.x_text(cursor))
        taken.append(text_span(mark, axes, metrics))
        _write_tick(painter, axes, metrics, mark, theme().text)
    _paint_x_title(painter, axes, metrics, taken, below=height >= LOW)
    for tick in x_ticks(axes, metrics):
        _paint_x_line(painter, axes, tick)
        left, right = text_span(tick, axes, metrics)
        if _is_free(left, right, taken):
            _write_tick(painter, axes, metrics, tick, theme().muted)
            taken.append((left, right))
    painter.restore()


def _paint_y(painter: QPainter, axes: Axes, metrics: QFontMetricsF) -> None:
    frame = axes.frame
    for value, text in y_ticks(axes):
        share = float(axes.y.share(np.array([value]))[0])
        at = round(frame.bottom() - share * frame.height()) + 0.5
        painter.setPen(QPen(QColor(theme().line), 1))
        painter.drawLine(QLineF(frame.left(), at, frame.right(), at))
        painter.setPen(QColor(theme().muted))
        left = frame.left() - GRID / 2 - metrics.horizontalAdvance(text)
        painter.drawText(QPointF(left - 1, at + metrics.capHeight() / 2), text)
    painter.setPen(QColor(theme().muted))
    title = metrics.elidedText(axes.words.y, Qt.TextElideMode.ElideRight, frame.right())
    painter.drawText(QPointF(0, metrics.ascent()), title)


def _paint_x_title(
    painter: QPainter,
    axes: Axes,
    metrics: QFontMetricsF,
    taken: list[tuple[float, float]],
    *,
    below: bool,
) -> None:
    """Write what x is: below the ticks, or beside them where nothing else stands."""
    if not (title := axes.words.x_title):
        return
    room = axes.frame.right() if below else axes.frame.width() / 2
    title = metrics.elidedText(title, Qt.TextElideMode.ElideRight, room)
    left, right = axes.frame.right() - metrics.horizontalAdvance(title), axes.frame.right()
    if not below:
        if not _is_free(left, right, taken):
            return
        taken.append((left, right))
    row = axes.frame.bottom() + 4 + (metrics.height() if below else 0)
    painter.setPen(QColor(theme().muted))
    painter.drawText(QPointF(left, row + metrics.ascent()), title)


def _is_free(left: float, right: float, taken: Sequence[tuple[float, float]]) -> bool:
    """Whether a text keeps its distance to those that stand already."""
    return all(right + GRID <= start or left >= end + GRID for start, end in taken)


def _paint_x_line(painter: QPainter, axes: Axes, tick: Tick) -> None:
    """A short mark under the axis, or a grid line where a group begins."""
    frame = axes.frame
    at = round(frame.left() + tick.share * frame.width()) + 0.5
    painter.setPen(QPen(QColor(theme().line), 1))
    top = frame.top() if tick.begins else frame.bottom()
    painter.drawLine(QLineF(at, top, at, frame.bottom() + 4))


def _write_tick(painter: QPainter, axes: Axes, metrics: QFontMetricsF, tick: Tick, colour: str) -> None:
    painter.setPen(QColor(colour))
    left, _ = text_span(tick, axes, metrics)
    painter.drawText(QPointF(left, axes.frame.bottom() + 4 + metrics.ascent()), tick.text)


def zoomed_axes(axes: Axes, window: Window) -> Axes:
    """The axes with only a part of x seen."""
    return replace(axes, x=axes.x.part(window.start, window.end))
