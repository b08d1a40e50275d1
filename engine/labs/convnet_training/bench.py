"""What one has in front of one: pictures, the run that learns from them, a pinned picture, earlier runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.ask import Answer, Cell
from engine.data.images import read_image
from engine.data.pictures import PictureData, load_pictures
from engine.data.pictures.drawing import framed, usual_frame
from engine.data.pictures.fitting import fitted_picture
from engine.errors import UserError
from engine.lab import Pulse, changed
from engine.labs.convnet_training import results, views
from engine.labs.convnet_training.config import NEW_PICTURES, ConvnetTrainingConfig
from engine.labs.convnet_training.finding import finding
from engine.labs.convnet_training.health import HealthRecord
from engine.labs.convnet_training.looking import Looking, Pinned
from engine.labs.convnet_training.mapping import PictureMap
from engine.labs.convnet_training.questions import answer_about_training
from engine.labs.convnet_training.recipes import design_for, recipe_for
from engine.labs.convnet_training.run import SCORED, TrainingRun
from engine.labs.convnet_training.run_export import write_event_file, write_table
from engine.labs.convnet_training.snapshot import ConvnetTrainingSnapshot, Curves, Verdict
from engine.models.designs import Design, examine, open_network, save_network
from engine.training.pictures.evaluation import Evaluation

KEPT_RUNS = 8
"""Runs whose curves are kept to compare with."""


class Bench:
    """One set of pictures, one run. Another network is another bench, which takes over what was kept."""

    def __init__(
        self, config: ConvnetTrainingConfig, data: PictureData, run: TrainingRun, pinned: Pinned
    ) -> None:
        self.config, self.data, self.run = config, data, run
        self.data_view = views.data_view(data)
        self.looking = Looking(run, pinned, config)
        self.health, self.mapping = HealthRecord(run), PictureMap(run)
        self.kept: tuple[Curves, ...] = ()
        self.cell: tuple[int, int] | None = None
        self.question: Cell | None = None
        self.answer: Answer | None = None
        self.attention = ""
        """The tab in front; "" stands for all."""
        self._refused: tuple[str, int, str] | None = None
        self._verdict: tuple[Evaluation | None, tuple[int, int] | None, Verdict | None] = (None, None, None)
        self.runs_begun = 1

    @classmethod
    def begun(
        cls, config: ConvnetTrainingConfig, device: torch.device, pulse: Pulse, former: Bench | None
    ) -> Bench:
        """The bench for these settings. Raises `UserError`; what there was is then untouched."""
        if config.network:
            return cls._of_file(config, device, pulse, former)
        data = pictures_for(config, pulse, former)
        design = design_for(config, data)
        number = former.runs_begun + 1 if former else 1
        run = TrainingRun(f"Run {number}: {design.name}", data, design, recipe_for(config, data), device)
        return cls.after(former, config, data, run)

    @classmethod
    def _of_file(
        cls, config: ConvnetTrainingConfig, device: torch.device, pulse: Pulse, former: Bench | None
    ) -> Bench:
        """A saved network: it goes on learning from the pictures in force where their classes are its own."""
        network, design, classes, shape, _ = open_network(Path(config.network))
        data = pictures_for(config, pulse, former)
        if (data.classes, data.shape) != (classes, shape):
            data = views.without_pictures(classes, shape)
        name = f"{Path(config.network).stem}, as saved"
        run = TrainingRun(name, data, design, recipe_for(config, data), device, network=network)
        return cls.after(former, config, data, run)

    @classmethod
    def after(
        cls, former: Bench | None, config: ConvnetTrainingConfig, data: PictureData, run: TrainingRun
    ) -> Bench:
        """The bench for `run`, which keeps what `former` had."""
        is_same = former is not None and former.data is data
        pinned = former.looking.pinned if former is not None and is_same else _first(data)
        bench = cls(config, data, run, pinned)
        if former is not None:
            bench.runs_begun = former.runs_begun + 1
            bench.looking.aspect, bench.attention = former.looking.aspect, former.attention
            if is_same:
                bench.data_view = former.data_view
                bench.kept = former._kept_with_own()
        return bench

    def _kept_with_own(self) -> tuple[Curves, ...]:
        """The kept runs, and the one in front where it has learned something."""
        run = self.run
        own = (run.curves(),) if run.step_count > max(run.begun_at, run.opening) else ()
        return (*self.kept, *own)[-KEPT_RUNS:]

    # Learning ----------------------------------------------------------------------------------------

    def step(self) -> None:
        """One update; before the first, a slice of what frozen layers make of the pictures."""
        self.run.step()

    def change_recipe(self) -> None:
        """Go on by the settings in force."""
        self.run.change(recipe_for(self.config, self.data))

    def score(self, *, all_of_them: bool) -> Iterator[tuple[int, int]]:
        """Ask the network, as it is now, about test pictures."""
        return self.run.score(most=len(self.data.test.labels) if all_of_them else SCORED)

    def examine(self) -> Iterator[tuple[int, int]]:
        """Measure all layers, and lay the test pictures out, as far as somebody looks at it."""
        if self.attention in ("", "layers"):
            yield from self.health.look()
        if self.attention in ("", "embedding"):
            yield from self.mapping.look()

    def branch(self) -> None:
        """Go on from the update that is shown as another run."""
        self.run.show()
        self.runs_begun += 1
        name = f"Run {self.runs_begun}: {self.run.design.name}, from {self.run.shown:,}"
        run = self.run.branch(name, recipe_for(self.config, self.data))
        self.kept = self._kept_with_own()
        former, self.run = self.looking, run
        self.looking = Looking(run, former.pinned, self.config)
        self.looking.aspect = former.aspect
        former.close()
        self.health, self.mapping = HealthRecord(run), PictureMap(run)

    def refuses(self, config: ConvnetTrainingConfig) -> bool:
        """Whether the edited network cannot be; why is then said, and nothing else happens."""
        self._refused = None
        if not config.design:
            return False
        try:
            found = examine(Design.from_json(config.design), self.data.shape, len(self.data.classes))
        except UserError as error:
            self._refused = config.design, -1, error.sentence
            return True
        if found.problem is not None:
            place, error = found.problem
            self._refused = config.design, place, error.sentence
        return self._refused is not None

    # Looking -----------------------------------------------------------------------------------------

    def look(self) -> None:
        """See the network as it is now, where the run is followed."""
        self.run.show()
        self.looking.look_again()

    def go_to(self, step: int | None) -> None:
        """See it as it was."""
        self.run.go_to(step)
        self.looking.look_again()

    def pin(self, index: int) -> None:
        """Look at a test picture. Raises `UserError` where there is none of that number."""
        pictures = self.data.test
        if not 0 <= index < len(pictures.labels):
            raise UserError(f"There is no test picture {index}", "", f"There are {len(pictures.labels)}")
        truth = int(pictures.labels[index])
        self._pin(Pinned(pictures.pictures[index], pictures.names[index], truth))

    def pin_file(self, path: Path) -> None:
        """Look at a picture file. Raises `UserError` where it is none."""
        self._pin(Pinned(fitted_picture(read_image(path).rgb, self.data.shape), path.name, None))

    def pin_drawing(self, pixels: np.ndarray) -> None:
        """Look at a drawing (H, W) uint8, bright on dark; among grey pictures it is framed as they are."""
        channels, side, _ = self.data.shape
        if channels == 1:
            frame = usual_frame(self.data.train.pictures)
            found = torch.from_numpy(framed(pixels, frame, side))[None]
        else:
            found = fitted_picture(np.repeat(pixels[:, :, None], 3, axis=2), self.data.shape)
        self._pin(Pinned(found, "Your drawing", None, is_drawn=True))

    def _pin(self, pinned: Pinned) -> None:
        self.looking.pinned, self.looking.heat = pinned, None
        self.looking.look_again()

    def ask(self, cell: Cell | None) -> None:
        """Explain the value under the pointer."""
        self.question, self.answer = cell, None
        if cell is None:
            self.looking.ask(None)
            return
        health = self.health.view(self.looking.layer_name)
        self.answer = answer_about_training(self.run, self.kept, health, cell)
        if self.answer is None:
            self.looking.ask(cell)
            self.answer = self.looking.answer

    # What is seen ------------------------------------------------------------------------------------

    def snapshot(self) -> ConvnetTrainingSnapshot:
        """Everything that may be seen now."""
        learning = self.run.view()
        verdict = self._told_verdict()
        return ConvnetTrainingSnapshot(
            self.config,
            {"layer": tuple(self.looking.inspection.by_name)},
            self.answer,
            self.question,
            data=self.data_view,
            network=views.network_view(self.run, self._refused),
            layers=self.looking.inspection.layers,
            learning=learning,
            runs=self.kept,
            seen=self.looking.seen(),
            health=self.health.view(self.looking.layer_name),
            verdict=verdict,
            embedding=self.mapping.view,
            finding=finding(self.data_view, learning, verdict),
        )

    def _told_verdict(self) -> Verdict | None:
        """The newest score as it is told; sorted and drawn once, since it rides along in every snapshot."""
        score, cell, _ = self._verdict
        if score is not self.run.verdict or cell != self.cell:
            self._verdict = self.run.verdict, self.cell, views.verdict(self.run, self.cell)
        return self._verdict[2]

    def result(self) -> dict[str, Any]:
        """What the command line prints."""
        self.look()
        return results.result(self.run, self.looking)

    def arrays(self) -> Mapping[str, np.ndarray]:
        """What `--csv` writes."""
        return results.arrays(self.run)

    def files(self) -> Mapping[str, Callable[[Path], None]]:
        """What `--csv` writes besides."""
        return {
            "network.safetensors": self.save,
            "network.py": lambda path: results.write_source(self.run, path),
            "curves.csv": lambda path: write_table(path, (self.run.curves(),)),
            "events.out.tfevents.gridloop": lambda path: write_event_file(path, self.run.curves()),
        }

    def save(self, path: Path) -> None:
        """Save the network as it is shown. Raises `UserError`."""
        notes = {"step": str(self.run.shown), "data": self.data.title}
        save_network(
            path, self.run.network, self.run.design, self.data.classes, shape=self.data.shape, notes=notes
        )


def pictures_for(config: ConvnetTrainingConfig, pulse: Pulse, former: Bench | None) -> PictureData:
    """The pictures of the settings, those in front where they are the same."""
    if former is not None and not changed(former.config, config, (*NEW_PICTURES, "seed")):
        return former.data
    path = Path(config.data).expanduser() if config.data else None
    return load_pictures(config.dataset, path, seed=config.seed, pulse=pulse)


def _first(data: PictureData) -> Pinned:
    """The first test picture, or an empty one."""
    if not len(data.test.labels):
        return Pinned(torch.zeros(data.shape, dtype=torch.uint8), "Nothing yet", None)
    return Pinned(data.test.pictures[0], data.test.names[0], int(data.test.labels[0]))
