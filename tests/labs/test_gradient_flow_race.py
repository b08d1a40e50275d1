"""Several networks in lockstep: each learns as it would alone, and one that explodes rests where it did."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine.data.sequence_tasks import TASKS, Batch
from engine.errors import UserError
from engine.labs.gradient_flow import memory, race
from engine.labs.gradient_flow.config import PRESETS, GradientFlowConfig
from engine.labs.gradient_flow.flow import flow_of_sample
from engine.labs.gradient_flow.race import AT_ONCE, RESTARTS, Race, parse_cells, task_of
from engine.models.recurrent_networks import NetworkConfig, RecurrentNetwork


def config(**settings: Any) -> GradientFlowConfig:
    return GradientFlowConfig(**{"length": 12, "hidden": 8, "batch": 6, "cells": "rnn,lstm,gru"} | settings)


def batches(settings: GradientFlowConfig, count: int) -> list[Batch]:
    """What a race with these settings draws."""
    generator = torch.Generator().manual_seed(settings.seed + race._DATA)
    task = task_of(settings)
    return [task.batch(generator, settings.batch, settings.length) for _ in range(count)]


def trained_alone(
    cell: str, settings: GradientFlowConfig, steps: int, make: Callable[..., Any]
) -> tuple[RecurrentNetwork, list[float]]:
    """By plain PyTorch: one fused pass, its own clipping and its own optimiser.

    The losses are NaN from where a loss or a gradient is no number.
    """
    task = task_of(settings)
    start = NetworkConfig(
        cell,
        task.inputs,
        settings.hidden,
        task.outputs,
        settings.seed,
        settings.init,
        settings.gain,
        settings.gate_bias,
        task.steps(settings.length),
    )
    network = RecurrentNetwork(start)
    optimiser, losses = make(network.parameters(), lr=settings.learning_rate), []
    for batch in batches(settings, steps):
        optimiser.zero_grad()
        loss = task.loss(network(batch.inputs, task.every_step)[0], batch.targets)
        loss.backward()
        if settings.clip_value:
            nn.utils.clip_grad_value_(network.parameters(), settings.clip_value)
        if settings.clip:
            nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
        optimiser.step()
        finite = all(parameter.grad.isfinite().all() for parameter in network.parameters())
        losses.append(loss.item() if finite else math.nan)
    return network, losses


@pytest.mark.parametrize("task", TASKS)
def test_each_network_learns_as_it_would_alone(task: str):
    settings = config(task=task, cells="rnn,relu,irnn,lstm,lstm-no-forget-bias,gru", clip=0.1)
    raced = Race(settings)
    for _ in range(8):
        raced.step()
    assert raced.steps == 8
    for cell, runner in raced.networks.items():
        alone, losses = trained_alone(cell, settings, 8, torch.optim.Adam)
        for name, weight in alone.weights().items():
            assert torch.allclose(runner.network.weights()[name], weight, rtol=1e-4, atol=2e-6), (cell, name)
        assert runner.loss.arrays()[3] == pytest.approx(losses, rel=1e-5)


@pytest.mark.parametrize("clipping", [{"clip": 0.0}, {"clip": 0.05}, {"clip": 0.0, "clip_value": 0.002}])
def test_plain_gradient_descent_and_both_ways_to_clip(clipping: dict[str, float]):
    settings = config(optimiser="sgd", learning_rate=0.5, **clipping)
    raced = Race(settings, live=False)
    for _ in range(6):
        raced.step()
    for cell, runner in raced.networks.items():
        alone, _ = trained_alone(cell, settings, 6, torch.optim.SGD)
        for name, weight in alone.weights().items():
            assert torch.allclose(runner.network.weights()[name], weight, rtol=1e-4, atol=1e-6), (cell, name)


def test_the_same_seed_gives_the_same_everything_and_another_does_not():
    def finished(seed: int, live: bool) -> list[Any]:
        raced = Race(config(seed=seed), live=live)
        for _ in range(5):
            raced.step()
        raced.look()
        return [
            (each.loss, each.accuracy, each.flow.log10_norms, each.health.gradient_norms)
            for each in raced.runners()
        ]

    first, again, other = finished(1, True), finished(1, False), finished(2, True)
    for mine, theirs in zip(first, again, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))
    assert not any(np.array_equal(mine[0], theirs[0]) for mine, theirs in zip(first, other, strict=True))


def test_the_curve_is_of_the_weights_before_the_update():
    settings = config(cells="lstm", task="adding")
    raced = Race(settings, live=False)
    first = raced.runners()[0]  # before any update: of the batch to come
    assert (first.flow.step, len(first.loss), first.health) == (1, 0, None)
    assert math.isnan(first.recent_accuracy)
    raced.step()
    raced.look()
    assert np.array_equal(raced.runners()[0].flow.log10_norms, first.flow.log10_norms)
    raced.step()
    raced.look()
    seen, runner = raced.runners()[0], raced.networks["lstm"]
    alone, _ = trained_alone("lstm", settings, 1, torch.optim.Adam)
    for name, weight in runner.weights_before().items():
        assert torch.allclose(weight, alone.weights()[name], atol=1e-6)
    drawn = batches(settings, 2)[1]
    hidden = alone(drawn.inputs[:, :1])[1].detach().requires_grad_()
    TASKS["adding"].loss(alone.head(hidden[-1]), drawn.targets[:1]).backward()
    assert seen.flow.step == 2
    assert seen.flow.log10_norms[-1] == pytest.approx(math.log10(hidden.grad[-1].norm()), abs=1e-4)
    assert torch.equal(runner.looked_at.inputs, drawn.sample(0).inputs)


def test_all_are_looked_at_on_the_same_sequence():
    raced = Race(config(cells="rnn,relu,gru"))
    for _ in range(30):
        raced.step()
        assert len({each.flow.step for each in raced.runners()}) == 1
        assert len(raced.labels) == 12
        assert raced.labels[0] in "ABCDEFGH"
        shown = raced.networks["gru"].looked_at
        assert raced.labels[0] == "ABCDEFGH"[int(shown.targets[0])]


# Exploding --------------------------------------------------------------------------------------------

EXPLODES = {"init": "gaussian", "clip": 0.0, "optimiser": "sgd", "length": 30}
IN_THE_GRADIENT = EXPLODES | {"cells": "rnn,gru", "gain": 1.6, "learning_rate": 0.5, "task": "adding"}
EARLY = EXPLODES | {"cells": "relu,gru", "gain": 1.4, "learning_rate": 0.1}


def measured_again(raced: Race, cell: str) -> np.ndarray:
    """The newest curve from the weights and the sequence that are said to be its own."""
    runner, network = raced.networks[cell], deepcopy(raced.networks[cell].network)
    for name, weight in runner.weights_looked_at().items():
        network.get_parameter(name if name.startswith("head") else f"recurrent.{name}").data.copy_(weight)
    return flow_of_sample(network, raced.task, runner.looked_at, 0).log10_norms


@pytest.mark.parametrize("settings", [IN_THE_GRADIENT, EARLY])
@pytest.mark.parametrize("live", [True, False])
def test_an_explosion_is_caught_at_its_step_and_the_others_go_on(settings: dict[str, Any], live: bool):
    chosen = config(**settings)
    first = chosen.cells.split(",")[0]
    _, losses = trained_alone(first, chosen, 40, torch.optim.SGD)
    at = 1 + [math.isfinite(loss) for loss in losses].index(False)
    raced = Race(chosen, live=live)
    for _ in range(at + 5):
        raced.step()
        if live:
            raced.look()
    exploded, gru = raced.runners()
    assert at > 2
    assert (exploded.exploded_at, gru.exploded_at) == (at, None)
    assert (len(exploded.loss), len(gru.loss)) == (at - 1, at + 5)
    assert raced.can_step
    for values in (exploded.loss, exploded.accuracy, exploded.health.gradient_norms):
        assert np.isfinite(values).all()
    assert not np.isnan(exploded.flow.map).any()
    assert not np.isnan(exploded.flow.log10_norms).any()
    assert exploded.flow.step in (at, at - 1)
    assert exploded.log10_largest >= exploded.flow.log10_norms.max() > 15
    weights = raced.networks[first].network.weights()
    assert all(weight.isfinite().all() for weight in weights.values())
    assert measured_again(raced, first) == pytest.approx(exploded.flow.log10_norms, abs=1e-4)


def test_the_last_weights_with_a_loss_are_kept():
    """Where the loss of an update is no number, the update before it is taken back."""
    chosen = config(**IN_THE_GRADIENT | {"cells": "relu", "gain": 1.6, "task": "recall"})
    raced = Race(chosen)
    while raced.can_step:
        raced.step()
    runner = raced.networks["relu"]
    assert runner.exploded_at is not None
    kept, losses = trained_alone("relu", chosen, runner.exploded_at - 2, torch.optim.SGD)
    assert np.isfinite(losses).all()
    for name, weight in kept.weights().items():
        assert torch.allclose(runner.network.weights()[name], weight, rtol=1e-3, atol=1e-5)


def test_clipping_brings_it_back():
    raced = Race(config(**EARLY | {"clip": 1.0}))
    for _ in range(30):
        raced.step()
    assert [each.exploded_at for each in raced.runners()] == [None, None]


def test_a_gradient_too_large_to_be_squared_is_clipped_all_the_same():
    """The squared length of 10^25 is no float32 number; shortened to 1 it is a gradient like others."""
    settings = config(cells="relu", init="gaussian", gain=4.0, length=40, hidden=32, clip=1.0, task="adding")
    raced = Race(settings)
    raced.step()
    (seen,) = raced.runners()
    assert seen.health.gradient_norms.max() > 2e19
    assert seen.exploded_at is None
    unclipped = Race(replace(settings, clip=0.0))
    unclipped.step()
    assert unclipped.runners()[0].exploded_at == 1
    assert not unclipped.can_step
    unclipped.step()
    assert unclipped.steps == 1


def test_a_network_without_numbers_from_the_start_rests_at_once():
    raced = Race(config(cells="relu,lstm", init="gaussian", gain=4.0, length=300, hidden=64))
    raced.step()
    relu, lstm = raced.runners()
    assert (relu.exploded_at, lstm.exploded_at) == (1, None)
    assert len(relu.loss) == 0
    assert np.isnan(relu.flow.log10_norms).all()
    assert len(relu.flow.map) == 0
    assert np.isfinite(lstm.flow.log10_norms).all()


# Looking ----------------------------------------------------------------------------------------------


def test_nothing_grows_with_steps():
    raced = Race(config(length=4, hidden=2, batch=2, cells="rnn"))
    for _ in range(600):
        raced.step()
    raced.look()
    for seen in raced.runners():
        assert 256 <= len(seen.loss) <= 512
        assert len(seen.flow.recent) <= 40
        assert len(seen.flow.map) <= 200
        assert len(seen.health.steps) <= 256
        assert seen.health.parameters[:2] == ("weight_ih_l0", "weight_hh_l0")
        assert seen.health.update_ratios.shape == (6, len(seen.health.steps))


def test_what_is_behind_the_curves_comes_in_slices():
    raced = Race(config(cells="rnn,lstm"), live=False)
    assert [each.mechanism for each in raced.runners()] == [None, None]
    slices = list(raced.dig())
    assert len(slices) > 2
    assert slices[-1][0] == slices[-1][1]
    assert [each.mechanism.step for each in raced.runners()] == [1, 1]
    assert list(raced.dig()) == []
    raced.step()
    assert [each.flow.step for each in raced.runners()] == [1, 1]


def test_live_everything_comes_by_itself(monkeypatch):
    raced = Race(config(cells="rnn,lstm"))
    always = SimpleNamespace(due=True, spent=nullcontext)
    monkeypatch.setattr(raced, "_dig", always)
    monkeypatch.setattr(raced, "_look", always)
    for _ in range(40):
        raced.step()
    for seen in raced.runners():
        assert seen.mechanism.step > 1
        assert len(seen.mechanism.radius_steps) > 1


def test_learning_rate_and_clipping_change_at_once():
    settings = config(cells="gru", optimiser="sgd", learning_rate=0.1, clip=0.0)
    raced = Race(settings)
    raced.step()
    before = raced.networks["gru"].network.weights()
    raced.change(replace(settings, clip=1e-6))
    raced.step()
    after = raced.networks["gru"].network.weights()
    moved = math.sqrt(sum(float((after[name] - before[name]).square().sum()) for name in before))
    assert moved < 2e-6
    raced.change(replace(settings, learning_rate=1e-5, clip=0.0))
    raced.step()
    assert torch.allclose(raced.networks["gru"].network.weights()["head.bias"], after["head.bias"], atol=1e-4)
    known = {*GradientFlowConfig.settings()} - {"preset", "text", "sweep", "sweep_steps"}
    assert {*AT_ONCE, *RESTARTS} == known


def test_a_step_can_be_taken_in_slices():
    raced, whole = (Race(config(cells="rnn,gru", length=200), live=False) for _ in range(2))
    taken = 0
    while raced.steps < 2:
        raced.advance()
        taken += 1
    assert taken > 2 * 2 * 2 * 4
    whole.step()
    whole.step()
    for cell, runner in raced.networks.items():
        assert torch.equal(runner.network.head.weight, whole.networks[cell].network.head.weight)
    raced.advance()
    raced.step()  # the rest of what was begun
    assert raced.steps == 3


# Settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no network to be seen"),
        (" , ", "There is no network to be seen"),
        ("rnn,elman", "There is no network “elman”"),
        ("rnn,gru,rnn", "“rnn” was chosen more than once"),
        ("rnn,relu,irnn,lstm,lstm-no-forget-bias,gru,rnn", "7 networks are too many"),
    ],
)
def test_networks_that_there_are_not(text: str, said: str):
    with pytest.raises(UserError, match=said):
        parse_cells(text)


def test_networks_by_their_names():
    assert parse_cells(" LSTM, rnn ,,") == ("lstm", "rnn")
    for _, settings in PRESETS.values():
        assert parse_cells(settings["cells"])
        assert task_of(GradientFlowConfig(**settings))


def test_noise_is_that_of_the_settings():
    for noise in (0.0, 0.1, 2.0):
        drawn = task_of(config(noise=noise)).batch(torch.Generator().manual_seed(0), 100, 50)
        assert float(drawn.inputs[1:].std()) == pytest.approx(noise, rel=0.01)
        assert (drawn.inputs[0].argmax(1) == drawn.targets).all()
    with pytest.raises(ValueError, match="sentence"):
        task_of(config(task="sentence"))


def test_what_would_not_fit_in_memory_is_refused_with_the_estimate(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1_000_000)
    Race(config())
    with pytest.raises(UserError, match=r"about .* GB of memory: only 0\.0 GB are free\. Choose"):
        Race(config(length=1000, hidden=1024, batch=1024))
    large = config(length=1000, hidden=1024, batch=1024)
    assert memory.estimate_bytes(large, task_of(large), ("lstm",)) > 50e9


def test_free_memory_is_told_by_the_system():
    assert 1e6 < memory.free_bytes(torch.device("cpu")) < 1e14


@pytest.mark.parametrize(("task", "wanted"), [("copy", ("repeat", "")), ("order", ("E", "B"))])
def test_labels_say_what_is_shown(task: str, wanted: tuple[str, str]):
    raced = Race(config(task=task, length=20))
    assert len(raced.labels) == 20
    assert set(wanted) <= set(raced.labels)


def test_labels_of_numbers_and_digits():
    added = Race(config(task="adding")).labels
    assert len([label for label in added if label]) == 2
    assert Race(config(task="rows")).labels == tuple(f"row {row}" for row in range(1, 9))
    pixels = Race(config(task="pixels")).labels
    assert len(pixels) == 64
    assert "" in pixels
    assert any(label.endswith("%") for label in pixels)
