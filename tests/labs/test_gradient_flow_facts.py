"""What is published about recurrent networks and their gradients holds for what this lab measures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.data.sequence_tasks import TASKS
from engine.data.sequence_tasks.synthetic import Recall
from engine.labs.gradient_flow.config import PRESETS, GradientFlowConfig
from engine.labs.gradient_flow.flow import flow_of_loss
from engine.labs.gradient_flow.race import Race
from engine.models.recurrent_networks import NetworkConfig, RecurrentNetwork
from engine.models.recurrent_trace import trace

CHANCE = 1 / 8


def accuracies(updates: int, **settings: Any) -> dict[str, float]:
    """By network: the mean of the last 20 batches after so many updates."""
    race = Race(GradientFlowConfig(**settings), live=False)
    for _ in range(updates):
        race.step()
    return {cell: runner.recent_accuracy for cell, runner in race.networks.items()}


def start_curve(cell: str, length: int, **settings: Any) -> np.ndarray:
    """(T + 1,) log10 of the gradient along a sequence of recall before anything is learned."""
    race = Race(GradientFlowConfig(cells=cell, length=length, batch=2, **settings), live=False)
    race.look()
    return race.runners()[0].flow.log10_norms


def test_always_answering_one_has_a_squared_error_of_0167_in_the_adding_problem() -> None:
    """The variance of the sum of two numbers uniform in 0 … 1 is 1/6 = 0.167: the baseline of Le, Jaitly and
    Hinton (2015, section 4.1) and of Arjovsky, Shah and Bengio (2016, section 5.2), at every length.
    """
    task = TASKS["adding"]
    for length in (10, 200):
        targets = task.batch(torch.Generator().manual_seed(0), 40_000, length).targets
        assert float((targets - 1).square().mean()) == pytest.approx(0.167, abs=0.003)
        assert task.baseline(length).loss == pytest.approx(0.167, abs=0.0005)


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_the_gradient_of_a_linear_network_is_exactly_a_power_of_w(scale: float) -> None:
    """dL/dh(t) = (W-transposed)^(T − t) dL/dh(T) (Pascanu, Mikolov and Bengio 2013, section 2; Hochreiter
    1991). A relu network whose states are all positive is linear; 150 steps back are 10^−240 for the least
    scale, or 10^+70 for the largest, which float32 has no numbers for.
    """
    steps, units = 150, 12
    network = RecurrentNetwork(NetworkConfig("relu", 3, units, 2)).requires_grad_(False)
    module, draw = network.recurrent, torch.Generator().manual_seed(3)
    weight = torch.rand(units, units, generator=draw)
    weight *= scale / torch.linalg.eigvals(weight).abs().max()
    module.weight_hh_l0.copy_(weight)
    module.weight_ih_l0.abs_()
    module.bias_ih_l0.abs_()
    module.bias_hh_l0.zero_()
    end = torch.randn(units, generator=draw)
    ran = trace(module, torch.rand(steps, 3, generator=draw) * 1e-30)

    def loss(hidden: Tensor) -> Tensor:
        return (hidden[-1] * end).sum()

    found = flow_of_loss(ran, module, loss, 1).log10_norms
    gradient, exponent, wanted = end.double().numpy(), 0.0, [math.log10(float(end.double().norm()))]
    back = module.weight_hh_l0.double().numpy().T
    for _ in range(steps):
        gradient = back @ gradient
        size = float(np.linalg.norm(gradient))
        gradient, exponent = gradient / size, exponent + math.log10(size)
        wanted.append(exponent)
    assert (ran.output > 0).all()
    assert found[::-1] == pytest.approx(wanted, abs=2e-5)


def test_the_start_as_the_identity_carries_the_gradient_of_relu_networks() -> None:
    """Le, Jaitly and Hinton (2015): started as the identity a relu network hands its gradient back as it is;
    with PyTorch's own start it vanishes.
    """
    identity, usual = start_curve("irnn", 150), start_curve("relu", 150)
    assert abs(identity[0] - identity[-1]) < 1.5
    assert usual[0] - usual[-1] < -25


def test_an_identity_start_learns_what_the_usual_one_does_not() -> None:
    """Le, Jaitly and Hinton (2015): the same relu network, on a lag at which its usual start only guesses."""
    found = accuracies(300, cells="relu,irnn", length=30, hidden=48, batch=32)
    assert found["relu"] < 0.25
    assert found["irnn"] > 0.5


SHORT_RUN: dict[str, Any] = {"length": 61, "hidden": 32, "batch": 32, "learning_rate": 0.01}


def test_a_gru_solves_a_length_at_which_a_tanh_network_only_guesses() -> None:
    """Bai, Kolter and Koltun (2018), section 5: GRUs solve lengths at which a tanh RNN stays at the baseline;
    here, with an update gate that starts open (Tallec and Ollivier 2018), 61 steps in 300 updates.
    """
    found = accuracies(300, cells="rnn,gru", gate_bias="chrono", **SHORT_RUN)
    assert found["gru"] > 0.9
    assert found["rnn"] < 0.25


def test_it_is_the_open_gate_and_not_the_name_of_the_cell() -> None:
    """Tallec and Ollivier (2018): with PyTorch's own biases, half closed, the same GRU guesses as well."""
    assert accuracies(300, cells="gru", **SHORT_RUN)["gru"] < 0.25


