"""Commands in any order: the worker stands as a model of a few lines says, and ends when told to."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from counting_lab import Counting, CountingConfig
from frames import Frames
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sizes import COMMANDS, RUNS_OF_THE_WORKER, Scale, in_both_parts
from tally import Tally

from engine.errors import UserError
from engine.worker import Worker


@dataclass
class Model:
    """How one lab stands: all that the worker may do with play, pause, steps, jobs and errors."""

    playing: bool = False
    paused: bool = False
    jobs: set[str] = field(default_factory=set)
    by: int = 1

    def play(self) -> None:
        self.playing = self.playing or not (self.paused and self.jobs)
        self.paused = False

    def pause(self) -> None:
        self.paused = "work" in self.jobs if self.playing else bool(self.jobs)
        self.playing = False

    def step_once(self) -> None:
        self.playing, self.paused = False, "work" in self.jobs

    def fail(self) -> None:
        self.playing, self.paused = False, bool(self.jobs)

    def cancel(self) -> None:
        self.jobs, self.paused = set(), False

    def leave(self) -> None:
        self.pause()

    def come(self) -> None:
        self.paused = False


class AnyOrder(RuleBasedStateMachine):
    """Drives a real worker, and after each command compares a frame with the model."""

    commands = 0

    def __init__(self) -> None:
        super().__init__()
        self.worker = Worker("cpu", lambda name: type(name, (Counting,), {}))
        self.frames = Frames(self.worker)
        self.models = {"one": Model(), "other": Model()}
        self.lab, self.told = "one", 0

    @property
    def model(self) -> Model:
        return self.models[self.lab]

    def do(self, command: str, *arguments: object) -> None:
        self.worker.post(command, *arguments)
        self.compare()

    def compare(self) -> None:
        type(self).commands += 1
        frame, model = self.frames.until_done(), self.model
        assert (frame.lab, frame.playing, frame.paused) == (self.lab, model.playing, model.paused)
        assert {job.name for job in frame.jobs} == model.jobs
        assert frame.snapshot.config.by == model.by
        assert len(self.frames.failures) == self.told

    @initialize()
    def open_first(self) -> None:
        self.do("select", self.lab)

    @rule(command=st.sampled_from(["play", "pause", "step_once"]))
    def run(self, command: str) -> None:
        getattr(self.model, command)()
        self.do(command)

    @rule(by=st.integers(-3, 3))
    def configure(self, by: int) -> None:
        self.model.by = by
        self.do("configure", CountingConfig(by=by))

    @rule(speed=st.sampled_from([None, 1.0, 10_000.0]))
    def set_speed(self, speed: float | None) -> None:
        self.do("set_speed", speed)

    @rule(for_screen=st.booleans())
    def start_a_job(self, for_screen: bool) -> None:
        self.model.jobs.add("filling" if for_screen else "work")
        self.do("work", for_screen)

    @rule()
    def cancel(self) -> None:
        self.model.cancel()
        self.worker.cancel()
        self.compare()

    @rule()
    def cancel_a_long_call(self) -> None:
        began = threading.Event()
        self.worker.post("long_call", began)
        assert began.wait(60)
        self.cancel()

    @rule()
    def refuse(self) -> None:
        self.told += 1
        self.do("fail", UserError("It cannot be"))

    @rule(error=st.sampled_from([ValueError("a fault"), MemoryError(), KeyError("x"), StopIteration()]))
    def fail(self, error: Exception) -> None:
        self.told += 1
        self.model.fail()
        self.do("fail", error)

    @rule()
    def no_such_command(self) -> None:
        self.told += 1
        self.model.fail()
        self.do("there_is_no_such_command")

    @precondition(lambda self: self.model.playing)
    @rule(error=st.sampled_from([RuntimeError("worn out"), UserError("Worn out")]))
    def fail_at_a_step(self, error: Exception) -> None:
        self.told += 1
        self.worker.post("set_speed", None)
        self.worker.post("break_at_next_step", error)
        self.frames.until_failed()
        self.model.playing, self.model.paused = (
            False,
            not isinstance(error, UserError) and bool(self.model.jobs),
        )
        self.compare()

    @rule()
    def change_labs(self) -> None:
        self.model.leave()
        self.lab = "other" if self.lab == "one" else "one"
        self.model.come()
        self.do("select", self.lab)

    def teardown(self) -> None:
        assert self.worker.close(10)
        assert self.worker.close(10), "closing twice does no harm"
        self.worker.post("play")
        assert not self.worker._thread.is_alive()


@in_both_parts()
def test_commands_in_any_order(scale: Scale, tally: Tally) -> None:
    AnyOrder.commands = 0
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=scale(RUNS_OF_THE_WORKER),
            stateful_step_count=scale(COMMANDS),
            deadline=None,
            database=None,
            derandomize=not scale.is_long,
            suppress_health_check=list(HealthCheck),
        ),
    )
    tally.add("commands to the worker in any order", AnyOrder.commands)


@pytest.mark.parametrize("waiting", [1, 40])
def test_it_ends_in_time_however_many_long_calls_wait(waiting: int) -> None:
    """A batch of files dropped together, each taking long, must not hold the window's end up."""
    worker = Worker("cpu", lambda name: Counting)
    began = threading.Event()
    worker.post("select", "counting")
    for _ in range(waiting):
        worker.post("long_call", began)
    assert began.wait(60)
    assert worker.close(5)
