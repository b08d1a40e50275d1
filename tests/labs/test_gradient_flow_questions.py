"""Asking the gradient flow lab: every answer against plain float64 autograd, NumPy or the definition."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.ask import Answer, Cell
from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.question_words import scientific
from engine.labs.gradient_flow.questions import answer
from engine.labs.gradient_flow.race import Race
from engine.labs.gradient_flow.sentence import Sentence
from engine.labs.gradient_flow.snapshot import Meter
from engine.models.recurrent_networks import RecurrentNetwork

CELLS = ("rnn", "relu", "lstm", "gru")
SMALL = GradientFlowConfig(cells=",".join(CELLS), length=11, hidden=7, batch=4, gate_bias="one")
KINDS = ("recall", "copy", "adding")


def raced(config: GradientFlowConfig, updates: int = 5) -> Race:
    race = Race(config, live=False)
    for _ in range(updates):
        race.step()
        race.look()
    for _ in race.dig():
        pass
    return race


@pytest.fixture(scope="module", params=KINDS)
def race(request: pytest.FixtureRequest) -> Race:
    return raced(replace(SMALL, task=request.param))


@pytest.fixture(scope="module")
def recall() -> Race:
    return raced(SMALL)


def asked(race: Race, array: str, *index: int) -> Answer:
    found = answer(race, race.runners(), None, Cell(array, index))
    assert found is not None
    return found


def last(found: Answer) -> float:
    return found.steps[-1].lines[-1].value


def labels(found: Answer) -> list[str]:
    return [line.label for step in found.steps for line in step.lines]


def again(race: Race, cell: str) -> RecurrentNetwork:
    """The network before its last update, in float64."""
    network = deepcopy(race.networks[cell].network).double()
    weights = race.networks[cell].weights_before()
    for name, parameter in network.named_parameters():
        parameter.data = weights[name.removeprefix("recurrent.")].double()
    return network


def stepwise(race: Race, cell: str) -> tuple[list[Tensor], list[Tensor]]:
    """h(0) … h(T) and all states of a plain loop, step by step, with their gradients in `grad`."""
    network, shown, task = again(race, cell), race.networks[cell].shown, race.task
    h = torch.zeros(1, 1, network.config.hidden, dtype=torch.float64, requires_grad=True)
    states, whole = [h], [h] if cell != "lstm" else [h, torch.zeros_like(h, requires_grad=True)]
    for x in shown.inputs.double():
        after = network.recurrent(x[None], tuple(whole) if len(whole) > 1 else whole[0])[1]
        whole = list(after) if isinstance(after, tuple) else [after]
        whole[0].retain_grad()
        states.append(whole[0])
    outputs = network.head(torch.cat(states[1:]) if task.every_step else states[-1][0])
    targets = shown.targets.double() if shown.targets.is_floating_point() else shown.targets
    task.loss(outputs, targets).backward()
    return states, whole


def log10_of(gradient: Tensor | None) -> float:
    norm = 0.0 if gradient is None else float(gradient.norm())
    return math.log10(norm) if norm else -math.inf


@pytest.mark.parametrize("cell", CELLS)
def test_a_point_of_the_curve_is_what_autograd_gives_step_by_step(race: Race, cell: str) -> None:
    states, _ = stepwise(race, cell)
    for t, state in enumerate(states):
        found, wanted = asked(race, f"flow-{cell}", t), log10_of(state.grad)
        assert last(found) == pytest.approx(wanted, abs=1e-10)
        assert found.value == pytest.approx(wanted, abs=1e-4)  # float32


@pytest.mark.parametrize("cell", CELLS)
def test_the_step_back_is_written_out(race: Race, cell: str) -> None:
    states, _ = stepwise(race, cell)
    found = asked(race, f"flow-{cell}", 4)
    back = {line.label: line for line in found.steps[-1].lines}
    assert back["log10 ‖∂L/∂h(5)‖"].value == pytest.approx(log10_of(states[5].grad), abs=1e-10)
    assert ("log10 of what later steps take from c(5)" in back) == (cell == "lstm")
    assert ("log10 ‖what the loss takes from h(4)‖" in back) == race.task.every_step
    label = f"log10 ‖J-transposed × {'both' if cell == 'lstm' else 'it'}‖"
    if not race.task.every_step:  # then nothing else arrives
        assert back[label].value == pytest.approx(log10_of(states[4].grad), abs=1e-10)
    assert "∂L/∂h(4) = J-transposed × ∂L/∂h(5)" in found.steps[-1].operation


def test_a_point_of_the_curve_is_set_beside_the_last_step(recall: Race) -> None:
    curve = recall.runners()[0].flow.log10_norms
    beside = {line.label: line.value for line in asked(recall, "flow-rnn", 3).steps[0].lines}
    change = float(curve[3] - curve[11])
    assert beside["log10 of the ratio to it"] == pytest.approx(change)
    assert beside["mean factor a step"] == pytest.approx(10 ** (change / 8))
    assert len(asked(recall, "flow-rnn", 11).steps) == 1
    assert "before the first step" in asked(recall, "flow-rnn", 0).meaning
    assert "before update 5" in asked(recall, "flow-rnn", 0).title


def test_the_curve_reaches_far_below_what_float64_can_hold() -> None:
    race = raced(GradientFlowConfig(cells="rnn", length=400, hidden=6, batch=2, init="gaussian", gain=0.1), 1)
    found = asked(race, "flow-rnn", 1)
    assert found.value < -330
    assert last(found) == pytest.approx(found.value, abs=1e-3)
    assert "below all that float32 can hold" in found.meaning
    assert (
        f"10⁻{str(-math.floor(found.value)).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
        in found.meaning
    )


def test_while_it_learns_on_the_sum_is_that_of_the_curve_that_is_shown() -> None:
    race = raced(SMALL, 2)
    before = [asked(race, f"flow-{cell}", 2) for cell in CELLS]
    race.step()  # not looked at: the curves are still those before
    assert [asked(race, f"flow-{cell}", 2) for cell in CELLS] == before


def test_of_an_older_curve_the_value_is_told_without_the_sum() -> None:
    race = raced(SMALL, 2)
    older = race.runners()
    race.step()
    race.look()
    found = answer(race, older, None, Cell("flow-gru", (2,)))
    assert found is not None
    assert found.steps[-1].operation == "as measured"
    assert last(found) == found.value == older[3].flow.log10_norms[2]
    for array, index in (
        ("bound-gru", (2,)),
        ("jacobian-gru", (2,)),
        ("gate-gru", (2,)),
        ("radius-gru", (0, 0)),
    ):
        told = answer(race, older, None, Cell(array, index))
        assert told is not None
        assert last(told) == told.value


def test_an_exploded_network_is_still_told() -> None:
    config = replace(SMALL, cells="relu", length=200, init="gaussian", gain=4.0, clip=0.0)
    race = raced(config, 1)
    assert race.networks["relu"].exploded_at == 1
    found = answer(race, race.runners(), None, Cell("flow-relu", (100,)))
    assert found is not None
    shown = race.runners()[0].flow.log10_norms[100]
    assert last(found) == pytest.approx(float(shown), abs=1e-3, nan_ok=True)


def test_a_point_of_the_map_is_the_mean_of_its_updates(recall: Race) -> None:
    flow = recall.runners()[2].flow
    found = asked(recall, "map-lstm", 1, 4)
    assert last(found) == found.value == float(flow.map[1, 4])
    assert "update 2" in found.title
    assert found.shape == flow.map.shape


def jacobian(race: Race, cell: str, step: int) -> np.ndarray:
    """Of the whole state, by autograd through PyTorch's own module."""
    network, x = again(race, cell), race.networks[cell].shown.inputs.double()
    hidden, parts = network.config.hidden, 2 if cell == "lstm" else 1

    def split(state: Tensor) -> Tensor | tuple[Tensor, ...]:
        pieces = tuple(part[None, None] for part in state.split(hidden))
        return pieces if parts > 1 else pieces[0]

    def onward(state: Tensor) -> Tensor:
        after = network.recurrent(x[step : step + 1], split(state))[1]
        return torch.cat([each.flatten() for each in (after if isinstance(after, tuple) else (after,))])

    state = torch.zeros(parts * hidden, dtype=torch.float64)
    if step:
        after = network.recurrent(x[:step])[1]
        state = torch.cat([each.flatten() for each in (after if isinstance(after, tuple) else (after,))])
    return torch.autograd.functional.jacobian(onward, state.detach()).numpy()


