"""The memory experiment: its task, what a step back moves in the answer, and a ladder that ends by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from engine.ask import Cell
from engine.data.series.lookback import CHANCE, CHANNELS, SYMBOLS, Lookback
from engine.errors import UserError
from engine.explain.ladder import Ladder
from engine.lab import silent
from engine.labs.grid_versus_loop import memory as memory_module
from engine.labs.grid_versus_loop.config import GridVersusLoopConfig
from engine.labs.grid_versus_loop.counting import count
from engine.labs.grid_versus_loop.finding_memory import finding_of_memory
from engine.labs.grid_versus_loop.memory import Memory
from engine.labs.grid_versus_loop.memory_trial import influence_of
from engine.models.residual_network import make_remembering_network
from engine.models.sequence_networks import SequenceShape, blank

CPU = torch.device("cpu")
NAMES = ("cnn", "dilated-cnn", "rnn", "gru", "lstm")


def made(**settings: object) -> Memory:
    return Memory(GridVersusLoopConfig(experiment="memory", **settings), CPU, silent)


def played(memory: Memory) -> Memory:
    while memory.can_step:
        memory.step()
    return memory


@pytest.fixture(scope="module")
def solved() -> Memory:
    """A convolution that has learned lags of 1 and 3."""
    return played(made(networks="cnn", lags="1,3", updates=150, width=16))


# The task ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [0, 1, 5, 9])
def test_the_class_is_the_marked_symbol_so_many_steps_before_the_last(lag: int):
    x, y = Lookback(10, lag).batch(torch.Generator().manual_seed(3), 20)
    assert x.shape == (20, 10, CHANNELS)
    assert x.dtype == torch.float32
    steps = [x[:, t] for t in range(10)]
    assert torch.equal(steps[-1 - lag][:, :SYMBOLS].argmax(1), y)
    assert torch.equal(x[..., :SYMBOLS].sum(2), torch.ones(20, 10))
    assert x[..., SYMBOLS].nonzero()[:, 1].tolist() == [9 - lag] * 20
    again, _ = Lookback(10, lag).batch(torch.Generator().manual_seed(3), 20)
    assert torch.equal(x, again)


@pytest.mark.parametrize("lag", [-1, 10])
def test_a_lag_outside_the_stream_is_refused(lag: int):
    with pytest.raises(ValueError, match="lag"):
        Lookback(10, lag)


# Networks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cnn", "dilated-cnn"])
def test_the_answer_moves_with_every_step_of_the_field_and_with_none_before(name: str):
    shape = SequenceShape(20, CHANNELS, SYMBOLS, reads="end")
    network = make_remembering_network(name, shape, 24, seed=1)
    field = count(name, network, shape).receptive_field
    x, y = Lookback(20, 3).batch(torch.Generator().manual_seed(0), 48)
    moved = influence_of(network, x, y)
    assert field == {"cnn": 9, "dilated-cnn": 20}[name]
    assert (moved[:field] > 0).all()
    assert (moved[field:] == 0).all()


@pytest.mark.parametrize("name", ["cnn", "dilated-cnn"])
def test_multiply_adds_are_those_that_pytorch_counts(name: str):
    shape = SequenceShape(30, CHANNELS, SYMBOLS, reads="end")
    network = make_remembering_network(name, shape, 8, seed=5)
    with FlopCounterMode(display=False) as counter:
        network(blank(shape))
    assert counter.get_total_flops() == 2 * count(name, network, shape).multiply_adds


def test_a_residual_is_what_is_added_to_what_a_layer_finds():
    shape = SequenceShape(9, CHANNELS, SYMBOLS, reads="end")
    network = make_remembering_network("dilated-cnn", shape, 8, seed=5).double()
    x = torch.randn(3, 9, CHANNELS, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    maps = x.transpose(1, 2)
    for number in (1, 2, 3):
        layer, dilation = network.get_submodule(f"conv{number}"), 2 ** (number - 1)
        read = functional.pad(maps, (2 * dilation, 0))
        found = torch.relu(functional.conv1d(read, layer.weight, layer.bias, dilation=dilation))
        maps = found + maps if number > 1 else found
    assert torch.allclose(network(x), network.head(maps[..., -1]), rtol=0, atol=1e-12)
    assert not hasattr(network, "conv4")


@pytest.mark.parametrize("name", NAMES)
def test_influence_is_that_of_every_sequence_by_itself(name: str):
    shape = SequenceShape(12, CHANNELS, SYMBOLS, reads="end")
    network = make_remembering_network(name, shape, 8, seed=2)
    x, y = Lookback(12, 4).batch(torch.Generator().manual_seed(1), 5)
    found = influence_of(network, x, y)
    wide, step, oracle = network.double(), 1e-6, []
    bumps = step * torch.eye(12 * CHANNELS, dtype=torch.float64).view(-1, 12, CHANNELS)
    with torch.no_grad():
        for stream, answer in zip(x.double(), y, strict=True):
            slopes = (wide(stream + bumps) - wide(stream - bumps))[:, answer] / (2 * step)
            oracle.append(slopes.view(12, CHANNELS).norm(dim=1).flip(0).numpy())
    assert found == pytest.approx(np.mean(oracle, 0), rel=1e-5, abs=1e-8)
    assert not found.flags.writeable


# The experiment ----------------------------------------------------------------------------------


def test_a_convolution_learns_what_its_field_holds(solved: Memory):
    seen = solved.remembered()
    assert seen.longest == {"cnn": 3}
    assert min(seen.accuracy["cnn"]) >= seen.solved == CHANCE + 0.9 * (1 - CHANCE)
    assert solved.step_count == solved.total < 2 * 150
    assert seen.influence["cnn"].argmax() == 3
    assert seen.influence["cnn"].max() == 1
    assert (seen.influence["cnn"][9:] == 0).all()
    assert seen.influence_at == {"cnn": 3}


def test_its_result_is_what_it_found(solved: Memory):
    found = solved.result()
    model = found["models"]["cnn"]
    assert model["longest_lag_solved"] == 3
    assert model["receptive_field"] == 9
    assert sum(model["updates_by_lag"]) == solved.step_count
    facts = solved.facts(now=True)
    assert facts["cnn.longest_lag_solved"] == 3
    assert facts["cnn.accuracy_by_lag.1"] == model["accuracy_by_lag"][1]
    assert facts["lags.1"] == 3
    assert set(solved.files()) == {"cnn.safetensors"}
    assert solved.arrays()["cnn-accuracy-by-lag"].shape == (2, 2)


def test_a_lag_that_is_solved_is_left_early_and_the_total_shrinks():
    memory = made(networks="cnn", lags="1,2,3", updates=150, width=16)
    totals = [memory.total]
    while len(memory.trials) < 1:
        memory.step()
        totals.append(memory.total)
    assert totals[0] == 450
    assert sorted(totals, reverse=True) == totals
    assert memory.total == memory.step_count + 300


def test_two_failures_in_a_row_are_the_end():
    memory = played(made(networks="gru", lags="1,2,3,4", updates=2, width=4, batch=4))
    assert len(memory.remembered().accuracy["gru"]) == 2
    assert memory.remembered().longest == {"gru": None}
    assert memory.step_count == memory.total == 4
    memory.step()
    assert memory.step_count == 4


def test_a_network_is_tried_again_after_one_failure():
    ladder = Ladder((1, 2, 3, 4), ("cnn",), 0.9)
    for accuracy, gave_up in ((0.2, False), (0.95, False), (0.3, False), (0.4, True)):
        ladder.write("cnn", accuracy)
        assert ladder.gave_up("cnn") is gave_up
    assert ladder.highest == {"cnn": 2}


def test_a_seeded_run_repeats_to_the_bit_however_often_it_is_looked_at():
    def run(*, watched: bool) -> Memory:
        memory = made(networks="cnn,rnn", lags="1,2", updates=12, width=4, seed=7)
        while memory.can_step:
            memory.step()
            if watched:
                memory.see()
                memory.finding()
                memory.ask(Cell("memory-cnn", (0,)))
        return memory

    one, other = run(watched=True), run(watched=False)
    assert one.result() == other.result()
    for key, trial in one.trials.items():
        weights = other.trials[key].network.state_dict()
        assert all(torch.equal(w, weights[name]) for name, w in trial.network.state_dict().items())


def test_an_update_without_a_number_ends_a_lag(monkeypatch: pytest.MonkeyPatch):
    memory = made(networks="cnn", lags="1,2", updates=5, width=4)

    def broken(task: Lookback, generator: torch.Generator, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.full((size, task.length, CHANNELS), torch.nan), torch.zeros(size, dtype=torch.int64)

    monkeypatch.setattr(Lookback, "batch", broken)
    played(memory)
    assert memory.step_count == 2
    assert [trial.exploded_at for trial in memory.trials.values()] == [1, 1]
    assert "no number" in memory.ask(Cell("memory-cnn", (0,))).meaning


@pytest.mark.parametrize("lags", ["0", "x", "1001", "1.5", ",".join(map(str, range(1, 14)))])
def test_lags_that_cannot_be_are_refused(lags: str):
    with pytest.raises(UserError) as refused:
        made(lags=lags)
    assert "lag" in refused.value.sentence


def test_a_network_that_has_no_last_step_cannot_take_part():
    with pytest.raises(UserError, match="mlp"):
        made(networks="mlp")


def test_all_lags_and_networks_where_none_are_chosen():
    memory = made()
    assert memory.networks == NAMES
    assert memory.lags == (1, 2, 4, 8, 16, 32, 64, 128)
    assert memory.total == memory_module.UPDATES * 8 * 5


# Ask ---------------------------------------------------------------------------------------------


def test_an_accuracy_is_right_answers_over_streams(solved: Memory):
    answer = solved.ask(Cell("memory-cnn", (1,)))
    assert answer.value == answer.steps[-1].lines[-1].value == solved.remembered().accuracy["cnn"][1]
    assert "/ 640 streams" in answer.steps[-1].lines[-1].formula


def test_an_influence_is_computed_again(solved: Memory):
    shown = solved.remembered().influence["cnn"]
    for place in (0, 3, 10):
        answer = solved.ask(Cell("influence-cnn", (place,)))
        assert answer.steps[-1].lines[-1].value == pytest.approx(shown[place], rel=1e-12)
    assert "before the receptive field" in solved.ask(Cell("influence-cnn", (10,))).meaning


def test_what_is_counted_is_answered(solved: Memory):
    answer = solved.ask(Cell("counted-cnn", (0,)))
    assert answer.steps[-1].lines[-1].value == solved.counted["cnn"].parameters


@pytest.mark.parametrize(
    ("array", "index"),
    [("memory-gru", (0,)), ("memory-cnn", (2,)), ("memory-cnn", (-1,)), ("influence-cnn", (99,)),
     ("influence-cnn", (0, 0)), ("counted-cnn", (9,)), ("loss-cnn", (0,)), ("memory", (0,))],
)  # fmt: skip
def test_nothing_is_said_of_what_was_not_measured(solved: Memory, array: str, index: tuple[int, ...]):
    assert solved.ask(Cell(array, index)) is None


# The finding -------------------------------------------------------------------------------------


def test_the_finding_follows_the_numbers():
    memory = made(networks="cnn,gru", lags="1,2,4", updates=2, width=4)
    assert memory.finding() == ""
    seen = replace(
        memory.remembered(),
        accuracy={"cnn": (0.95, 0.96, 0.2), "gru": (0.97, 0.3, 0.2)},
        longest={"cnn": 2, "gru": 1},
        fields={"cnn": 3, "gru": None},
    )
    told = finding_of_memory(seen, memory.counted, 600, None)
    assert told == (
        "The CNN, which sees 3 steps, finds the answer 2 steps back and not 4. Within 600 updates the GRU "
        "finds the answer 1 step back and not 2. A loop has no receptive field that ends, yet the GRU "
        "learned to look back no further than 1, and the CNN 2."
    )
    further = replace(seen, accuracy={**seen.accuracy, "gru": (1.0, 1.0, 1.0)}, longest={"cnn": 2, "gru": 4})
    told = finding_of_memory(further, memory.counted, 600, None)
    assert told.endswith("The GRU looks back further than any convolution here: 4.")
