"""Curves that are measured again and again: the newest bold over the fading ones before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QWidget

from gui.panels.line_plot import LinePlotPanel
from gui.panels.plot_axes import LOW, Axes
from gui.panels.plot_strokes import BEYOND, paint_lines, segments
from gui.panels.plot_ticks import Floats
from gui.panels.series import series_colour
from gui.panels.still import pixel_ratio
from gui.theme import GRID, small_font, theme

MOST_STROKES = 72
"""Earlier curves that are drawn at once, shared by all trails: each costs some 0.07 ms."""
TRAILS_AT_ONCE = 2
"""Drawn in one piece: some 4 ms."""
MOST_POINTS = 200
"""Points of an earlier curve at most: neighbours are averaged."""
FAINTEST, STRONGEST = 0.07, 0.42
"""Opacity of the oldest and of the newest earlier curve."""
NARROWEST = 6.0
"""Pixels between two steps from which what stands at each is written under the axis."""


@dataclass(frozen=True)
class Trail:
    """The earlier courses of one curve."""

    x: np.ndarray
    """(n,) ascending."""
    rows: np.ndarray
    """(K, n), oldest first."""
    colour: str | int


class FlowPlotPanel(LinePlotPanel):
    """The curves of a `LinePlotPanel` with trails; `labels` may stand under the steps of x."""

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, sentence, name, parent)
        self._trails: tuple[Trail, ...] = ()
        self._labels: tuple[str, ...] = ()
        self._drawn_for: tuple[object, ...] = ()
        self._image = QImage()

    # What a view uses; trails and labels act with the next `set_curves`.

    def set_trails(self, trails: Sequence[Trail]) -> None:
        """Show these under the curves, as many of each as there is time for, the newest always."""
        most = max(1, MOST_STROKES // max(1, len(trails)))
        self._trails = tuple(_thinned(trail, most) for trail in trails)

    def set_labels(self, labels: Sequence[str]) -> None:
        """What the sequence has at x = 1, 2, ..., in a character or a word each; "" for nothing to say."""
        self._labels = tuple(labels)

    @property
    def strokes(self) -> int:
        """How many earlier curves are drawn."""
        return sum(len(trail.rows) for trail in self._trails)

    # What the plot asks.

    def area(self) -> QRectF:
        whole = super().area()
        has_row = bool(self._words.x_title) and whole.height() >= LOW
        return whole if has_row or not any(self._labels) else whole.adjusted(0, 0, 0, -self._line_height)

    def fitted(self) -> list[Floats]:
        return [*super().fitted(), *(trail.rows.ravel() for trail in self._trails)]

    def rest(self) -> Iterator[None]:
        """Draw the trails, a few with each piece; without it they are drawn when all is painted."""
        axes, ratio = self._axes, self.canvas.devicePixelRatioF()
        if axes is None or not self._trails or self._is_faded(axes, ratio):
            return
        with self._still.held():
            yield
            for place, _ in enumerate(self._fade(axes, ratio), start=1):
                if place % TRAILS_AT_ONCE == 0:
                    yield

    def paint_below(self, painter: QPainter, axes: Axes) -> None:
        super().paint_below(painter, axes)
        if self._trails:
            painter.drawImage(QPointF(0, 0), self._faded(axes, pixel_ratio(painter)))

    def paint_still(self, painter: QPainter, axes: Axes) -> None:
        super().paint_still(painter, axes)
        if any(self._labels):
            self._paint_labels(painter, axes)

    def _faded(self, axes: Axes, ratio: float) -> QImage:
        """The trails, drawn once as long as neither they nor the axes change."""
        if not self._is_faded(axes, ratio):
            for _ in self._fade(axes, ratio):
                pass
        return self._image

    def _is_faded(self, axes: Axes, ratio: float) -> bool:
        return _is_same(self._key(axes, ratio), self._drawn_for)

    def _key(self, axes: Axes, ratio: float) -> tuple[object, ...]:
        return self._trails, axes, self.canvas.width(), self.canvas.height(), ratio, theme()

    def _fade(self, axes: Axes, ratio: float) -> Iterator[None]:
        """Draw the trails one after the other into the picture that is kept in the end."""
        key, trails = self._key(axes, ratio), self._trails
        image = QImage(self.canvas.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        image.fill(0)
        for trail in trails:
            painter = QPainter(image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            _paint_trail(painter, axes, trail)
            painter.end()
            yield
        self._image, self._drawn_for = image, key

    @property
    def _line_height(self) -> float:
        return QFontMetricsF(small_font(self.canvas.font())).height()

    def _paint_labels(self, painter: QPainter, axes: Axes) -> None:
        """Write what the sequence has at each step, where it runs into neither neighbour nor title."""
        painter.save()
        painter.setFont(small_font(painter.font()))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(QColor(theme().text))
        baseline, free = axes.frame.bottom() + 4 + metrics.height() + metrics.ascent(), 0.0
        end = self.canvas.width() + 0.0
        if self._words.x_title and self.area().height() >= LOW:
            end = axes.frame.right() - metrics.horizontalAdvance(self._words.x_title) - GRID
        apart = axes.across(1.0) - axes.across(0.0)
        for place, label in enumerate(self._labels, start=1):
            if not label or (apart < NARROWEST and len(label) == 1 and self._is_text):
                continue
            breadth = metrics.horizontalAdvance(label)
            left = max(0.0, axes.across(float(place)) - breadth / 2)
            if left >= free and left + breadth <= end:
                painter.drawText(QPointF(left, baseline), label)
                free = left + breadth + (0.0 if self._is_text else GRID)
        painter.restore()

    @property
    def _is_text(self) -> bool:
        """Whether every step has a character, so that they are read as one line."""
        return all(len(label) == 1 for label in self._labels)


def _thinned(trail: Trail, most: int) -> Trail:
    """At most so many rows, evenly from the oldest to the newest, and as many points as can be seen."""
    rows, x = np.asarray(trail.rows, np.float64), np.asarray(trail.x, np.float64)
    if len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]
    stride = -(-len(x) // MOST_POINTS)
    if stride > 1:
        at, counts = np.arange(0, len(x), stride), np.diff([*range(0, len(x), stride), len(x)])
        x, rows = np.add.reduceat(x, at) / counts, np.add.reduceat(rows, at, axis=1) / counts
    return Trail(x, rows, trail.colour)


def _paint_trail(painter: QPainter, axes: Axes, trail: Trail) -> None:
    """Every row as a thin line, the newer the stronger."""
    if not len(trail.rows):
        return
    colour = QColor(series_colour(trail.colour))
    across, down = axes.place(trail.x, trail.rows)
    lines = segments(across, np.clip(down, -BEYOND, BEYOND))
    is_known = np.isfinite(lines).all(axis=-1)
    is_whole = is_known.all(axis=-1).tolist()
    for place, opacity in enumerate(np.linspace(FAINTEST, STRONGEST, len(down)).tolist()):
        colour.setAlphaF(opacity)
        painter.setPen(QPen(colour, 1, c=Qt.PenCapStyle.FlatCap))  # ends over ends would look like dots
        paint_lines(painter, lines[place] if is_whole[place] else lines[place][is_known[place]])


def _is_same(new: tuple[object, ...], old: tuple[object, ...]) -> bool:
    """Trails are compared as objects, the rest by value."""
    return bool(old) and new[0] is old[0] and new[1:] == old[1:]