@pytest.mark.parametrize("cell", CELLS)
def test_the_largest_singular_value_is_that_of_the_jacobian_by_autograd(recall: Race, cell: str) -> None:
    places = recall.networks[cell].mechanism.newest.places
    for place in (0, len(places) - 1):
        found = asked(recall, f"jacobian-{cell}", place)
        wanted = np.linalg.norm(jacobian(recall, cell, int(places[place])), 2)
        assert last(found) == pytest.approx(wanted, rel=1e-9)
        assert found.value == pytest.approx(wanted, rel=1e-4)


def test_the_parts_of_a_step_are_those_of_its_formula(recall: Race) -> None:
    found = asked(recall, "jacobian-rnn", 3)
    network = again(recall, "rnn")
    x = recall.networks["rnn"].shown.inputs.double()
    h = network.recurrent(x)[0][3, 0].detach().numpy()
    lines = {line.label: line.value for line in found.steps[-1].lines}
    assert found.steps[-1].operation == "J = diag(1 − h²) W_hh"
    weight = network.recurrent.weight_hh_l0.detach().numpy()
    assert lines["‖W_hh‖"] == pytest.approx(np.linalg.norm(weight, 2))
    assert lines["mean slope 1 − h²"] == pytest.approx((1 - h * h).mean())
    assert lines["max slope"] == pytest.approx((1 - h * h).max())
    assert "mean of the forget gate f" in labels(asked(recall, "jacobian-lstm", 3))
    assert "max slope" in labels(asked(recall, "jacobian-relu", 3))


