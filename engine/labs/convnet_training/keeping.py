"""Keeps the run in front on the disk while it goes, and offers back what was left there."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from engine.checkpoint import write_parts_atomically
from engine.errors import UserError
from engine.lab import Pulse
from engine.labs.convnet_training.bench import Bench
from engine.labs.convnet_training.left_runs import Keeping, LeftRun
from engine.labs.convnet_training.run import TrainingRun
from engine.labs.convnet_training.run_file import Useless, about, contents, taken_up
from engine.safetensors_parts import parts_of_file
from engine.shelf import Place, Shelf

EVERY = 30.0
"""Seconds after which a run is kept at the latest: with the writing itself, no more than 60 are ever lost."""
SHARE = 0.02
"""Of the time, that may go to keeping it after epochs that are shorter than that."""
WORTH = 10.0
"""Seconds of learning from which an unfinished run is offered back also after an orderly end."""


class Keeper:
    """Of one lab. A thread of its own only writes what was copied: nobody can say how long a disk takes.

    Nothing that goes wrong with the disk stops the run; `view` tells of it.
    """

    def __init__(self, folder: Path) -> None:
        self._problem = ""
        self._shelf: Shelf | None = None
        self._offers: list[tuple[Place, LeftRun]] = []
        self._run: TrainingRun | None = None
        self._base = self._kept_step = 0
        self._earliest = self._latest = 0.0
        self._waiting: deque[tuple[Path, dict[str, Tensor], Mapping[str, str]]] = deque(maxlen=1)
        self._writing: Future[float] | None = None
        self._has_written = False
        self._writer = ThreadPoolExecutor(1, "keeping")
        try:
            self._shelf = Shelf(folder, "run")
        except UserError as error:
            self._problem = _in_memory_only(error)
        else:
            self._look_through(self._shelf)

    def _look_through(self, shelf: Shelf) -> None:
        for place in list(shelf.left):
            try:
                self._offers.append((place, about(place.path)))
            except Useless as error:
                self._problem = _put_aside(error, shelf.put_aside(place))

    def view(self) -> Keeping:
        """What there is to say."""
        self._hear()
        left = self._offers[0][1] if self._offers else None
        return Keeping(left, max(0, len(self._offers) - 1), self._problem)

    # Keeping the run in front ------------------------------------------------------------------------

    def begin(self, run: TrainingRun) -> None:
        """From now on keep `run`, of which there is nothing to lose yet."""
        self._run, self._base, self._kept_step = run, run.step_count, run.step_count
        self._earliest, self._latest = 0.0, time.monotonic() + EVERY

    def after_step(self, bench: Bench) -> None:
        """Keep the run after an epoch, as often as that costs little, and every half minute."""
        run = self._of(bench)
        if run.step_count <= self._base or (self._writing is not None and not self._writing.done()):
            return
        now = time.monotonic()
        ends_epoch = run.is_prepared and run.step_count % run.training.steps_per_epoch == 0
        if now >= self._latest or (ends_epoch and now >= self._earliest):
            self._hear()
            self._keep(bench)

    def rest(self, bench: Bench) -> None:
        """Learning has stopped: keep what there is."""
        if self._of(bench).step_count != self._kept_step:
            self._keep(bench)

    def close(self, bench: Bench | None) -> None:
        """The orderly end: what is finished, or hardly begun, is not offered again."""
        is_left = False
        if bench is not None:
            run = self._of(bench)
            is_left = run.step_count > self._base and not run.is_over and run.seconds >= WORTH
            if is_left:
                self.rest(bench)
        self._writer.shutdown()
        if self._shelf is not None:
            if self._has_written and not is_left:
                self._shelf.clear()
            self._shelf.close()

    def _of(self, bench: Bench) -> TrainingRun:
        if bench.run is not self._run:
            self.begin(bench.run)
        return bench.run

    def _keep(self, bench: Bench) -> None:
        """Copy the run and have it written."""
        run = bench.run
        if self._shelf is None or run.step_count <= self._base or run.training.record.failed_at is not None:
            return
        self._waiting.append((self._shelf.own.path, *contents(bench)))
        self._writing = self._writer.submit(self._write)
        self._kept_step, self._latest = run.step_count, time.monotonic() + EVERY
        self._has_written = True

    def _write(self) -> float:
        """On the thread of its own: write what was copied last; the seconds that it took."""
        begun = time.monotonic()
        if self._waiting:
            path, tensors, metadata = self._waiting.pop()
            write_parts_atomically(path, parts_of_file(tensors, metadata))
        return time.monotonic() - begun

    def _hear(self) -> None:
        """What became of the last writing."""
        if self._writing is None or not self._writing.done():
            return
        writing, self._writing = self._writing, None
        error = writing.exception()
        if error is None:
            self._problem = ""
            self._earliest = time.monotonic() + writing.result() / SHARE
        elif isinstance(error, UserError):
            self._problem = _in_memory_only(error)
            self._kept_step = self._base
        else:
            raise error

    # What was left ------------------------------------------------------------------------------------

    def take_up(self, device: torch.device, pulse: Pulse, former: Bench | None) -> Bench:
        """The run that is offered, which is kept where it was. Raises `UserError`; it then stays offered."""
        place, shelf = self._first()
        try:
            bench = taken_up(place.path, device, pulse, former)
        except Useless as error:
            self._offers.pop(0)
            raise UserError(_put_aside(error, shelf.put_aside(place)), details=error.details) from error
        self._finish_writing()
        self._offers.pop(0)
        shelf.take(place)
        self.begin(bench.run)
        self._base, self._has_written = 0, True
        return bench

    def forget(self) -> None:
        """Remove the run that is offered."""
        place, shelf = self._first()
        self._offers.pop(0)
        shelf.forget(place)

    def _first(self) -> tuple[Place, Shelf]:
        if not self._offers or self._shelf is None:
            raise UserError("There is no run to take up", "none was left behind")
        return self._offers[0][0], self._shelf

    def _finish_writing(self) -> None:
        """What is written goes to the former place, which is given up."""
        self._waiting.clear()
        if self._writing is not None:
            self._writing.exception()
            self._writing = None


def _in_memory_only(error: UserError) -> str:
    why = error.why or error.what
    return (
        f"This run is in memory only, because it can’t be kept on the disk: {why}. It goes on; save its "
        "network before you close Gridloop."
    )


def _put_aside(error: UserError, name: str) -> str:
    return f"A run that was left behind is of no use: {error.why}. Its file was put aside as {name}."
