"""Gradients through time of a changed network against float64 autograd through an explicit changed loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from meddled_loop import meddled_loop, some_interventions, some_of_each
from recurrent_loop import CELLS, make, sequence
from torch import Tensor, nn

from engine.explain.through_time import gradients_through_time
from engine.models.meddled_steps import meddled_extend
from engine.models.meddling import Intervention
from engine.models.recurrent_trace import Trace, trace

CLOSE = 1e-12
"""How far a gradient may lie from autograd's, as a part of the largest."""
kinds = pytest.mark.parametrize("kind", CELLS)


def meddled(module: nn.RNNBase, x: Tensor, interventions: list[Intervention]) -> Trace:
    return meddled_extend(trace(module, x[:0]), module, x, interventions)


def assert_gradients(module: nn.RNNBase, x: Tensor, rows: Tensor, done: list[Intervention]) -> None:
    leaf = x.clone().requires_grad_()
    steps = meddled_loop(module, leaf, done)
    (torch.stack([step["h"] for step in steps]) * rows).sum().backward()
    found = gradients_through_time(meddled(module, x, done), module, rows, interventions=done)
    assert_close(found.input.vectors(), torch.zeros_like(x) if leaf.grad is None else leaf.grad)
    assert_close(found.layers[0].hidden.vectors(), torch.stack([step["probe h"].grad for step in steps]))
    if found.layers[0].cell is not None:
        assert_close(found.layers[0].cell.vectors(), torch.stack([step["probe c"].grad for step in steps]))


def assert_close(found: np.ndarray, wanted: Tensor) -> None:
    assert np.abs(found - wanted.numpy()).max() <= CLOSE * max(1.0, float(wanted.abs().max()))


def upstream(steps: int, units: int, seed: int = 2) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(steps, units, generator=draw, dtype=torch.float64)


@kinds
def test_each_kind_of_intervention_at_several_steps(kind: str):
    module, x = make(kind, 4, 6, dtype=torch.float64), sequence(14, 4)
    for done in some_of_each(kind, 14):
        assert_gradients(module, x, upstream(14, 6), done)


@settings(deadline=None, max_examples=40)
@given(data=st.data(), kind=st.sampled_from(sorted(CELLS)), steps=st.integers(1, 12), seed=st.integers(0, 99))
def test_any_interventions(data: st.DataObject, kind: str, steps: int, seed: int):
    module, x = make(kind, 3, 5, seed=seed, dtype=torch.float64), sequence(steps, 3, seed=seed)
    rows = upstream(steps, 5, seed)
    rows[data.draw(st.integers(0, steps - 1)) + 1 :] = 0
    assert_gradients(module, x, rows, data.draw(some_interventions(kind, 5, steps)))


@kinds
def test_a_loss_before_an_intervention_knows_nothing_of_it(kind: str):
    module, x, vector = make(kind, 4, 6, dtype=torch.float64), sequence(12, 4), upstream(1, 6)[0]
    done = [Intervention("off", 8, 1), Intervention("reset", 8), Intervention("off", 12)]
    changed = gradients_through_time(meddled(module, x, done), module, vector, step=7, interventions=done)
    plain = gradients_through_time(trace(module, x), module, vector, step=7)
    assert np.array_equal(changed.input.vectors(), plain.input.vectors())
    short = gradients_through_time(meddled(module, x, done)[:8], module, vector, interventions=done)
    assert np.array_equal(short.input.vectors(), plain.input.vectors()[:8])


@pytest.mark.parametrize("kind", ["tanh", "lstm", "gru"])
def test_nothing_goes_back_past_a_reset(kind: str):
    module, x, done = make(kind, 4, 6), sequence(12, 4).float(), [Intervention("reset", 5)]
    found = gradients_through_time(meddled(module, x, done), module, upstream(1, 6)[0], interventions=done)
    assert (found.input.log_norms[:5] == -np.inf).all()
    assert np.isfinite(found.input.log_norms[5:]).all()


def test_a_network_of_several_layers_cannot_have_been_changed():
    module = make("gru", 4, 6, 2)
    with pytest.raises(ValueError, match="one layer"):
        gradients_through_time(
            trace(module, sequence(3, 4).float()),
            module,
            upstream(3, 6),
            interventions=[Intervention("reset", 1)],
        )
