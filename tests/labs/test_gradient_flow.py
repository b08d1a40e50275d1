"""The gradient flow lab as a person uses it, and what it answers without a screen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from engine.ask import Cell
from engine.cli import main
from engine.errors import UserError
from engine.labs.gradient_flow import PRESETS, GradientFlow, GradientFlowConfig
from engine.labs.gradient_flow.flow import FlowRecord, MeasuredFlow
from engine.labs.gradient_flow.lab import FIRST
from engine.labs.gradient_flow.race import Race

CPU = torch.device("cpu")
SMALL = {"length": 8, "hidden": 6, "batch": 5}


def lab_of(*, screen: bool = True, **settings: object) -> GradientFlow:
    lab = GradientFlow(GradientFlowConfig(**{**SMALL, **settings}), CPU, screen=screen)
    lab.start()
    return lab


@pytest.fixture
def lab() -> Iterator[GradientFlow]:
    lab = lab_of()
    yield lab
    lab.jobs.cancel()
    lab.close()


def change(lab: GradientFlow, **settings: object) -> None:
    lab.configure(replace(lab.config, **settings))


def work_off(lab: GradientFlow) -> None:
    while lab.jobs:
        lab.jobs.advance()


def test_it_opens_on_a_preset_with_a_step_done():
    lab = GradientFlow(GradientFlowConfig(seed=2), CPU)
    lab.start()
    work_off(lab)
    snapshot = lab.snapshot()
    assert snapshot.config.preset == FIRST
    assert snapshot.step == 1
    assert [each.cell for each in snapshot.runners] == str(PRESETS[FIRST][1]["cells"]).split(",")
    assert all(each.mechanism is not None for each in snapshot.runners)
    assert snapshot.finding


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_what_it_says_until_one_of_its_settings_is_changed(name: str, lab: GradientFlow):
    lab.choose(name)
    assert lab.begins_playing
    assert "dig" in lab.jobs  # its mechanism is seen at once, not when there is time to look
    for field, value in PRESETS[name][1].items():
        assert getattr(lab.config, field) == value
    change(lab, sweep_steps=7)
    assert lab.snapshot().config.preset == name
    change(lab, learning_rate=0.017)
    assert lab.snapshot().config.preset == ""


def test_there_is_no_other_preset(lab: GradientFlow):
    with pytest.raises(UserError, match="preset"):
        lab.choose("it flies")


def test_the_learning_rate_is_taken_at_once_and_a_size_begins_anew(lab: GradientFlow):
    for _ in range(3):
        lab.step()
    change(lab, learning_rate=0.1, clip=0.5)
    assert lab.snapshot().step == 4
    change(lab, hidden=7)
    assert lab.snapshot().step == 0
    assert {each.network.config.hidden for each in lab._race.networks.values()} == {7}


@pytest.mark.parametrize(
    "wrong",
    [{"cells": "rnn,cnn"}, {"cells": " , "}, {"task": "copy", "length": 2}, {"task": "order", "length": 3}],
)
def test_what_cannot_be_is_said_and_the_race_goes_on(lab: GradientFlow, wrong: dict[str, object]):
    lab.step()
    before = lab.snapshot().step
    with pytest.raises(UserError):
        change(lab, **wrong)
    lab.step()
    assert lab.snapshot().config == lab.config
    lab.rest()
    work_off(lab)
    assert lab.snapshot().step == before + 1
    assert lab.snapshot().length == 8


def test_a_sweep_is_drawn_while_it_goes_on_and_forgotten_where_it_is_no_longer_true(lab: GradientFlow):
    change(lab, sweep_steps=2)
    lab.sweep("4,2")
    assert [status.name for status in lab.jobs.statuses] == ["sweep"] or lab.jobs
    work_off(lab)
    meter = lab.snapshot().meter
    assert meter is not None
    assert meter.lengths == (2, 4)
    assert {len(found) for found in meter.accuracy.values()} == {2}
    lab.step()
    assert lab.snapshot().meter is not None
    change(lab, gain=2.0)
    assert lab.snapshot().meter is None
    with pytest.raises(UserError, match="length"):
        lab.sweep("ten")


def test_starting_over(lab: GradientFlow):
    first = lab.snapshot().runners[0].flow.log10_norms
    for _ in range(4):
        lab.step()
    lab.reset()
    again = lab.snapshot()
    assert again.step == 0
    np.testing.assert_array_equal(again.runners[0].flow.log10_norms, first)


def test_a_long_update_is_cut_into_slices_and_is_the_same_in_the_end():
    whole, sliced = lab_of(screen=False, length=700), lab_of(length=700)
    whole.step()  # on a screen one is done to begin with
    slices = 0
    for lab in (whole, sliced):
        lab.step()
        while lab.is_unfinished:
            slices += 1
            lab.step()
        lab.jobs.cancel()
    assert slices >= 2
    losses = [[cell["loss"] for cell in lab.result()["cells"].values()] for lab in (whole, sliced)]
    assert losses[0] == losses[1]
    assert {len(loss) for loss in losses[0]} == {2}


def test_the_sentence_in_the_networks_that_ship(lab: GradientFlow):
    change(lab, task="sentence", text="It was a bright d")
    assert not lab.can_step
    assert not lab.trains
    lab.step()
    work_off(lab)
    snapshot = lab.snapshot()
    assert [each.cell for each in snapshot.runners] == ["rnn", "lstm", "gru"]
    assert snapshot.length == len("It was a bright d")
    change(lab, text="It was a bright day")
    work_off(lab)
    assert lab.snapshot().length == len("It was a bright day")
    with pytest.raises(UserError, match="empty"):
        change(lab, text="")
    change(lab, task="recall")
    lab.step()
    assert lab.can_step


def test_it_takes_no_file(lab: GradientFlow, tmp_path: Path):
    with pytest.raises(UserError, match="no file"):
        lab.open(tmp_path)


# Without a screen ---------------------------------------------------------------------------------


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    usual = ["--length", "8", "--hidden", "6", "--batch", "5", "--json"]
    assert main(["gradient-flow", *usual, *arguments]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    return result


@pytest.mark.parametrize("task", ["recall", "adding", "copy", "order", "rows"])
def test_the_curve_is_what_plain_autograd_gives(
    task: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """From the files alone, in float64: cells in a loop, `retain_grad` on every h(t)."""
    found = command(capsys, "--task", task, "--steps", "3", "--cells", "rnn,lstm,gru", "--csv", str(tmp_path))
    inputs = torch.from_numpy(np.load(tmp_path / "inputs.npy")).double()
    targets = torch.from_numpy(np.load(tmp_path / "targets.npy"))
    assert "shown sequence alone" in (tmp_path / "loss.txt").read_text()
    for name, kind in (("rnn", nn.RNNCell), ("lstm", nn.LSTMCell), ("gru", nn.GRUCell)):
        weights = {key: value.double() for key, value in load_file(tmp_path / f"{name}.safetensors").items()}
        hidden = weights["head.weight"].shape[1]
        cell = kind(inputs.shape[1], hidden).double()
        cell.load_state_dict({key[:-3]: value for key, value in weights.items() if key.endswith("_l0")})
        state = [torch.zeros(1, hidden, dtype=torch.float64, requires_grad=True)]
        c = torch.zeros(1, hidden, dtype=torch.float64)
        for x in inputs:
            after = cell(x[None], (state[-1], c)) if name == "lstm" else cell(x[None], state[-1])
            h, c = after if name == "lstm" else (after, c)
            h.retain_grad()
            state.append(h)
        outputs = torch.cat(state[1:]) @ weights["head.weight"].T + weights["head.bias"]
        if task == "copy":
            loss = nn.functional.cross_entropy(outputs, targets.reshape(-1))
        elif task == "adding":
            loss = nn.functional.mse_loss(outputs[-1], targets.double().reshape(1))
        else:
            loss = nn.functional.cross_entropy(outputs[-1:], targets.reshape(1))
        loss.backward()
        wanted = [math.log10(float(h.grad.norm())) for h in state]
        curve = found["cells"][name]["log10_gradient_norm"]
        assert len(curve) == len(inputs) + 1
        np.testing.assert_allclose(curve, wanted, atol=1e-5)


def test_the_keys_are_those_promised(capsys: pytest.CaptureFixture[str]):
    found = command(capsys, "--steps", "5", "--cells", "rnn,gru", "--sweep", "3,2", "--sweep-steps", "2")
    assert found["error"] is None
    assert list(found["cells"]) == ["rnn", "gru"]
    for cell in found["cells"].values():
        assert len(cell["log10_gradient_norm"]) == 9
        assert len(cell["loss"]) == 5
        assert 0 <= cell["accuracy"] <= 1
        assert cell["spectral_radius"] > 0
        assert cell["exploded_at"] is None
    assert found["sweep"]["lengths"] == [2, 3]


def test_the_spectral_radius_is_that_of_w_hh(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    found = command(capsys, "--steps", "2", "--cells", "rnn,lstm,gru", "--csv", str(tmp_path))
    for name, rows in (("rnn", slice(None)), ("lstm", slice(12, 18)), ("gru", slice(12, 18))):
        block = load_file(tmp_path / f"{name}.safetensors")["weight_hh_l0"][rows].double().numpy()
        radius = abs(np.linalg.eigvals(block)).max()
        assert found["cells"][name]["spectral_radius"] == pytest.approx(radius, rel=1e-4)


def test_the_spectral_radius_of_a_wide_network_is_there_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    wide = ("--hidden", "260", "--length", "3", "--cells", "rnn", "--csv", str(tmp_path))
    found = command(capsys, "--steps", "1", *wide)
    weight = load_file(tmp_path / "rnn.safetensors")["weight_hh_l0"].double().numpy()
    radius = abs(np.linalg.eigvals(weight)).max()
    assert found["cells"]["rnn"]["spectral_radius"] == pytest.approx(radius, rel=1e-6)


def test_a_preset_that_is_named_is_taken_and_what_is_given_stands(capsys: pytest.CaptureFixture[str]):
    assert main(["gradient-flow", "--preset", "it explodes", "--length", "6", "--hidden", "6", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    wanted = {**PRESETS["it explodes"][1], "preset": "it explodes", "length": 6, "hidden": 6}
    assert {name: told["config"][name] for name in wanted} == wanted
    assert list(told["results"][0]["cells"]) == str(wanted["cells"]).split(",")
    assert main(["gradient-flow", "--preset", "it flies", "--json"]) == 1
    assert "preset" in json.loads(capsys.readouterr().out)["results"][0]["error"]


@pytest.mark.parametrize("wrong", ["ten", "5,2000"])
def test_lengths_that_cannot_be_are_refused_before_anything_is_learned(
    wrong: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["gradient-flow", "--sweep", wrong, "--steps", "50", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["steps"] == 0
    assert "length" in told["results"][0]["error"]


def test_one_that_explodes_says_when_and_the_others_go_on(capsys: pytest.CaptureFixture[str]):
    found = command(
        capsys,
        *("--steps", "12", "--cells", "relu,lstm", "--init", "gaussian", "--gain", "1.5", "--clip", "0"),
        *(
            "--optimiser",
            "sgd",
            "--learning-rate",
            "0.1",
            "--length",
            "100",
            "--hidden",
            "64",
            "--batch",
            "64",
        ),
    )["cells"]
    assert found["relu"]["exploded_at"] is not None
    assert found["lstm"]["exploded_at"] is None
    assert len(found["lstm"]["loss"]) == 12
    assert found["relu"]["log10_largest_gradient"] > 10


def test_only_what_is_shown_is_put_together(lab: GradientFlow, monkeypatch: pytest.MonkeyPatch):
    collected: list[int] = []
    race = lab._race
    assert isinstance(race, Race)
    collect = race.runners
    monkeypatch.setattr(race, "runners", lambda: collected.append(race.steps) or collect())
    for _ in range(5):
        lab.step()
    assert collected == []
    first = lab.snapshot()
    assert first.runners[0].steps[-1] == race.steps
    assert lab.snapshot().runners is first.runners
    assert collected == [race.steps]


def test_an_answer_is_that_of_the_snapshot_it_comes_with(lab: GradientFlow):
    cell = Cell(f"flow-{next(iter(lab._race.networks))}", (0,))
    lab.ask(cell)
    for _ in range(3):
        for _ in range(4):
            lab.step()
        shown = lab.snapshot()
        assert shown.question == cell
        assert shown.answer is not None
        assert shown.answer.value == pytest.approx(shown.runners[0].flow.log10_norms[0], rel=1e-4)
    lab.ask(None)
    assert lab.snapshot().answer is None


def test_earlier_curves_are_the_same_array_until_one_is_added():
    record = FlowRecord(3)
    seen = []
    for step in range(1, 200):
        record.add(_curve(step))
        seen.append(record.seen())
    changes = sum(one.recent is not two.recent for one, two in pairwise(seen))
    steps = {tuple(one.recent_steps.tolist()) for one in seen}
    assert changes == len(steps) - 1 < 150


def _curve(step: int) -> MeasuredFlow:
    values = np.full(4, -float(step))
    return MeasuredFlow(step, values, values, None, None)  # ty: ignore[invalid-argument-type]
