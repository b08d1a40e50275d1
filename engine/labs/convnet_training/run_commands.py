"""The lab's commands about whole runs: kept on the disk, taken up again, named, taken out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import UserError
from engine.jobs import Job
from engine.lab import Lab
from engine.labs.convnet_training.config import ConvnetTrainingConfig
from engine.labs.convnet_training.snapshot import ConvnetTrainingSnapshot, Curves
from engine.memory_errors import is_out_of_memory

if TYPE_CHECKING:
    from engine.labs.convnet_training.bench import Bench
    from engine.labs.convnet_training.keeping import Keeper
    from engine.labs.convnet_training.left_runs import Keeping
    from engine.labs.convnet_training.run import TrainingRun

LONGEST_NAME = 60
"""Letters of a run's name."""


class RunCommands(Lab[ConvnetTrainingConfig, ConvnetTrainingSnapshot]):
    """What the lab is built on. Where it has no folder, nothing is kept."""

    _bench: Bench | None
    _keeper: Keeper | None = None

    def _put_in_front(self, bench: Bench) -> None:
        """Show `bench` from now on."""
        raise NotImplementedError

    def _need(self) -> Bench:
        """What is in front. Raises `UserError` where there is nothing."""
        raise NotImplementedError

    def _leave(self) -> None:
        """Leave slow motion."""
        raise NotImplementedError

    def _learn(self, advance: Callable[[], None]) -> None:
        """Advance the run; where there is not enough memory for it, the run stands where it can go on from.

        Raises UserError then, which says what to do.
        """
        bench = self._bench
        try:
            advance()
        except Exception as error:
            if bench is None or not is_out_of_memory(error):
                raise
            self._leave()
            bench.run.go_back_whole()
            raise _too_little_memory(bench.run, error) from error

    # Keeping ------------------------------------------------------------------------------------------

    def _begin_keeping(self) -> None:
        """From here on the run in front is worth keeping; what the lab did by itself is not."""
        if self.folder is None or self._bench is None or self._keeper is not None:
            return
        from engine.labs.convnet_training.keeping import Keeper

        self._keeper = Keeper(self.folder)
        self._keeper.begin(self._bench.run)

    def _keep(self) -> None:
        """After a step: keep the run where that is due."""
        if self._keeper is not None and self._bench is not None:
            self._keeper.after_step(self._bench)

    def _keep_now(self) -> None:
        if self._keeper is not None and self._bench is not None:
            self._keeper.rest(self._bench)

    def _end_keeping(self) -> None:
        if self._keeper is not None:
            self._keeper.close(self._bench)

    def _keeping(self) -> Keeping | None:
        return None if self._keeper is None else self._keeper.view()

    def take_up(self) -> None:
        """Go on with the newest run that was left behind when the program ended. Raises `UserError`."""
        bench = self._need_keeper().take_up(self.device, self.pulse, self._bench)
        self._put_in_front(bench)
        if bench.run.is_over:
            self.rest()
        else:
            self.begins_playing = True

    def forget_left(self) -> None:
        """Remove the newest run that was left behind. Raises `UserError` where there is none."""
        self._need_keeper().forget()

    # Naming and taking out ----------------------------------------------------------------------------

    def name_run(self, place: int, name: str) -> None:
        """Call a run so: the kept ones by their place, and after them the one in front."""
        bench, name = self._need(), " ".join(name.split())[:LONGEST_NAME]
        if not name:
            return
        if place == len(bench.kept):
            bench.run.name = name
        elif 0 <= place < len(bench.kept):
            named = replace(bench.kept[place], name=name)
            bench.kept = (*bench.kept[:place], named, *bench.kept[place + 1 :])

    def drop_run(self, place: int) -> None:
        """Keep a run no longer to compare with; the one in front stays."""
        bench = self._need()
        bench.kept = tuple(run for number, run in enumerate(bench.kept) if number != place)

    def save_curves(self, places: tuple[int, ...], path: str) -> None:
        """Write the curves of these runs as one table (CSV). Raises `UserError`."""
        from engine.labs.convnet_training.run_export import write_table

        write_table(Path(path), self._runs_at(places))

    def export_events(self, places: tuple[int, ...], folder: str) -> None:
        """Write these runs into a folder for TensorBoard. Raises `UserError`."""
        from engine.labs.convnet_training.run_export import write_events

        slices = write_events(Path(folder), self._runs_at(places))
        self.jobs.start(Job("events", "Writing runs for TensorBoard", slices, rank=4))

    def _runs_at(self, places: tuple[int, ...]) -> list[Curves]:
        bench = self._need()
        runs = (*bench.kept, bench.run.curves())
        return [runs[place] for place in places if 0 <= place < len(runs)]

    def _need_keeper(self) -> Keeper:
        if self._keeper is None:
            raise UserError("There is no run to take up", "none was left behind")
        return self._keeper


def _too_little_memory(run: TrainingRun, error: Exception) -> UserError:
    where = "on the GPU" if run.training.device.type != "cpu" else "in this computer"
    what = (
        f"There is not enough memory {where} to learn from {run.training.recipe.batch:,} pictures at a time"
    )
    then = f"Choose a smaller batch or network; the run stands whole after update {run.step_count:,}"
    return UserError(what, "", then, details=str(error))
