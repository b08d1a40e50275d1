"""Gradients through time against float64 autograd through a loop of PyTorch's cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_loop import CELLS, Loop, grads, loop, make, sequence
from torch import Tensor, nn

from engine.explain.scaled_rows import NOTHING, ScaledRows
from engine.explain.through_time import PAUSE, Gradients, backward_allowed, go_back, gradients_through_time
from engine.models.meddling import Intervention
from engine.models.recurrent_trace import trace

SHARE = {torch.float32: 1e-6, torch.float64: 1e-12}
"""How far a norm's logarithm may lie from autograd's as a part of it; measured: 2e-8 and 3e-16."""
SLACK = {torch.float32: 1e-6, torch.float64: 1e-13}
"""How far any logarithm may lie from it beside that."""
HELD = -650
"""Above this natural logarithm float64 holds a gradient to its last digit."""
kinds = pytest.mark.parametrize("kind", CELLS)
types = pytest.mark.parametrize("dtype", SHARE)


def assert_rows(found: ScaledRows, wanted: Tensor, dtype: torch.dtype) -> None:
    """The norms' logarithms, and the vectors against the largest of them."""
    assert found.mantissas.dtype == torch.empty(0, dtype=dtype).numpy().dtype
    norms = np.exp(ScaledRows.of(wanted.numpy()).log_norms)
    assert np.array_equal(found.log_norms == -np.inf, norms == 0)
    logs = np.log(norms[norms > 0])
    held = logs > HELD
    errors = np.abs(found.log_norms[norms > 0] - logs)[held]
    assert (errors <= SLACK[dtype] + SHARE[dtype] * np.abs(logs[held])).all()
    off = np.abs(found.vectors() - wanted.numpy()).max(axis=1, initial=0)[norms > 0][held]
    assert (off <= 20 * (SLACK[dtype] + SHARE[dtype] * np.abs(logs[held])) * norms[norms > 0][held]).all()


def assert_gradients(found: Gradients, ran: Loop, dtype: torch.dtype) -> None:
    for number, layer in enumerate(found.layers):
        assert_rows(layer.hidden, grads(ran.h[number]), dtype)
        if layer.cell is not None:
            assert_rows(layer.cell, grads(ran.c[number]), dtype)
    assert_rows(found.input, grads(ran.x), dtype)


def upstream(*shape: int, seed: int = 2) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@types
@kinds
@pytest.mark.parametrize(("layers", "steps"), [(1, 5), (1, 64), (2, 64), (1, 300), (2, 300)])
def test_a_loss_at_the_last_step(kind: str, layers: int, steps: int, dtype: torch.dtype):
    module, x, vector = make(kind, 12, 24, layers, dtype=dtype), sequence(steps, 12), upstream(24)
    ran = loop(module, x)
    (ran.output[-1] * vector).sum().backward()
    found = gradients_through_time(trace(module, x.to(dtype)), module, vector)
    assert_gradients(found, ran, dtype)


@types
@kinds
@pytest.mark.parametrize("layers", [1, 3])
def test_a_loss_at_every_step(kind: str, layers: int, dtype: torch.dtype):
    module, x, rows = make(kind, 12, 24, layers, dtype=dtype), sequence(80, 12), upstream(80, 24)
    rows[60:] = 0
    rows[10:30] = 0
    rows[40] *= 1e-60  # float32 has no such number
    ran = loop(module, x)
    (ran.output * rows).sum().backward()
    found = gradients_through_time(trace(module, x.to(dtype)), module, rows.numpy())
    assert_gradients(found, ran, dtype)


