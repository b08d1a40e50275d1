"""Ask any point of the training charts: which batches, scores or updates it is the mean of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import WRITTEN_OUT, constant, number
from engine.labs.language_modelling.question_words import name_first
from engine.labs.language_modelling.snapshot import Learning, Training
from engine.labs.language_modelling.training_run import WATCHED
from engine.training.language_model import CLIP, WEIGHT_DECAY
from engine.training.live_held_out import EXCERPT, EXCERPTS

KINDS = ("loss", "heldout", "gradient", "update")
"""The arrays of the charts, each with a network's name after it."""
LARGEST = 700.0
"""The logarithm of a number that is still one in floating point."""


@dataclass(frozen=True)
class _Stretch:
    """The buckets of a record that one point of a chart stands for."""

    values: np.ndarray
    """(n,) the mean of each bucket."""
    first: np.ndarray
    """(n,) its first step that was measured."""
    last: np.ndarray
    """(n,) its last one."""
    at: slice
    """Where they lie in the record."""

    @property
    def mean(self) -> float:
        return float(self.values.mean(dtype=np.float64))

    @property
    def is_single(self) -> bool:
        """Whether it is one step alone, and no mean."""
        return int(self.first[0]) == int(self.last[-1])

    @property
    def steps(self) -> str:
        return _steps(int(self.first[0]), int(self.last[-1]))


def of_training(training: Training, kind: str, network: str, index: tuple[int, ...]) -> Answer | None:
    """A point of a chart; None where nothing was written down.

    `kind` "loss" has the index (start, stop), "gradient" and "update" (layer, start, stop): the point is the
    mean over the buckets that begin in the steps [start, stop). "heldout" has (step, step + 1).
    """
    learning = next((each for each in training.cells if each.cell == network), None)
    if learning is None:
        return None
    if kind == "loss":
        return _of_loss(training, learning, *index)
    if kind == "heldout":
        return _of_held_out(training, learning, index[0])
    if not 0 <= index[0] < len(learning.layers):
        return None
    of_layer = _of_gradient if kind == "gradient" else _of_update
    return of_layer(training, learning, *index)


# Losses -------------------------------------------------------------------------------------------


def _of_loss(training: Training, learning: Learning, start: int, stop: int) -> Answer | None:
    end = _end(training, learning, learning.steps)
    found = _stretch(learning.steps, learning.loss, (start, stop), end)
    if found is None:
        return None
    *each, loss = _mean(found, "loss")
    lines = each if found.is_single else [*each, *_extremes(learning, found.at)]
    batches = "batch of this step" if found.is_single else "batches of these steps"
    return Answer(
        f"{name_first(learning.cell)} · loss, {found.steps}",
        f"The mean surprise of the {batches}, before the update that {'it' if found.is_single else 'each'} "
        "led to: the cross-entropy in nats a byte, −ln P of the byte that came, times the bytes of a "
        f"character. {_choices(found.mean)}",
        found.mean,
        learning.loss.shape,
        (Step(name_first(learning.cell), f"nats a character, {batches}", (*lines, loss)),),
    )


def _extremes(learning: Learning, at: slice) -> tuple[Line, Line]:
    """The best and the worst batch."""
    low, high = float(learning.loss_low[at].min()), float(learning.loss_high[at].max())
    return Line("best batch", "the lowest of all", low), Line("worst batch", "the highest of all", high)


def _of_held_out(training: Training, learning: Learning, step: int) -> Answer | None:
    found = _stretch(learning.held_out_steps, learning.held_out, (step, step + 1), training.step)
    if found is None:
        return None
    after = int(found.first[0])
    return Answer(
        f"{name_first(learning.cell)} · held-out loss after {after:,} {'step' if after == 1 else 'steps'}",
        "The mean surprise over text that is never learned from, in nats a character. "
        f"{training.held_out:,} characters are held out; of a longer text {EXCERPTS} excerpts of {EXCERPT} "
        f"bytes are scored, spread over it. {_choices(found.mean)}",
        found.mean,
        learning.held_out.shape,
        (
            Step(
                name_first(learning.cell),
                "surprise of the held-out text",
                (Line("held-out loss", "−ln P of every byte, summed / characters", found.mean),),
            ),
        ),
    )


def _choices(nats: float) -> str:
    """What so many nats a character are like."""
    choices = math.exp(nats) if nats < LARGEST else math.inf
    return f"exp({number(nats)}) = {number(choices)}: as unsure as among so many equally probable characters."


# Layers -------------------------------------------------------------------------------------------


