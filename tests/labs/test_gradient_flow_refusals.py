"""What does not fit is refused with the estimate, and whatever breaks off a sweep leaves nothing behind."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.labs.gradient_flow import GradientFlow, GradientFlowConfig, memory
from engine.labs.gradient_flow.meter import MemoryMeter
from engine.labs.gradient_flow.race import Race
from engine.models.recurrent_networks import RecurrentNetwork

CPU = torch.device("cpu")
ESTIMATE = r"about [\d.]+ GB of memory: only 0\.0 GB are free\. Choose a shorter length"


def networks_alive() -> int:
    gc.collect()
    return sum(type(each) is RecurrentNetwork for each in gc.get_objects())


@pytest.fixture
def others() -> int:
    """Networks of other tests' modules."""
    return networks_alive()


@pytest.fixture
def lab(others: int) -> Iterator[GradientFlow]:
    config = GradientFlowConfig(length=8, hidden=6, batch=5, sweep_steps=50, cells="rnn,gru")
    lab = GradientFlow(config, CPU)
    lab.start()
    while lab.jobs:
        lab.jobs.advance()
    yield lab
    lab.jobs.cancel()
    lab.close()


@pytest.fixture
def swept(lab: GradientFlow) -> GradientFlow:
    """In the middle of a sweep: the first length is measured in part."""
    lab.sweep("4,6,8")
    while lab.snapshot().meter is None or not lab.snapshot().meter.accuracy["rnn"]:
        lab.jobs.advance()
    assert "sweep" in lab.jobs
    return lab


# Sizes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 3_000_000)


@pytest.mark.parametrize("wanted", [{"length": 1000}, {"hidden": 1024}, {"batch": 1024, "length": 300}])
def test_a_size_that_does_not_fit_is_refused_and_the_race_goes_on(
    wanted: dict[str, int], lab: GradientFlow, little_memory: None
) -> None:
    with pytest.raises(UserError, match=ESTIMATE):
        lab.configure(replace(lab.config, **wanted))
    step = lab.snapshot().step
    lab.step()
    lab.rest()
    while lab.jobs:
        lab.jobs.advance()
    snapshot = lab.snapshot()
    assert (snapshot.config.length, snapshot.config.hidden, snapshot.step) == (8, 6, step + 1)


def test_a_length_of_a_sweep_that_does_not_fit_is_refused_before_it_begins(
    lab: GradientFlow, little_memory: None
) -> None:
    with pytest.raises(UserError, match=ESTIMATE):
        lab.sweep("10,1000")
    assert lab.snapshot().meter is None
    assert "sweep" not in lab.jobs
    assert lab.config.sweep == ""
    with pytest.raises(UserError, match=ESTIMATE):
        MemoryMeter(lab.config, (4, 900))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_estimate_grows_with_everything_that_takes_room(cell: str) -> None:
    usual = GradientFlowConfig(cells=cell)
    task = Race(replace(usual, length=4, hidden=2, batch=2), live=False).task
    estimate = memory.estimate_bytes(usual, task, (cell,))
    for larger in ({"length": 120}, {"hidden": 128}, {"batch": 128}):
        assert memory.estimate_bytes(replace(usual, **larger), task, (cell,)) > 1.5 * estimate
    assert memory.estimate_bytes(usual, task, (cell, "relu")) > estimate


# A sweep that is broken off ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "what", [{"cells": "lstm"}, {"hidden": 7}, {"gain": 1.5}, {"task": "adding"}, {"learning_rate": 0.01}]
)
def test_changing_what_it_measures_with_ends_it(
    what: dict[str, object], swept: GradientFlow, others: int
) -> None:
    swept.configure(replace(swept.config, **what))
    assert "sweep" not in swept.jobs
    assert swept.snapshot().meter is None
    cells = 1 if "cells" in what else 2
    while swept.jobs:
        swept.jobs.advance()
    assert networks_alive() - others == 4 * cells  # each with its three twins, and none of the sweep's


@pytest.mark.parametrize(
    "end", [lambda lab: lab.jobs.cancel(), lambda lab: lab.jobs.drop("sweep")], ids=["cancelled", "dropped"]
)
def test_cancelling_keeps_what_was_measured_and_nothing_else(
    end: Callable[[GradientFlow], None], swept: GradientFlow, others: int
) -> None:
    measured = swept.snapshot().meter
    end(swept)
    assert "sweep" not in swept.jobs
    assert networks_alive() - others == 4 * 2
    assert swept.snapshot().meter == measured
    swept.step()
    assert swept.can_step


def test_resetting_begins_the_race_anew_and_the_sweep_goes_on(swept: GradientFlow, others: int) -> None:
    swept.step()
    swept.reset()
    assert swept.snapshot().step == 0
    while swept.jobs:
        swept.jobs.advance()
    assert {len(found) for found in swept.snapshot().meter.accuracy.values()} <= {2, 3}
    assert networks_alive() - others == 4 * 2


def test_pausing_changes_nothing_that_the_sweep_finds(swept: GradientFlow) -> None:
    before = swept.snapshot().meter
    assert swept.snapshot().meter == before
    swept.rest()  # playing stops: what is looked at closely goes before
    while swept.jobs:
        swept.jobs.advance()
    alone = MemoryMeter(swept.config, (4, 6, 8))
    for _ in alone.sweep():
        pass
    assert swept.snapshot().meter == alone.view


def test_closing_in_its_middle_leaves_no_network() -> None:
    before = networks_alive()
    lab = GradientFlow(GradientFlowConfig(length=8, hidden=6, batch=5, cells="rnn,gru"), CPU)
    lab.start()
    lab.sweep("4,50")
    for _ in range(30):
        lab.jobs.advance()
    lab.jobs.cancel()
    lab.close()
    del lab
    assert networks_alive() == before


def test_nothing_that_is_no_number_is_shown_as_one() -> None:
    """Of a network that has exploded what is charted over training ends where its numbers did."""
    config = GradientFlowConfig(
        length=100, hidden=32, batch=8, cells="relu,gru", init="gaussian", gain=2.0, clip=0.0,
        optimiser="sgd", learning_rate=0.1,
    )  # fmt: skip
    lab = GradientFlow(config, CPU, screen=False)
    lab.start()
    for _ in range(8):
        lab.step()
    for _ in lab._dig():
        pass
    relu, gru = lab.snapshot().runners
    assert relu.exploded_at is not None
    assert gru.exploded_at is None
    for runner in (relu, gru):
        for values in (runner.loss, runner.loss_low, runner.loss_high, runner.accuracy, runner.flow.map):
            assert not np.isnan(values).any()
            assert not np.isposinf(values).any()
    assert len(relu.loss) < len(gru.loss) == 8
    assert "exploded at update" in lab.snapshot().finding
    assert "nan" not in lab.snapshot().finding.lower()
