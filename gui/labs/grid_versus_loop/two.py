"""Which grid and which loop are looked into: one choice that several parts of the page share."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import Counted, GridVersusLoopSnapshot
from gui.form.combo import Combo
from gui.labs.grid_versus_loop import networks
from gui.theme import GRID

GRIDS = ("cnn", "dilated-cnn", "cnn+gru", "mlp", "logistic")
"""In the order in which one is chosen for the person."""
LOOPS = ("gru", "lstm", "rnn", "cnn+gru")
BOTH = {"hybrid": ("cnn+gru", "gru")}
"""By experiment: what is looked into at first, where that is not the first of either."""


class Two(QObject):
    """The chosen grid and loop; `row` makes a pair of lists to choose them in."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._chosen: dict[str, tuple[str, str]] = {}
        self._experiment = ""
        self._offered: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._lists: list[tuple[Combo, Combo]] = []

    def row(self, parent: QWidget) -> QWidget:
        """The two lists side by side."""
        whole = QWidget(parent)
        layout = QHBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        lists = Combo(), Combo()
        for side, (combo, name) in enumerate(zip(lists, ("Grid", "Loop"), strict=True)):
            combo.setAccessibleName(f"{name} that is looked into")
            combo.setToolTip(f"The {name.lower()} that is looked into")
            combo.activated.connect(lambda place, side=side: self._choose(side, place))
            layout.addWidget(combo)
        self._lists.append(lists)
        return whole

    def show_networks(self, snapshot: GridVersusLoopSnapshot) -> None:
        """Offer the networks of the experiment; what was chosen in it stays as long as it takes part."""
        self._experiment = snapshot.experiment
        offered = _among(GRIDS, snapshot.counted), _among(LOOPS, snapshot.counted)
        if offered != self._offered:
            self._offered = offered
            for lists in self._lists:
                for combo, keys in zip(lists, offered, strict=True):
                    combo.set_entries([networks.short(key) for key in keys])
        for lists in self._lists:
            for combo, key in zip(lists, self.chosen, strict=True):
                if combo.currentText() != networks.short(key):
                    combo.show_entry(networks.short(key) if key else "")

    @property
    def chosen(self) -> tuple[str, str]:
        """Keys of the grid and the loop; "" where none takes part."""
        wanted = self._chosen.get(self._experiment, BOTH.get(self._experiment, ("", "")))
        found = [
            key if key in keys else (keys[0] if keys else "")
            for key, keys in zip(wanted, self._offered, strict=True)
        ]
        return found[0], found[1]

    def shown(self, snapshot: GridVersusLoopSnapshot) -> tuple[str, ...]:
        """The same without doubles and gaps."""
        self.show_networks(snapshot)
        return tuple(dict.fromkeys(key for key in self.chosen if key))

    def _choose(self, side: int, place: int) -> None:
        chosen = list(self.chosen)
        chosen[side] = self._offered[side][place]
        self._chosen[self._experiment] = chosen[0], chosen[1]
        for lists in self._lists:
            lists[side].show_entry(networks.short(chosen[side]))
        self.changed.emit()


def _among(order: tuple[str, ...], counted: tuple[Counted, ...]) -> tuple[str, ...]:
    there = {one.name for one in counted}
    return tuple(key for key in order if key in there)
