"""What being able to look costs while a convolutional network learns: little of its time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from engine.budget import Budget
from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig, views
from engine.labs.convnet_training.run import TrainingRun

CPU = torch.device("cpu")


@pytest.fixture
def lab() -> Iterator[ConvnetTraining]:
    lab = ConvnetTraining(ConvnetTrainingConfig(preset="single-filter", epochs=200), CPU)
    lab.start()
    yield lab
    lab.jobs.cancel()
    lab.close()


def run_of(lab: ConvnetTraining) -> TrainingRun:
    return lab._need().run


def test_updates_are_kept_as_far_as_there_is_time_and_every_epoch_s_end(lab: ConvnetTraining):
    run, clock = run_of(lab), [0.0]
    run.remembering = Budget(0.5, lambda: clock[0])
    run.remembering._next = 1.0
    begun = run.step_count
    while run.step_count % run.training.steps_per_epoch or run.step_count == begun:
        lab.step()
    end = run.step_count
    assert [step for step in run.moments if begun < step] == [end]
    clock[0] = 2.0
    lab.step()
    assert run.moments[-1] == end + 1


def test_one_may_always_look_back_at_the_newest_update(lab: ConvnetTraining):
    run = run_of(lab)
    run.remembering = Budget(0.5, lambda: 0.0)
    run.remembering._next = 1.0
    for _ in range(3):
        lab.step()
    at = run.step_count
    assert at not in run.moments
    lab.go_to(at)
    assert (run.shown, run.follows) == (at, False)
    assert at in run.moments


def test_the_network_is_examined_once_for_all_snapshots(
    lab: ConvnetTraining, monkeypatch: pytest.MonkeyPatch
):
    first = lab.snapshot().network
    monkeypatch.setattr(views, "examine", lambda *_: pytest.fail("it was examined before"))
    lab.step()
    assert lab.snapshot().network is first
    monkeypatch.undo()
    lab.configure(replace(lab.config, preset="mlp"))
    other = lab.snapshot().network
    assert other is not None
    assert first is not None
    assert other.parameters != first.parameters
