"""The most probable next characters: a character of several bytes is spelled out byte by byte."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import torch

from engine.models.character_model import CharacterModel, State

_BEGINS = np.array([byte < 0x80 or 0xC2 <= byte <= 0xF4 for byte in range(256)])
"""Bytes that a character in UTF-8 may begin with."""

STEPS = 24
"""Bytes read on behalf of characters that take several; those are rare in most texts."""


@dataclass(frozen=True)
class Guess:
    """Something that may come next, a character or a word, and its probability given all before it."""

    text: str
    probability: float


@torch.inference_mode()
def next_characters(
    model: CharacterModel, state: State, log_probabilities: np.ndarray, count: int = 10
) -> tuple[Guess, ...]:
    """The `count` most probable next characters, most probable first.

    `log_probabilities` (256,) are those of the next byte and `state` is the one they came from, for a
    batch of one. An ASCII character is one byte. Any other is searched for best first: the product of
    its bytes' probabilities is exact, and the list is as long as `STEPS` further steps of the model allow.
    Bytes that begin no character are left out.
    """
    found: list[Guess] = []
    begins = np.where(_BEGINS, log_probabilities, -np.inf)
    best = np.argsort(-begins, kind="stable")[: count + STEPS]  # no more than that can be taken up
    waiting = [(-float(begins[byte]), bytes([byte]), state) for byte in best.tolist()]
    budget = STEPS
    while waiting and len(found) < count:
        cost, spelled, before = heapq.heappop(waiting)
        text = spelled.decode("utf-8", "ignore")
        if text:
            found.append(Guess(text, float(np.exp(-cost))))
            continue
        if not budget:
            break  # what was not followed may be more probable than all that would come now
        budget -= 1
        following, after = model.step(torch.tensor([spelled[-1]]), before)
        for byte in range(0x80, 0xC0):
            item = (cost - float(following[0, byte]), spelled + bytes([byte]), after)
            if _may_continue(item[1]):
                heapq.heappush(waiting, item)
    return tuple(found)


def _may_continue(spelled: bytes) -> bool:
    """Whether these bytes are a character or the beginning of one (no overlong form, no surrogate)."""
    try:
        spelled.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True