@settings(deadline=None, max_examples=40)
@given(
    kind=st.sampled_from(sorted(CELLS)),
    dtype=st.sampled_from(list(SHARE)),
    inputs=st.integers(1, 7),
    units=st.integers(1, 10),
    layers=st.integers(1, 3),
    steps=st.integers(1, 30),
    bias=st.booleans(),
    seed=st.integers(0, 1000),
    at=st.floats(0, 0.999, allow_subnormal=False),
)
def test_any_module_any_step(kind, dtype, inputs, units, layers, steps, bias, seed, at):
    if kind == "relu":
        dtype = torch.float64  # in float32 a sum may lie on the other side of zero
    module = make(kind, inputs, units, layers, seed=seed, bias=bias, dtype=dtype)
    x, step, vector = sequence(steps, inputs, seed=seed), int(at * steps), upstream(units, seed=seed)
    draw = torch.Generator().manual_seed(seed)
    state = [torch.randn(layers, units, generator=draw) for _ in range(2 if kind == "lstm" else 1)]
    ran = loop(module, x, *state)
    (ran.output[step] * vector).sum().backward()
    start = [part.to(dtype) for part in state]
    traced = trace(module, x.to(dtype), start[0] if len(start) == 1 else tuple(start))
    found = gradients_through_time(traced, module, vector, step=step)
    for number, layer in enumerate(found.layers):
        wanted = grads(ran.h[number]).numpy()
        # A gradient that nearly cancels is small beside what it is the sum of.
        assert np.abs(layer.hidden.vectors() - wanted).max() <= 10 * SHARE[dtype] * max(
            1, np.abs(wanted).max()
        )
        assert (layer.hidden.log_norms[step + 1 :] == -np.inf).all()
    wanted = grads(ran.x).numpy()
    assert np.abs(found.input.vectors() - wanted).max() <= 10 * SHARE[dtype] * max(1, np.abs(wanted).max())


@pytest.mark.parametrize("step", [-1, -20, 0, 7])
def test_a_chosen_step_is_a_row_alone(step: int):
    module, x, vector = make("lstm", 5, 6, 2), sequence(20, 5).float(), upstream(6)
    rows = torch.zeros(20, 6)
    rows[step] = vector.float()
    traced = trace(module, x)
    one = gradients_through_time(traced, module, vector, step=step)
    alone = gradients_through_time(traced, module, rows)
    for mine, theirs in zip(one.layers, alone.layers, strict=True):
        assert np.array_equal(mine.hidden.log_norms, theirs.hidden.log_norms)
        assert np.array_equal(mine.cell.vectors(), theirs.cell.vectors())
    assert np.array_equal(one.input.vectors(), alone.input.vectors())


@kinds
def test_a_gradient_that_no_number_holds_is_followed_all_the_way(kind: str):
    """Below float64's range, in float32 as in float64; going on from a step's gradient gives the rest."""
    module, x = make(kind, 8, 16), sequence(1500, 8)
    for weight in module.parameters():
        weight.data.mul_(0.5)
    found = gradients_through_time(trace(module, x.float()), module, upstream(16)).layers[0]
    logs = found.hidden.log_norms
    assert np.isfinite(logs).all()
    assert logs[0] < -800
    assert np.diff(logs).mean() > 0.5
    exact = make(kind, 8, 16, dtype=torch.float64)
    exact.load_state_dict(module.state_dict())
    wanted = gradients_through_time(trace(exact, x), exact, upstream(16)).layers[0].hidden.log_norms
    assert np.abs(logs - wanted).max() < 1e-6 * np.abs(wanted).max()
    if kind != "lstm":  # whose cell state would have to go on as well
        half = trace(exact, x[:701])
        rows = gradients_through_time(trace(exact, x), exact, upstream(16)).layers[0].hidden
        rest = gradients_through_time(half, exact, rows.mantissas[700]).layers[0].hidden.log_norms
        assert rest + rows.exponents[700] * np.log(2) == pytest.approx(wanted[:701], rel=1e-12)


@types
def test_a_gradient_that_explodes(dtype: torch.dtype):
    """Far above what float32 holds. The states stay at zero, where tanh lets everything through."""
    module, x = make("tanh", 4, 16, bias=False, dtype=dtype), torch.zeros(200, 4).double()
    module.weight_hh_l0.data.mul_(12)
    ran = loop(module, x)
    (ran.output[-1] * upstream(16)).sum().backward()
    found = gradients_through_time(trace(module, x.to(dtype)), module, upstream(16))
    assert_gradients(found, ran, dtype)
    assert found.layers[0].hidden.log_norms[0] > 100


