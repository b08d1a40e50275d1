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
    order = np.argsort(-seen.probabilities, kind="stable")[:TOP]
    truth = next((place for place, index in enumerate(order) if index == seen.truth), None)
    panel.set_sentence(wording.top_line(seen, data))
    names, values = [data.classes[at] for at in order], [float(seen.probabilities[at]) for at in order]
    panel.set_rows(names, values, None, truth)
