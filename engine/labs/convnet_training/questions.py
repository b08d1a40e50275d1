"""Ask a point of the curves or a cell of the confusion matrix: what it is made of."""

from __future__ import annotations

import numpy as np

from engine.ask import Answer, Cell, Line, Step
from engine.explain.arithmetic_format import number
from engine.explain.bucket_mean import mean_lines, stretch
from engine.labs.convnet_training.run import TrainingRun
from engine.labs.convnet_training.snapshot import Curves, Health, Ridge
from engine.training.pictures.trainer import WATCHED

UNIT = "update"


def answer_about_training(
    run: TrainingRun, kept: tuple[Curves, ...], health: Health | None, cell: Cell
) -> Answer | None:
    """The answer for a point of a chart; None where the cell is of a picture of the network itself.

    Cells: ("loss-RUN", point) and so on for the curves of the run with that number, the last being the one in
    front, ("gradient", layer, point), ("update", layer, point), ("confusion", class, taken for), and
    ("activations", row, bin) and so on for the histograms.
    """
    kind, _, which = cell.array.partition("-")
    runs = (*kept, run.curves())
    if which.isdecimal() and int(which) < len(runs) and kind in _CURVES:
        return _of_curve(runs[int(which)], kind, *cell.index)
    if kind == "gradient" and not which:
        return _of_layer(run, *cell.index, "norms")
    if kind == "update":
        return _of_layer(run, *cell.index, "ratios")
    if kind == "confusion":
        return _of_confusion(run, *cell.index)
    if health is not None and cell.array in health.ridges and len(cell.index) == 2:
        return _of_ridge(health, cell.array, *cell.index)
    return None


_LOSS = "The cross-entropy, −ln P of the picture’s own class, in nats: the mean over"
_ACCURACY = "The share of pictures whose largest logit is that of their own class, of"
_CURVES = {
    "loss": ("Loss", "steps", "loss", f"{_LOSS} the batch, before the update that it led to."),
    "testloss": ("Test loss", "test_steps", "test_loss", f"{_LOSS} test pictures."),
    "accuracy": ("Accuracy", "accuracy_steps", "accuracy", f"{_ACCURACY} the batch, before its update."),
    "testaccuracy": ("Test accuracy", "test_steps", "test_accuracy", f"{_ACCURACY} test pictures."),
}


def _of_curve(curves: Curves, kind: str, point: int) -> Answer | None:
    title, steps, values, meaning = _CURVES[kind]
    firsts, means = getattr(curves, steps), getattr(curves, values)
    if not 0 <= point < len(firsts):
        return None
    end = int(firsts[point + 1]) if point + 1 < len(firsts) else int(firsts[point]) + 1
    is_test = kind.startswith("test")
    asked = (int(firsts[point]), int(firsts[point]) + 1)
    found = stretch(firsts, means, asked, asked[0] if is_test else max(end - 1, asked[0]))
    if found is None:
        return None
    lines = mean_lines(found, title.lower(), UNIT)
    when = f"after {UNIT} {asked[0]:,}" if is_test else found.steps(UNIT)
    return Answer(
        f"{curves.name} · {title.lower()}, {when}", meaning, found.mean, means.shape, (_step(curves, lines),)
    )


def _step(curves: Curves, lines: list[Line]) -> Step:
    return Step(curves.name, "as it was written down", tuple(lines))


def _of_layer(run: TrainingRun, layer: int, point: int, kind: str) -> Answer | None:
    record = run.training.record
    firsts, rows = (record.norms if kind == "norms" else record.ratios).arrays()
    if not (0 <= layer < len(record.layers) and 0 <= point < len(firsts)):
        return None
    every = 1 if kind == "norms" else WATCHED
    end = int(firsts[point + 1]) - 1 if point + 1 < len(firsts) else run.training.steps
    asked = (int(firsts[point]), int(firsts[point]) + 1)
    found = stretch(firsts, rows[:, layer], asked, max(end, asked[0]), every)
    if found is None:
        return None
    name = record.layers[layer]
    quantity, meaning, operation = {
        "norms": (
            "gradient norm",
            "The L2 norm (√ of the sum of squares) of the loss’s gradient with respect to all weights of "
            "this layer.",
            "√ Σ (∂loss / ∂w)²",
        ),
        "ratios": (
            "update-to-weight ratio",
            "How far one update moved this layer’s weights, as a share of their own length, measured every "
            f"{WATCHED} updates. As a rule of thumb about 0.001 is healthy (CS231n, Stanford).",
            "‖after − before‖ / ‖before‖",
        ),
    }[kind]
    lines = tuple(mean_lines(found, quantity, UNIT))
    title = f"{name} · {quantity}, {found.steps(UNIT)}"
    return Answer(title, meaning, found.mean, rows.shape, (Step(name, operation, lines),))


def _of_confusion(run: TrainingRun, truth: int, taken: int) -> Answer | None:
    found, classes = run.verdict, run.data.classes
    if found is None or not (0 <= truth < len(classes) and 0 <= taken < len(classes)):
        return None
    row = found.confusion[truth]
    whole, count = int(row.sum()), int(row[taken])
    if not whole:
        return None
    share = count / whole
    right = "rightly" if truth == taken else "wrongly"
    return Answer(
        f"“{classes[truth]}” taken for “{classes[taken]}”",
        f"Of the {whole:,} test pictures of “{classes[truth]}” that were asked about after update "
        f"{found.step:,}, {count:,} were {right} taken for “{classes[taken]}”. Click to see them.",
        share,
        (len(classes), len(classes)),
        (Step("confusion matrix", "share of the row", (Line("share", f"{count:,} / {whole:,}", share),)),),
    )


def _of_ridge(health: Health, kind: str, row: int, place: int) -> Answer | None:
    ridge: Ridge = health.ridges[kind]
    count, bins = ridge.shares.shape
    if not (0 <= row < count and 0 <= place < bins):
        return None
    width = (ridge.high[row] - ridge.low[row]) / bins
    start = float(ridge.low[row] + place * width)
    share = float(np.float64(ridge.shares[row, place]))
    layer = health.layer if kind == "activations" else health.weighing
    ends = f"{number(start)} to {number(start + float(width))}"
    return Answer(
        f"{layer} · {kind} from {ends}",
        f"The share of this layer’s {kind} that lie in this bin, after update {int(ridge.steps[row]):,}. The "
        f"{bins} bins reach from the smallest to the largest value.",
        share,
        ridge.shares.shape,
        (Step(layer, "histogram", (Line("share", f"values in the bin / all values of {layer}", share),)),),
    )
