"""Ask a point of the curves, a probability, a count or a value inside a network: how it came about."""

from __future__ import annotations

import numpy as np
import torch

from engine.ask import Answer, Cell, Line, Step
from engine.explain.arithmetic_ends import explain_softmax
from engine.explain.bucket_mean import mean_lines, stretch
from engine.labs.grid_versus_loop.contest import Contest, Entrant, reordered
from engine.labs.grid_versus_loop.data import Data, Example
from engine.labs.grid_versus_loop.questions_counted import answer_about_counted
from engine.labs.grid_versus_loop.questions_inside import answer_about_reading

UNIT = "update"


def answer_about_contest(contest: Contest, example: Example, data: Data, cell: Cell) -> Answer | None:
    """The answer for a cell of a contest's page; None for one that belongs to no entrant.

    Cells: ("loss-KEY", point), ("accuracy-KEY", point), ("probability-KEY", class), ("counted-KEY", column),
    ("reading-KEY-LAYER", indices of the reading), ("example", (position, channel)).
    """
    kind, _, rest = cell.array.partition("-")
    if kind == "example":
        return _of_example(example, data, cell.index)
    if kind == "reading":
        key, _, layer = rest.rpartition("-")
        entrant = contest.entrants.get(key)
        if entrant is None or not layer.isdecimal():
            return None
        return answer_about_reading(entrant, read_by(contest, entrant, example), int(layer), cell.index)
    entrant = contest.entrants.get(rest)
    if entrant is None:
        return None
    if kind == "loss":
        return _of_loss(contest, entrant, *cell.index)
    if kind == "accuracy":
        return _of_accuracy(contest, entrant, *cell.index)
    if kind == "probability":
        return _of_probability(contest, entrant, example, data, *cell.index)
    return answer_about_counted(entrant.counted, *cell.index) if kind == "counted" else None


def read_by(contest: Contest, entrant: Entrant, example: Example) -> torch.Tensor:
    """(1, T, C) or (1, T): the example as the entrant's first layer gets it."""
    parameter = next(entrant.network.parameters())
    x = torch.from_numpy(np.ascontiguousarray(example.values))[None].to(parameter.device)
    return reordered(reordered(x, contest.order), entrant.order)


def _of_loss(contest: Contest, entrant: Entrant, point: int) -> Answer | None:
    firsts, _, _, means = entrant.loss.arrays()
    if not 0 <= point < len(firsts):
        return None
    end = int(firsts[point + 1]) - 1 if point + 1 < len(firsts) else contest.steps
    asked = (int(firsts[point]), int(firsts[point]) + 1)
    found = stretch(firsts, means, asked, max(end, asked[0]))
    if found is None:
        return None
    return Answer(
        f"{entrant.counted.title} · loss, {found.steps(UNIT)}",
        "The cross-entropy, −ln P of each sequence’s own class, in nats: the mean over the batch that all "
        "networks got, before the update that it led to.",
        found.mean,
        means.shape,
        (Step(entrant.counted.title, "as it was written down", tuple(mean_lines(found, "loss", UNIT))),),
    )


def _of_accuracy(contest: Contest, entrant: Entrant, point: int) -> Answer | None:
    if not 0 <= point < len(entrant.tests):
        return None
    step, value = entrant.tests[point]
    count = len(contest.examples.test_y)
    line = Line("accuracy", f"{round(value * count):,} right / {count:,} test examples", value)
    return Answer(
        f"{entrant.counted.title} · test accuracy after update {step:,}",
        "The share of all test examples, which no network learned from, whose largest logit is that of "
        "their own class.",
        value,
        (len(entrant.tests),),
        (Step(entrant.counted.title, "share", (line,)),),
    )


def _of_probability(
    contest: Contest, entrant: Entrant, example: Example, data: Data, place: int
) -> Answer | None:
    if not 0 <= place < len(data.classes):
        return None
    entrant.network.eval()
    with torch.no_grad():
        logits = entrant.network(read_by(contest, entrant, example))
    return explain_softmax(logits.cpu(), data.classes, place)


def _of_example(example: Example, data: Data, index: tuple[int, ...]) -> Answer | None:
    values = example.values if example.values.ndim == 2 else example.values[:, None]
    if len(index) != 2 or not all(0 <= at < size for at, size in zip(index, values.shape, strict=True)):
        return None
    value, where = float(values[index]), f"{data.positions} {index[0] + 1}"
    if example.tokens:
        said = f"“{example.tokens[index[0]]}”"
        line = Line("token", f"the number of {said} in the vocabulary", value)
        return Answer(f"{example.name} · {where}", f"The character {said}.", value, values.shape, (
            Step("the text", "as it is read", (line,)),
        ))  # fmt: skip
    line = Line("value", "as it stands in the data", value)
    channel = f", value {index[1] + 1} of {values.shape[1]}" if values.shape[1] > 1 else ""
    return Answer(
        f"{example.name} · {where}{channel}",
        "What every network reads here.",
        value,
        values.shape,
        (Step("the example", "as it is read", (line,)),),
    )
