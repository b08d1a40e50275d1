"""Ask any pixel of a recurrent trace: the written-out cell adds up to the value that was traced."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from recurrent_loop import CELLS, loop, make, sequence
from torch import nn

from engine.ask import Answer
from engine.explain.arithmetic_recurrent import explain_unit
from engine.models.meddled_steps import meddled_extend
from engine.models.meddling import Intervention
from engine.models.recurrent_layer import GATES
from engine.models.recurrent_trace import trace

STEPS = 7


def result(answer: Answer) -> float:
    return answer.steps[-1].lines[-1].value


def check(module: nn.RNNBase, close: float) -> None:
    """Every quantity of every layer at the ends and in the middle adds up to what was traced."""
    found = trace(module, sequence(STEPS, module.input_size).to(next(module.parameters()).dtype))
    for number, layer in enumerate(found.layers):
        for quantity in set(layer.table.columns) - {"x"}:
            values = layer.column(quantity)
            for step in (0, 3, STEPS - 1):
                for unit in range(values.shape[1]):
                    answer = explain_unit(found, module, quantity, step, unit, layer=number)
                    assert answer.value == float(values[step, unit])
                    assert result(answer) == pytest.approx(answer.value, rel=close, abs=close)
                    assert answer.shape == values.shape
                    assert answer.title.startswith(f"{layer.name} · ")
                    assert all(line.label and line.formula for each in answer.steps for line in each.lines)


@pytest.mark.parametrize(("dtype", "close"), [(torch.float64, 1e-14), (torch.float32, 1e-6)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", CELLS)
def test_everything_adds_up(kind: str, bias: bool, dtype: torch.dtype, close: float):
    check(make(kind, 4, 3, 2, bias=bias, dtype=dtype), close)
    check(make(kind, 4, 3, bidirectional=True, bias=bias, dtype=dtype), close)


def test_a_projected_hidden_state_adds_up():
    check(make("lstm", 4, 5, 2, proj_size=2, dtype=torch.float64), 1e-14)


@pytest.mark.parametrize("kind", CELLS)
def test_the_sums_are_those_of_the_loop_of_cells(kind: str):
    """Recomputed in float64 from a float64 trace, they are PyTorch's own."""
    module, x = make(kind, 4, 3, 2, dtype=torch.float64), sequence(STEPS, 4)
    ran, found = loop(module, x), trace(module, x)
    for unit in range(3):
        hidden = explain_unit(found, module, "h", 5, unit)
        assert result(hidden) == pytest.approx(float(ran.h[1][5][0, unit].detach()), abs=1e-14)
        for name, values in ran.gates[1][5].items():
            answer = explain_unit(found, module, name, 5, unit)
            assert result(answer) == pytest.approx(float(values[0, unit]), abs=1e-14)


def test_a_gate_shows_each_product():
    module, x = make("lstm", 4, 3), sequence(STEPS, 4).float()
    found = trace(module, x)
    answer = explain_unit(found, module, "forget", 2, 1)
    assert answer.title == "layer 0 · forget gate, step 2, unit 1"
    from_x, from_h, gate = answer.steps
    assert from_x.operation == "dense layer W_if · x(2)"
    assert from_h.operation == "dense layer W_hf · h(1)"
    row = 3 + 1  # the forget gate's rows come after the input gate's three
    assert np.array_equal(from_x.products.patch[:, 0, 0], x[2].double().numpy())
    assert np.array_equal(from_x.products.kernel[:, 0, 0], module.weight_ih_l0[row].detach().double().numpy())
    assert np.array_equal(from_h.products.patch[:, 0, 0], found.layers[0].h[1].astype(np.float64))
    assert np.array_equal(from_h.products.kernel[:, 0, 0], module.weight_hh_l0[row].detach().double().numpy())
    assert [line.label for line in from_x.lines] == ["W_if · x(2)", "b_if"]
    assert [line.label for line in gate.lines] == ["sum", "sigmoid"]


def test_a_state_shows_the_cells_equation():
    found = trace(make("lstm", 4, 3), sequence(STEPS, 4).float())
    steps = explain_unit(found, make("lstm", 4, 3), "h", 2, 1).steps
    assert [each.operation for each in steps] == [
        "input gate",
        "forget gate",
        "cell gate",
        "cell state",
        "output gate",
        "hidden state",
    ]
    assert steps[3].lines[-1].label == "c(2) = f × c(1) + i × g"
    assert steps[5].lines[-1].label == "h(2) = o × tanh c(2)"
    module = make("gru", 4, 3)
    found = trace(module, sequence(STEPS, 4).float())
    steps = explain_unit(found, module, "h", -1, 0).steps
    assert [each.operation for each in steps] == ["reset gate", "update gate", "new gate", "hidden state"]
    assert steps[-1].lines[-1].label == "h(6) = (1 − z) × n + z × h(5)"


def test_the_state_before_the_first_step_and_of_a_layer_that_reads_backwards():
    module = make("gru", 4, 3, bidirectional=True)
    found = trace(module, sequence(STEPS, 4).float())
    operations = [
        explain_unit(found, module, "reset", step, 0, layer=layer).steps[1].operation
        for layer, step in ((0, 0), (0, 6), (1, 0), (1, 6))
    ]
    before = ["start", "5", "1", "start"]
    assert operations == [f"dense layer W_hr · h({step})" for step in before]


def test_what_is_not_there():
    module = make("gru", 4, 3)
    found = trace(module, sequence(STEPS, 4).float())
    for quantity in ("c", "forget", "x", "preactivation"):
        with pytest.raises(KeyError):
            explain_unit(found, module, quantity, 0, 0)
    with pytest.raises(IndexError, match="no unit 3 among 3"):
        explain_unit(found, module, "h", 0, 3)
    with pytest.raises(IndexError):
        explain_unit(found, module, "h", STEPS, 0)


@pytest.mark.parametrize("kind", CELLS)
def test_what_was_meddled_with_adds_up(kind: str):
    """Gates that are held, a unit that is off and a reset, at the steps they begin with and after them."""
    module = make(kind, 4, 3, dtype=torch.float64)
    x = sequence(STEPS, 4).double()
    gates = GATES[module.mode]
    done = (
        *(Intervention("hold", 2 + place, place % 3, gate, 0.3) for place, gate in enumerate(gates)),
        Intervention("off", 4, 1),
        Intervention("reset", 5),
    )
    found = meddled_extend(trace(module, x[:1]), module, x[1:], done)
    layer = found.layers[0]
    for quantity in set(layer.table.columns) - {"x"}:
        for step in range(STEPS):
            for unit in range(3):
                answer = explain_unit(found, module, quantity, step, unit, interventions=done)
                assert answer.value == float(layer.column(quantity)[step, unit])
                assert result(answer) == pytest.approx(answer.value, rel=1e-14, abs=1e-14)
    off = explain_unit(found, module, "h", 4, 1, interventions=done)
    assert off.steps[-1].lines[-1].label == "switched off"
