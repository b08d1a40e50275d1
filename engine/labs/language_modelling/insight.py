"""What is understood of the text beyond reading it: trajectories, what units track, and memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.data.reference import reference_text
from engine.explain.influence import influence
from engine.explain.unit_tracking import Tracking
from engine.labs.language_modelling.bench import Bench
from engine.labs.language_modelling.brushing import Brushing, Phrase
from engine.labs.language_modelling.reference import Reference, waypoints
from engine.labs.language_modelling.snapshot import Brush, Memory, Track, Trajectory
from engine.models.byte_tokens import label
from engine.models.character_reader import Reader, Reading
from engine.read_only import read_only

MOST_PINNED = 4
"""Sentences that are kept to compare with; a fifth takes the place of the first."""
RANKED = 10
"""Units that are listed for a feature."""


class Insight:
    """Belongs to one bench; what it has found is kept until the text, or what is asked, changes."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.predicted: int | None = None
        """The character of the text that is read whose prediction is followed back; None: what comes next."""
        self._memory: tuple[list[Reading], int | None, tuple[Memory, ...]] = [], None, ()
        self._pinned: dict[str, dict[str, np.ndarray]] = {}
        self.begin_reference()

    def begin_reference(self) -> None:
        """Forget what the reference text told: it is to be read with the weights as they are now."""
        models = {cell: reader.model for cell, reader in self._bench.readers.items()}
        self.reference = Reference(models, reference_text())
        self._brushing = Brushing(self._bench, self.reference)
        self._paths: dict[str, tuple[Reading, tuple[str, ...], Trajectory]] = {}

    def read_pinned_again(self) -> None:
        """The kept texts as the networks with their present weights read them; axes are held."""
        for text in self._pinned:
            self._pinned[text] = {
                cell: Reader(reader.model).read(text).states("h")
                for cell, reader in self._bench.readers.items()
            }
        self._paths.clear()

    # Memory ---------------------------------------------------------------------------------------

    def measure_memory(self) -> Iterator[tuple[int, int]]:
        """Follow the gradient of each network's prediction back through the text before it."""
        readings, place, found = self._readings, self._place, []
        for done, (cell, reading) in enumerate(zip(self._bench.readers, readings, strict=True), start=1):
            if reading.text:
                moved = influence(self._bench.readers[cell].model, reading, place)
                name, chance = label(moved.target), moved.probability
                found.append(Memory(cell, moved.log_norms, moved.half_distance, name, chance))
            yield done, len(readings)
        self._memory = readings, place, tuple(found)

    @property
    def memory(self) -> tuple[Memory, ...]:
        """One for each network, once all are measured on the present text and prediction; else empty."""
        readings, place, found = self._memory
        is_present = place == self._place and list(map(id, readings)) == list(map(id, self._readings))
        return found if is_present else ()

    @property
    def _place(self) -> int | None:
        """`predicted`, as soon as the text is read that far."""
        is_read = self.predicted is not None and self.predicted < len(self._bench.text)
        return self.predicted if is_read else None

    @property
    def _readings(self) -> list[Reading]:
        return [reader.reading for reader in self._bench.readers.values()]

    # Trajectories ---------------------------------------------------------------------------------

    def pin(self) -> None:
        """Keep the present text's paths to compare others with."""
        text = self._bench.text
        if text:
            states = {cell: self._bench.reading(cell).states("h") for cell in self._bench.readers}
            self._pinned.pop(text, None)
            self._pinned[text] = states
            self._pinned = dict(list(self._pinned.items())[-MOST_PINNED:])

    def kept(self, text: str, cell: str) -> np.ndarray:
        """(N, H) the hidden state of a network after each character of a kept text. KeyError."""
        return self._pinned[text][cell]

    def unpin(self) -> None:
        """Let the kept texts go."""
        self._pinned = {}

    def trajectories(self, by: str) -> tuple[Trajectory, ...]:
        """One for each network whose axes are known, a point after each word or character."""
        cells = (cell for cell in self._bench.readers if (cell, by) in self.reference.limits)
        return tuple(self._trajectory(cell, by) for cell in cells) if self._bench.text else ()

    def _trajectory(self, cell: str, by: str) -> Trajectory:
        reading, wanted = self._bench.reading(cell), (by, *self._pinned)
        known = self._paths.get(cell)
        if known is None or known[0] is not reading or known[1] != wanted:
            known = self._paths[cell] = reading, wanted, self._project(cell, reading, by)
        return known[2]

    def _project(self, cell: str, reading: Reading, by: str) -> Trajectory:
        space, (low, high) = self.reference.spaces[cell, by], self.reference.limits[cell, by]

        def path(text: str, states: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
            places, labels = waypoints(text, by)
            return read_only(space.project(states[places])), labels

        kept = tuple(
            (text, *path(text, states[cell])) for text, states in self._pinned.items() if text != reading.text
        )
        points, labels = path(reading.text, reading.states("h"))
        share = tuple(map(float, space.share))
        return Trajectory(cell, points, labels, share, read_only(low), read_only(high), kept)

    # Units ----------------------------------------------------------------------------------------

    def features(self, cell: str) -> tuple[str, ...]:
        """Names of what is looked for in one network's units; empty until it is measured."""
        found = self.reference.tracking.get(cell)
        return tuple(feature.name for feature in found.features) if found else ()

    def tracks(self, cell: str, unit: int) -> tuple[Track, ...]:
        """What a unit follows, most closely first."""
        found = self.reference.tracking.get(cell)
        return tuple(map(_track, found.features_of(unit, len(found.features)))) if found else ()

    def trackers(self, cell: str, feature: str) -> tuple[Track, ...]:
        """The units that follow a feature most closely."""
        found = self.reference.tracking.get(cell)
        return tuple(map(_track, found.units_of(feature, RANKED))) if found else ()

    # Phrases --------------------------------------------------------------------------------------

    def brush(self, phrase: Phrase, threshold: float) -> Brush | None:
        """The units that stay on through a phrase, and where else they are on; None if it is not read."""
        return self._brushing.find(phrase, threshold)


def _track(found: Tracking) -> Track:
    about = found.feature
    return Track(found.unit, about.name, about.definition, about.measure, found.figure, found.strength)