@pytest.mark.parametrize("cell", CELLS)
def test_the_bound_follows_from_the_next_steps(race: Race, cell: str) -> None:
    bound = race.networks[cell].mechanism.newest.log10_bound
    for t in (0, 5, 10, 11):
        found = asked(race, f"bound-{cell}", t)
        assert found.value == float(bound[t])
        assert last(found) == pytest.approx(found.value, abs=1e-3)
    assert asked(race, f"measured-{cell}", 5).value == float(race.networks[cell].flow.newest.log10_norms[5])
    source = "largest singular value" if cell in ("lstm", "gru") else "Pascanu"
    assert source in found.meaning


def test_a_bound_and_its_gradient_are_of_one_update_though_the_newest_curve_is_of_another() -> None:
    race = raced(replace(SMALL, cells="rnn", learning_rate=0.1))
    known = race.networks["rnn"].mechanism.newest
    race.step()
    race.look()
    found, newest = asked(race, "measured-rnn", 3), asked(race, "flow-rnn", 3)
    assert found.value == float(known.log10_norms[3]) != newest.value
    assert f"before update {known.step}" in found.title
    told = asked(race, "bound-rnn", 3).meaning
    assert scientific(found.value) in told
    assert scientific(newest.value) not in told


def test_the_forget_gate_is_a_mean_over_the_units(recall: Race) -> None:
    network, t = again(recall, "lstm"), 6
    x = recall.networks["lstm"].shown.inputs.double()
    h = network.recurrent(x)[0][t - 1]
    module, rows = network.recurrent, slice(7, 14)
    gate = torch.sigmoid(
        F.linear(x[t], module.weight_ih_l0[rows], module.bias_ih_l0[rows])
        + F.linear(h, module.weight_hh_l0[rows], module.bias_hh_l0[rows])
    ).detach()
    found = asked(recall, "gate-lstm", t)
    lines = {line.label: line.value for line in found.steps[-1].lines}
    assert last(found) == pytest.approx(float(gate.mean()), rel=1e-12)
    assert found.value == pytest.approx(float(gate.mean()), rel=1e-5)
    assert lines["share above 0.9"] == float((gate > 0.9).double().mean())
    assert lines["largest"] == pytest.approx(float(gate.max()))
    assert "step 7" in found.title  # as the axis counts
    assert "update gate" in asked(recall, "gate-gru", 0).title
    assert answer(recall, recall.runners(), None, Cell("gate-rnn", (0,))) is None