@types
@kinds
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("start", ["zero", "given"])
def test_the_state_before_the_first_step(kind: str, layers: int, start: str, dtype: torch.dtype):
    """Against autograd through PyTorch's own fused module in float64, for a loss at every step."""
    module, x, rows = make(kind, 5, 8, layers, dtype=torch.float64), sequence(40, 5), upstream(40, 8)
    drawn = torch.zeros(2, layers, 8) if start == "zero" else upstream(2, layers, 8, seed=3).float()
    h, c = (part.double()[:, None].requires_grad_() for part in drawn)
    output = module(x[:, None], (h, c) if kind == "lstm" else h)[0]
    (output[:, 0] * rows).sum().backward()
    state = (drawn[0], drawn[1]) if kind == "lstm" else drawn[0]
    found = gradients_through_time(trace(module.to(dtype), x.to(dtype), state), module, rows)
    for number, layer in enumerate(found.layers):
        assert_rows(layer.initial_hidden, h.grad[number], dtype)
        assert (layer.initial_cell is None) == (kind != "lstm")
        if layer.initial_cell is not None:
            assert_rows(layer.initial_cell, c.grad[number], dtype)


@kinds
def test_the_initial_states_gradient_below_float32s_range(kind: str):
    """Half the sequence, begun with the state that the first half led to, has it as a later step's."""
    module, x = make(kind, 4, 8, dtype=torch.float64), sequence(900, 4)
    for weight in module.parameters():
        weight.data.mul_(0.4)
    traced = trace(module, x)
    rest = trace(module, x[600:], traced[:600].final_state)
    whole, late = (gradients_through_time(each, module, upstream(8)).layers[0] for each in (traced, rest))
    assert late.initial_hidden.log_norms[0] < np.log(np.finfo(np.float32).smallest_subnormal)
    assert late.initial_hidden.log_norms == pytest.approx(whole.hidden.log_norms[[599]], rel=1e-12)


@kinds
def test_nothing_goes_back_past_a_reset_before_the_first_step(kind: str):
    module, x, done = make(kind, 3, 4), sequence(6, 3).float(), [Intervention("reset", 0)]
    found = gradients_through_time(trace(module, x), module, upstream(4), interventions=done).layers[0]
    assert np.isfinite(found.hidden.log_norms[-1])
    assert found.initial_hidden.log_norms.tolist() == [-np.inf]


def test_units_that_are_dead_hand_nothing_back():
    module = make("relu", 3, 4, 2)
    module.bias_ih_l1.data.fill_(-100)
    traced = trace(module, sequence(30, 3).float())
    assert traced.output.max() == 0
    found = gradients_through_time(traced, module, upstream(30, 4))
    assert np.isfinite(found.layers[1].hidden.log_norms).all()
    for rows in (found.layers[0].hidden, found.layers[1].input, found.input, found.layers[0].initial_hidden):
        assert (rows.log_norms == -np.inf).all()
        assert not rows.vectors().any()


def test_nothing_depends_on_anything():
    module = make("gru", 3, 4)
    found = gradients_through_time(trace(module, sequence(6, 3).float()), module, np.zeros((6, 4)))
    assert (found.input.log_norms == -np.inf).all()
    assert found.layers[0].hidden.mantissas.shape == (6, 4)
    assert found.layers[0].initial_hidden.log_norms.tolist() == [-np.inf]
    empty = gradients_through_time(trace(module, torch.zeros(0, 3)), module, np.zeros((0, 4)))
    assert empty.input.log_norms.shape == (0,)
    assert empty.layers[0].initial_hidden.log_norms.tolist() == [-np.inf]


@kinds
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_network_that_has_diverged_shows_as_such(kind: str, value: float):
    module = make(kind, 3, 4)
    found = gradients_through_time(trace(module, sequence(6, 3).float()), module, np.full(4, value))
    assert not np.isfinite(found.layers[0].hidden.log_norms).any()


@types
@kinds
@pytest.mark.parametrize("layers", [1, 2])
def test_both_directions(kind: str, layers: int, dtype: torch.dtype):
    module = make(kind, 5, 6, layers, bidirectional=True, dtype=dtype)
    x, rows = sequence(40, 5).to(dtype).requires_grad_(), upstream(40, 12).to(dtype)
    (module(x)[0] * rows).sum().backward()
    found = gradients_through_time(trace(module, x), module, rows)
    assert np.abs(found.input.vectors() - x.grad.double().numpy()).max() < 10 * SHARE[dtype]
    x.grad = None
    (module(x)[0][4] * rows[4]).sum().backward()
    found = gradients_through_time(trace(module, x), module, rows[4], step=4)
    assert np.abs(found.input.vectors() - x.grad.double().numpy()).max() < 10 * SHARE[dtype]
    if layers == 1:
        forwards, backwards = (layer.hidden.log_norms for layer in found.layers)
        assert np.isfinite(forwards[4] + backwards[4])
        assert (forwards[5:] == -np.inf).all()
        assert (backwards[:4] == -np.inf).all()


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_projected_hidden_state(bidirectional: bool):
    module = make("lstm", 5, 8, 2, proj_size=3, bidirectional=bidirectional, dtype=torch.float64)
    x, rows = sequence(40, 5).requires_grad_(), upstream(40, 6 if bidirectional else 3)
    (module(x)[0] * rows).sum().backward()
    found = gradients_through_time(trace(module, x), module, rows)
    assert np.abs(found.input.vectors() - x.grad.numpy()).max() < 1e-13
    assert found.layers[0].hidden.mantissas.shape == (40, 3)
    assert found.layers[0].cell.mantissas.shape == (40, 8)