def test_half_closed_gates_forget_half_a_step() -> None:
    """Gates near 0.5, as a bias of 0 makes them, leave about 0.5^T of the gradient (Gers, Schmidhuber and
    Cummins 2000; Jozefowicz, Zaremba and Sutskever 2015): at 100 steps next to nothing.
    """
    curve = start_curve("lstm-no-forget-bias", 100)
    assert 0.4 < 10 ** ((curve[1] - curve[-1]) / 99) < 0.7
    chrono = start_curve("lstm", 100, gate_bias="chrono")
    assert chrono[1] - chrono[-1] > -5


def test_recall_is_the_task_that_was_measured() -> None:
    """The numbers that this lab's presets speak of are of this task: 8 symbols, noise of 0.3, batch 64, Adam
    with 0.003, clipped at 1.
    """
    usual = GradientFlowConfig()
    assert (usual.task, usual.batch, usual.noise) == ("recall", 64, 0.3)
    assert (usual.optimiser, usual.learning_rate, usual.clip) == ("adam", 0.003, 1.0)
    assert Recall().outputs == 8
    assert TASKS["recall"].baseline(60).accuracy == CHANCE


# Exploding, and what brings it back -------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 2])
def test_the_preset_that_explodes_does_so_while_one_looks(seed: int) -> None:
    """Pascanu, Mikolov and Bengio (2013), section 2.1: gradients explode where W_hh is large. That of
    relu grows on its way back; that of tanh, which saturates, grows from update to update.
    """
    race = Race(GradientFlowConfig(**PRESETS["it explodes"][1], seed=seed), live=False)
    largest = []
    while race.networks["rnn"].exploded_at is None and race.steps < 80:
        race.step()
        race.look()
        largest.append(float(race.networks["rnn"].flow.newest.log10_norms.max()))
    rnn, relu, *gated = race.runners()
    assert 15 <= rnn.exploded_at <= 80
    assert rnn.log10_largest > 15
    assert sum(2 < each < 30 for each in largest) >= 10  # it leaves the chart over as many updates
    assert 2 <= relu.exploded_at <= 10
    assert relu.flow.log10_norms[0] > relu.flow.log10_norms[-1] + 2
    assert np.isfinite(rnn.loss).all()
    for runner in gated:
        assert runner.exploded_at is None
        assert runner.log10_largest < 2
    usual = {**PRESETS["it explodes"][1], "init": "default", "gain": 1.0, "cells": "rnn,relu"}
    small = Race(GradientFlowConfig(**usual, seed=seed), live=False)
    for _ in range(60):
        small.step()
    assert [each.exploded_at for each in small.runners()] == [None, None]


def test_clipping_brings_it_back_and_it_learns() -> None:
    """Pascanu, Mikolov and Bengio (2013), section 3.2: the same start and steps with the norm clipped."""
    exploding, clipped = PRESETS["it explodes"][1], PRESETS["clipping saves it"][1]
    assert {**exploding, "clip": clipped["clip"]} == clipped
    race = Race(GradientFlowConfig(**{**clipped, "cells": "rnn,relu"}), live=False)
    for _ in range(500):
        race.step()
    rnn, relu = race.runners()
    assert (rnn.exploded_at, relu.exploded_at) == (None, None)
    baseline = TASKS["adding"].baseline(20).loss
    assert rnn.loss[-100:].mean() < 1.3 * baseline
    assert relu.loss[-100:].mean() < 0.9 * baseline