def test_the_sizes_of_the_weights_are_numpys(recall: Race) -> None:
    for cell, gate, rows in (("rnn", 0, slice(0, 7)), ("gru", 2, slice(14, 21))):
        weight = again(recall, cell).recurrent.weight_hh_l0.detach().numpy()[rows]
        mechanism = next(each.mechanism for each in recall.runners() if each.cell == cell)
        newest = len(mechanism.radius_steps) - 1
        radius = asked(recall, f"radius-{cell}", gate, newest)
        assert last(radius) == pytest.approx(np.abs(np.linalg.eigvals(weight)).max(), rel=1e-10)
        assert radius.value == pytest.approx(last(radius), rel=1e-5)
        singular = asked(recall, f"singular-{cell}", gate, newest)
        assert last(singular) == pytest.approx(np.linalg.norm(weight, 2), rel=1e-10)
    assert "new gate" in singular.title


def test_loss_and_accuracy_say_how_they_are_defined(race: Race) -> None:
    runner, baseline = race.runners()[0], race.task.baseline(race.length)
    for kind, guess in (("loss", baseline.loss), ("accuracy", baseline.accuracy)):
        found = asked(race, f"{kind}-rnn", 2)
        assert last(found) == found.value == float(getattr(runner, kind)[2])
        assert found.meaning == getattr(race.task, f"{kind}_definition")
        assert found.steps[0].lines[0].value == guess
        assert found.title.endswith("update 3")


def test_parameters_and_units_are_told_as_measured(recall: Race) -> None:
    health = recall.runners()[0].health
    assert health is not None
    found = asked(recall, "gradient-rnn", 1, 0)
    assert "gradient norm of weight_hh_l0, update" in found.title
    assert last(found) == found.value == float(health.gradient_norms[1, 0])
    assert asked(recall, "update-rnn", 5, 0).value == float(health.update_ratios[5, 0])
    assert asked(recall, "saturated-rnn", 0).value == float(health.saturated[0])
    assert "relu lets no gradient through" in asked(recall, "dead-relu", 0).meaning
    assert "move by less" in asked(recall, "dead-gru", 0).meaning


def test_the_memory_meter_says_what_counts_as_solved(recall: Race) -> None:
    meter = Meter((10, 20), {"lstm": (0.95, 0.4)}, 0.125, 0.9125, {"lstm": 10}, 600)
    found = answer(recall, (), meter, Cell("meter-lstm", (1,)))
    assert found is not None
    assert last(found) == found.value == 0.4
    assert (
        "at most 600 updates. It did not solve this length (40 % right); the longest it solved: 10 steps"
        in found.meaning
    )
    assert answer(recall, (), meter, Cell("meter-lstm", (2,))) is None
    assert answer(recall, (), meter, Cell("meter-gru", (0,))) is None
    assert answer(recall, (), None, Cell("meter-lstm", (0,))) is None


@pytest.mark.parametrize(
    ("array", "index"),
    [
        ("flow-rnn", (12,)),
        ("flow-rnn", (-1,)),
        ("flow-irnn", (0,)),
        ("map-rnn", (500, 0)),
        ("jacobian-rnn", (11,)),
        ("bound-rnn", (12,)),
        ("gate-lstm", (11,)),
        ("radius-rnn", (1, 0)),
        ("loss-rnn", (99,)),
        ("gradient-rnn", (6, 0)),
        ("nothing-rnn", (0,)),
        ("flow", (0,)),
    ],
)
def test_what_is_not_there_has_no_answer(recall: Race, array: str, index: tuple[int, ...]) -> None:
    assert answer(recall, recall.runners(), None, Cell(array, index)) is None


def test_the_sentence_is_told_as_measured() -> None:
    sentence = Sentence("The sea")
    for _ in sentence.measure():
        pass
    curve = sentence.runners()[0].flow.log10_norms
    found = answer(sentence, sentence.runners(), None, Cell(f"flow-{sentence.runners()[0].cell}", (3,)))
    assert found is not None
    assert last(found) == found.value == float(curve[3])
    assert answer(sentence, sentence.runners(), None, Cell("loss-lstm", (0,))) is None
