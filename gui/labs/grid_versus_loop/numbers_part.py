"""What each network reached, what it is and what it takes: the figures of all in one table."""

from __future__ import annotations

from collections.abc import Iterator
from math import log10, nan

from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import Contestant, Counted, GridVersusLoopSnapshot
from gui.labs.grid_versus_loop import networks, wording
from gui.labs.grid_versus_loop.part import Part
from gui.panels.figures import Figure, FigureRow, FiguresPanel
from gui.panels.panel import Panel
from gui.theme import GRID

COLUMNS = (
    "accuracy",
    "parameters",
    "multiply-adds",
    "sequential steps",
    "receptive field",
    "update",
    "all updates",
)


class NumbersPart(Part):
    """The table."""

    title = "Numbers"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures = FiguresPanel("What each is and takes", name="gvl-figures")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID // 2, 0, 0)
        row.addWidget(self.figures)
        self.listen(self.figures)

    def panels(self) -> tuple[Panel, ...]:
        return (self.figures,)

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        return bool(snapshot.contestants or snapshot.counted)

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        if snapshot.contestants:
            pairs = [(one.key, one.counted, one) for one in snapshot.contestants]
        else:
            pairs = [(one.name, one, None) for one in snapshot.counted]
        if not pairs:
            return
        self.figures.set_sentence(
            f"For one sequence of {snapshot.length:,}; bars compare, those of counts by their logarithms."
        )
        columns = COLUMNS if snapshot.contestants else COLUMNS[1:5]
        most = [max((_value(*pair[1:], column) or 0) for pair in pairs) for column in columns]
        rows = [
            FigureRow(
                networks.short(key),
                networks.colour(key),
                tuple(
                    _figure(key, counted, one, column, top) for column, top in zip(columns, most, strict=True)
                ),
            )
            for key, counted, one in pairs
        ]
        self.figures.set_figures(columns, rows)
        yield


def _value(counted: Counted, one: Contestant | None, column: str) -> float | None:
    if column == "receptive field":
        return counted.receptive_field
    found = {
        "parameters": counted.parameters,
        "multiply-adds": counted.multiply_adds,
        "sequential steps": counted.sequential_steps,
    }
    if column in found:
        return found[column]
    if one is None:
        return None
    value = {"accuracy": one.accuracy, "update": one.milliseconds, "all updates": one.seconds}[column]
    return value if value == value else None


def _figure(key: str, counted: Counted, one: Contestant | None, column: str, top: float) -> Figure:
    value = _value(counted, one, column)
    text, told = _text(column, value), None
    if column in wording.COUNTS:
        told = f"counted-{networks.base(key)}", (wording.COUNTS.index(column),)
    elif column == "accuracy" and one is not None and len(one.test_accuracy):
        told = f"accuracy-{key}", (len(one.test_accuracy) - 1,)
    return Figure(nan if value is None else float(value), text, _share(column, value, top), told)


def _text(column: str, value: float | None) -> str:
    if value is None:
        return "all" if column == "receptive field" else "–"
    if column == "accuracy":
        return wording.percent(value)
    if column == "update":
        return wording.milliseconds(value)
    if column == "all updates":
        return wording.seconds(value)
    return wording.count(value)


def _share(column: str, value: float | None, top: float) -> float:
    """Length of a bar beside the longest; parameters and multiply-adds reach over powers of ten."""
    if value is None or top <= 0:
        return 0.0
    if column in ("parameters", "multiply-adds"):
        return log10(max(1.0, value)) / log10(max(10.0, top))
    return value if column == "accuracy" else value / top
