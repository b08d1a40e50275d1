"""The one thread that owns PyTorch: commands go in through `post`, frames come out of `take`."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import device as devices
from engine.device import DeviceInfo
from engine.errors import UserError
from engine.jobs import JobStatus
from engine.lab import Cancelled, Lab, Snapshot
from engine.lab_run import Rate, Run
from engine.memory_errors import is_out_of_memory
from engine.registry import lab_named
from engine.settings import Config

log = logging.getLogger(__name__)

SETTLE = 0.12
"""Seconds that jobs wait for after a command that is likely to come again at once (a moving slider)."""


@dataclass(frozen=True)
class Failure:
    """An error on its way to the person: one sentence, and what "Copy details" copies."""

    sentence: str
    details: str


@dataclass(frozen=True)
class Opened:
    """A file or folder that a lab has taken, and its settings before and after."""

    lab: str
    path: Path
    before: Config
    after: Config


@dataclass(frozen=True)
class Frame:
    """What the window takes from the worker: the shown lab's snapshot and how the run stands."""

    lab: str
    snapshot: Snapshot | None
    playing: bool
    paused: bool
    """Jobs wait because the person pressed pause."""
    can_step: bool
    jobs: tuple[JobStatus, ...]
    steps: int
    """Steps and slices done in this lab since it was opened."""
    steps_per_second: float
    device: DeviceInfo | None
    speed: float | None = None
    """Steps per second at which it plays at most; None is as fast as it can."""
    answers: bool = False
    """It shows what a command did, so a person may be waiting for it."""
    failures: tuple[Failure, ...] = ()
    opened: tuple[Opened, ...] = ()
    """What was opened without a refusal since the frame before, in any lab."""


