"""The lab of grid and loop: its contest, its questions, and the experiment with one data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.ask import Cell
from engine.errors import UserError
from engine.labs.grid_versus_loop.config import NETWORKS, GridVersusLoopConfig
from engine.labs.grid_versus_loop.contest import reordered
from engine.labs.grid_versus_loop.experiment import Experiment, parse_networks
from engine.labs.grid_versus_loop.finding_contest import finding_of_contest, price_of_contest
from engine.labs.grid_versus_loop.lab import GridVersusLoop
from engine.labs.grid_versus_loop.learning import LearningExperiment
from engine.labs.grid_versus_loop.one_data_set import OneDataSet
from engine.labs.grid_versus_loop.questions_counted import COLUMNS
from engine.labs.grid_versus_loop.snapshot import Contestant, Counted

CPU = torch.device("cpu")


def begun(
    steps: int = 0, kind: type[LearningExperiment] = OneDataSet, **settings: object
) -> LearningExperiment:
    """An experiment after so many updates of small networks."""
    plain: dict[str, object] = {"updates": 6, "width": 8, "batch": 50}
    found = OneDataSet(GridVersusLoopConfig(**(plain | settings)), CPU, lambda *_: None)  # ty: ignore
    for _ in range(steps):
        one_step(found)
    return found


def one_step(experiment: Experiment) -> None:
    experiment.step()
    while experiment.is_unfinished:
        experiment.step()


def weights(experiment: LearningExperiment) -> list[torch.Tensor]:
    return [
        tensor.clone()
        for entrant in experiment.contest.entrants.values()
        for tensor in entrant.network.state_dict().values()
    ]


# Learning --------------------------------------------------------------------------------------------


def test_all_networks_learn_from_the_same_batches_as_a_plain_loop_would():
    found = begun(3, networks="cnn,gru", learning_rate=0.01)
    examples, total = found.contest.examples, 6
    for name in ("cnn", "gru"):
        twin = begun(networks="cnn,gru").contest.entrants[name].network
        optimiser = torch.optim.Adam(twin.parameters(), 0.01, fused=True)
        order = torch.randperm(4000, generator=torch.Generator().manual_seed(0))
        for step in range(1, 4):
            places = order[(step - 1) * 50 : step * 50]
            optimiser.zero_grad()
            twin.train()
            functional.cross_entropy(twin(examples.train_x[places]), examples.train_y[places]).backward()
            torch.nn.utils.clip_grad_norm_(twin.parameters(), 1.0, foreach=True)
            rising = min(1.0, step / max(1.0, 0.05 * total))
            share = rising * 0.5 * (1 + np.cos(np.pi * (step - 1) / total))
            for group in optimiser.param_groups:
                group["lr"] = 0.01 * share
            optimiser.step()
        for mine, theirs in zip(
            found.contest.entrants[name].network.parameters(), twin.parameters(), strict=True
        ):
            assert torch.equal(mine, theirs)


def test_a_seeded_run_repeats_bit_for_bit_whether_it_is_watched_or_not():
    watched, alone = begun(networks="mlp,cnn,lstm,cnn+gru"), begun(networks="mlp,cnn,lstm,cnn+gru")
    for _ in range(4):
        one_step(watched)
        watched.see()
        watched.ask(Cell("reading-lstm-0", (1, 2)))
        list(watched.finish())
        one_step(alone)
    for mine, theirs in zip(weights(watched), weights(alone), strict=True):
        assert torch.equal(mine, theirs)


def test_another_seed_is_another_run():
    assert not torch.equal(weights(begun(1))[0], weights(begun(1, seed=1))[0])


def test_the_test_accuracy_is_the_share_of_right_answers():
    found = begun(2, networks="cnn")
    entrant, examples = found.contest.entrants["cnn"], found.contest.examples
    entrant.network.eval()
    with torch.no_grad():
        right = sum(
            int(entrant.network(x[None]).argmax()) == int(y)
            for x, y in zip(examples.test_x, examples.test_y, strict=True)
        )
    assert entrant.tests[-1] == (2, right / 1000)


def test_turning_the_switch_exchanges_what_is_read_and_asks_anew():
    found = begun(5, networks="mlp")
    before = found.of("mlp").accuracy
    found.change(GridVersusLoopConfig(updates=6, width=8, batch=50, networks="mlp", shuffled=True))
    list(found.finish())
    steps, accuracies = found.of("mlp").test_steps, found.of("mlp").test_accuracy
    assert steps[-1] == steps[-2] == 5
    assert accuracies[-2] == before
    entrant, examples = found.contest.entrants["mlp"], found.contest.examples
    moved = torch.from_numpy(examples.test_x.numpy()[:, found.exchanged.numpy()])
    assert accuracies[-1] == pytest.approx(
        float((entrant.logits(moved).argmax(1) == examples.test_y).float().mean())
    )


def test_pixels_and_positions_are_exchanged_by_one_rule():
    x = torch.arange(12.0).view(1, 4, 3)
    assert reordered(x, torch.tensor([3, 2, 1, 0]))[0, 0].tolist() == [9, 10, 11]
    assert reordered(x, torch.arange(11, -1, -1))[0, 0].tolist() == [11, 10, 9]
    assert reordered(x, None) is x


def test_a_network_whose_loss_is_no_number_rests_and_the_others_go_on():
    found = begun(1, networks="mlp,cnn")
    with torch.no_grad():
        next(found.contest.entrants["cnn"].network.parameters()).fill_(torch.nan)
    one_step(found)
    one_step(found)
    assert found.of("cnn").exploded_at == 2
    assert found.of("mlp").exploded_at is None
    assert found.step_count == 3
    assert "no number at update 2" in found.finding()


# Asking ----------------------------------------------------------------------------------------------


def test_every_value_of_every_reading_is_its_own_arithmetic():
    found, rng = begun(3), np.random.default_rng(0)
    opened = found.see()["opened"]
    asked = 0
    for key, readings in opened.readings.items():
        for place, reading in enumerate(readings):
            index = tuple(int(rng.integers(size)) for size in reading.values.shape)
            answer = found.ask(Cell(f"reading-{key}-{place}", index))
            assert answer is not None
            assert answer.value == pytest.approx(float(reading.values[index]), abs=1e-6)
            assert answer.steps[-1].lines[-1].value == pytest.approx(answer.value, abs=1e-5)
            asked += 1
    assert asked >= 9


@pytest.mark.parametrize("array", ["loss-cnn", "accuracy-gru", "probability-lstm", "counted-mlp"])
def test_what_is_asked_ends_in_the_value_on_screen(array: str):
    found = begun(3)
    answer = found.ask(Cell(array, (0,)))
    assert answer is not None
    assert answer.steps[-1].lines[-1].value == pytest.approx(answer.value, abs=1e-6)


@pytest.mark.parametrize(
    "cell", [("loss-none", (0,)), ("loss-cnn", (99,)), ("reading-cnn-9", (0, 0)), ("reading-cnn-0", (99, 0)),
             ("probability-cnn", (10,)), ("counted-cnn", (9,)), ("example", (40, 0)), ("nothing", (0,))],
)  # fmt: skip
def test_what_is_not_there_has_no_answer(cell: tuple[str, tuple[int, ...]]):
    assert begun(1, networks="cnn").ask(Cell(*cell)) is None


def test_counts_add_up_to_what_is_shown():
    found = begun(networks="gru,cnn")
    for one in found.counted:
        for column in range(len(COLUMNS) - 2):
            answer = found.ask(Cell(f"counted-{one.name}", (column,)))
            assert answer is not None
            *parts, total = answer.steps[0].lines
            if len(parts) > 0:
                assert sum(line.value for line in parts) == total.value == answer.value


# Findings --------------------------------------------------------------------------------------------


def entrant(name: str, family: str, accuracy: float, milliseconds: float = 1.0, chain: int = 4) -> Contestant:
    counted = Counted(name, name, family, 1, 1, 1, chain, None)  # ty: ignore
    tested = np.array([[100.0, accuracy]])
    empty = np.empty(0)
    return Contestant(
        name, counted, empty, empty, empty, empty, tested[:, 0], tested[:, 1], milliseconds, 1.0
    )


def test_the_finding_follows_the_numbers():
    slow = [entrant("CNN", "grid", 0.93), entrant("GRU", "loop", 0.7, 5.0, 41)]
    alike = [entrant("CNN", "grid", 0.7), entrant("GRU", "loop", 0.93, 1.0)]
    one, other = (finding_of_contest(entrants, 1000, 0.1) for entrants in (slow, alike))
    assert one == "After 100 updates the CNN is right about 93 % of what it never saw; the GRU 70 %."
    assert other.startswith("After 100 updates the GRU is right about 93 %")
    assert price_of_contest(slow) == (
        "An update of the GRU takes 5.0 times as long as the CNN’s: 41 steps one after the other against 4."
    )
    assert price_of_contest(alike) == ""


def test_what_chance_explains_is_no_lead():
    close = finding_of_contest([entrant("CNN", "grid", 0.93), entrant("GRU", "loop", 0.92)], 1000, 0.1)
    assert "the GRU (92 %) as good within chance" in close
    assert "none beats guessing" in finding_of_contest([entrant("CNN", "grid", 0.11)], 1000, 0.1)
    assert finding_of_contest([], 1000, 0.1) == ""


# The lab ---------------------------------------------------------------------------------------------


def test_networks_are_chosen_by_name():
    assert parse_networks("", ("mlp",), NETWORKS) == ("mlp",)
    assert parse_networks("GRU, cnn", ("mlp",), NETWORKS) == ("cnn", "gru")
    with pytest.raises(UserError, match="transformer"):
        parse_networks("cnn,transformer", ("mlp",), NETWORKS)


def lab_with(screen: bool = False, **settings: object) -> GridVersusLoop:
    plain: dict[str, object] = {"updates": 4, "width": 8, "batch": 50, "networks": "mlp,cnn"}
    lab = GridVersusLoop(GridVersusLoopConfig(**(plain | settings)), CPU, screen=screen)  # ty: ignore
    lab.start()
    return lab


def test_without_a_screen_it_answers_with_what_the_contract_names():
    lab = lab_with()
    while lab.can_step:
        lab.step()
    found = lab.result()
    assert set(found["models"]) == {"mlp", "cnn"}
    cnn = found["models"]["cnn"]
    assert cnn["updates"] == 4
    assert 0 <= cnn["accuracy"] <= 1
    assert cnn["parameters"] > 0 < cnn["multiply_adds"]
    assert cnn["sequential_steps"] == 4
    assert cnn["receptive_field"] == 17
    assert cnn["milliseconds_per_step"] > 0
    assert {"cnn-loss", "cnn-test-accuracy", "example"} <= set(lab.arrays())


def test_its_files_are_the_weights(tmp_path: Path):
    from safetensors.torch import load_file

    lab = lab_with()
    lab.files()["cnn.safetensors"](tmp_path / "cnn.safetensors")
    assert "conv1.weight" in load_file(tmp_path / "cnn.safetensors")


def test_another_example_and_a_switch_restart_nothing():
    lab = lab_with()
    lab.step()
    config = lab.config
    lab.configure(GridVersusLoopConfig(**{**config.as_dict(), "pinned": 7}))
    snapshot = lab.snapshot()
    assert snapshot.step == 1
    assert snapshot.opened is not None
    assert snapshot.opened.index == 7
    lab.configure(GridVersusLoopConfig(**{**config.as_dict(), "width": 9}))
    assert lab.snapshot().step == 0


def test_an_experiment_goes_on_where_it_was_left():
    lab = lab_with()
    lab.step()
    lab.configure(GridVersusLoopConfig(**{**lab.config.as_dict(), "experiment": "shuffle"}))
    assert lab.snapshot().experiment == "shuffle"
    assert lab.snapshot().step == 0
    lab.configure(GridVersusLoopConfig(**{**lab.config.as_dict(), "experiment": "mnist1d"}))
    assert lab.snapshot().step == 1
    assert lab.snapshot().networks == ("mlp", "cnn")
    assert set(lab.snapshot().kept) == {"mnist1d", "shuffle"}
