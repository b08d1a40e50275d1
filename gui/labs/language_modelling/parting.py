"""Where the three networks part: the character that they expected most differently."""

from __future__ import annotations

import numpy as np

from engine.labs.language_modelling import LanguageModellingSnapshot
from gui.labs.language_modelling.wording import SHORT_NAMES, mark_name

LEAST = 0.7
"""Nats, a factor of two in probability: closer together, they go the same way."""
BEFORE = 20
"""Characters before it that are quoted."""


def parting_line(snapshot: LanguageModellingSnapshot) -> str:
    """In a sentence; "" where there are no two characters or no two networks to speak of."""
    text, readings = snapshot.text, snapshot.readings
    if len(text) < 2 or len(readings) < 2 or any(len(one.surprise) != len(text) for one in readings):
        return ""
    surprise = np.stack([one.surprise for one in readings])
    apart = surprise.max(0) - surprise.min(0)
    place = int(apart.argmax())
    if not apart[place] >= LEAST:
        return "They part nowhere: no character is twice as probable to one of them as to another."
    before = text[max(0, place - BEFORE) : place].replace("\n", " ")
    where = f"at the {mark_name(text[place])} after “{'…' if place > BEFORE else ''}{before}”"
    if not place:
        where = f"at the first character, {mark_name(text[0])}"
    told = ", ".join(
        f"{SHORT_NAMES[one.cell]} {value:.2f}"
        for one, value in zip(readings, surprise[:, place].tolist(), strict=True)
    )
    return f"They part most {where}: its surprise in nats is {told}."
