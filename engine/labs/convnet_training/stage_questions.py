"""Ask a value of an update in slow motion: what the layer put out, and what the backward pass brought it."""

from __future__ import annotations

from dataclasses import replace

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from engine.ask import Answer, Cell, Line, Step
from engine.explain.arithmetic import answer, explain_softmax
from engine.explain.arithmetic_format import number
from engine.explain.inspection import Inspection
from engine.explain.mosaic import index_behind
from engine.labs.convnet_training.passing import Passing
from engine.labs.convnet_training.stages import Stage
from engine.models.layer import Layer

STAGE_CELLS = ("stage-maps", "stage-gradients", "stage-top")
"""The first two with (channel, row, column), the last with (class,)."""


class StageQuestions:
    """Answers for the cells of `STAGE_CELLS`."""

    def __init__(self, network: nn.Module, inspection: Inspection, passed: Passing, update: int) -> None:
        """`network` is as it was before the update, in training mode."""
        self._network, self._inspection, self._passed, self._update = network, inspection, passed, update

    def answer(self, cell: Cell, stage: Stage) -> Answer | None:
        """The answer for what `stage` shows; None where it does not show that."""
        if cell.array == "stage-top" and stage.probabilities is not None:
            classes = self._inspection.classifier.classes
            return explain_softmax(self._passed.logits[None].cpu(), classes, cell.index[0])
        shown = stage.shown if cell.array == "stage-maps" else stage.gradients
        if cell.array == "stage-top" or shown is None:
            return None
        if any(not 0 <= at < size for at, size in zip(cell.index, shown.values.shape, strict=True)):
            return None  # another layer was on show then
        layer = self._inspection.layer(shown.name)
        index = index_behind(layer.shape, cell.index)
        return self._of_value(layer, index) if cell.array == "stage-maps" else self._of_gradient(layer, index)

    def _of_value(self, layer: Layer, index: tuple[int, ...]) -> Answer:
        passed, module = self._passed, self._network.get_submodule(layer.name)
        found = answer(
            self._network, self._inspection.by_name, passed.inputs, passed.outputs, layer.name, index
        )
        if isinstance(module, _DropoutNd):
            received = float(passed.inputs[layer.name][0][(0, *index)])
            formula = f"0 or {number(received)} / (1 − {module.p:g})"
            line = Line("left out or enlarged", formula, found.value)
            found = replace(found, steps=(Step(layer.name, "dropout", (line,)),))
        what = found.meaning
        if layer.kind == "batch norm":  # in training it goes by what it gets
            what = what.replace("seen in training", "of this very batch")
        return replace(found, meaning=f"{what} This is the forward pass of update {self._update:,}.")

    def _of_gradient(self, layer: Layer, index: tuple[int, ...]) -> Answer:
        value = float(self._passed.gradients[layer.name][(0, *index)])
        shape = tuple(self._passed.outputs[layer.name].shape[1:])
        return Answer(
            f"{layer.name} · ∂loss / ∂value at {', '.join(map(str, index))}",
            "How much the loss of the whole batch would rise for each unit that this one value rose, as "
            f"the backward pass of update {self._update:,} brought it here from the layers behind.",
            value,
            shape,
            (Step(layer.name, "chain rule", (Line("∂loss / ∂value", _CHAIN, value),)),),
        )


_CHAIN = "Σ ∂loss / ∂next × ∂next / ∂value, over all values that it goes into"
