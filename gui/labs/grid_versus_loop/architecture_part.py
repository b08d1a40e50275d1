"""How two networks are built: layer by layer, drawn with the same pen."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import Counted, GridVersusLoopSnapshot, LayerLine
from gui.form.check_box import CheckBox
from gui.labs.grid_versus_loop import networks, wording
from gui.labs.grid_versus_loop.part import Part
from gui.labs.grid_versus_loop.two import Two
from gui.panels.architecture import ArchitecturePanel, Lane, LayerBox
from gui.panels.panel import Panel
from gui.theme import GRID


class ArchitecturePart(Part):
    """The networks chosen, one below the other; loops unrolled on request."""

    title = "Architecture"

    def __init__(self, two: Two, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._two = two
        self.choice = two.row(self)
        self.unroll = CheckBox("Unroll the loop")
        self.unroll.setToolTip("Draw the first and last steps of a loop one after the other.")
        self.drawing = ArchitecturePanel("Layer by layer", name="gvl-architecture")
        tools, column = QHBoxLayout(), QVBoxLayout(self)
        tools.setSpacing(2 * GRID)
        tools.addWidget(self.choice)
        tools.addWidget(self.unroll)
        tools.addStretch(1)
        column.setContentsMargins(0, GRID // 2, 0, 0)
        column.setSpacing(GRID // 2)
        column.addLayout(tools)
        column.addWidget(self.drawing, 1)
        self.listen(self.drawing)
        self.unroll.toggled.connect(self.redraw)
        two.changed.connect(self.redraw)

    def panels(self) -> tuple[Panel, ...]:
        return (self.drawing,)

    def applies(self, snapshot: GridVersusLoopSnapshot) -> bool:
        return bool(snapshot.counted)

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        shown = self._two.shown(snapshot)
        lanes = [_lane(one) for one in snapshot.counted if one.name in shown]
        if not lanes:
            return
        self.drawing.set_sentence(
            f"Shape of what each puts out for {snapshot.length:,} {snapshot.positions}s, and its weights."
        )
        self.drawing.set_lanes(lanes, unrolled=self.unroll.isChecked())
        yield


def _lane(counted: Counted) -> Lane:
    weights, work = wording.count(counted.parameters), wording.count(counted.multiply_adds)
    note = (
        f"{weights} parameters, {work} multiply-adds, {counted.sequential_steps:,} steps one after the other"
    )
    boxes = tuple(_box(layer) for layer in counted.layers)
    return Lane(
        networks.short(counted.name),
        networks.colour(counted.name),
        boxes,
        (f"counted-{counted.name}", (0,)),
        note,
    )


def _box(layer: LayerLine) -> LayerBox:
    weights = f"{wording.count(layer.parameters)} weights" if layer.parameters else ""
    work = f"{layer.multiply_adds:,} multiply-adds" if layer.multiply_adds else ""
    steps = f"{layer.repeats:,} times, one after the other" if layer.repeats > 1 else ""
    said = ", ".join(part for part in (weights, work, steps) if part)
    tip = f"{layer.name} ({layer.kind}): puts out {wording.shape(layer)}{f', {said}' if said else ''}"
    return LayerBox(
        layer.name,
        layer.kind,
        (wording.shape(layer).replace(" ", ""), f"{layer.parameters:,}" if layer.parameters else ""),
        tip,
        layer.repeats,
        (wording.shape(layer), layer.parameters, layer.multiply_adds),
    )
