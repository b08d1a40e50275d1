"""Unit by character: one quantity of one network, its units in an order that holds while one types."""

from __future__ import annotations

import numpy as np

from engine.labs.language_modelling.config import QUANTITIES, LanguageModellingConfig
from engine.labs.language_modelling.snapshot import States
from engine.models.character_reader import Reading
from engine.read_only import read_only

SIGNED = frozenset({"hidden", "cell", "candidate", "new"})
"""Quantities that may be negative; the others are gates between 0 and 1."""
_IN_TRACE = {"hidden": "h", "cell": "c", "candidate": "cell"}
COLUMNS = {cell: {name: _IN_TRACE.get(name, name) for name in names} for cell, names in QUANTITIES.items()}
"""Each cell's quantities, and under what name its trace holds them (PyTorch calls the candidate g "cell")."""


SETTLED = 16
"""Characters from which on the order of the units holds; fewer tell little of what a unit does."""


class Arrangement:
    """Keeps the order of the rows, and the picked unit, while one types, so that rows do not jump."""

    def __init__(self) -> None:
        self._for: tuple[object, ...] = ()
        self._text = ""
        self._units = np.zeros(0, np.int64)
        self._varied = 0
        self._last: tuple[Reading, tuple[object, ...], States] | None = None

    def arrange(self, reading: Reading, config: LanguageModellingConfig) -> States:
        """What the settings want to see of a network that has read something; the same again is the same."""
        wanted = (config.cell, config.quantity, config.order, config.unit)
        if self._last is None or self._last[0] is not reading or self._last[1] != wanted:
            self._last = reading, wanted, self._arrange(reading, config)
        return self._last[2]

    def _arrange(self, reading: Reading, config: LanguageModellingConfig) -> States:
        columns = COLUMNS[config.cell]
        quantity = config.quantity if config.quantity in columns else "hidden"
        values = reading.states(columns[quantity])
        self._settle(reading, values, (config.cell, quantity, config.order))
        unit = self._varied if config.unit is None else min(config.unit, values.shape[1] - 1)
        of_unit = np.stack([reading.states(column)[:, unit] for column in columns.values()])
        return States(
            config.cell,
            quantity,
            read_only(np.ascontiguousarray(values.T[self._units])),
            self._units,
            _limits(values, quantity),
            unit,
            tuple(columns),
            read_only(of_unit),
        )

    def _settle(self, reading: Reading, values: np.ndarray, wanted: tuple[object, ...]) -> None:
        """Order the units anew for another quantity or another text.

        It is the same text while it begins for the most part as it did a moment ago: typed on, mended.
        """
        half = (min(len(self._text), len(reading.text)) + 1) // 2
        holds = len(self._text) >= SETTLED and reading.text[:half] == self._text[:half]
        if wanted != self._for or not holds:
            self._units = read_only(order_units(values, str(wanted[-1])))
            self._varied = int(values.std(axis=0).argmax())
        self._for, self._text = wanted, reading.text


def order_units(values: np.ndarray, order: str) -> np.ndarray:
    """(H,) unit numbers in the order of rows, from `values` (N, H).

    "number"; "activity": largest mean size first; "variance": largest first; "similarity": by the angle in
    the plane of the first two principal components of the units' standardised courses, so that units that
    act alike stand together and those that act oppositely half a turn apart (Friendly 2002, "Corrgrams").
    """
    if order == "activity":
        return np.argsort(-np.abs(values).mean(0), kind="stable")
    if order == "variance":
        return np.argsort(-values.var(0), kind="stable")
    if order == "similarity" and len(values) > 2:
        centred = values - values.mean(0)
        spread = centred.std(0)
        _, _, axes = np.linalg.svd(centred / np.where(spread > 0, spread, 1), full_matrices=False)
        return np.argsort(np.arctan2(axes[1], axes[0]), kind="stable")
    return np.arange(values.shape[1])


def _limits(values: np.ndarray, quantity: str) -> tuple[float, float]:
    if quantity not in SIGNED:
        return 0.0, 1.0
    reach = max(1.0, float(np.abs(values).max())) if quantity == "cell" else 1.0
    return -reach, reach