def test_what_is_asked_for_must_be_there():
    module = make("lstm", 3, 4)
    traced = trace(module, sequence(6, 3).float())
    with pytest.raises(ValueError, match=r"upstream must be \(6, 4\), or \(4,\) at a step, not \(5, 4\)"):
        gradients_through_time(traced, module, np.zeros((5, 4)))
    with pytest.raises(ValueError, match="at a step"):
        gradients_through_time(traced, module, np.zeros((6, 4)), step=2)
    with pytest.raises(IndexError, match="no step 6 in a trace of 6"):
        gradients_through_time(traced, module, np.zeros(4), step=6)


def test_backward_through_a_module_in_evaluation():
    """Without cuDNN meanwhile; in training, and afterwards, all is as it was, whatever happened."""
    module, was = nn.LSTM(3, 4), torch.backends.cudnn.enabled
    with backward_allowed(module):
        assert torch.backends.cudnn.enabled is was
    with backward_allowed(module.eval()):
        assert not torch.backends.cudnn.enabled
        module(torch.zeros(5, 3))[0].sum().backward()
    assert torch.backends.cudnn.enabled is was
    assert module.weight_hh_l0.grad is not None
    with pytest.raises(KeyError), backward_allowed(module):
        raise KeyError
    assert torch.backends.cudnn.enabled is was


@pytest.mark.skipif(not torch.cuda.is_available(), reason="cuDNN is on NVIDIA's devices only")
@kinds
def test_backward_on_a_gpu(kind: str):
    module, x = make(kind, 3, 4, 2).cuda().eval(), sequence(5, 3).float().cuda()
    with pytest.raises(RuntimeError, match="training mode"):
        module(x)[0].sum().backward()
    with backward_allowed(module):
        module(x)[0].sum().backward()
    found = gradients_through_time(trace(module, x), module, np.ones((5, 4)))
    assert np.isfinite(found.input.log_norms).all()


def test_rows_of_any_size():
    values = np.array([[3.0, 4.0], [0.0, 0.0], [3e-200, 4e-200], [1e300, 0.0]])
    rows = ScaledRows.of(values, np.array([-4000, 7, 0, 10]))
    wanted = [np.log(5) - 4000 * np.log(2), -np.inf, np.log(5e-200), np.log(1e300) + 10 * np.log(2)]
    assert rows.log_norms == pytest.approx(wanted, rel=1e-14)
    assert rows.exponents[1] == NOTHING
    assert np.array_equal(rows.vectors()[:3], [[0, 0], [0, 0], values[2]])
    assert rows.plus(rows).log_norms == pytest.approx(rows.log_norms + np.log(2), rel=1e-14)
    small = ScaledRows.of(values, np.array([-4100, 0, -900, 2000]))
    assert rows.plus(small).log_norms[0] == pytest.approx(wanted[0], rel=1e-14)
    assert rows.plus(small).log_norms[3] == pytest.approx(np.log(1e300) + 2000 * np.log(2), rel=1e-14)
    assert not rows.mantissas.flags.writeable
    assert not rows.exponents.flags.writeable


def test_in_slices_it_warns_of_nothing_but_hides_no_warning_of_what_runs_meanwhile():
    steps, module = 3 * PAUSE, nn.RNN(3, 4, nonlinearity="relu")
    module.requires_grad_(False).weight_hh_l0.fill_(1e30)
    traced = trace(module, torch.ones(steps, 3))
    before, pauses = np.geterr(), 0
    for _ in go_back(traced, module, upstream(4)):
        assert np.geterr() == before
        pauses += 1
    assert pauses == 2
