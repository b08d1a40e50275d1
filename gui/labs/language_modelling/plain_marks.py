"""Curly quotes, long dashes and the like, which networks that learned from plain text have never seen."""

from __future__ import annotations

import numpy as np

from engine.labs.language_modelling import LanguageModellingSnapshot

PLAIN = {
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "′": "'",
    "—": "--", "―": "--", "–": "-", "‐": "-", "‑": "-", "−": "-", "…": "...",
}  # fmt: skip
"""What a keyboard writes in their place, and plain text has."""
STRANGE = 8.0
"""Nats of surprise at a mark from which a network cannot know it: one chance in three thousand."""
NAMED = 4
"""Marks that the sentence names."""
KEYS = "Ctrl+Shift+E"
"""What writes them plain."""


def strange_line(snapshot: LanguageModellingSnapshot) -> str:
    """What to do where such marks surprise every network; "" where none stands there, or they are known."""
    places = [place for place, character in enumerate(snapshot.text) if character in PLAIN]
    if not places or not snapshot.readings:
        return ""
    least = min(float(np.mean(reading.surprise[places])) for reading in snapshot.readings)
    if not least >= STRANGE:
        return ""
    marks = " ".join(list(dict.fromkeys(snapshot.text[place] for place in places))[:NAMED])
    why = "it has learned from plain ones"
    return f"{marks} surprise each network by {least:.0f} nats or more: {why}. {KEYS} writes those."