class Worker:
    """Runs labs on its own thread, one shown at a time, and answers between two steps.

    `post` and the other public methods are called from the window's thread and never wait (except
    `close`). The outbox holds one frame: commands and the end of a run always renew it, steps fill it only
    when it is empty, so a hidden window costs nothing and a fast lab floods nobody.
    """

    def __init__(
        self,
        device: str = "auto",
        make_lab: Callable[[str], type[Lab[Any, Any]]] = lab_named,
        folder: Path | None = None,
    ) -> None:
        """In `folder` each lab has one of its own for what outlives the program."""
        self._device_name = device
        self._make_lab = make_lab
        self._folder = folder
        self._commands: queue.SimpleQueue[tuple[str, tuple[Any, ...]]] = queue.SimpleQueue()
        self._outbox: deque[Frame] = deque(maxlen=1)
        self._stop_request = threading.Event()
        self._closing = threading.Event()
        self._runs: dict[str, Run] = {}
        self._run: Run | None = None
        self._failures: list[Failure] = []
        self._opened: list[Opened] = []
        self._answers = False
        self._rate = Rate()
        self._info: DeviceInfo | None = None
        self._thread = threading.Thread(target=self._work, name="gridloop-worker", daemon=True)
        self._thread.start()

    # The window's thread -------------------------------------------------------------------------

    def post(self, command: str, *args: Any) -> None:
        """Call `lab.<command>(*args)` between two steps, or one of the worker's own commands:

        select(name, config), play, pause, step_once, set_speed(steps per second or None).
        """
        self._commands.put((command, args))

    def cancel(self) -> None:
        """Stop the long call in progress, if any, and every job of the shown lab."""
        self._stop_request.set()
        self.post("cancel")

    def take(self) -> Frame | None:
        """The newest frame that was not taken yet, else None."""
        try:
            return self._outbox.pop()
        except IndexError:
            return None

    def close(self, timeout: float = 3.0) -> bool:
        """End the thread; False if it did not end in time (it is a daemon and dies with the process)."""
        self._closing.set()
        self.post("close")
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # The worker's thread -------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            devices.load_torch()
            devices.prepare_thread()
            self._info = devices.describe(devices.choose_device(self._device_name))
        except Exception as error:
            self._fail(error)
        self._publish()
        while True:
            commands = list(self._pending())
            self._answers = self._answers or bool(commands)
            for command, args in self._coalesced(commands):
                if not self._closing.is_set():
                    self._attempt(self._execute, command, args)
            if self._closing.is_set():
                break
            if commands:
                # What was asked for goes out before what follows from it is computed.
                self._take_back()
                self._publish()
            if self._is_active() and self._is_due():
                self._attempt(self._advance, stops=True)
                if not (self._is_active() and self._is_due()):
                    self._take_back()  # so that the last word is not an old one
            if not self._outbox:
                self._publish()
        for run in self._runs.values():
            run.lab.jobs.cancel()
            run.lab.close()

    def _pending(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Every waiting command; waits for one while nothing runs, or until the next step is due."""
        wait: float | None = None
        if self._run is not None and self._is_active():
            wait = max(0.0, self._run.due - time.perf_counter())
        while True:
            try:
                yield self._commands.get(block=wait != 0.0, timeout=wait)
            except queue.Empty:
                return
            wait = 0.0

    def _coalesced(
        self, commands: list[tuple[str, tuple[Any, ...]]]
    ) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Leave out a command that a later one of its name overrides, with only its like in between."""
        for place, (command, args) in enumerate(commands):
            latest = self._run.lab.latest_wins if self._run else frozenset()
            names = (later for later, _ in commands[place + 1 :])
            following = itertools.takewhile(latest.__contains__, names)
            if command not in latest or command not in following:
                yield command, args

    def _execute(self, command: str, args: tuple[Any, ...]) -> None:
        own = {"select", "play", "pause", "step_once", "set_speed", "cancel"}
        if command in own:
            getattr(self, f"_do_{command}")(*args)
        elif self._run is not None:
            lab = self._run.lab
            before = lab.config
            getattr(lab, command)(*args)
            if command == "open":
                self._opened.append(Opened(self._run.name, args[0], before, lab.config))
            if command in lab.comes_again:
                self._run.next_slice = time.perf_counter() + SETTLE
            if lab.begins_playing:
                lab.begins_playing = False
                self._run.paused, self._run.playing = False, lab.can_step

    def _do_select(self, name: str, config: Any = None) -> None:
        if self._run is not None:
            self._attempt(self._do_pause)  # whatever comes of it, the lab that is asked for is shown
        if name not in self._runs:
            self._run = None
            lab_type = self._make_lab(name)
            device = devices.choose_device(self._device_name)
            lab = lab_type(config or lab_type.config_type(), device, self._pulse)
            lab.folder = self._folder / name if self._folder is not None else None
            self._runs[name] = Run(name, lab)
            self._run = self._runs[name]
            self._start(lab)
        self._run = self._runs[name]
        self._run.paused = False

    def _start(self, lab: Lab[Any, Any]) -> None:
        """Start on the settings of last time, or on the defaults where those no longer work, whyever."""
        defaults = lab.config_type()
        try:
            lab.start()
        except Cancelled:
            raise
        except Exception as error:
            if lab.config == defaults:
                raise
            self._fail(error)
            lab.config = defaults
            lab.start()

    def _do_play(self) -> None:
        if self._run is None:
            return
        if self._run.paused and self._run.lab.jobs:
            self._run.paused = False
        else:
            self._run.paused, self._run.playing = False, self._run.lab.can_step

    def _do_pause(self) -> None:
        """Stop what goes on: playing, or where nothing plays the jobs.

        After playing, what only fills the screen goes on by itself, for else it would show what was.
        """
        run = self._run
        if run is not None:
            run.paused = run.lab.jobs.asked_for if run.playing else bool(run.lab.jobs)
            if run.playing:
                run.playing = False
                run.lab.rest()

    def _stop_all(self) -> None:
        """As a pause, but after a fault nothing goes on by itself."""
        if self._run is not None:
            self._run.playing = False
        self._do_pause()

    def _do_step_once(self) -> None:
        """A slice of what the person asked for, else a step; what only fills the screen goes on by itself."""
        self._do_pause()
        run = self._run
        if run is not None:
            run.paused = run.lab.jobs.asked_for
            self._slice(run, step=not run.paused)
            while run.lab.is_unfinished and not run.paused:
                self._slice(run, step=True)
            if not run.paused:
                run.lab.rest()

    def _do_set_speed(self, steps_per_second: float | None) -> None:
        if self._run is not None:
            self._run.choose_speed(steps_per_second)

    def _do_cancel(self) -> None:
        self._stop_request.clear()
        if self._run is not None:
            self._run.lab.cancel()
            self._run.paused = False

    def _is_active(self) -> bool:
        run = self._run
        return run is not None and not run.paused and (run.playing or bool(run.lab.jobs))

    def _is_due(self) -> bool:
        return self._run is not None and time.perf_counter() >= self._run.due

    def _advance(self) -> None:
        run = self._run
        if run is None:
            return
        step = run.steps_next
        if step and run.speed:
            run.next_step = time.perf_counter() + 1 / run.speed
        self._slice(run, step=step)

    def _slice(self, run: Run, *, step: bool) -> None:
        """One step, or one slice of a job."""
        run.stepped = step
        if not step:
            run.lab.jobs.advance()
        elif run.lab.can_step:
            run.lab.step()
        run.steps += 1
        self._rate.count()
        if run.playing and not run.lab.can_step:
            run.playing = False
            run.lab.rest()

    def _pulse(self, title: str, done: int, total: int) -> None:
        """A lab's word from inside a long call: show progress, and stop it if asked to."""
        if self._stop_request.is_set() or self._closing.is_set():
            raise Cancelled
        if not self._outbox:
            self._publish((JobStatus("call", title, done, total, 0.0),))

    def _attempt(self, call: Callable[..., None], *args: Any, stops: bool = False) -> None:
        """What a lab raises goes to the person; the thread lives on.

        It `stops` playing where going on would only meet it again. What nobody foresaw holds all.
        """
        try:
            call(*args)
        except Cancelled:
            self._stop_request.clear()
        except Exception as error:
            self._fail(error, stops=stops)

    def _fail(self, error: Exception, *, stops: bool = False) -> None:
        details = "".join(traceback.format_exception(error))
        if isinstance(error, UserError):
            # Nothing was lost by it, so what is under way goes on.
            if self._run is not None and stops:
                self._run.playing = False
            log.info("%s", error)
            self._failures.append(Failure(error.sentence, error.details or details))
            return
        self._stop_all()
        log.error("%s", details)
        self._failures.append(Failure(_sentence(error), details))

    def _take_back(self) -> None:
        """Withdraw a frame that nobody took, keeping what must not be dropped."""
        frame = self.take()
        if frame is not None:
            self._failures[:0] = frame.failures
            self._opened[:0] = frame.opened
            self._answers = self._answers or frame.answers

    def _publish(self, calls: tuple[JobStatus, ...] = ()) -> None:
        run = self._run
        try:
            snapshot = run.lab.snapshot() if run and not calls else None
        except Exception as error:
            snapshot = None
            self._fail(error)
        failures, self._failures = tuple(self._failures), []
        opened, self._opened = tuple(self._opened), []
        answers, self._answers = self._answers, False
        self._outbox.append(
            Frame(
                lab=run.name if run else "",
                snapshot=snapshot,
                playing=bool(run and run.playing),
                paused=bool(run and run.paused),
                can_step=bool(run and (run.lab.can_step or run.lab.jobs)),
                jobs=calls or (run.lab.jobs.statuses if run else ()),
                steps=run.steps if run else 0,
                steps_per_second=self._rate.value if self._is_active() else 0.0,
                device=self._info,
                speed=run.speed if run else None,
                answers=answers,
                failures=failures,
                opened=opened,
            )
        )


def _sentence(error: Exception) -> str:
    """A plain sentence for an exception nobody foresaw."""
    if is_out_of_memory(error):
        return "There was not enough memory for this. Choose a smaller setting; nothing else was lost."
    return (
        f"Something went wrong inside the lab ({type(error).__name__}). It was paused; nothing else was lost."
    )


def open_path(path: str | Path) -> Path:
    """An absolute path without following links, as the window and the command line hand it to `Lab.open`."""
    return Path(path).expanduser().absolute()
