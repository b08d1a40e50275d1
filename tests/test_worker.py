"""The worker: commands between steps, one frame at a time, errors that travel out, nothing left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserError
from engine.jobs import Job
from engine.lab import Cancelled, Lab, Snapshot
from engine.settings import Config, setting
from engine.worker import Frame, Opened, Worker


@dataclass(frozen=True)
class CounterConfig(Config):
    by: int = setting(1, "By", "How much a step adds.")


@dataclass(frozen=True)
class CounterSnapshot(Snapshot):
    count: int = 0
    stepped: int = 0
    configured: int = 0
    rested: int = 0
    thread: str = ""


class Counter(Lab[CounterConfig, CounterSnapshot]):
    title, group, question = "Counter", "Both", "How far does it count?"
    config_type = CounterConfig
    closed = rested = 0
    own_speed: float | None = None

    @property
    def speed(self) -> float | None:
        return self.own_speed

    def go_at(self, speed: float) -> None:
        self.own_speed = speed

    restless: Exception | None = None

    def rest(self) -> None:
        self.rested += 1
        if self.restless is not None:
            raise self.restless

    def rest_with(self, error: Exception) -> None:
        self.restless = error

    def set_going(self) -> None:
        self.begins_playing = True

    def start(self) -> None:
        self.count = self.configured = self.stepped = 0

    broken: int | None = None
    end: int | None = None
    cut = 1

    def break_at(self, step: int) -> None:
        self.broken = step

    def end_at(self, step: int) -> None:
        self.end = step

    def cut_steps(self, parts: int) -> None:
        self.cut = parts

    @property
    def can_step(self) -> bool:
        return self.stepped != self.end

    @property
    def is_unfinished(self) -> bool:
        return self.stepped % self.cut != 0

    def step(self) -> None:
        if self.stepped == self.broken:
            raise UserError("It is worn out")
        self.count += self.config.by
        self.stepped += 1

    def configure(self, config: CounterConfig) -> None:
        self.config = config
        self.configured += 1

    def reset(self) -> None:
        self.count = 0

    def ask(self, cell: object) -> None:
        raise AssertionError("nobody asks")

    def wait_for(self, gate: threading.Event) -> None:
        assert gate.wait(10)

    def fail(self, error: Exception) -> None:
        raise error

    def work(self, slices: int, for_screen: bool = False) -> None:
        def count_up() -> Iterator[tuple[int, int]]:
            for done in range(1, slices + 1):
                self.count += 1
                yield done, slices

        self.jobs.start(Job("work", "Work", count_up(), for_screen=for_screen))

    def long_call(self, began: threading.Event) -> None:
        while True:
            self.pulse("Long call", 1, 2)
            began.set()

    def snapshot(self) -> CounterSnapshot:
        return CounterSnapshot(
            self.config,
            count=self.count,
            rested=self.rested,
            configured=self.configured,
            stepped=self.stepped,
            thread=threading.current_thread().name,
        )

    def open(self, path: Path) -> None:
        if not path.stem.isdecimal():
            raise UserError("There is nothing to open")
        self.config = CounterConfig(by=int(path.stem))

    def close(self) -> None:
        type(self).closed += 1


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker("cpu", lambda name: {"counter": Counter, "other": type("Other", (Counter,), {})}[name])
    yield worker
    assert worker.close(10)
    assert worker._thread not in threading.enumerate()


def frame_where(worker: Worker, holds: Callable[[Frame], Any], seconds: float = 20) -> Frame:
    deadline = time.monotonic() + seconds
    tick = threading.Event()
    while time.monotonic() < deadline:
        frame = worker.take()
        if frame is not None and holds(frame):
            return frame
        tick.wait(0.002)
    raise AssertionError("no such frame came")


def counted(frame: Frame) -> int:
    return frame.snapshot.count if isinstance(frame.snapshot, CounterSnapshot) else -1


def test_the_lab_runs_on_the_workers_thread_and_tells_its_device(worker: Worker):
    worker.post("select", "counter")
    frame = frame_where(worker, lambda frame: frame.snapshot is not None)
    assert frame.snapshot.thread == "gridloop-worker"
    assert frame.device is not None
    assert frame.device.kind == "cpu"
    assert not frame.playing


def test_play_pause_and_one_step(worker: Worker):
    worker.post("select", "counter")
    worker.post("step_once")
    assert counted(frame_where(worker, lambda frame: frame.steps == 1)) == 1
    worker.post("play")
    frame_where(worker, lambda frame: frame.playing and counted(frame) > 100)
    worker.post("pause")
    stopped = counted(frame_where(worker, lambda frame: not frame.playing))
    worker.post("configure", CounterConfig(by=5))
    assert counted(frame_where(worker, lambda frame: frame.snapshot.config.by == 5)) == stopped


def test_waiting_settings_are_carried_out_once_and_the_last_wins(worker: Worker):
    worker.post("select", "counter")
    gate = threading.Event()
    worker.post("wait_for", gate)
    for by in range(1, 101):
        worker.post("configure", CounterConfig(by=by))
    gate.set()
    frame = frame_where(worker, lambda frame: frame.snapshot and frame.snapshot.config.by == 100)
    assert frame.snapshot.configured <= 2  # the first may have been under way alone


def test_a_frame_that_nobody_takes_is_renewed_by_a_command_and_never_piles_up(worker: Worker):
    worker.post("select", "counter")
    worker.post("play")
    frame_where(worker, lambda frame: counted(frame) > 10)
    worker.post("pause")
    worker.post("configure", CounterConfig(by=7))
    gate = threading.Event()
    worker.post("wait_for", gate)
    gate.set()
    frame = frame_where(worker, lambda frame: frame.snapshot.config.by == 7)
    assert not frame.playing
    assert len(worker._outbox) <= 1


def test_an_error_travels_out_as_a_sentence_and_what_goes_on_goes_on(worker: Worker):
    worker.post("select", "counter")
    worker.post("play")
    worker.post("fail", UserError("The file is empty", "it has no bytes", "Choose another"))
    frame = frame_where(worker, lambda frame: frame.failures)
    assert frame.failures[0].sentence == "The file is empty: it has no bytes. Choose another."
    assert frame.playing
    worker.post("fail", ZeroDivisionError("division by zero"))
    frame = frame_where(worker, lambda frame: frame.failures)
    assert "ZeroDivisionError" in frame.failures[0].details
    assert "Traceback" not in frame.failures[0].sentence
    assert not frame.playing
    worker.post("step_once")
    frame_where(worker, lambda frame: counted(frame) >= 1)


@pytest.mark.parametrize("error", [Cancelled(), UserError("It cannot rest"), ZeroDivisionError()])
def test_a_lab_that_cannot_rest_is_left_all_the_same(worker: Worker, error: Exception):
    worker.post("select", "counter")
    worker.post("rest_with", error)
    worker.post("play")
    frame_where(worker, lambda frame: frame.playing)
    worker.post("select", "other")
    worker.post("configure", CounterConfig(by=9))
    frame = frame_where(worker, lambda frame: frame.lab == "other" and frame.snapshot.config.by == 9)
    assert not frame.playing


def test_an_error_in_a_step_stops_playing(worker: Worker):
    worker.post("select", "counter")
    worker.post("break_at", 3)
    worker.post("play")
    frame = frame_where(worker, lambda frame: frame.failures)
    assert frame.failures[0].sentence == "It is worn out."
    assert not frame.playing


def test_one_step_is_all_of_it_and_is_looked_at(worker: Worker):
    worker.post("select", "counter")
    worker.post("cut_steps", 4)
    worker.post("step_once")
    frame = frame_where(worker, lambda frame: frame.snapshot and frame.snapshot.rested)
    assert frame.snapshot.stepped == 4


def test_where_nothing_is_left_to_do_playing_ends_and_is_looked_at(worker: Worker):
    worker.post("select", "counter")
    worker.post("end_at", 5)
    worker.post("play")
    frame = frame_where(worker, lambda frame: frame.steps >= 5 and not frame.playing)
    assert frame.snapshot.rested == 1


def test_failures_in_a_frame_that_was_renewed_are_not_lost(worker: Worker):
    worker.post("select", "counter")
    gate = threading.Event()
    for number in range(5):
        worker.post("fail", UserError(f"Failure {number}"))
    worker.post("wait_for", gate)
    worker.post("configure", CounterConfig(by=9))
    gate.set()
    seen: list[str] = []

    def collect(frame: Frame) -> bool:
        seen.extend(failure.sentence for failure in frame.failures)
        return len(seen) == 5

    frame_where(worker, collect)
    assert seen == [f"Failure {number}." for number in range(5)]


def test_what_was_opened_is_told_once_with_its_settings_also_from_a_lab_that_was_left(worker: Worker):
    worker.post("select", "counter")
    gate = threading.Event()
    worker.post("wait_for", gate)
    for name in ("3.by", "broken.by", "4.by"):
        worker.post("open", Path(name))
    worker.post("select", "other")
    worker.post("configure", CounterConfig(by=9))
    gate.set()
    told: list[Opened] = []
    configured: list[bool] = []

    def collect(frame: Frame) -> bool:
        told.extend(frame.opened)
        configured.append(isinstance(frame.snapshot, CounterSnapshot) and frame.snapshot.configured == 1)
        return configured[-1]

    frame_where(worker, collect)
    one, three, four = (CounterConfig(by=by) for by in (1, 3, 4))
    assert told == [
        Opened("counter", Path("3.by"), one, three),
        Opened("counter", Path("4.by"), three, four),
    ]
    worker.post("configure", one)
    assert frame_where(worker, lambda frame: frame.snapshot.configured == 2).opened == ()


def test_jobs_start_by_themselves_report_progress_and_end(worker: Worker):
    worker.post("select", "counter")
    worker.post("work", 1000)
    done = frame_where(worker, lambda frame: counted(frame) == 1000 and not frame.jobs)
    assert not done.playing
    assert done.steps >= 1000


def test_pause_holds_a_job_and_play_goes_on_with_it(worker: Worker):
    worker.post("select", "counter")
    worker.post("work", 10**9)
    worker.post("pause")
    held = counted(frame_where(worker, lambda frame: frame.paused and frame.jobs))
    worker.post("step_once")
    assert counted(frame_where(worker, lambda frame: counted(frame) > held)) == held + 1
    worker.post("play")
    frame_where(worker, lambda frame: not frame.paused and counted(frame) > held + 1)
    worker.cancel()
    frame_where(worker, lambda frame: not frame.jobs)


def test_cancel_ends_a_long_call_and_its_progress_is_seen(worker: Worker):
    worker.post("select", "counter")
    began = threading.Event()
    worker.post("long_call", began)
    assert began.wait(20)
    frame = frame_where(worker, lambda frame: frame.jobs)
    assert frame.jobs[0].title == "Long call"
    worker.cancel()
    worker.post("configure", CounterConfig(by=3))
    frame_where(worker, lambda frame: frame.snapshot and frame.snapshot.config.by == 3)


@pytest.mark.parametrize("speed", [None, 200.0])
def test_playing_and_jobs_take_turns(worker: Worker, speed: float | None):
    worker.post("select", "counter")
    worker.post("set_speed", speed)
    worker.post("work", 10**9)
    worker.post("play")

    def both_go_on(frame: Frame) -> bool:
        snapshot = frame.snapshot
        return isinstance(snapshot, CounterSnapshot) and 5 < snapshot.stepped < snapshot.count - 5

    assert frame_where(worker, both_go_on).jobs


def test_one_step_is_a_slice_of_what_was_asked_for_else_a_step(worker: Worker):
    worker.post("select", "counter")
    worker.post("work", 10**9, True)
    worker.post("step_once")
    frame = frame_where(worker, lambda frame: frame.snapshot and frame.snapshot.stepped == 1)
    assert not frame.paused  # what only fills the screen goes on
    worker.post("work", 10**9)
    worker.post("step_once")
    frame = frame_where(worker, lambda frame: frame.paused)
    assert frame.snapshot.stepped == 1


def test_speed_limits_steps_and_commands_are_still_answered_at_once(worker: Worker):
    worker.post("select", "counter")
    worker.post("set_speed", 0.01)
    worker.post("play")
    frame_where(worker, lambda frame: frame.playing and frame.steps == 1)
    worker.post("configure", CounterConfig(by=2))
    frame = frame_where(worker, lambda frame: frame.snapshot.config.by == 2, seconds=5)
    assert frame.steps == 1


def test_a_chosen_speed_holds_for_its_kind_of_step(worker: Worker):
    worker.post("select", "counter")
    worker.post("set_speed", 5.0)
    assert frame_where(worker, lambda frame: frame.speed == 5.0)
    worker.post("go_at", 2.0)
    assert frame_where(worker, lambda frame: frame.speed == 2.0)
    worker.post("set_speed", None)
    assert frame_where(worker, lambda frame: frame.speed is None)


def test_a_command_may_set_it_playing(worker: Worker):
    worker.post("select", "counter")
    worker.post("set_going")
    assert frame_where(worker, lambda frame: frame.playing and frame.steps > 2)
    worker.post("pause")
    assert frame_where(worker, lambda frame: not frame.playing)


def test_a_lab_hears_when_playing_has_stopped(worker: Worker):
    worker.post("select", "counter")
    worker.post("pause")
    worker.post("play")
    frame_where(worker, lambda frame: frame.playing and frame.steps)
    worker.post("pause")
    assert frame_where(worker, lambda frame: not frame.playing).snapshot.rested == 1


def test_leaving_a_lab_pauses_it_and_coming_back_finds_it_as_it_was(worker: Worker):
    worker.post("select", "counter")
    worker.post("step_once")
    worker.post("play")
    worker.post("select", "other")
    assert counted(frame_where(worker, lambda frame: frame.lab == "other" and frame.snapshot)) == 0
    worker.post("select", "counter")
    frame = frame_where(worker, lambda frame: frame.lab == "counter" and frame.snapshot)
    assert not frame.playing
    assert counted(frame) >= 1


def test_closing_closes_every_lab_even_while_one_plays(worker: Worker):
    before = Counter.closed
    worker.post("select", "counter")
    worker.post("play")
    frame_where(worker, lambda frame: frame.playing)
    assert worker.close(10)
    assert Counter.closed == before + 1
