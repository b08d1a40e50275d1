"""Draws an answer: the quantity, what it means, and its calculation step by step."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import result
from gui.ask_text import channel_noun, field_text, shape_text
from gui.products_table import Fonts, ProductsTable
from gui.theme import GRID, small_font, theme, themes

EMPTY = "Point at any value in the pictures to see what it is and how it was computed."
MARGIN = 2 * GRID
REMEMBERED = 400
"""Laid out texts that are kept."""
_OPERATOR = re.compile(r"(?<= [×+−/=]) ")


@dataclass(frozen=True)
class _Text:
    layout: QTextLayout
    left: float
    top: float
    height: float
    colour: str

    @property
    def bottom(self) -> float:
        return self.top + self.height


class _Layouts:
    """Remembers laid out texts: from one value to the next only the numbers differ."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, float], tuple[QTextLayout, float]] = {}

    def get(self, text: str, font: QFont, width: float) -> tuple[QTextLayout, float]:
        """`text` wrapped at `width` pixels, and its height."""
        key = (text, font.key(), width)
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = _wrapped(text, font, width)
        return self._known[key]


def _wrapped(text: str, font: QFont, width: float) -> tuple[QTextLayout, float]:
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.setCacheEnabled(True)
    layout.beginLayout()
    height = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        line.setPosition(QPointF(0, height))
        height += line.height()
    layout.endLayout()
    return layout, height


@dataclass(frozen=True)
class _Table:
    table: ProductsTable
    top: float