def _of_gradient(training: Training, learning: Learning, layer: int, start: int, stop: int) -> Answer | None:
    found = _watched(training, learning, learning.gradient_norms[layer], start, stop)
    if found is None:
        return None
    name = learning.layers[layer]
    steps = (Step(name, "norm of the gradient", tuple(_mean(found, "‖gradient‖"))),)
    if found.is_single:  # else the norms of the other layers are means as well, which do not add up so
        steps = (_clipping(learning.gradient_norms[:, found.at.start]), *steps)
    return Answer(
        f"{name_first(learning.cell)} · gradient norm of the {name}, {found.steps}",
        "The L2 norm (√ of the sum of squares) of the loss’s gradient with respect to all weights of this "
        f"layer. It is measured every {WATCHED} steps, before the whole network’s gradient is clipped at "
        f"norm {constant(CLIP)}.",
        found.mean,
        learning.gradient_norms.shape,
        steps,
    )


def _clipping(norms: np.ndarray) -> Step:
    """How long the gradient of all layers (L,) together was, and what clipping left of it."""
    norms = norms.astype(np.float64)
    whole = float(np.sqrt((norms**2).sum()))
    squares = " + ".join(f"{number(float(norm))}²" for norm in norms)
    lines = [Line("‖gradient‖", f"√({squares})", whole)]
    if whole > CLIP:
        lines.append(Line("clipped, times", f"{constant(CLIP)} / {number(whole)}", CLIP / whole))
    return Step("all layers", "clipped" if whole > CLIP else "not clipped", tuple(lines))


def _of_update(training: Training, learning: Learning, layer: int, start: int, stop: int) -> Answer | None:
    found = _watched(training, learning, learning.update_ratios[layer], start, stop)
    if found is None:
        return None
    name = learning.layers[layer]
    return Answer(
        f"{name_first(learning.cell)} · update-to-weight ratio of the {name}, {found.steps}",
        f"How far one update by AdamW (weight decay {constant(WEIGHT_DECAY)}) moved this layer’s weights, as "
        f"a share of their own length, measured every {WATCHED} steps: ‖after − before‖ / ‖before‖. As a "
        "rule of thumb about 0.001 is healthy (CS231n, Stanford).",
        found.mean,
        learning.update_ratios.shape,
        (Step(name, "‖change‖ / ‖weights‖", tuple(_mean(found, "ratio"))),),
    )


def _watched(
    training: Training, learning: Learning, means: np.ndarray, start: int, stop: int
) -> _Stretch | None:
    end = _end(training, learning, learning.watched)
    return _stretch(learning.watched, means, (start, stop), end, WATCHED)


# What is drawn ------------------------------------------------------------------------------------


def _end(training: Training, learning: Learning, firsts: np.ndarray) -> int:
    """The last step that was written down. Of a network that failed it is the one before, unless its loss
    was still a number there and only its gradient was none.
    """
    if learning.failed_at is None:
        return training.step
    return max(learning.failed_at - 1, int(firsts[-1]) if len(firsts) else 0)


def _stretch(
    firsts: np.ndarray, means: np.ndarray, asked: tuple[int, int], end: int, every: int = 1
) -> _Stretch | None:
    """The buckets that begin in the steps asked for; where they were merged since, the one that holds them.

    firsts, means: (n,). `end` is the last step written down, one in `every`.
    """
    low, high = (int(np.searchsorted(firsts, step)) for step in asked)
    if low == high and low and asked[0] <= end:
        low -= 1
    if low >= high:
        return None
    at = slice(low, high)
    spans = np.append(firsts[1:] - 1, max(end, int(firsts[-1]))) - firsts
    found = _Stretch(means[at], firsts[at], (firsts + spans // every * every)[at], at)
    return found if np.isfinite(found.values).all() else None


def _mean(found: _Stretch, label: str) -> list[Line]:
    """The mean of the buckets, each on a line of its own while they are few."""
    if len(found.values) == 1:
        said = "measured" if found.is_single else f"mean over {found.steps}"
        return [Line(label, said, found.mean)]
    values = [float(value) for value in found.values]
    if len(values) > WRITTEN_OUT:
        return [Line(label, f"mean of {len(values)} values", found.mean)]
    lines = [
        Line(_steps(int(first), int(last)), "measured" if first == last else "mean of these", value)
        for first, last, value in zip(found.first, found.last, values, strict=True)
    ]
    return [*lines, Line(label, f"({' + '.join(map(number, values))}) / {len(values)}", found.mean)]


def _steps(first: int, last: int) -> str:
    """ "step 9", "steps 9 to 12"."""
    return f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"
