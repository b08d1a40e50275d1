"""The search for what a channel wants, which goes on while other pictures are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.data.film import Film
from engine.explain.inspection import Inspection
from engine.explain.shown_layer import ShownLayer
from engine.explain.wanted import Wanted, optimise, search
from engine.jobs import Job, Jobs
from engine.labs.image_classification.config import ImageClassificationConfig


class Seeking:
    """Two jobs about one channel: the film strip's best patches, and an optimised picture."""

    def __init__(
        self,
        inspection: Inspection,
        film: Film,
        shown: ShownLayer,
        config: ImageClassificationConfig,
        jobs: Jobs,
    ) -> None:
        self.wanted = Wanted(shown.name, _channel(inspection, shown, config))
        self._inspection, self._film, self._config, self._jobs = inspection, film, config, jobs
        jobs.start(Job("search", "Searching the film strip", self._search(), rank=3))
        jobs.start(Job("optimise", "Optimising a picture", self._optimise(), rank=4))

    def stop(self) -> None:
        """Give both jobs up."""
        for name in ("search", "optimise"):
            self._jobs.drop(name)

    def _search(self) -> Iterator[tuple[int, int]]:
        wanted = self.wanted
        for patches, searched, total in search(self._inspection, self._film, wanted.layer, wanted.channel):
            self.wanted = replace(self.wanted, patches=patches, searched=searched)
            yield searched, total

    def _optimise(self) -> Iterator[tuple[int, int]]:
        steps, seed = self._config.wanted_steps, self._config.seed
        for found in optimise(self._inspection, self.wanted, steps=steps, seed=seed):
            self.wanted = found
            yield found.done, found.total


def _channel(inspection: Inspection, shown: ShownLayer, config: ImageClassificationConfig) -> int:
    """The picked map. A layer of single numbers is shown as one map: of these the picked, or the largest."""
    if len(inspection.layer(shown.name).shape) > 1:
        return shown.channel
    return int(shown.map.argmax()) if config.channel is None else min(config.channel, shown.map.size - 1)
