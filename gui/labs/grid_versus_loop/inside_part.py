"""One example opened in the grid and in the loop, on one axis of positions, and what all networks answer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot, Opened
from gui.labs.grid_versus_loop import blocks, networks
from gui.labs.grid_versus_loop.example_bar import ExampleBar
from gui.labs.grid_versus_loop.part import Part
from gui.labs.grid_versus_loop.two import Two
from gui.panels.answers import AnswersPanel, Given
from gui.panels.panel import Panel
from gui.panels.readings import ReadingsPanel
from gui.theme import GRID
from gui.typed_line import TypedLine

TOGETHER = ("text", "hybrid")
"""Experiments in which grid and loop lie below each other, in one picture as wide as there is room."""

ROOMY = 110 * GRID
"""Width from which there is room for a line to type in and a slider."""


class InsidePart(Part):
    """Grid left, loop in the middle, answers right; above which example, and in which networks."""

    title = "Inside"

    def __init__(self, two: Two, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._two = two
        self.example = ExampleBar(self)
        self.typed = TypedLine(
            "Line to be named",
            "What all networks are asked about, at each key.",
            "Type a line: all answer at each key.",
            self,
        )
        self.choice = two.row(self)
        self.grid = ReadingsPanel("Feature maps", name="gvl-grid")
        self.loop = ReadingsPanel("Hidden states", name="gvl-loop")
        self.answers = AnswersPanel("Answers", name="gvl-answers")
        self._drawn: dict[str, tuple[object, ...]] = {}
        self._arrange()
        self.listen(self.grid, self.loop, self.answers)
        self.grid.pointed.connect(self.loop.set_position)
        self.loop.pointed.connect(self.grid.set_position)
        self.example.wanted.connect(lambda index: self.settings_wanted.emit({"pinned": index, "text": ""}))
        self.typed.typed.connect(lambda text: self.settings_wanted.emit({"text": text}))
        two.changed.connect(self.redraw)

    def _arrange(self) -> None:
        tools, row, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        tools.setSpacing(2 * GRID)
        tools.addWidget(self.typed, 3)
        tools.addWidget(self.example, 3)
        tools.addWidget(self.choice)
        self.typed.hide()
        row.setSpacing(3 * GRID)
        row.addWidget(self.grid, 9)
        row.addWidget(self.loop, 9)
        row.addWidget(self.answers, 7)
        column.setContentsMargins(0, GRID // 2, 0, 0)
        column.setSpacing(GRID // 2)
        column.addLayout(tools)
        column.addLayout(row, 1)
        self._row = row

    def panels(self) -> tuple[Panel, ...]:
        return self.grid, self.loop, self.answers

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        return snapshot.opened is not None

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        opened = snapshot.opened
        if opened is None:
            return
        self._two.show_networks(snapshot)
        is_text, is_one = bool(opened.tokens), snapshot.experiment in TOGETHER
        self.typed.setVisible(is_text)
        self.example.fit(roomy=not is_text or self.width() >= ROOMY)
        self.typed.show_text(snapshot.config.text)
        self.example.show_example(opened.index, opened.name, opened.examples)
        self.loop.setVisible(not is_one)
        self._row.setStretch(0, 18 if is_one else 9)
        grid, loop = self._two.chosen
        state = snapshot.experiment, grid, loop, snapshot.step, opened.index, opened.values, opened.order
        if self._is_new("grid", state):
            self._draw_grid(snapshot, opened, (grid, loop) if is_one else (grid,))
            yield from self.grid.rest()
            yield
        if not is_one and self._is_new("loop", state):
            self._draw_loop(snapshot, opened, loop)
            yield from self.loop.rest()
            yield
        if self._is_new("answers", (snapshot.experiment, *opened.probabilities.values())):
            self._draw_answers(snapshot, opened)
            yield

    def _draw_grid(self, snapshot: GridVersusLoopSnapshot, opened: Opened, keys: tuple[str, ...]) -> None:
        """The input and the maps; of a pair of networks below each other also the states."""
        keys = tuple(dict.fromkeys(key for key in keys if key))
        shown = blocks.input_blocks(snapshot, opened)
        for key in keys:
            shown += blocks.layer_blocks(opened, key, named=len(keys) > 1)
        names = " and ".join(networks.short(key) for key in keys)
        if len(keys) > 1:
            self.grid.set_title("Maps and states", f"{names} on the same {snapshot.positions}s.")
        else:
            self.grid.set_title("Feature maps", _grid_line(names, len(shown)))
        self.grid.set_blocks(shown, snapshot.length, noun=snapshot.positions)

    def _draw_loop(self, snapshot: GridVersusLoopSnapshot, opened: Opened, key: str) -> None:
        shown = [*blocks.input_blocks(snapshot, opened), *blocks.layer_blocks(opened, key)]
        is_picture = blocks.is_picture(snapshot)
        way = "row by row" if is_picture else "step by step"
        self.loop.set_title("Hidden states", f"{networks.short(key)}, {way}.")
        self.loop.set_blocks(shown, snapshot.length, goes_down=is_picture, noun=snapshot.positions)

    def _draw_answers(self, snapshot: GridVersusLoopSnapshot, opened: Opened) -> None:
        rows = [
            Given(key, networks.short(key), networks.colour(key), values)
            for key, values in opened.probabilities.items()
        ]
        truth = "" if opened.truth is None else f"It is “{snapshot.classes[opened.truth]}”."
        self.answers.set_title("Answers", truth or "Probability of every class.")
        self.answers.set_answers(rows, snapshot.classes, opened.truth)

    def _is_new(self, name: str, state: tuple[object, ...]) -> bool:
        before = self._drawn.get(name)
        self._drawn[name] = state
        return before is None or len(before) != len(state) or not all(map(_is_same, before, state))


def _grid_line(name: str, count: int) -> str:
    if count < 2:
        return f"{name} has none."
    return f"{name}, layer by layer."


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return one is other
    return one == other
