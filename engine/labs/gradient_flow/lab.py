"""The gradient flow lab: its commands and what a settings change restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import UserError
from engine.jobs import Job
from engine.lab import Lab, Pulse, changed, silent
from engine.labs.gradient_flow.config import PRESETS, GradientFlowConfig
from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot

if TYPE_CHECKING:
    import numpy as np
    import torch

    from engine.ask import Answer, Cell
    from engine.labs.gradient_flow.meter import MemoryMeter
    from engine.labs.gradient_flow.race import Race
    from engine.labs.gradient_flow.sentence import Sentence
    from engine.labs.gradient_flow.snapshot import Meter, Runner

FIRST = "gates keep it"
"""The preset with which the lab opens."""
LONG = 1000
"""Steps of sequences times networks from which an update is cut into slices, between which commands are
answered; a shorter one takes less than half a second."""
METER = (
    *("task", "hidden", "init", "gain", "gate_bias", "batch", "noise", "optimiser", "learning_rate"),
    *("clip", "clip_value", "cells", "seed", "sweep_steps"),
)
"""Settings with which the memory meter measures: of others, what it found is no longer true."""


class GradientFlow(Lab[GradientFlowConfig, GradientFlowSnapshot]):
    """Recurrent networks side by side, and the gradient on its way back through them."""

    title = "Gradient flow"
    group = "Loop"
    question = "How far back does the gradient reach, and who learns because of it?"
    config_type = GradientFlowConfig

    def __init__(
        self, config: GradientFlowConfig, device: torch.device, pulse: Pulse = silent, *, screen: bool = True
    ) -> None:
        super().__init__(config, device, pulse, screen=screen)
        self._screen = screen
        self._race: Race | Sentence | None = None
        self._meter: MemoryMeter | None = None
        self._runners: tuple[Runner, ...] = ()
        self._is_unfinished = False
        self._is_seen = True
        """Whether `_runners` are up to date: while networks learn, that is so only where it is shown."""
        self._question: Cell | None = None
        self._answer: Answer | None = None
        self._is_answered = True

    # Beginning ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin with the settings in force, at a first start with a preset; on a screen one step is done.

        Without one a sweep that cannot be is refused before anything is learned.
        """
        from engine.labs.gradient_flow.race import Race

        if self._screen and self.config == replace(type(self.config)(), seed=self.config.seed):
            self.config = self._preset(FIRST)
        self._begin(self._as_named(self.config))
        if self._screen:
            if isinstance(self._race, Race):
                self._race.step()
            self._dig_later()
        elif self.config.sweep:
            self._new_meter(self.config.sweep)

    def open(self, path: Path) -> None:
        """It takes no file."""
        raise UserError("This lab takes no file", "its sequences are drawn from a seed", "Choose a task")

    def _begin(self, config: GradientFlowConfig) -> None:
        """A new race in the place of the one there was. Raises `UserError`; that one then goes on."""
        from engine.labs.gradient_flow.race import Race
        from engine.labs.gradient_flow.sentence import Sentence

        if config.task == "sentence":
            self.pulse("Loading the networks", 0, 0)
            self._race = Sentence(config.text)
        else:
            self._race = Race(config, self.device)
        self.jobs.drop("dig")
        self.config, self._is_unfinished = config, False
        self._see()

    def _preset(self, name: str) -> GradientFlowConfig:
        if name not in PRESETS:
            raise UserError(f"There is no preset “{name}”", "", f"Choose one of {', '.join(PRESETS)}")
        kept = {field: getattr(self.config, field) for field in ("seed", "text", "sweep", "sweep_steps")}
        return replace(type(self.config)(), **kept, **PRESETS[name][1], preset=name)

    def _as_named(self, config: GradientFlowConfig) -> GradientFlowConfig:
        """With the settings of the preset that it names, but for those that were given themselves."""
        if not config.preset:
            return config
        defaults, preset = type(config)(), self._preset(config.preset)
        given = {name: value for name, value in vars(config).items() if value != getattr(defaults, name)}
        return replace(preset, **given)

    def choose(self, preset: str) -> None:
        """Begin anew with the settings of a preset, and learn."""
        self._begin(self._preset(preset))
        self._dig_later()
        self.begins_playing = True

    def configure(self, config: GradientFlowConfig) -> None:
        """Change settings: the learning rate and clipping at once, the memory meter's for its next sweep."""
        from engine.labs.gradient_flow.race import AT_ONCE, RESTARTS, Race

        before = self.config
        if config.preset and changed(self._preset(config.preset), config, (*RESTARTS, *AT_ONCE)):
            config = replace(config, preset="")
        if changed(before, config, METER):
            self._meter = None
            self.jobs.drop("sweep")
        restarts = ("task", "text") if config.task == "sentence" == before.task else RESTARTS
        if self._race is None or changed(before, config, restarts):
            self._begin(config)
            self._dig_later()
        elif isinstance(self._race, Race) and changed(before, config, AT_ONCE):
            self._race.change(config)
        self.config = config
        self.ask(self._question)

    def reset(self) -> None:
        """Begin anew with the settings in force."""
        self._begin(self.config)
        self._dig_later()

    # Learning -------------------------------------------------------------------------------------

    @property
    def trains(self) -> bool:
        """Whether there is something to learn: the networks that read the sentence are done with that."""
        return self.config.task != "sentence"

    @property
    def can_step(self) -> bool:
        """As long as one of the networks goes on."""
        return self._race is not None and self._race.can_step

    @property
    def is_unfinished(self) -> bool:
        """Whether some networks have an update to do that others have done."""
        return self._is_unfinished

    def step(self) -> None:
        """One update of each network; of long sequences a slice of that."""
        from engine.labs.gradient_flow.race import Race

        race = self._need()
        if not isinstance(race, Race):
            return
        if self._screen and race.length * len(race.networks) >= LONG:
            steps = race.steps
            race.advance()
            self._is_unfinished = race.can_step and race.steps == steps
        else:
            race.step()
            self._is_unfinished = False
        self._is_seen = False

    def rest(self) -> None:
        """Learning has stopped: everything is measured on the last update."""
        self._dig_later()

    def _dig_later(self) -> None:
        self.jobs.start(Job("dig", "Looking at single steps", self._dig(), rank=1, for_screen=True))

    def _dig(self) -> Iterator[tuple[int, int]]:
        from engine.labs.gradient_flow.sentence import Sentence

        race = self._need()
        yield from race.measure() if isinstance(race, Sentence) else race.dig()
        self._see()

    def _see(self) -> None:
        self._runners = self._need().runners()
        self._is_seen, self._is_answered = True, False

    # The memory meter -----------------------------------------------------------------------------

    def sweep(self, lengths: str) -> None:
        """Find the longest length that each network still solves. Raises `UserError` for wrong lengths."""
        self._meter = self._new_meter(lengths)
        self.config = replace(self.config, sweep=lengths)
        self.jobs.start(Job("sweep", "Memory meter", self._meter.sweep()))

    def _new_meter(self, lengths: str) -> MemoryMeter:
        from engine.labs.gradient_flow.meter import MemoryMeter, parse_lengths

        return MemoryMeter(self.config, parse_lengths(lengths), self.device)

    @property
    def _measured(self) -> Meter | None:
        return self._meter.view if self._meter is not None else None

    # What is seen ---------------------------------------------------------------------------------

    def ask(self, cell: Cell | None) -> None:
        """Explain the value under the pointer in the next snapshot."""
        self._question, self._is_answered = cell, False

    def _find_answer(self) -> None:
        from engine.labs.gradient_flow.questions import answer

        self._answer, self._is_answered = None, True
        if self._question is not None and self._race is not None:
            self._answer = answer(self._race, self._runners, self._measured, self._question)

    def snapshot(self) -> GradientFlowSnapshot:
        """Everything that may be seen now."""
        from engine.labs.gradient_flow.finding import finding

        race = self._race
        if race is None:
            return GradientFlowSnapshot(self.config)
        if not self._is_seen:
            self._see()
        if not self._is_answered:
            self._find_answer()
        about = _about(race)
        return GradientFlowSnapshot(
            self.config,
            answer=self._answer,
            question=self._question,
            length=race.length,
            labels=race.labels,
            runners=self._runners,
            meter=self._measured,
            finding=finding(
                self._runners, self.config, about.get("baseline_accuracy", 0.0), about.get("step", 0)
            ),
            **about,
        )

    def result(self) -> dict[str, Any]:
        """Each network's gradient curve at the last step, its losses, and the memory meter's sweep."""
        from engine.labs.gradient_flow import results

        for _ in self._dig():
            pass
        race = self._need()
        cells = {each.cell: results.of_runner(each, race.newest(each.cell)) for each in self._runners}
        found: dict[str, Any] = {"cells": cells}
        if self.config.sweep:
            self._meter = self._new_meter(self.config.sweep)
            for done, total in self._meter.sweep():
                self.pulse("Memory meter", done, total)
            found["sweep"] = results.of_meter(self._meter.view)
        return found

    def no_result(self) -> dict[str, Any]:
        """No networks."""
        return {"cells": {}}

    def arrays(self) -> Mapping[str, np.ndarray]:
        """The shown sequence, its targets, and each network's curve."""
        from engine.labs.gradient_flow.results import arrays

        return arrays(self._need(), self._runners)

    def files(self) -> Mapping[str, Callable[[Path], None]]:
        """The weights before the last update, and the loss in words."""
        from engine.labs.gradient_flow.results import files

        return files(self._need())

    def _need(self) -> Race | Sentence:
        if self._race is None:
            raise UserError("There are no networks yet", "the settings do not fit together", "Change them")
        return self._race


def _about(race: Race | Sentence) -> dict[str, Any]:
    """The fields of a snapshot that tell what is learned."""
    from engine.data.sequence_tasks.task import Regression
    from engine.labs.gradient_flow.race import Race

    if not isinstance(race, Race):
        sentence = (
            "The networks of the language modelling lab read your sentence; the loss is their surprise at "
            "its last character. Nothing is learned here."
        )
        return {"title": "The sentence typed", "sentence": sentence, "loss_name": "surprise (nats)"}
    task = race.task
    baseline = task.baseline(race.length)
    return {
        "title": task.title,
        "sentence": task.sentence,
        "loss_name": "squared error" if isinstance(task, Regression) else "cross-entropy (nats)",
        "step": race.steps,
        "baseline_loss": baseline.loss,
        "baseline_accuracy": baseline.accuracy,
        "baseline_sentence": baseline.sentence,
    }
