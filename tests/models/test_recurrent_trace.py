"""Traces of fused recurrent modules against a float64 loop of PyTorch's cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_loop import CELLS, as_float64, loop, make, sequence
from torch import Tensor, nn

from engine.errors import UserError
from engine.models.recurrent_layer import read_layers
from engine.models.recurrent_trace import Trace, extend, trace, trace_sample

CLOSE = {torch.float32: 1e-6, torch.float64: 1e-13}
"""Measured: at most 5e-7 in float32 and 1e-15 in float64."""
kinds = pytest.mark.parametrize("kind", CELLS)
types = pytest.mark.parametrize("dtype", CLOSE)


def as_tuple(state: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def assert_close(found: np.ndarray | Tensor, wanted: np.ndarray | Tensor, tolerance: float) -> None:
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max(initial=0) <= tolerance * max(1, np.abs(wanted).max(initial=0))


def assert_same(found: Trace, wanted: Trace, tolerance: float) -> None:
    assert len(found) == len(wanted)
    for mine, theirs in zip(found.layers, wanted.layers, strict=True):
        for name in theirs.table.columns:
            assert_close(mine.column(name), theirs.column(name), tolerance)
    for mine, theirs in zip(as_tuple(found.final_state), as_tuple(wanted.final_state), strict=True):
        assert_close(mine, theirs, tolerance)


def assert_follows_loop(module: nn.RNNBase, x: Tensor, state: tuple[Tensor, ...], tolerance: float) -> None:
    dtype = next(module.parameters()).dtype
    given = None if not state else tuple(part.to(dtype) for part in state)
    found = trace(module, x.to(dtype), given[0] if given and len(given) == 1 else given)
    wanted = loop(module, x, *state)
    assert len(found) == len(x)
    for number, layer in enumerate(found.layers):
        assert_close(layer.h, torch.cat(wanted.h[number]).detach(), tolerance)
        if layer.mode == "LSTM":
            assert_close(layer.c, torch.cat(wanted.c[number]).detach(), tolerance)
        for name in wanted.gates[number][0]:
            assert_close(layer.column(name), torch.cat([g[name] for g in wanted.gates[number]]), tolerance)
        assert_close(layer.x, torch.cat(wanted.h[number - 1] if number else wanted.x).detach(), tolerance)
    assert_close(found.output, wanted.output.detach(), tolerance)


@types
@kinds
@pytest.mark.parametrize(("layers", "steps"), [(1, 300), (3, 64), (2, 1), (1, 2)])
def test_everything_is_as_in_a_loop_of_cells(kind: str, layers: int, steps: int, dtype: torch.dtype):
    module = make(kind, 24, 48, layers, dtype=dtype)
    assert_follows_loop(module, sequence(steps, 24), (), CLOSE[dtype])


@settings(deadline=None, max_examples=40)
@given(
    kind=st.sampled_from(sorted(CELLS)),
    dtype=st.sampled_from(list(CLOSE)),
    inputs=st.integers(1, 9),
    units=st.integers(1, 12),
    layers=st.integers(1, 3),
    steps=st.integers(1, 40),
    bias=st.booleans(),
    scale=st.sampled_from([0.2, 1.0, 2.0]),
    seed=st.integers(0, 1000),
    starts=st.booleans(),
)
def test_any_module_any_state(kind, dtype, inputs, units, layers, steps, bias, scale, seed, starts):
    module = make(kind, inputs, units, layers, seed=seed, bias=bias, dtype=dtype)
    if kind != "relu":  # whose states would double at every step
        for weight in module.parameters():
            weight.data.mul_(scale)
    draw = torch.Generator().manual_seed(seed)
    state = tuple(torch.randn(layers, units, generator=draw) for _ in range(2 if kind == "lstm" else 1))
    tolerance = CLOSE[dtype] * (8 if scale > 1 else 1)  # an error grows with the weights, as the state does
    assert_follows_loop(module, sequence(steps, inputs, seed=seed), state if starts else (), tolerance)


@kinds
def test_the_states_are_the_modules_own(kind: str):
    module = make(kind, 5, 7, 2)
    x = sequence(11, 5).float()
    found = trace(module, x)
    output, state = module(x)
    assert_close(found.output, output.detach(), 1e-6)
    for mine, theirs in zip(as_tuple(found.final_state), as_tuple(state), strict=True):
        assert_close(mine, theirs.detach(), 1e-6)
    assert all(float(part.abs().max()) == 0 for part in as_tuple(found.initial_state))
    again = trace(module, x, found.final_state)
    assert_same(again, trace(module, x, state), 1e-6)
    for mine, theirs in zip(as_tuple(again.initial_state), as_tuple(found.final_state), strict=True):
        assert torch.equal(mine, theirs)


def test_gates_are_named_in_the_order_of_the_modules_weights():
    x = sequence(3, 2).float()
    lstm, gru, rnn = (trace(make(kind, 2, 4), x).layers[0] for kind in ("lstm", "gru", "tanh"))
    assert list(lstm.gates) == ["input", "forget", "cell", "output"]
    assert list(gru.gates) == ["reset", "update", "new"]
    assert list(rnn.gates) == []
    assert lstm.c is not None
    assert lstm.preactivation is None
    assert gru.c is None
    assert gru.recurrent_new is not None
    assert rnn.recurrent_new is None
    assert_close(np.tanh(rnn.preactivation), rnn.h, 1e-6)


@kinds
@types
@pytest.mark.parametrize("pieces", [[1] * 20, [3, 1, 16], [0, 20, 0], [19, 1]])
def test_steps_added_piece_by_piece_make_the_whole(kind: str, dtype: torch.dtype, pieces: list[int]):
    module, x = make(kind, 6, 9, 2, dtype=dtype), sequence(20, 6).to(dtype)
    found = trace(module, x[:0])
    for piece in pieces:
        found = extend(found, module, x[len(found) : len(found) + piece])
    assert_same(found, trace(module, x), CLOSE[dtype])


def test_a_whole_sentence_typed_grows_in_place():
    """Typing on copies nothing until the spare rows are used up, and then twice as many are made."""
    module, x = make("gru", 3, 4), sequence(700, 3).float()
    found = trace(module, x[:1])
    tables = [found.layers[0].table]
    for at in range(1, len(x)):
        found = extend(found, module, x[at : at + 1])
        if found.layers[0].table is not tables[-1]:
            tables.append(found.layers[0].table)
    assert [len(table.array) for table in tables] == [66, 197, 459, 983]
    assert_same(found, trace(module, x), 1e-6)


@pytest.mark.parametrize("steps", [4, 8, 39, 40, 41, 63, 80, 319, 320, 323])
def test_the_cell_state_at_every_length_of_its_blocks(steps: int):
    """One by one below 40 steps; then blocks, blocks of blocks, and what remains after the last."""
    module, x = make("lstm", 4, 5, dtype=torch.float64), sequence(steps, 4)
    assert_close(trace(module, x).layers[0].c, torch.cat(loop(module, x).c[0]).detach(), 1e-13)


@kinds
def test_a_trace_keeps_its_input_and_goes_on_in_any_mode_of_autograd(kind: str):
    module, x = make(kind, 4, 5, 2), sequence(12, 4).float()
    wanted, given = trace(module, x), x.t().contiguous().t()
    with torch.inference_mode():
        found = trace(module, given[:8])
    given[:8].zero_()
    assert_same(extend(found, module, given[8:]), wanted, 1e-6)


@kinds
def test_an_older_trace_remains_as_it_was(kind: str):
    module, x = make(kind, 4, 5, 2), sequence(30, 4).float()
    whole = trace(module, x)
    kept = {name: whole.layers[1].column(name).copy() for name in whole.layers[1].table.columns}
    cut = whole[:12]
    first = extend(cut, module, x[20:24])
    second = extend(cut, module, x[5:6])
    longer = extend(whole, module, x[:3])
    for name, values in kept.items():
        assert np.array_equal(whole.layers[1].column(name), values)
        assert np.array_equal(cut.layers[1].column(name), values[:12])
        assert np.array_equal(longer.layers[1].column(name)[:30], values)
    assert_same(first, trace(module, torch.cat((x[:12], x[20:24]))), 1e-6)
    assert_same(second, trace(module, torch.cat((x[:12], x[5:6]))), 1e-6)
    assert_same(longer, trace(module, torch.cat((x, x[:3]))), 1e-6)


@kinds
def test_a_cut_trace_is_the_trace_of_the_shorter_sequence(kind: str):
    module, x = make(kind, 4, 5, 2), sequence(30, 4).float()
    whole = trace(module, x)
    assert_same(whole[:17], trace(module, x[:17]), 1e-6)
    assert_same(whole[:-29], trace(module, x[:1]), 1e-6)
    assert_same(whole[:0], trace(module, x[:0]), 0)
    assert_same(whole[:99], whole, 0)
    with pytest.raises(IndexError, match="at its end only"):
        whole[3:]


def test_arrays_are_read_only_views():
    found = trace(make("lstm", 3, 4), sequence(5, 3).float())
    (layer,) = found.layers
    for array in (layer.x, layer.h, layer.c, found.output, *layer.gates.values()):
        assert not array.flags.writeable
        assert np.shares_memory(array, layer.table.array)
        assert array.dtype == np.float32


def test_nothing_of_the_module_changes_and_its_weights_are_not_copied():
    module = make("lstm", 3, 4, 2, dropout=0.5)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    drawn = torch.get_rng_state()
    trace(module, sequence(5, 3).float().requires_grad_())
    assert torch.equal(torch.get_rng_state(), drawn)
    assert module.training
    assert all(weight.grad is None and weight.requires_grad for weight in module.parameters())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert read_layers(module)[1].hidden_weight.data_ptr() == module.weight_hh_l1.data_ptr()


def test_dropout_between_layers_is_left_out():
    module, x = make("gru", 3, 4, 3, dropout=0.9), sequence(6, 3).float()
    in_training = trace(module, x)
    assert_close(in_training.output, module.eval()(x)[0].detach(), 1e-6)


@kinds
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
def test_one_sample_of_a_batch(kind: str, batch_first: bool, layers: int):
    module = make(kind, 4, 6, layers, batch_first=batch_first)
    x = sequence(8 * 5, 4).float().reshape((5, 8, 4) if batch_first else (8, 5, 4))
    draw = torch.Generator().manual_seed(5)
    parts = tuple(torch.randn(layers, 5, 6, generator=draw) for _ in range(2 if kind == "lstm" else 1))
    state = parts if kind == "lstm" else parts[0]
    output, final = module(x, state)
    one = x[3] if batch_first else x[:, 3]
    wanted = trace(module, one, tuple(p[:, 3] for p in parts) if kind == "lstm" else parts[0][:, 3])
    assert_same(trace_sample(module, x, 3, state), wanted, 0)
    found = trace_sample(module, x, 3, state, output=output)
    assert_same(found, wanted, 1e-6)
    assert_close(found.output, output.detach()[3] if batch_first else output.detach()[:, 3], 1e-6)
    for mine, theirs in zip(as_tuple(found.final_state), as_tuple(final), strict=True):
        assert_close(mine, theirs[:, 3].detach(), 1e-6)


@kinds
@pytest.mark.parametrize("layers", [1, 2])
def test_both_directions_in_the_sequences_order(kind: str, layers: int):
    module, x = make(kind, 4, 6, layers, bidirectional=True), sequence(9, 4).float()
    found = trace(module, x)
    output, final = module(x)
    assert [layer.reverse for layer in found.layers] == [False, True] * layers
    assert_close(found.output, output.detach(), 1e-6)
    for mine, theirs in zip(as_tuple(found.final_state), as_tuple(final), strict=True):
        assert_close(mine, theirs.detach(), 1e-6)
    backwards = make(kind, 4, 6)
    for mine, theirs in zip(backwards.all_weights[0], module.all_weights[1], strict=True):
        mine.data.copy_(theirs.detach())
    wanted = trace(backwards, x.flip(0)).layers[0]
    for name in wanted.table.columns:
        assert_close(found.layers[1].column(name), wanted.column(name)[::-1], 1e-6)
    with pytest.raises(UserError, match="reads from the end"):
        extend(found, module, x)
    with pytest.raises(UserError, match="cannot be shortened"):
        found[:3]


@types
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("steps", [1, 12])
def test_a_projected_hidden_state(bidirectional: bool, steps: int, dtype: torch.dtype):
    module = make("lstm", 4, 6, 2, proj_size=3, bidirectional=bidirectional, dtype=dtype)
    x = sequence(steps, 4)
    found = trace(module, x.to(dtype))
    assert torch.backends.mkldnn.enabled
    output, (_, c) = as_float64(module)(x)
    assert_close(found.output, output.detach(), CLOSE[dtype])
    assert_close(found.final_state[1], c.detach(), CLOSE[dtype])
    for number, layer in enumerate(found.layers):
        assert layer.h.shape == (steps, 3)
        assert layer.c.shape == (steps, 6)
        projection = module.all_weights[number][-1].detach().numpy()
        assert_close(layer.h, (layer.gates["output"] * np.tanh(layer.c)) @ projection.T, CLOSE[dtype])


def test_a_half_precision_module_is_traced_in_float32():
    module = make("lstm", 4, 6, 2)
    half, x = make("lstm", 4, 6, 2, dtype=torch.bfloat16), sequence(7, 4).bfloat16()
    half.load_state_dict(module.state_dict())
    module.load_state_dict(half.state_dict())
    found = trace(half, x)
    assert found.output.dtype == np.float32
    assert_same(found, trace(module, x.float()), 1e-6)


def test_saturated_gates_lose_nothing():
    """At six times the usual weights c cannot be had from atanh(h / o); the scan has it."""
    module = make("lstm", 16, 32)
    for weight in module.parameters():
        weight.data.mul_(6)
    x = sequence(256, 16)
    wanted = loop(module, x)
    exact = trace(as_float64(module), x)
    assert_close(exact.layers[0].c, torch.cat(wanted.c[0]).detach(), 1e-12)
    close = trace(module, x.float())
    assert_close(close.layers[0].c, torch.cat(wanted.c[0]).detach(), 2e-5)


def test_what_is_not_recurrent_is_refused():
    with pytest.raises(UserError, match=r"Linear is none of PyTorch's nn\.RNN"):
        trace(nn.Linear(3, 4), torch.zeros(2, 3))


def test_shapes_that_do_not_fit_are_named():
    lstm, gru = make("lstm", 3, 4, 2), make("gru", 3, 4)
    with pytest.raises(ValueError, match=r"one sequence \(T, 3\), not of \(2, 5, 3\)"):
        trace(lstm, torch.zeros(2, 5, 3))
    with pytest.raises(ValueError, match=r"x must have the shape \(5, 3\), not \(5, 4\)"):
        trace(lstm, torch.zeros(5, 4))
    with pytest.raises(ValueError, match=r"h must have the shape \(2, 4\), not \(1, 4\)"):
        trace(lstm, torch.zeros(5, 3), (torch.zeros(1, 4), torch.zeros(2, 4)))
    with pytest.raises(ValueError, match=r"\(h, c\) for an LSTM"):
        trace(lstm, torch.zeros(5, 3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="h for other cells"):
        trace(gru, torch.zeros(5, 3), (torch.zeros(1, 4), torch.zeros(1, 4)))
    with pytest.raises(ValueError, match=r"output must have the shape \(5, 4\)"):
        trace(gru, torch.zeros(5, 3), output=torch.zeros(4, 4))
    with pytest.raises(ValueError, match="another module's"):
        extend(trace(gru, torch.zeros(5, 3)), make("gru", 3, 5), torch.zeros(1, 3))
    with pytest.raises(IndexError, match="no step 5 in a trace of 5"):
        trace(gru, torch.zeros(5, 3)).layers[0].row(5)
