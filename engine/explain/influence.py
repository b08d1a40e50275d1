"""Memory: how much each character of a text moved one prediction, by the gradient through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from engine.explain.through_time import gradients_through_time
from engine.models.byte_tokens import bytes_per_character, character_ends, encode
from engine.models.character_model import CharacterModel
from engine.models.character_reader import Reading
from engine.read_only import read_only


@dataclass(frozen=True)
class Influence:
    """How much each of N characters moved ln P(target | all before it)."""

    log_norms: np.ndarray
    """(N,) float64, read-only: ln ‖d ln P(target) / d(embedding)‖ over all bytes of a character; −∞ where
    nothing of it arrives. Often far below what float32 could hold."""
    hidden_log_norms: np.ndarray
    """(N,) float64, read-only: ln ‖d ln P(target) / dh‖ of the top layer after each character."""
    half_distance: int | None
    """The least d such that the last d characters hold half of the sum of the norms; None where that is 0."""
    target: int
    """The byte whose probability it is about."""
    probability: float
    """P(target) given the N characters."""


def influence(
    model: CharacterModel, reading: Reading, position: int | None = None, target: int | None = None
) -> Influence:
    """How much each of the characters 0 to `position` − 1 of a reading moved the prediction after them.

    `position` is the whole text unless given. The prediction is of the byte `target`: unless given, the
    first byte of the character that stands at `position`, or at the end of the text the most probable
    byte. A character's norm is the root of the summed squares over its bytes. The line's start, which is
    no character, is left out. One backward recursion over the trace, no forward pass.

    Raises IndexError for a position outside the text, or a target that is no byte.
    """
    count = len(reading.text) if position is None else position
    if not 0 <= count <= len(reading.text):
        raise IndexError(f"there is no position {count} in a text of {len(reading.text)}")
    before = reading.text[:count]
    step = int(reading.steps[count - 1]) if count else 0
    log_probabilities = reading.log_probabilities[step].astype(np.float64)
    aimed = predicted_byte(reading.text[count:], log_probabilities) if target is None else target
    if not 0 <= aimed < len(log_probabilities):
        raise IndexError(f"there is no byte {aimed}")
    upstream = output_gradient(model, log_probabilities, aimed)
    gradients = gradients_through_time(
        reading.trace[: step + 1], model.recurrent, upstream, interventions=reading.interventions
    )
    log_norms = read_only(_by_character(gradients.input.log_norms[1:], before))
    hidden = read_only(gradients.layers[-1].hidden.log_norms[reading.steps[:count]])
    probability = float(np.exp(log_probabilities[aimed]))
    return Influence(log_norms, hidden, half_distance(log_norms), aimed, probability)


@torch.no_grad()
def output_gradient(model: CharacterModel, log_probabilities: np.ndarray, target: int) -> np.ndarray:
    """(H,) d ln P(target) / dh, from the `log_probabilities` (256,) that h led to, in float64.

    It is the head's weights transposed, times (one-hot − P).
    """
    wide = log_probabilities.astype(np.float64)
    change = -np.exp(wide)
    change[target] = -np.expm1(wide[target])  # 1 − P, to the last digit where P is almost 1
    return change @ model.head.weight.cpu().double().numpy()


def half_distance(log_norms: np.ndarray) -> int | None:
    """The least d such that the last d of the norms are at least half of the sum of all (N,)."""
    largest = log_norms.max(initial=-np.inf)
    if not np.isfinite(largest):
        return None
    reached = np.cumsum(np.exp(log_norms - largest)[::-1])
    return int(np.searchsorted(reached, reached[-1] / 2)) + 1


def predicted_byte(following: str, log_probabilities: np.ndarray) -> int:
    """The byte that a prediction is about: the first of what follows, or the most probable at the end."""
    return int(encode(following[0])[0]) if following else int(log_probabilities.argmax())


def _by_character(log_norms: np.ndarray, text: str) -> np.ndarray:
    """(N,) the root of the summed squares over each character's bytes, from the logarithms (T,) of norms."""
    if not text:
        return np.zeros(0)
    starts = character_ends(text) + 1 - bytes_per_character(text)
    return np.logaddexp.reduceat(2 * log_norms, starts) / 2
