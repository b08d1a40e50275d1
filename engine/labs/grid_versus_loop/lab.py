"""The lab of grid and loop: its commands, and the experiments that it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.kinds import kind_of
from engine.errors import UserError
from engine.jobs import Job
from engine.lab import Lab, Pulse, changed, silent
from engine.labs.grid_versus_loop.config import AT_ONCE, EXPERIMENTS, TITLES, GridVersusLoopConfig
from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot, Kept

if TYPE_CHECKING:
    import numpy as np
    import torch

    from engine.ask import Answer, Cell
    from engine.labs.grid_versus_loop.experiment import Experiment

FIRST_STEPS = 3
"""Done before anything is shown, so that there is something to see at once."""


class GridVersusLoop(Lab[GridVersusLoopConfig, GridVersusLoopSnapshot]):
    """Convolutional and recurrent networks on the same data, one experiment for each claim about them."""

    title = "Grid versus loop"
    group = "Both"
    question = "What is the difference between a convolutional and a recurrent network?"
    opens = ("table", "text-classes")
    config_type = GridVersusLoopConfig
    latest_wins = frozenset({"configure", "ask", "move"})
    comes_again = frozenset({"configure", "move"})
    ends = True

    def __init__(
        self,
        config: GridVersusLoopConfig,
        device: torch.device,
        pulse: Pulse = silent,
        *,
        screen: bool = True,
    ) -> None:
        super().__init__(config, device, pulse, screen=screen)
        self._screen = screen
        self._experiments: dict[str, Experiment] = {}
        self._seen: Mapping[str, Any] | None = None
        """Of the experiment in force, as it is now; None where it has gone on since."""
        self._kept: dict[str, Kept] = {}
        """What each experiment had found when it was looked at or left."""
        self._question: Cell | None = None
        self._answer: Answer | None = None

    # Beginning ------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Build the experiment that the settings name, once. Raises `UserError`."""
        if self.config.experiment not in self._experiments:
            self._begin(self.config)

    def start(self) -> None:
        """Begin with the experiment in force; on a screen a little is learned at once."""
        self.prepare()
        if self._screen:
            self._warm_up()
            self._rest_later()

    def open(self, path: Path) -> None:
        """Take a table of labelled sequences, or a folder of texts by class, and learn."""
        experiment = "mnist1d" if kind_of(path) == "table" else "text"
        self.configure(replace(self.config, experiment=experiment, networks="", data=str(path)))
        self.begins_playing = self._screen

    def _begin(self, config: GridVersusLoopConfig) -> None:
        """Another experiment in the place of the one of its name. Raises `UserError`; that then goes on."""
        from engine.labs.grid_versus_loop.experiments import EXPERIMENT_TYPES

        self._experiments[config.experiment] = EXPERIMENT_TYPES[config.experiment](
            config, self.device, self.pulse
        )
        self.jobs.drop("finish")
        self.config = config
        self._seen = None

    def _warm_up(self) -> None:
        experiment = self._need()
        while experiment.is_unfinished or (experiment.can_step and experiment.step_count < FIRST_STEPS):
            experiment.step()
        self._seen = None

    # Settings -------------------------------------------------------------------------------------

    def configure(self, config: GridVersusLoopConfig) -> None:
        """Change settings: of another experiment its own go on, others than AT_ONCE begin it anew."""
        before = self.config
        if config.experiment != before.experiment:
            self._turn_to(config, before)
            return
        restarts = [name for name in type(config).settings() if name not in AT_ONCE]
        if changed(before, config, restarts) or config.experiment not in self._experiments:
            self._begin(config)
            if self._screen:
                self._warm_up()
        else:
            self._need().change(config)
            self.config = config
            self._seen = None
        self._rest_later()

    def _turn_to(self, config: GridVersusLoopConfig, before: GridVersusLoopConfig) -> None:
        """Show another experiment as it was left, or begin it; what the person sets meanwhile holds."""
        kept = self._experiments.get(config.experiment)
        if before.experiment in self._experiments:
            self._keep()
        own = ("networks", "data", "lags", "pinned", "window", "shuffled")
        if kept is not None and not changed(before, config, own):
            self.config = kept.config
            self._seen = None
        else:
            if not changed(before, config, own):
                fresh = type(config)()
                config = replace(config, **{name: getattr(fresh, name) for name in own})
            self._begin(config)
            if self._screen:
                self._warm_up()
        self._rest_later()
        self._question = self._answer = None

    def reset(self) -> None:
        """Begin the experiment anew with the settings in force."""
        self._begin(self.config)

    # Steps ----------------------------------------------------------------------------------------

    @property
    def trains(self) -> bool:
        """Its steps train networks, or measure them."""
        return True

    @property
    def can_step(self) -> bool:
        """Until the experiment is over."""
        experiment = self._experiments.get(self.config.experiment)
        return experiment is not None and (experiment.can_step or experiment.is_unfinished)

    @property
    def is_unfinished(self) -> bool:
        """Whether some networks have an update to do that others have done."""
        experiment = self._experiments.get(self.config.experiment)
        return experiment is not None and experiment.is_unfinished

    def step(self) -> None:
        """One update of every network, or one measurement; on a screen a slice of that."""
        experiment = self._need()
        experiment.step()
        while not self._screen and experiment.is_unfinished:
            experiment.step()
        self._seen = None

    def rest(self) -> None:
        """Playing has stopped: everything is measured as it is now."""
        self._rest_later()

    def _rest_later(self) -> None:
        self.jobs.start(Job("finish", "Testing all", self._finish(), rank=1, for_screen=True))

    def _finish(self) -> Iterator[tuple[int, int]]:
        yield from self._need().finish()
        self._seen = None

    # Commands of its own --------------------------------------------------------------------------

    def move(self, shift: float, stretch: float, cut: float) -> None:
        """Open the example moved by positions, stretched by a factor, and cut to a share."""
        self._need().move(shift, stretch, cut)
        self._seen = None

    def report(self, path: str) -> None:
        """Write everything that was measured as one HTML page. Raises `UserError`."""
        from engine.labs.grid_versus_loop.report import write_report

        write_report(Path(path), self.snapshot(), self._experiments, self.device)

    # What is seen ---------------------------------------------------------------------------------

    def ask(self, cell: Cell | None) -> None:
        """Explain the value under the pointer in the next snapshot."""
        self._question, self._seen = cell, None

    def snapshot(self) -> GridVersusLoopSnapshot:
        """Everything that may be seen now."""
        from engine.labs.grid_versus_loop.table import table

        experiment = self._experiments.get(self.config.experiment)
        if experiment is None:
            return GridVersusLoopSnapshot(self.config)
        if self._seen is None:  # what nobody looks at is not put together
            self._seen = experiment.see()
            self._answer = experiment.ask(self._question) if self._question is not None else None
        finding = self._keep().finding
        return GridVersusLoopSnapshot(
            self.config,
            answer=self._answer,
            question=self._question,
            experiment=experiment.name,
            title=TITLES[experiment.name],
            asks=experiment.asks,
            finding=finding,
            timed_finding=experiment.timed_finding(),
            published=experiment.published,
            step=experiment.step_count,
            total=experiment.total,
            networks=experiment.networks,
            table=table(self._experiments),
            kept={name: self._kept[name] for name in EXPERIMENTS if name in self._kept},
            **self._seen,
        )

    def result(self) -> dict[str, Any]:
        """What the experiment found, network by network."""
        experiment = self._need()
        for _ in experiment.finish():
            pass
        found = experiment.result()
        return {"experiment": experiment.name, "finding": experiment.finding(), **found}

    def no_result(self) -> dict[str, Any]:
        """Nothing was measured."""
        return {"experiment": "", "finding": "", "models": {}, "chance": None, "data": ""}

    def arrays(self) -> Mapping[str, np.ndarray]:
        """What the experiment's charts show."""
        return self._need().arrays()

    def files(self) -> Mapping[str, Callable[[Path], None]]:
        """The weights, where networks learned."""
        return self._need().files()

    def _keep(self) -> Kept:
        """Write down what the experiment in force has found; those that are left stand still."""
        one = self._need()
        self._kept[one.name] = Kept(one.name, one.finding(), one.step_count, one.total)
        return self._kept[one.name]

    def _need(self) -> Experiment:
        experiment = self._experiments.get(self.config.experiment)
        if experiment is None:
            raise UserError("There is no experiment yet", "the settings do not fit together", "Change them")
        return experiment
