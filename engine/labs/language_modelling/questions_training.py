"""Ask any point of the training charts: which batches, scores or updates it is the mean of."""

from __future__ import annotations

import math

import numpy as np

from engine.ask import Answer, Line, Step
from engine.explain.arithmetic_format import constant, number
from engine.explain.bucket_mean import Stretch, mean_lines, stretch
from engine.labs.language_modelling.question_words import name_first
from engine.labs.language_modelling.snapshot import Learning, Training
from engine.labs.language_modelling.training_run import WATCHED
from engine.training.language_model import CLIP, WEIGHT_DECAY
from engine.training.live_held_out import EXCERPT, EXCERPTS

KINDS = ("loss", "heldout", "gradient", "update")
"""The arrays of the charts, each with a network's name after it."""
LARGEST = 700.0
"""The logarithm of a number that is still one in floating point."""


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
    found = stretch(learning.steps, learning.loss, (start, stop), end)
    if found is None:
        return None
    *each, loss = mean_lines(found, "loss")
    lines = each if found.is_single else [*each, *_extremes(learning, found.at)]
    batches = "batch of this step" if found.is_single else "batches of these steps"
    return Answer(
        f"{name_first(learning.cell)} · loss, {found.steps()}",
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
    found = stretch(learning.held_out_steps, learning.held_out, (step, step + 1), training.step)
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
    steps = (Step(name, "norm of the gradient", tuple(mean_lines(found, "‖gradient‖"))),)
    if found.is_single:  # else the norms of the other layers are means as well, which do not add up so
        steps = (_clipping(learning.gradient_norms[:, found.at.start]), *steps)
    return Answer(
        f"{name_first(learning.cell)} · gradient norm of the {name}, {found.steps()}",
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
        f"{name_first(learning.cell)} · update-to-weight ratio of the {name}, {found.steps()}",
        f"How far one update by AdamW (weight decay {constant(WEIGHT_DECAY)}) moved this layer’s weights, as "
        f"a share of their own length, measured every {WATCHED} steps: ‖after − before‖ / ‖before‖. As a "
        "rule of thumb about 0.001 is healthy (CS231n, Stanford).",
        found.mean,
        learning.update_ratios.shape,
        (Step(name, "‖change‖ / ‖weights‖", tuple(mean_lines(found, "ratio"))),),
    )


def _watched(
    training: Training, learning: Learning, means: np.ndarray, start: int, stop: int
) -> Stretch | None:
    end = _end(training, learning, learning.watched)
    return stretch(learning.watched, means, (start, stop), end, WATCHED)


# What is drawn ------------------------------------------------------------------------------------


def _end(training: Training, learning: Learning, firsts: np.ndarray) -> int:
    """The last step that was written down. Of a network that failed it is the one before, unless its loss
    was still a number there and only its gradient was none.
    """
    if learning.failed_at is None:
        return training.step
    return max(learning.failed_at - 1, int(firsts[-1]) if len(firsts) else 0)
