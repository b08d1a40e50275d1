"""The convnet training lab: its commands and what a settings change restarts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.kinds import kind_of
from engine.errors import UserError
from engine.jobs import Job
from engine.lab import Pulse, changed, silent
from engine.labs.convnet_training.collect_commands import CollectCommands
from engine.labs.convnet_training.config import (
    AT_ONCE,
    LOOKING,
    NEW_PICTURES,
    RESTARTS,
    ConvnetTrainingConfig,
)
from engine.labs.convnet_training.run_commands import RunCommands
from engine.labs.convnet_training.snapshot import ConvnetTrainingSnapshot
from engine.labs.convnet_training.step_commands import StepCommands

if TYPE_CHECKING:
    import numpy as np
    import torch

    from engine.ask import Cell
    from engine.labs.convnet_training.bench import Bench

FIRST_STEPS = 20
"""Updates done before anything is shown, so that there is something to see at once."""


class ConvnetTraining(StepCommands, CollectCommands, RunCommands):
    """A convolutional network learns to tell pictures apart, and is looked into while it does."""

    title = "Learning to see"
    group = "Grid"
    question = "How does a convolutional network learn to see?"
    opens = ("classes", "archive", "folder", "image", "model")
    config_type = ConvnetTrainingConfig
    latest_wins = frozenset({"configure", "ask", "arrange", "go_to", "draw"})
    comes_again = frozenset({"configure", "go_to", "draw"})
    ends = True

    def __init__(
        self,
        config: ConvnetTrainingConfig,
        device: torch.device,
        pulse: Pulse = silent,
        *,
        screen: bool = True,
    ) -> None:
        super().__init__(config, device, pulse, screen=screen)
        self._screen = screen
        self._bench: Bench | None = None

    # Inputs ------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Take the pictures and build the network that the settings name, once. Raises `UserError`."""
        if self._bench is None:
            self._take(self.config)

    def start(self) -> None:
        """Begin with the pictures that the settings name; on a screen a little is learned at once."""
        self.prepare()
        if self._screen and self._need().run.is_prepared:
            for _ in range(FIRST_STEPS):
                self._need().step()
            self._need().run.opening = self._need().run.step_count
            self.rest()
        self._begin_keeping()

    def open(self, path: Path) -> None:
        """Take a folder or zip with a sub-folder for each class, a picture to look at, or a saved network."""
        kind = kind_of(path)
        if kind == "model":
            self._change(replace(self.config, network=str(path)))
        elif kind in ("classes", "archive", "folder"):
            self._change(replace(self.config, dataset="folder", data=str(path), network=""))
        else:
            self.prepare()
            self._need().pin_file(path)
            self._look_later()

    def _take(self, config: ConvnetTrainingConfig) -> None:
        """Another bench in the place of the one there was. Raises `UserError`; that one then goes on."""
        from engine.labs.convnet_training.bench import Bench

        self._put_in_front(Bench.begun(config, self.device, self.pulse, self._bench))

    def _put_in_front(self, bench: Bench) -> None:
        self._leave()
        if self._bench is not None:
            self.jobs.cancel()
            self._bench.looking.close()
        self._bench, self.config = bench, bench.config
        self._look_later()

    def _change(self, config: ConvnetTrainingConfig) -> None:
        self._take(config)
        if self._screen:
            self.rest()

    # Settings ----------------------------------------------------------------------------------------

    def configure(self, config: ConvnetTrainingConfig) -> None:
        """Change settings; rates and variation act from the next update, another network is another run."""
        before = self.config
        if config.design != before.design and self._bench is not None and self._bench.refuses(config):
            return  # the network that cannot be is shown with the reason; the one before goes on
        if changed(before, config, ("dataset", "preset")) and config.design == before.design:
            config = replace(config, design="")
        if changed(before, config, NEW_PICTURES) and config.network == before.network:
            config = replace(config, network="")
        if self._bench is None or changed(before, config, RESTARTS):
            self._change(config)
            return
        self.config = self._bench.config = config
        if changed(before, config, AT_ONCE):
            self._bench.change_recipe()
        if changed(before, config, LOOKING):
            self._bench.looking.config = config
            self._bench.looking.look_again()
            self._look_later()
        if changed(before, config, ("explain",)):
            self._bench.looking.config = config
            self._explain_later()
        self._ask_again()

    def reset(self) -> None:
        """Begin the run anew with the settings in force."""
        self._change(self.config)

    # Learning ----------------------------------------------------------------------------------------

    @property
    def trains(self) -> bool:
        """Its steps train the network."""
        return not self.config.network or self._screen

    @property
    def can_step(self) -> bool:
        """Until all epochs are done, or the loss is no number."""
        if self._through is not None:
            return self._can_go_through(self._through)
        return self._bench is not None and not self._bench.run.is_over

    @property
    def is_unfinished(self) -> bool:
        """Before the first update pictures pass through frozen layers, a few in each step."""
        return self._bench is not None and not self._bench.run.is_prepared

    def step(self) -> None:
        """One update; before the first, a slice of what frozen layers make of the pictures."""
        bench = self._need()
        if self._through is not None:
            self._learn(partial(self._step_through, self._through))
            return
        self._learn(bench.step)
        if not self._screen:
            return
        self._keep()
        run = bench.run
        if run.look.due and run.is_prepared:
            with run.look.spent():
                bench.look()
                self._ask_again()
        if run.scoring.due and run.is_prepared and "score" not in self.jobs:
            slices = run.scoring.sliced(bench.score(all_of_them=False))
            self.jobs.start(Job("score", "Asking test pictures", slices, rank=1, for_screen=True))
        if run.examining.due and run.is_prepared and "examine" not in self.jobs:
            slices = run.examining.sliced(bench.examine())
            self.jobs.start(Job("examine", "Measuring the layers", slices, rank=2, for_screen=True))

    def rest(self) -> None:
        """Learning has stopped: everything is measured on the last update."""
        if self._bench is None or self._is_between_stages():
            return
        self._keep_now()
        self._bench.look()
        self._look_later()
        if self._bench.run.is_prepared:
            score = self._bench.score(all_of_them=True)
            self.jobs.start(Job("score", "Asking all test pictures", score, rank=3, for_screen=True))
            examine = self._bench.examine()
            self.jobs.start(Job("examine", "Measuring the layers", examine, rank=2, for_screen=True))

    def _look_later(self) -> None:
        looking = self._need().looking
        self.jobs.start(Job("layers", "Opening the layers", looking.draw_layers(), rank=0, for_screen=True))
        self._explain_later()

    def _explain_later(self) -> None:
        looking = self._need().looking
        self.jobs.drop("explanation")
        looking.heat = None
        if self.config.explain != "none":
            self.jobs.start(Job("explanation", "Why", looking.explain(), rank=1, for_screen=True))

    # Commands of its own -----------------------------------------------------------------------------

    def go_to(self, step: int | None) -> None:
        """Look at the network as it was at the kept update nearest to `step`, or follow it again."""
        if step is not None:
            self._leave()
        self._need().go_to(step)
        self._look_later()
        look = self._need().mapping.look()
        self.jobs.start(Job("map", "Laying the pictures out", look, rank=2, for_screen=True))
        self._ask_again()

    def branch(self) -> None:
        """Go on from the update that is shown, with the settings in force, as another run."""
        self._leave()
        self._need().branch()
        self.jobs.cancel()
        self._look_later()
        self.begins_playing = True

    def pin(self, index: int) -> None:
        """Look at a test picture."""
        self._need().pin(index)
        self._look_later()

    def attend(self, tab: str) -> None:
        """Measure from now on what the tab of this name shows; "" stands for all."""
        self._need().attention = tab
        if self._screen:
            examine = self._need().examine()
            self.jobs.start(Job("examine", "Measuring the layers", examine, rank=2, for_screen=True))

    def draw(self, pixels: np.ndarray) -> None:
        """Look at what the person has drawn: (H, W) uint8, bright on dark, of any size."""
        self._need().pin_drawing(pixels)

    def arrange(self, aspect: float) -> None:
        """Tile the maps for an area of this width / height."""
        looking = self._need().looking
        looking.aspect = aspect
        looking.show_layer()

    def choose_cell(self, truth: int, predicted: int) -> None:
        """Show the test pictures of class `truth` that were taken for `predicted`."""
        self._need().cell = truth, predicted

    def fetch(self) -> None:
        """Fetch the chosen set of pictures from where it is published. Raises `UserError`."""
        import torch

        from engine.data.pictures import fetch_pictures

        place = Path(torch.hub.get_dir(), "pictures", self.config.dataset)  # where fetched weights lie too
        folder = fetch_pictures(self.config.dataset, place, self.pulse)
        self._change(replace(self.config, data=str(folder)))

    def map_by_t_sne(self) -> None:
        """Lay the test pictures out by t-SNE of what the last layer receives."""
        self.jobs.start(Job("t-sne", "t-SNE", self._need().mapping.t_sne(), rank=4))

    def save_network(self, path: str) -> None:
        """Save the network as it is shown, its design and its classes as safetensors. Raises `UserError`."""
        self._need().save(Path(path))

    def ask(self, cell: Cell | None) -> None:
        """Explain the value under the pointer."""
        if self._bench is not None:
            self._bench.ask(None if self._ask_stage(cell) else cell)

    def _ask_again(self) -> None:
        bench = self._need()
        bench.ask(bench.question)

    # What is seen ------------------------------------------------------------------------------------

    def snapshot(self) -> ConvnetTrainingSnapshot:
        """Everything that may be seen now."""
        if self._bench is None:
            return self._with_collected(ConvnetTrainingSnapshot(self.config))
        found = replace(self._bench.snapshot(), keeping=self._keeping())
        return self._with_collected(self._with_more(found))

    def result(self) -> dict[str, Any]:
        """How the network does on all pictures; of a picture that was opened, what it takes it for."""
        found = self._need().result()
        if self.config.save:
            self._need().save(Path(self.config.save).expanduser())
        return found

    def no_result(self) -> dict[str, Any]:
        """Nothing was learned."""
        from engine.labs.convnet_training.results import KEYS

        return dict.fromkeys(KEYS)

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Losses, accuracies, and how the test pictures were taken."""
        return self._need().arrays()

    def files(self) -> Mapping[str, Callable[[Path], None]]:
        """The network as safetensors, and its source as Python."""
        return self._need().files()

    def close(self) -> None:
        """Remove the hooks, and let go of the file that the run is kept in."""
        self._end_keeping()
        self._end_step_commands()
        self._end_collecting()
        if self._bench is not None:
            self._bench.looking.close()

    def _need(self) -> Bench:
        if self._bench is None:
            raise UserError("There is no network yet", "the settings do not fit together", "Change them")
        return self._bench

    # Taking the network out ----------------------------------------------------------------------------

    def save_source(self, path: str) -> None:
        """Write the network in front as a plain PyTorch module. Raises `UserError`."""
        from engine.labs.convnet_training.results import write_source

        write_source(self._need().run, Path(path))

    def export_network(self, path: str) -> None:
        """Export the network as it is shown as a `.pt2` file, in ten seconds or more. Raises `UserError`."""
        from engine.labs.convnet_training.exporting import Export

        export = Export(Path(path), self._need().save)
        self.jobs.start(Job("export", f"Exporting {Path(path).name}", export, rank=4))
