"""Memory that runs out in the middle of an update: a sentence, a run that is whole, and a next step."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import UserError
from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig, ConvnetTrainingSnapshot
from engine.memory_errors import is_out_of_memory
from engine.models.designs import Design
from engine.models.designs.block import Convolution, Dense
from engine.training.pictures.trainer import PictureTraining
from engine.worker import Frame, Worker

CPU = torch.device("cpu")
SMALL = Design("small", (Convolution(4, normalise="batch"), Dense(16))).to_json()
ON_THE_CPU = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
    "allocate 1099511627776 bytes. Error code 12 (Cannot allocate memory)"
)
ON_A_GPU = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def test_pytorch_itself_says_so():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**50)
    assert is_out_of_memory(raised.value)
    assert is_out_of_memory(ON_A_GPU)
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(UserError("It is out of memory"))


@pytest.fixture
def lab() -> Iterator[ConvnetTraining]:
    lab = ConvnetTraining(ConvnetTrainingConfig(design=SMALL, epochs=20), CPU)
    lab.start()
    yield lab
    lab.close()


def _fails(error: Exception, *_: Any, **__: Any) -> None:
    raise error


def _in_forward(training: PictureTraining, error: Exception, patch: pytest.MonkeyPatch) -> None:
    """Within the last layer, when batch norm has already counted the batch."""
    patch.setattr(training.network.get_submodule("head"), "forward", partial(_fails, error))


def _in_backward(training: PictureTraining, error: Exception, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(torch.Tensor, "backward", partial(_fails, error))


def _in_optimiser(training: PictureTraining, error: Exception, patch: pytest.MonkeyPatch) -> None:
    """When half of the parameters are updated."""
    update = training._optimiser._update

    def half(indices: list[int], rate: float) -> None:
        update(indices[: len(indices) // 2], rate)
        raise error

    patch.setattr(training._optimiser, "_update", half)


def _after_the_update(training: PictureTraining, error: Exception, patch: pytest.MonkeyPatch) -> None:
    """When it is measured how much it has changed, which every eighth is."""
    patch.setattr(torch, "_foreach_sub", partial(_fails, error))


@pytest.mark.parametrize(
    ("place", "error"),
    [
        (_in_forward, ON_THE_CPU),
        (_in_backward, ON_A_GPU),
        (_in_optimiser, MemoryError()),
        (_after_the_update, ON_THE_CPU),
    ],
)
def test_a_run_without_memory_stands_whole_and_goes_on_exactly(
    lab: ConvnetTraining,
    monkeypatch: pytest.MonkeyPatch,
    place: Callable[[PictureTraining, Exception, pytest.MonkeyPatch], None],
    error: Exception,
):
    run = lab._need().run
    while run.step_count % 8:
        lab.step()
    at = run.step_count
    with monkeypatch.context() as patch:
        place(run.training, error, patch)
        with pytest.raises(UserError, match=r"64 pictures at a time.*Choose a smaller batch") as raised:
            lab.step()
    assert f"whole after update {run.step_count}" in raised.value.sentence
    assert run.step_count <= at
    assert lab.can_step
    assert run.training.network.get_parameter("head.weight").grad is None
    while run.step_count < at + 10:
        lab.step()
    again = ConvnetTraining(lab.config, CPU, screen=False)
    again.prepare()
    for _ in range(at + 10):
        again.step()
    expected = again._need().run.training.state()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in run.training.state().items())
    ours, theirs = run.curves(), again._need().run.curves()
    np.testing.assert_array_equal(ours.steps, theirs.steps)
    np.testing.assert_array_equal(ours.loss, theirs.loss)
    assert ours.watched is not None
    assert theirs.watched is not None
    np.testing.assert_array_equal(ours.watched.ratio_steps, theirs.watched.ratio_steps)
    again.close()


def test_an_error_of_another_kind_passes(lab: ConvnetTraining, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.Tensor, "backward", partial(_fails, RuntimeError("a bug")))
    with pytest.raises(RuntimeError, match="a bug"):
        lab.step()


class Starved(ConvnetTraining):
    """Without memory until it is fed."""

    def starve(self) -> None:
        training = self._need().run.training
        training._figures = partial(_fails, ON_THE_CPU)  # ty: ignore[invalid-assignment]

    def feed(self) -> None:
        del self._need().run.training._figures

    def work(self) -> None:
        raise ON_THE_CPU


def test_the_worker_lives_and_the_next_step_works():
    worker, tick = Worker("cpu", lambda _: Starved), threading.Event()

    def frame(until: Callable[[Frame], bool]) -> Frame:
        while (found := worker.take()) is None or not until(found):
            tick.wait(0.01)
        return found

    try:
        worker.post("select", "starved", ConvnetTrainingConfig(design=SMALL, epochs=20))
        worker.post("starve")
        worker.post("play")
        failed = frame(lambda frame: bool(frame.failures))
        assert re.search(r"not enough memory .* Choose a smaller batch", failed.failures[0].sentence)
        worker.post("work")  # where nobody foresaw it
        failed = frame(lambda frame: bool(frame.failures))
        assert "not enough memory" in failed.failures[0].sentence
        assert not failed.playing
        before = _step(failed)
        worker.post("feed")
        worker.post("step_once")
        frame(lambda frame: _step(frame) == before + 1)
    finally:
        assert worker.close(10)


def _step(frame: Frame) -> int:
    assert isinstance(frame.snapshot, ConvnetTrainingSnapshot)
    assert frame.snapshot.learning is not None
    return frame.snapshot.learning.step


def test_a_class_with_one_picture_is_learned_said_and_not_tested(tmp_path: Path):
    draw = np.random.default_rng(0)
    for name, count in (("many", 12), ("one", 1)):
        (tmp_path / name).mkdir()
        for number in range(count):
            noise = draw.integers(0, 255, (12, 12)).astype(np.uint8)
            Image.fromarray(noise).save(tmp_path / name / f"{number}.png")
    lab = ConvnetTraining(ConvnetTrainingConfig(design=SMALL, epochs=2, batch=4), CPU)
    try:
        lab.open(tmp_path)
        while lab.can_step:
            lab.step()
        lab.rest()
        while lab.jobs:
            lab.jobs.advance()
        shown = lab.snapshot()
        assert shown.data is not None
        assert shown.data.train_counts[1] == 1
        assert shown.data.test_counts[1] == 0
        assert "Of one there is only one picture" in shown.data.split
        assert shown.verdict is not None
        assert shown.verdict.confusion[1].sum() == 0
    finally:
        lab.close()
