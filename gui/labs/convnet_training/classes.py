"""What the network takes the picture for: the most probable classes as bars."""

from __future__ import annotations

import numpy as np

from engine.labs.convnet_training import DataView, Seen
from gui.labs.convnet_training import wording
from gui.panels.bars import BarsPanel

TOP = 10
"""Classes that are shown at most."""


def show_classes(panel: BarsPanel, seen: Seen, data: DataView) -> None:
    """Draw the most probable first, and mark the picture's own class where it is known."""
    panel.set_sentence(wording.top_line(seen, data))
    show_probabilities(panel, seen.probabilities, seen.truth, data)


def show_probabilities(
    panel: BarsPanel, probabilities: np.ndarray, truth: int | None, data: DataView
) -> list[int]:
    """The same of (K,) probabilities; which class stands in each row."""
    order = np.argsort(-probabilities, kind="stable")[:TOP].tolist()
    names, values = [data.classes[at] for at in order], [float(probabilities[at]) for at in order]
    panel.set_rows(names, values, None, order.index(truth) if truth in order else None)
    return order
