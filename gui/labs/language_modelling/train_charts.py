"""The charts of a training run: the losses of the three networks, and what happens in one's layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.labs.language_modelling import Learning, Training
from gui.labs.language_modelling import wording
from gui.labs.language_modelling.cell_view import COLOURS
from gui.labs.language_modelling.train_axes import averaged, log_range, loss_range
from gui.panels.line_plot import Curve
from gui.panels.told_chart import Drawn, ToldChart

LOSS_POINTS = 256
"""Points of a curve at most: neighbours are averaged, as a picture smaller than its values shows it."""
LAYER_POINTS = 128
"""The same for the smaller charts of the layers, of which there are two with four curves each."""
SHORT_LAYERS = {"input weights": "input", "recurrent weights": "recurrent", "output layer": "output"}


class TrainingChart(ToldChart):
    """Curves over the steps of a run.

    A point is told with its first step and the step after its last, since it may stand for several.
    """

    nothing_yet = "No step is done yet."


class LossChart(TrainingChart):
    """Six curves: of each network the batches' loss, and dashed that of the held-out text."""

    def __init__(self) -> None:
        super().__init__("Loss", "training-loss")

    def show_training(self, training: Training) -> bool:
        """Draw the losses, where there are others; whether there are."""
        is_other = not self.is_shown(*(array for one in training.cells for array in (one.loss, one.held_out)))
        if is_other:
            y_range = loss_range(training.cells)
            drawn = [curve for one in training.cells for curve in _losses(one, training.step, y_range)]
            self.draw(drawn, "step", "nats a character", y_range=y_range, log_y=False)
        self.set_cursor(None if training.follows else float(training.shown))
        return is_other


class LayerChart(TrainingChart):
    """One quantity of every layer of one network, on a logarithmic axis."""

    def __init__(self, title: str, name: str, quantity: str, y_label: str, array: str) -> None:
        super().__init__(title, name)
        self._quantity, self._y_label, self._array = quantity, y_label, array

    def show_training(self, training: Training, cell: str) -> bool:
        """Draw the layers of one network, where there is something new; whether there is."""
        learning = next(one for one in training.cells if one.cell == cell)
        values: np.ndarray = getattr(learning, self._quantity)
        is_other = not self.is_shown(cell, values)
        if is_other:
            drawn = self._layers(learning, values, training.step)
            self.draw(drawn, "step", self._y_label, y_range=log_range(values), log_y=True)
        self.set_cursor(None if training.follows else float(training.shown))
        return is_other

    def _layers(self, learning: Learning, values: np.ndarray, step: int) -> list[Drawn]:
        name = f"{self._array}-{learning.cell}"
        return [
            _drawn(
                SHORT_LAYERS.get(layer, layer),
                averaged(learning.watched, row, LAYER_POINTS, step),
                _colour(learning.cell, layer),
                name,
                (place,),
            )
            for place, (layer, row) in enumerate(zip(learning.layers, values, strict=True))
        ]


def gradient_chart() -> LayerChart:
    """The chart of the gradients' size."""
    return LayerChart("Gradient norm", "gradient-norm", "gradient_norms", "‖gradient‖", "gradient")


def ratio_chart() -> LayerChart:
    """The chart of how far one step moves the weights."""
    return LayerChart(
        "Update-to-weight ratio", "update-ratio", "update_ratios", "‖change‖ / ‖weights‖", "update"
    )


def _losses(learning: Learning, step: int, y_range: tuple[float, float] | None) -> list[Drawn]:
    """A network's two curves. Where it failed they end where they leave the axis for good."""
    cell, colour = learning.cell, COLOURS[learning.cell]
    name, loss, held_out = wording.SHORT_NAMES[cell], learning.loss, learning.held_out
    if learning.failed_at is not None and y_range is not None:
        loss, held_out = (np.where(part > y_range[1], np.nan, part) for part in (loss, held_out))
    drawn = [_drawn(name, averaged(learning.steps, loss, LOSS_POINTS, step), colour, f"loss-{cell}", ())]
    if np.isfinite(held_out).any():
        steps = learning.held_out_steps
        curve = Curve(f"{name} held out", steps, held_out, colour, dashed=True)
        drawn.append(Drawn(curve, f"heldout-{cell}", (), (steps, steps + 1)))
    return drawn


def _drawn(
    name: str,
    points: tuple[np.ndarray, np.ndarray, np.ndarray],
    colour: str | int,
    array: str,
    index: Sequence[int],
) -> Drawn:
    starts, stops, values = points
    return Drawn(Curve(name, starts, values, colour), array, tuple(index), (starts, stops))


def _colour(cell: str, layer: str) -> str | int:
    """The loop has the network's own colour; the others have none that means another network."""
    return {"recurrent weights": COLOURS[cell], "input weights": 3, "output layer": 4}.get(layer, "muted")
