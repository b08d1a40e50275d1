"""The convnet training lab: it learns, is looked into, goes back, branches, saves and answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_digits

from engine.ask import Cell
from engine.cli import main
from engine.errors import UserError
from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig, ConvnetTrainingSnapshot
from engine.models.designs import Design, open_network
from engine.models.designs.block import Convolution, Dense

CPU = torch.device("cpu")
SMALL = Design("small", (Convolution(4, normalise="batch"), Dense(16))).to_json()


@pytest.fixture
def lab() -> Iterator[ConvnetTraining]:
    with_screen = begun(design=SMALL, epochs=20)
    yield with_screen
    with_screen.close()


def begun(*, screen: bool = True, **settings: object) -> ConvnetTraining:
    lab = ConvnetTraining(ConvnetTrainingConfig(**settings), CPU, screen=screen)  # ty: ignore[invalid-argument-type]
    lab.start()
    return lab


def idle(lab: ConvnetTraining) -> ConvnetTrainingSnapshot:
    """What is seen when every job is done."""
    while lab.jobs:
        lab.jobs.advance()
    return lab.snapshot()


def steps(lab: ConvnetTraining, count: int) -> None:
    for _ in range(count):
        lab.step()


def weights(lab: ConvnetTraining) -> dict[str, torch.Tensor]:
    return {name: t.clone() for name, t in lab._need().run.training.network.state_dict().items()}


def test_it_opens_on_digits_with_something_learned(lab: ConvnetTraining):
    shown = idle(lab)
    assert shown.data is not None
    assert sum(shown.data.train_counts) + sum(shown.data.test_counts) == len(load_digits().target)
    assert shown.learning is not None
    assert shown.learning.step > 0
    assert shown.seen is not None
    assert shown.seen.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert shown.verdict is not None
    assert (shown.verdict.step, shown.verdict.of) == (shown.learning.step, sum(shown.data.test_counts))
    assert shown.health is not None
    assert shown.embedding is not None
    assert shown.finding


def test_it_learns_digits_and_says_how_well(lab: ConvnetTraining):
    steps(lab, 250)
    lab.rest()
    shown = idle(lab)
    assert shown.verdict is not None
    assert shown.verdict.accuracy > 0.9
    assert np.trace(shown.verdict.confusion) / shown.verdict.of == shown.verdict.accuracy
    assert f"{shown.verdict.accuracy:.1%}".replace("%", " %")[:4] in shown.finding
    for mistake in shown.verdict.worst:
        assert mistake.truth != mistake.predicted
    losses = [mistake.loss for mistake in shown.verdict.worst]
    assert losses == sorted(losses, reverse=True)


def test_looking_changes_nothing():
    watched, alone = begun(design=SMALL, epochs=20), begun(design=SMALL, epochs=20, screen=False)
    try:
        idle(watched)
        while alone._need().run.step_count < watched._need().run.step_count:
            alone.step()
        for layer in watched.snapshot().choices["layer"]:
            watched.configure(replace(watched.config, layer=layer, explain="occlusion"))
            watched.step()
            idle(watched)
            alone.step()
        watched.go_to(0)
        watched.pin(3)
        watched.draw(np.full((20, 20), 200, np.uint8))
        watched.step()
        alone.step()
        pairs = zip(weights(watched).values(), weights(alone).values(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
    finally:
        watched.close()
        alone.close()


def test_what_is_seen_is_what_the_weights_compute(lab: ConvnetTraining):
    steps(lab, 5)
    lab.rest()
    shown = idle(lab)
    run, seen = lab._need().run, shown.seen
    assert seen is not None
    picture = run.data.test.pictures[0]
    np.testing.assert_array_equal(seen.picture, picture.permute(1, 2, 0).expand(-1, -1, 3))
    model = run.training.network.eval()
    with torch.no_grad():
        logits = model(picture[None].float() / 255)[0]
    np.testing.assert_allclose(seen.probabilities, logits.softmax(0), rtol=1e-4, atol=1e-6)
    assert seen.truth == int(run.data.test.labels[0])


def test_gradients_of_the_maps_are_those_of_autograd(lab: ConvnetTraining):
    lab.configure(replace(lab.config, layer="convolution1.conv"))
    seen, run = idle(lab).seen, lab._need().run
    assert seen is not None
    assert seen.gradients is not None
    model, kept = run.training.network.eval(), []
    handle = model.get_submodule("convolution1.conv").register_forward_hook(
        lambda module, args, output: kept.append(output) or output.retain_grad()
    )
    logits = model(run.data.test.pictures[:1].float() / 255)
    F.cross_entropy(logits, run.data.test.labels[:1]).backward()
    handle.remove()
    np.testing.assert_allclose(seen.gradients.values, kept[0].grad[0], rtol=1e-3, atol=1e-7)


def test_going_back_shows_the_network_as_it_was_and_branching_repeats_the_run(lab: ConvnetTraining):
    run = lab._need().run
    while run.step_count % run.training.steps_per_epoch:  # the end of an epoch is always kept
        lab.step()
    then = weights(lab)
    at = run.step_count
    seen = lab.snapshot().seen
    lab.rest()
    before = idle(lab).seen
    assert before is not None
    steps(lab, 25)
    later = weights(lab)
    lab.go_to(at)
    shown = idle(lab)
    assert shown.learning is not None
    assert (shown.learning.shown, shown.learning.follows) == (at, False)
    assert shown.seen is not None
    np.testing.assert_array_equal(shown.seen.probabilities, before.probabilities)
    lab.branch()
    assert lab.begins_playing
    assert all(torch.equal(a, b) for a, b in zip(weights(lab).values(), then.values(), strict=True))
    steps(lab, 25)
    assert all(torch.equal(a, b) for a, b in zip(weights(lab).values(), later.values(), strict=True))
    runs = lab.snapshot()
    assert len(runs.runs) == 1
    assert runs.learning is not None
    assert runs.learning.curves.begun_at == at
    assert seen is not None


def test_a_seeded_run_repeats_and_another_seed_does_not():
    runs = [begun(design=SMALL, epochs=2, screen=False, seed=seed) for seed in (1, 1, 2)]
    for lab in runs:
        steps(lab, 6)
    one, same, other = (list(weights(lab).values()) for lab in runs)
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    for lab in runs:
        lab.close()


def test_rates_act_at_once_and_another_network_is_another_run(lab: ConvnetTraining):
    before = lab._need().run
    lab.configure(replace(lab.config, learning_rate=0.5, shift=1))
    assert lab._need().run is before
    assert before.training.recipe.learning_rate == 0.5
    assert before.training.recipe.augmentation.shift == 1
    steps(lab, 3)
    lab.configure(replace(lab.config, design="", preset="mlp"))
    assert lab._need().run is not before
    assert [run.name for run in lab.snapshot().runs] == [before.name]
    assert lab._need().run.step_count == 0


def test_a_network_that_cannot_be_is_said_and_the_one_before_goes_on(lab: ConvnetTraining):
    run = lab._need().run
    wrong = Design("wrong", (Convolution(4, kernel=31, padding=0),)).to_json()
    lab.configure(replace(lab.config, design=wrong))
    network = lab.snapshot().network
    assert lab._need().run is run
    assert network is not None
    assert network.problem_at == 0
    assert network.problem
    lab.configure(replace(lab.config, design="{"))
    shown = lab.snapshot().network
    assert shown is not None
    assert shown.problem
    lab.step()
    lab.configure(replace(lab.config, design=Design("right", (Dense(8),)).to_json()))
    assert lab._need().run is not run
    right = lab.snapshot().network
    assert right is not None
    assert right.problem == ""


def test_a_drawing_is_framed_as_the_digits_are_and_answered(lab: ConvnetTraining):
    drawing = np.zeros((112, 112), np.uint8)
    drawing[60:100, 80:88] = 255  # a stroke in a corner
    lab.draw(drawing)
    seen = lab.snapshot().seen
    assert seen is not None
    assert (seen.name, seen.truth, seen.is_drawn) == ("Your drawing", None, True)
    rows, columns = np.nonzero(seen.picture[..., 0] > 60)
    assert rows.max() - rows.min() >= 6
    assert abs(columns.mean() - 3.5) <= 1


def test_an_own_folder_is_learned_from_and_a_broken_picture_is_named(tmp_path: Path):
    draw = np.random.default_rng(0)
    for name, colour in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        (tmp_path / name).mkdir()
        for number in range(12):
            size = tuple(int(length) for length in draw.integers(20, 60, 2))
            noise = draw.normal(0, 20, (size[1], size[0], 3)) + colour
            Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(tmp_path / name / f"{number}.png")
    (tmp_path / "red" / "broken.png").write_bytes(b"no picture")
    lab = begun(screen=False, design=SMALL, epochs=25)
    try:
        lab.open(tmp_path)
        assert lab.config.dataset == "folder"
        while lab.can_step:
            lab.step()
        result = lab.result()
        assert result["classes"] == ["blue", "red"]
        assert result["test_accuracy"] == 1
        assert "broken.png" in result["skipped"][0]
        with pytest.raises(UserError):
            lab.open(tmp_path / "red" / "missing")
        assert lab.config.data == str(tmp_path)
    finally:
        lab.close()


def test_the_command_line_trains_saves_and_classifies_with_what_was_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    saved = tmp_path / "digits.safetensors"
    arguments = ["convnet-training", "--epochs", "4", "--design", SMALL, "--save", str(saved), "--json"]
    assert main([*arguments, "--csv", str(tmp_path / "out")]) == 0
    report = json.loads(capsys.readouterr().out)
    result = report["results"][0]
    for key in ("train_accuracy", "test_accuracy", "loss", "parameters", "multiply_adds", "seconds"):
        assert isinstance(result[key], float | int)
    assert report["steps"] == 4 * round(result["train_pictures"] / 64 + 0.25)  # a short last batch counts
    assert np.array(result["confusion"]).sum() == result["test_pictures"]
    assert result["images_per_second"] > 0
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {
        ".npy",
        ".safetensors",
        ".py",
        ".csv",
        ".gridloop",
    }
    network, _, classes, shape, notes = open_network(saved)
    assert (classes, shape) == (tuple("0123456789"), (1, 8, 8))
    assert notes["step"] == str(report["steps"])

    digits = load_digits()
    path = tmp_path / "digit.png"
    pixels = (digits.images[5] * 255 / 16).round().astype(np.uint8)
    Image.fromarray(pixels).save(path)
    code = main(["convnet-training", "--network", str(saved), "--open", str(path), "--json"])
    top = json.loads(capsys.readouterr().out)["results"][0]["top"]
    assert code == 0
    with torch.no_grad():
        expected = network(torch.from_numpy(pixels)[None, None].float() / 255)[0].softmax(0)
    assert top[0]["index"] == int(expected.argmax())
    assert top[0]["probability"] == pytest.approx(float(expected.max()), rel=1e-4)


@pytest.mark.parametrize("array", ["loss-0", "accuracy-0", "testloss-0", "testaccuracy-0"])
def test_a_point_of_a_curve_answers_with_its_value(lab: ConvnetTraining, array: str):
    steps(lab, 10)
    lab.rest()
    curves = idle(lab).learning
    assert curves is not None
    values = {
        "loss-0": curves.curves.loss,
        "accuracy-0": curves.curves.accuracy,
        "testloss-0": curves.curves.test_loss,
        "testaccuracy-0": curves.curves.test_accuracy,
    }[array]
    lab.ask(Cell(array, (len(values) - 1,)))
    answer = lab.snapshot().answer
    assert answer is not None
    assert answer.value == pytest.approx(values[-1])
    assert answer.steps[-1].lines[-1].value == pytest.approx(values[-1])


def test_layers_the_matrix_and_histograms_answer(lab: ConvnetTraining):
    steps(lab, 20)
    lab.rest()
    shown = idle(lab)
    assert shown.learning is not None
    assert shown.verdict is not None
    assert shown.health is not None
    norms, ratios = shown.learning.gradient_norms, shown.learning.update_ratios
    confusion = shown.verdict.confusion
    ridge = shown.health.ridges["weights"]
    for cell, value in (
        (Cell("gradient", (1, 4)), norms[1, 4]),
        (Cell("update", (0, 1)), ratios[0, 1]),
        (Cell("confusion", (3, 3)), confusion[3, 3] / confusion[3].sum()),
        (Cell("weights", (0, 7)), ridge.shares[0, 7]),
    ):
        lab.ask(cell)
        answer = lab.snapshot().answer
        assert answer is not None, cell
        assert answer.value == pytest.approx(value, rel=1e-6)
        assert answer.steps[-1].lines[-1].value == pytest.approx(value, rel=1e-6)
    for cell in (Cell("gradient", (99, 0)), Cell("confusion", (3, 99)), Cell("weights", (99, 0))):
        lab.ask(cell)
        assert lab.snapshot().answer is None


def test_a_value_of_a_map_answers_with_its_sum(lab: ConvnetTraining):
    lab.configure(replace(lab.config, layer="convolution1.conv"))
    seen = idle(lab).seen
    assert seen is not None
    lab.ask(Cell("maps", (2, 3, 4)))
    answer = lab.snapshot().answer
    assert answer is not None
    assert answer.value == pytest.approx(float(seen.shown.values[2, 3, 4]), rel=1e-5)
    assert answer.steps[-1].lines[-1].value == pytest.approx(answer.value, rel=1e-4, abs=1e-6)


def test_histograms_are_numpys(lab: ConvnetTraining):
    lab.configure(replace(lab.config, layer="convolution1.conv"))
    health, run = idle(lab).health, lab._need().run
    assert health is not None
    values = run.training.network.get_submodule("convolution1.conv").weight.detach().numpy()
    ridge = health.ridges["weights"]
    counts, edges = np.histogram(values, bins=ridge.shares.shape[1])
    np.testing.assert_allclose(ridge.shares[-1] * values.size, counts, atol=1.5)  # a value on an edge
    assert (ridge.low[-1], ridge.high[-1]) == pytest.approx((edges[0], edges[-1]))


def test_what_is_not_looked_at_is_not_measured(lab: ConvnetTraining):
    idle(lab)
    lab.attend("mistakes")
    steps(lab, 20)
    lab.rest()
    shown = idle(lab)
    assert shown.health is not None
    assert shown.learning is not None
    assert shown.health.step < shown.learning.step
    lab.attend("layers")
    measured = idle(lab).health
    assert measured is not None
    assert measured.step == shown.learning.step


def test_a_loss_that_is_no_number_ends_the_run_in_words(lab: ConvnetTraining):
    lab.configure(replace(lab.config, optimiser="sgd", learning_rate=10.0, schedule="constant", epochs=500))
    lab._need().run.training.recipe = replace(lab._need().run.training.recipe, learning_rate=1e9)
    for _ in range(200):
        if not lab.can_step:
            break
        lab.step()
    shown = lab.snapshot()
    assert not lab.can_step
    assert shown.learning is not None
    assert shown.learning.failed_at is not None
    assert f"{shown.learning.failed_at:,}" in shown.finding
    assert all(
        np.isfinite(array).all() for array in (shown.learning.curves.loss, shown.learning.gradient_norms)
    )