class AnswerView(QWidget):
    """One widget that draws everything, so that following the pointer makes no widgets.

    It is laid out for its own width and asks for the height that this takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._answer: Answer | None = None
        self._texts: list[_Text] = []
        self._tables: list[_Table] = []
        self._rules: list[float] = []
        self._height = 0.0
        self._layouts = _Layouts()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("Calculation")
        self._choose_fonts()
        themes.changed.connect(self._restyle)
        self._lay_out()

    @property
    def answer(self) -> Answer | None:
        return self._answer

    def show_answer(self, answer: Answer | None) -> None:
        """Show another answer, or with None what to do to get one."""
        if answer is self._answer:
            return
        self._answer = answer
        self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(280, round(self._height))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, round(self._height))

    # Layout ----------------------------------------------------------------------------------------

    def _restyle(self) -> None:
        self._choose_fonts()
        self._lay_out()

    def _choose_fonts(self) -> None:
        self._plain, self._small = QFont(self.font()), small_font(self.font())
        self._bold = QFont(self._plain)
        self._bold.setBold(True)
        self._figures = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self._figures.setPointSizeF(self._small.pointSizeF())
        self._strong_figures = QFont(self._figures)
        self._strong_figures.setBold(True)
        self._plain_metrics, self._small_metrics = QFontMetricsF(self._plain), QFontMetricsF(self._small)
        self._figure_metrics = QFontMetricsF(self._figures)
        self._strong_metrics = QFontMetricsF(self._strong_figures)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._lay_out()

    @property
    def _room(self) -> float:
        return max(120.0, self.width() - 2 * MARGIN)

    def _lay_out(self) -> None:
        self._texts, self._tables, self._rules = [], [], []
        if self._answer is None:
            y = self._write(EMPTY, self._plain, theme().muted, 0)
        else:
            y = self._lay_out_head(self._answer)
            for place, step in enumerate(self._answer.steps):
                y = self._lay_out_step(step, y, is_last=place == len(self._answer.steps) - 1)
        before, self._height = self._height, y + GRID
        if round(before) != round(self._height):
            self.setMinimumHeight(round(self._height))
            self.updateGeometry()
        self.update()

    def _lay_out_head(self, answer: Answer) -> float:
        colours = theme()
        y = self._write(answer.title, self._bold, colours.text, 0)
        facts = [f"= {result(answer.value)}"]
        if answer.shape:
            facts.append(f"one of {shape_text(answer.shape)}")
        y = self._write_value(facts, y + 2)
        for text in (answer.meaning, field_text(answer)):
            if text:
                y = self._write(text, self._small, colours.muted, y + 4)
        return y

    def _write_value(self, facts: list[str], y: float) -> float:
        """The value, and beside it the shape of the array it belongs to."""
        bottom = self._write(facts[0], self._strong_figures, theme().text, y)
        if len(facts) > 1:
            width = self._small_metrics.horizontalAdvance(facts[1]) + 1
            used = self._strong_metrics.horizontalAdvance(facts[0]) + 2 * GRID
            if used + width <= self._room:
                return max(bottom, self._write(facts[1], self._small, theme().muted, y, self._room - width))
            return self._write(facts[1], self._small, theme().muted, bottom)
        return bottom

    def _lay_out_step(self, step: Step, y: float, *, is_last: bool) -> float:
        colours = theme()
        self._rules.append(y + 1.5 * GRID)
        y += 2.5 * GRID
        y = self._lay_out_step_head(step, y)
        if step.products is not None:
            fonts = Fonts(self._small, self._figures)
            noun = channel_noun(step.operation)
            table = ProductsTable(step.products, noun, int(self._room), fonts)
            self._tables.append(_Table(table, y + GRID))
            y += GRID + table.height
        y += GRID - 2
        for place, line in enumerate(step.lines):
            emphasised = is_last and place == len(step.lines) - 1
            known = len(step.lines) == 1 and line.label.casefold() == step.operation.casefold()
            shown = dataclasses.replace(line, label="") if known else line
            y = self._lay_out_line(shown, y, colours.accent_text if emphasised else colours.text)
        return y

    def _lay_out_step_head(self, step: Step, y: float) -> float:
        """The layer, and its operation beside it where there is room, else below."""
        layer, words = self._plain_metrics, self._small_metrics
        used = layer.horizontalAdvance(step.layer) + GRID if step.layer else 0.0
        bottom = self._write(step.layer, self._plain, theme().text, y) if step.layer else y
        if not step.operation:
            return bottom
        if used + words.horizontalAdvance(step.operation) > self._room:
            return self._write(step.operation, self._small, theme().muted, bottom)
        drop = layer.ascent() - words.ascent() if step.layer else 0.0
        return max(bottom, self._write(step.operation, self._small, theme().muted, y + drop, used))

    def _lay_out_line(self, line: Line, y: float, colour: str) -> float:
        """ "label  formula = value": on one line where there is room, else the formula below its label."""
        figures, words = self._figure_metrics, self._small_metrics
        value = f"= {result(line.value)}"
        width = self._strong_metrics.horizontalAdvance(value) + 1
        label, formula = words.horizontalAdvance(line.label), figures.horizontalAdvance(line.formula) + 1
        gap = GRID if line.formula else 0
        muted = theme().muted
        if line.label:
            self._write(line.label, self._small, muted, y)
        if label + GRID + formula + gap + width <= self._room:
            self._write(line.formula, self._figures, muted, y, self._room - width - gap - formula)
            return self._write(value, self._strong_figures, colour, y, self._room - width) + 3
        y += words.height() if line.label else 0
        if line.formula:
            text = self._write_formula(line.formula, y)
            last = text.layout.lineAt(text.layout.lineCount() - 1)
            y = text.bottom
            if last.naturalTextWidth() + gap + width <= self._room:
                y -= last.height()
        return self._write(value, self._strong_figures, colour, y, self._room - width) + 5

    def _write_formula(self, formula: str, y: float) -> _Text:
        """A long formula breaks before an operator, never behind it."""
        self._write(_OPERATOR.sub("\u00a0", formula), self._figures, theme().muted, y)
        return self._texts[-1]

    def _write(self, text: str, font: QFont, colour: str, top: float, left: float = 0.0) -> float:
        """Place a text that wraps at the right margin; returns where it ends."""
        layout, height = self._layouts.get(text, font, self._room - left + 1)
        self._texts.append(_Text(layout, MARGIN + left, top, height, colour))
        return top + height

    # Painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        seen = event.rect()
        for text in self._texts:
            if text.bottom >= seen.top() and text.top <= seen.bottom():
                painter.setPen(QColor(text.colour))
                text.layout.draw(painter, QPointF(text.left, text.top))
        for y in self._rules:
            painter.fillRect(QRectF(MARGIN, round(y), self.width() - 2 * MARGIN, 1), QColor(theme().line))
        for placed in self._tables:
            if placed.top + placed.table.height >= seen.top() and placed.top <= seen.bottom():
                painter.save()
                painter.translate(MARGIN, int(placed.top))
                placed.table.paint(painter, QRectF(seen).translated(-MARGIN, -int(placed.top)))
                painter.restore()

    def tip_at(self, point: QPointF) -> str:
        """The full numbers of the cell at a point of the widget, "" where there is none."""
        for placed in self._tables:
            tip = placed.table.tip_at(point.x() - MARGIN, point.y() - int(placed.top))
            if tip:
                return tip
        return ""

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            tip = self.tip_at(QPointF(event.pos()))
            if tip:
                QToolTip.showText(event.globalPos(), tip, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def written(self) -> list[str]:
        """The texts on screen from top to bottom, the tables' cells left out."""
        return [text.layout.text() for text in sorted(self._texts, key=lambda text: text.top)]
