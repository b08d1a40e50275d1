"""A text with each character on a ground coloured by a number: surprise, or what a unit does there."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from gui.colour_maps import SEQUENTIAL
from gui.panels.colour_bar import ColourBar, bar_room, number_bar, paint_colour_bar, short
from gui.panels.levels import check_scale
from gui.panels.marks import outline, tag
from gui.panels.panel import Cell, Numbers, Panel
from gui.panels.scrolling import BREADTH, SCROLL_ROOM, bring, scroll_bar, scroll_by, set_reach, stays_at_end
from gui.panels.text_cells import TextCells
from gui.theme import GRID, theme, title_font

BAR_FROM = 44 * GRID
"""Width of a panel from which the colour bar has room beside the text."""
BAR_HIGH = 20 * GRID
"""Height of the colour bar, where the panel is that high."""
SPOKEN = 200
"""Characters at the end of the text that a screen reader is told."""


class TextStripPanel(Panel):
    """The text; a cell is (character,), counted from 0."""

    brushed = Signal(int, int)
    """First character of the brushed range and the one after its last; 0, 0 when nothing is brushed."""
    is_vector = True
    nothing_yet = "No text yet."
    help_text = (
        "Arrow keys move by character and line, with Shift they brush a range, Escape ends it; "
        "Home and End go to the ends; Enter chooses."
    )

    def __init__(
        self,
        title: str,
        sentence: str = "",
        name: str = "",
        parent: QWidget | None = None,
        *,
        small: bool = False,
    ) -> None:
        """`small` writes the text as large as other text, where several such panels stand together."""
        super().__init__(title, sentence, name, parent)
        self._is_small = small
        self._cells = TextCells(self._written_in(self.canvas.font()))
        self._font = self.canvas.font()
        self._values: NDArray[np.float64] = np.empty(0)
        self._bar, self._unit = ColourBar(SEQUENTIAL, "", ""), ""
        self._selected: int | None = None
        self._brush: tuple[int, int] | None = None  # where it began, and its moving end
        self._anchor, self._grip = 0, QPointF()
        self._scroll = scroll_bar(Qt.Orientation.Vertical, self.canvas, f"Scroll {title}")
        self._scroll.valueChanged.connect(self._scrolled)
        self.canvas.resized.connect(self._resized)

    def _written_in(self, base: QFont) -> QFont:
        return base if self._is_small else title_font(base)

    # What a view uses.

    @property
    def lines(self) -> int:
        """Lines that the text takes at the present width."""
        return -(-self._cells.height // self._cells.pitch) if self._cells.labels else 0

    def height_for(self, lines: int) -> int:
        """Height of the panel in which so many lines of text are seen."""
        layout = self.content.layout()
        top = layout.itemAt(0).sizeHint().height() if layout else 0
        return top + GRID + lines * self._cells.pitch

    def set_text(
        self,
        labels: Sequence[str],
        values: NDArray[np.floating],
        low: float,
        high: float,
        colour_map: str = SEQUENTIAL,
        unit: str = "",
    ) -> None:
        """Show a text of N characters.

        `labels`: a printable name for each, "␣" being a space and "↵" the end of a line. `values`: (N,) in
        `unit`, coloured from `low` to `high`; not a number leaves the page as ground. The end stays in
        sight if it was and the text goes on. Raises ValueError where the lengths differ or the scale has no
        ends.
        """
        shown = np.array(values, np.float64)
        if shown.shape != (len(labels),):
            raise ValueError(f"{len(labels)} characters for values of shape {shown.shape}.")
        check_scale(low, high)
        stays = stays_at_end(self._scroll, self._cells.labels, labels)
        self._values, self._unit = shown, unit
        self._bar = number_bar(colour_map, low, high, unit)
        self._cells.set_text(labels, shown, low, high, colour_map)
        with QSignalBlocker(self._scroll):  # what is pointed at is said once, by `refresh`
            self._settle()
            if stays:
                self._scroll.setValue(self._scroll.maximum())
        self._trim_brush()
        if len(labels):
            self.refresh()
        else:
            self.set_empty(self.nothing_yet)

    def set_selected(self, character: int | None) -> None:
        """Mark a character as the chosen one."""
        if character != self._selected:
            self._selected = character
            self.canvas.update()

    def set_brush(self, start: int, stop: int) -> None:
        """Mark the characters start..stop-1 as brushed, without saying so; none where start is stop.

        Raises ValueError where the text has no such characters.
        """
        if not 0 <= start <= stop <= self._cells.count:
            raise ValueError(f"There are no characters {start} to {stop} among {self._cells.count}.")
        self._brush = (start, stop - 1) if start < stop else None
        self.canvas.update()

    @property
    def selected(self) -> int | None:
        """The chosen character."""
        return self._selected

    @property
    def brush(self) -> tuple[int, int]:
        """The brushed range: its first character and the one after its last; (0, 0) if there is none."""
        return (0, 0) if self._brush is None else (min(self._brush), max(self._brush) + 1)

    def character_rect(self, character: int) -> QRectF:
        """Where a character's ground is drawn, in pixels of the canvas; empty if there is no such one."""
        if not 0 <= character < self._cells.count:
            return QRectF()
        return self._cells.rect(character).translated(0, -self._scroll.value())

    # What the panel asks.

    def cell_at(self, point: QPointF) -> Cell | None:
        if not 0 <= point.y() < self.canvas.height():
            return None
        found = self._cells.at(self._in_text(point))
        return None if found is None else (found,)

    def contains(self, cell: Cell) -> bool:
        return cell[0] < self._cells.count

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        last = self._cells.count - 1
        if last < 0:
            return None
        if cell is None:
            return (min(self._selected or 0, last),)
        if down:
            return (self._cells.layout.above_or_below(cell[0], down),)
        return (min(max(cell[0] + right, 0), last),)

    def reveal(self, cell: Cell) -> None:
        top = self.character_rect(cell[0]).top()
        bring(self._scroll, top, top + self._cells.pitch - self.canvas.height())

    def press(self, at: QPointF) -> None:
        if self._cells.count:
            self._grip, self._anchor = at, self._cells.nearest(self._in_text(at))

    def drag(self, by: QPointF) -> None:
        if self._cells.count:
            self._grip += by
            head = self._cells.nearest(self._in_text(self._grip))
            self.reveal((head,))
            self._brush_to(min(self._anchor, self._cells.count - 1), head)

    def extend(self, start: Cell | None, end: Cell) -> None:
        first = end if start is None else start
        goes_on = self._brush is not None and self._brush[1] == first[0]
        self._brush_to(self._brush[0] if self._brush and goes_on else first[0], end[0])

    def choose(self) -> None:
        if self.cursor_cell is None:
            self._brush_to()
        super().choose()

    def wheel(self, at: QPointF, notches: float) -> bool:
        return scroll_by(self._scroll, -round(notches * 2 * self._cells.pitch))

    def key(self, event: QKeyEvent) -> bool:
        key, page = Qt.Key(event.key()), max(self._cells.pitch, self.canvas.height() - self._cells.pitch)
        if key == Qt.Key.Key_Escape:
            return self._brush_to()
        if key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            return scroll_by(self._scroll, page if key == Qt.Key.Key_PageDown else -page)
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: self._cells.count - 1}
        if key not in ends or not self._cells.count:
            return False
        self.point(None)  # the pointer rests: scrolling must not pull the cursor to it
        self.reveal((ends[key],))
        self.move_cursor((ends[key],))
        return True

    def summary(self) -> str:
        labels, known = self._cells.labels, self._values[~np.isnan(self._values)]
        text = ("…" if len(labels) > SPOKEN else "") + "".join(map(_spoken, labels[-SPOKEN:]))
        said = f"{len(labels)} {'character' if len(labels) == 1 else 'characters'}, “{text}”"
        if not len(known):
            return f"{said}, without values."
        most = int(np.nanargmax(self._values))
        ends = f"{self._amount(known.min())} to {self._amount(known.max())}"
        return f"{said}: {ends}, highest at character {most}, “{_spoken(labels[most])}”."

    def numbers(self) -> Numbers:
        """A row for each character: its position from 0, the character, and its value."""
        rows = zip(range(self._cells.count), self._cells.labels, self._values.tolist(), strict=True)
        value = f"value ({self._unit})" if self._unit else "value"
        return ["position", "character", value], [list(row) for row in rows]

    def paint(self, painter: QPainter) -> None:
        offset = self._scroll.value()
        painter.save()
        painter.translate(0, -offset)
        self._cells.paint(painter, self.canvas.exposed.translated(0, offset))
        self._cells.paint_underline(painter, *self.brush, theme().accent)
        painter.restore()
        if self._bar_width:
            left = self.canvas.width() - self._bar_width - self._scroll_width
            height = min(self.canvas.height(), BAR_HIGH)
            paint_colour_bar(painter, self._bar, QRectF(left, 0, self._bar_width, height))
        self._paint_marks(painter)

    def _paint_marks(self, painter: QPainter) -> None:
        """The chosen character, and the one under the cursor with its value."""
        if self._selected is not None and not (chosen := self.character_rect(self._selected)).isEmpty():
            outline(painter, chosen, theme().accent, 2)
        if self.cursor_cell is None:
            return
        character = self.cursor_cell[0]
        place, value = self.character_rect(character), float(self._values[character])
        outline(painter, place, theme().text)
        text = self.value_text or ("no value" if isnan(value) else self._amount(value))
        if self.canvas.height() < 2 * self._cells.pitch:  # no room above or below: beside it
            place.moveLeft(place.right() + GRID / 2)
        tag(painter, f"{self._cells.labels[character]}  {text}", place, QRectF(self.canvas.rect()))

    def _amount(self, value: float) -> str:
        return f"{short(float(value))} {self._unit}".rstrip()

    # The brush.

    def _brush_to(self, anchor: int | None = None, head: int = 0) -> bool:
        """Brush from one character to another (without any: nothing) and say so; True if that is new."""
        before, self._brush = self.brush, None if anchor is None else (anchor, head)
        if self.brush == before:
            return False
        self.canvas.update()
        self.brushed.emit(*self.brush)
        return True

    def _trim_brush(self) -> None:
        """Let go of brushed characters that are no longer there."""
        last = self._cells.count - 1
        if self._brush is None or max(self._brush) <= last:
            return
        if min(self._brush) > last:
            self._brush_to()
        else:
            self._brush_to(*(min(end, last) for end in self._brush))

    # Layout and scrolling.

    @property
    def _bar_width(self) -> int:
        """Of the colour bar; 0 where it has no room."""
        return bar_room(self.canvas.font()) if self.canvas.width() >= BAR_FROM else 0

    @property
    def _scroll_width(self) -> int:
        return 0 if self._scroll.isHidden() else SCROLL_ROOM

    def _in_text(self, point: QPointF) -> QPointF:
        return point + QPointF(0, self._scroll.value())

    def _resized(self) -> None:
        """Fit the text; where its end was in sight it stays so."""
        at_end = self._scroll.value() == self._scroll.maximum()
        self._settle()
        if at_end:
            self._scroll.setValue(self._scroll.maximum())

    def _settle(self) -> None:
        """Wrap the text to the present size, with a scroll bar only where it needs one."""
        canvas, cells = self.canvas, self._cells
        if self._font != canvas.font():
            self._font = canvas.font()
            cells.set_font(self._written_in(self._font))
        room = canvas.width() - self._bar_width
        cells.wrap(room)
        if cells.height > canvas.height():
            cells.wrap(room - SCROLL_ROOM)
        self._scroll.setGeometry(canvas.width() - BREADTH, 0, BREADTH, canvas.height())
        self._scroll.setSingleStep(cells.pitch)
        set_reach(self._scroll, cells.height, canvas.height())

    def _scrolled(self) -> None:
        self.canvas.update()
        self.point(self._pointer)


def _spoken(label: str) -> str:
    """A character as it is read out."""
    return {"␣": " ", "↵": " "}.get(label, label)
