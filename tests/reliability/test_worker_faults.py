"""A fault at each stage of a training step: told in a sentence, the worker alive, and the next run works."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import torch
from counting_lab import Counting
from frames import Frames
from tally import Tally

from engine import probe
from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig
from engine.models.designs import Design
from engine.models.designs.block import Convolution, Dense
from engine.models.designs.network import DesignedNetwork
from engine.optimisers import Optimiser
from engine.training.pictures import trainer
from engine.training.pictures.batches import Batches
from engine.worker import Frame, Worker

SMALL = Design("small", (Convolution(4),)).to_json()
STAGES: dict[str, tuple[object, str]] = {
    "data": (Batches, "batch"),
    "forward": (DesignedNetwork, "forward"),
    "hook": (probe.Probe, "_kept"),
    "backward": (torch.Tensor, "backward"),
    "optimiser step": (Optimiser, "step"),
    "evaluation": (trainer, "evaluated"),
    "snapshot": (ConvnetTraining, "snapshot"),
}
"""Where in a step, and what is called there."""


class Unspeakable(Exception):
    """One that cannot even be put into words."""

    def __str__(self) -> str:
        raise ValueError("no words")


ERRORS: dict[str, Callable[[], Exception]] = {
    "fault": lambda: ZeroDivisionError("a fault that nobody foresaw"),
    "GPU memory": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
}
OF_MEMORY = "not enough memory"


@pytest.fixture
def frames() -> Iterator[Frames]:
    """Of a worker that learns digits with a small network, and must be alive to the end."""
    frames = Frames(Worker("cpu"))
    config = ConvnetTrainingConfig(design=SMALL, epochs=100)
    frames.worker.post("select", "convnet-training", config)
    frames.until(is_at_rest)
    yield frames
    assert frames.worker._thread.is_alive()
    assert frames.worker.close(20)


def is_at_rest(frame: Frame) -> bool:
    return frame.snapshot is not None and not frame.jobs and not frame.playing


def learned(frame: Frame) -> int:
    """Updates of the run that is shown; -1 where nothing is."""
    learning = getattr(frame.snapshot, "learning", None)
    return -1 if learning is None else learning.step


@pytest.mark.timeout(300)
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_at_any_stage(
    stage: str, error: str, frames: Frames, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    """It lasts, so that whatever is done about it meets it again."""

    def broken(*arguments: object, **details: object) -> NoReturn:
        raise ERRORS[error]()

    owner, name = STAGES[stage]
    monkeypatch.setattr(owner, name, broken)
    frames.worker.post("play")
    sentence = frames.until_failed()
    assert (OF_MEMORY in sentence) == ("memory" in error)
    assert ERRORS[error]().args[0] in frames.failures[0].details
    frames.worker.post("pause")
    frames.worker.post("cancel")
    monkeypatch.undo()
    frames.worker.post("reset")
    frames.worker.post("play")
    frames.until(lambda frame: learned(frame) >= 3 and frame.playing)
    tally.add("faults in a training step")


def test_the_memory_of_the_processor_is_full(frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    """What PyTorch's own allocator really says."""
    monkeypatch.setattr(Batches, "batch", lambda *_: torch.empty(2**60, dtype=torch.uint8))
    frames.worker.post("play")
    assert OF_MEMORY in frames.until_failed()


def test_a_fault_that_has_no_words_is_told() -> None:
    frames = Frames(Worker("cpu", lambda name: Counting))
    frames.worker.post("select", "counting")
    frames.worker.post("fail", Unspeakable())
    assert "Unspeakable" in frames.until_failed()
    frames.until_done()
    assert frames.worker.close(10)


@pytest.mark.parametrize("stage", ["fsync", "replace"])
def test_a_full_disk_is_told_and_learning_goes_on(
    stage: str, frames: Frames, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = tmp_path / "network.safetensors"
    frames.worker.post("save_network", str(target))
    frames.until(lambda frame: target.exists())
    before = target.read_bytes()

    def full(*_: object) -> NoReturn:
        raise OSError(28, "No space left on device")

    frames.worker.post("play")
    frames.until(lambda frame: learned(frame) >= 2)
    monkeypatch.setattr(os, stage, full)
    frames.worker.post("save_network", str(target))
    sentence = frames.until_failed()
    assert "network.safetensors could not be saved: No space left on device" in sentence
    at = learned(frames.until(lambda frame: learned(frame) > 0))
    frames.until(lambda frame: learned(frame) > at and frame.playing)
    monkeypatch.undo()
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def test_a_batch_of_one_is_refused_in_a_sentence() -> None:
    """Where batch normalisation has nothing to compare: found by a clumsy hand with twelve pictures."""
    normalised = Design("normalised", (Dense(8, normalise="batch"),)).to_json()
    frames = Frames(Worker("cpu"))
    config = ConvnetTrainingConfig(design=normalised, batch=1)
    frames.worker.post("select", "convnet-training", config)
    assert "One picture cannot be a batch here" in frames.until_failed()
    assert frames.worker.close(20)
