"""Asking about a training run: the first step by plain PyTorch, and every point as the chart averages it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.ask import Answer, Cell
from engine.labs.language_modelling import LanguageModelling, LanguageModellingConfig, Learning, Training
from engine.labs.language_modelling import training_run as runs
from engine.labs.language_modelling.questions_training import of_training
from engine.labs.language_modelling.training_run import TrainingRun
from engine.models.character_evaluation import character_surprise
from engine.models.character_model import CELLS
from engine.training.corpus import ShuffledStreams
from engine.training.live import BATCHES, WARM_UP_STEPS
from engine.training.live_record import LAYERS, layer_of
from engine.training.own_corpus import corpus_of
from engine.training.presets import PRESETS

TEXT = "“Où est le café ?” demanda-t-elle à l’élève. «Là-bas», répondit-il.\n" * 40
SEED = 5
TINY = {"rnn": 14, "lstm": 8, "gru": 9}


@pytest.fixture(scope="module")
def tiny() -> Iterator[None]:
    """New networks have a few units."""
    names = PRESETS["names"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "tiny", replace(names, embedding=4, final=replace(names.final, hidden=TINY)))
        patch.setitem(runs.PRESET_OF, "small", "tiny")
        yield


@pytest.fixture(scope="module")
def run(tiny: None) -> TrainingRun:
    """Nine steps done, and the held-out text scored."""
    run = TrainingRun(runs.Source("café.txt", {"café.txt": TEXT}), LanguageModellingConfig(seed=SEED))
    for _ in range(9):
        run.step(1.0)
    for _ in run.score():
        pass
    run.show()
    return run


def asked(training: Training, array: str, *index: int) -> Answer:
    """The answer, whose last line is its value."""
    kind, _, network = array.partition("-")
    found = of_training(training, kind, network, index)
    assert found is not None
    assert found.steps[-1].lines[-1].value == found.value
    return found


def first_batch() -> torch.Tensor:
    """(B, T + 1) what every network reads first."""
    streams, length = BATCHES["small"]
    corpus = corpus_of({"café.txt": TEXT}, streams, length)
    return ShuffledStreams(list(corpus.train.values()), streams, length, SEED).next()


def by_layer(tensors: dict[str, torch.Tensor]) -> list[float]:
    """The L2 norm of each layer's share."""
    groups = [[t.detach().flatten() for name, t in tensors.items() if layer_of(name) == layer]
              for layer in range(len(LAYERS))]  # fmt: skip
    return [float(torch.cat(group).norm()) for group in groups]


@torch.no_grad()
def first_update(weight: torch.Tensor) -> torch.Tensor:
    """What AdamW subtracts first, over the learning rate: both its means are this one gradient."""
    return weight.grad / (weight.grad.abs() + 1e-8) + 0.01 * weight


# Against plain PyTorch ----------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_the_first_step_is_what_a_plain_training_loop_measures(run: TrainingRun, cell: str):
    run.go_to(0)
    model, batch = copy.deepcopy(run.models[cell]).double().train(), first_batch()
    run.go_to(None)
    weights, targets = dict(model.named_parameters()), batch[:, 1:]
    nats = F.cross_entropy(model(batch[:, :-1])[0].flatten(0, 1), targets.flatten())
    nats.backward()
    gradients = by_layer({name: weight.grad for name, weight in weights.items()})
    torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
    rate = PRESETS["tiny"].final.learning_rate[cell] / WARM_UP_STEPS
    changes = by_layer({name: rate * first_update(weight) for name, weight in weights.items()})
    found = asked(run.view, f"loss-{cell}", 1, 2)
    assert found.title.endswith("· loss, step 1")
    share = targets.numel() / int((targets & 0xC0 != 0x80).sum())
    assert share > 1.05
    assert found.value == pytest.approx(nats.item() * share, rel=1e-5)
    for layer, name in enumerate(LAYERS):
        gradient = asked(run.view, f"gradient-{cell}", layer, 1, 5)
        assert gradient.title.endswith(f"of the {name}, step 1")
        assert gradient.value == pytest.approx(gradients[layer], rel=1e-4)
        ratio = asked(run.view, f"update-{cell}", layer, 1, 5)
        assert ratio.value == pytest.approx(changes[layer] / by_layer(weights)[layer], rel=2e-3)
        whole = gradient.steps[0].lines[0].value
        assert whole == pytest.approx(math.hypot(*gradients), rel=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_the_held_out_loss_is_that_of_the_text_kept_back(run: TrainingRun, cell: str):
    streams, length = BATCHES["small"]
    (held_out,) = corpus_of({"café.txt": TEXT}, streams, length).held_out.values()
    text = held_out.tobytes().decode()
    found = asked(run.view, f"heldout-{cell}", 9, 10)
    assert found.title.endswith("held-out loss after 9 steps")
    assert found.value == pytest.approx(character_surprise(run.models[cell], text).mean(), rel=1e-4)
    assert f"{len(text):,} characters are held out" in found.meaning


# As it is drawn -----------------------------------------------------------------------------------


def test_a_point_is_the_mean_of_what_begins_there(run: TrainingRun):
    for learning in run.view.cells:
        loss, index = learning.loss, 1
        found = asked(run.view, f"loss-{learning.cell}", 3, 7)
        assert found.value == pytest.approx(loss[2:6].mean(), rel=1e-12)
        assert found.title.endswith("loss, steps 3 to 6")
        shown = {line.label: line.value for line in found.steps[0].lines}
        assert [shown[f"step {step}"] for step in range(3, 7)] == loss[2:6].tolist()
        assert (shown["best batch"], shown["worst batch"]) == (loss[2:6].min(), loss[2:6].max())
        for kind, values in (("gradient", learning.gradient_norms), ("update", learning.update_ratios)):
            found = asked(run.view, f"{kind}-{learning.cell}", index, 1, 9)
            assert found.value == pytest.approx(values[index, :2].mean(), rel=1e-12)
            assert found.title.endswith("input weights, steps 1 to 5")
            assert found.steps[-1].lines[-1].formula.endswith(") / 2")
            assert len(found.steps) == 1  # norms that are means do not add up to the whole gradient's


def test_many_values_are_counted_and_not_written_out(run: TrainingRun):
    found = asked(run.view, "loss-gru", 1, 10)
    assert found.value == pytest.approx(run.view.cells[2].loss.mean(), rel=1e-12)
    assert [line.label for line in found.steps[0].lines] == ["best batch", "worst batch", "loss"]
    assert found.steps[0].lines[-1].formula == "mean of 9 values"


def test_what_was_merged_since_it_was_drawn_is_explained_as_it_is_now(run: TrainingRun):
    training = run.view
    lstm = replace(training.cells[1], steps=np.array([1.0, 5.0, 9.0]), loss=np.array([4.0, 3.0, 2.0]),
                   loss_low=np.array([3.5, 2.5, 2.0]), loss_high=np.array([4.5, 3.5, 2.0]))  # fmt: skip
    found = asked(with_cell(training, lstm), "loss-lstm", 6, 8)
    assert (found.value, found.title) == (3.0, "LSTM · loss, steps 5 to 8")
    assert [line.value for line in found.steps[0].lines] == [2.5, 3.5, 3.0]
    assert asked(with_cell(training, lstm), "loss-lstm", 9, 10).title == "LSTM · loss, step 9"


@pytest.mark.parametrize(
    ("norms", "said"),
    [([0.3, 0.0, 0.4, 0.0], "not clipped"), ([3.0, 0.0, 4.0, 0.0], "clipped")],
)
def test_it_says_whether_the_gradient_was_clipped(run: TrainingRun, norms: list[float], said: str):
    training = replace(run.view, step=4)
    rnn = replace(training.cells[0], watched=np.array([1.0]), gradient_norms=np.array(norms)[:, None])
    found = asked(with_cell(training, rnn), "gradient-rnn", 2, 1, 13)
    whole = found.steps[0]
    assert whole.operation == said
    assert [line.value for line in whole.lines] == pytest.approx([0.5] if said[0] == "n" else [5.0, 0.2])


def test_a_network_that_failed_is_told_up_to_its_end(run: TrainingRun):
    training = replace(run.view, step=40)
    rnn = replace(training.cells[0], failed_at=10)
    assert asked(with_cell(training, rnn), "loss-rnn", 9, 41).title.endswith("loss, step 9")
    assert asked(with_cell(training, rnn), "gradient-rnn", 0, 9, 41).title.endswith("embedding, step 9")
    assert of_training(with_cell(training, rnn), "loss", "rnn", (20, 24)) is None
    huge = replace(rnn, loss=np.full(9, 1e6))
    assert "exp(1.000e6) = ∞" in asked(with_cell(training, huge), "loss-rnn", 9, 41).meaning


def test_where_nothing_was_written_down_there_is_no_answer(run: TrainingRun):
    training = run.view
    assert of_training(training, "loss", "lstm", (0, 0)) is None
    assert of_training(training, "loss", "lstm", (10, 11)) is None
    assert of_training(training, "heldout", "lstm", (3, 4)) is None
    assert of_training(training, "gradient", "lstm", (4, 1, 2)) is None
    assert of_training(training, "update", "tree", (0, 1, 2)) is None
    unseen = replace(training.cells[1], loss=np.full(9, np.nan))
    assert of_training(with_cell(training, unseen), "loss", "lstm", (1, 2)) is None


def with_cell(training: Training, learning: Learning) -> Training:
    """The run with another record of one network."""
    cells = tuple(learning if each.cell == learning.cell else each for each in training.cells)
    return replace(training, cells=cells)


# In the lab ---------------------------------------------------------------------------------------


def test_the_lab_answers_and_its_answer_goes_on_with_the_run(tiny: None, tmp_path: Path):
    (tmp_path / "café.txt").write_text(TEXT, encoding="utf-8")
    lab = LanguageModelling(LanguageModellingConfig(text="Là"), torch.device("cpu"))
    lab.start()
    lab.ask(Cell("loss-gru", (1, 3)))
    assert lab.snapshot().answer is None
    lab.train_on(str(tmp_path / "café.txt"))
    for _ in range(2):
        lab.step()
    lab.rest()
    snapshot = lab.snapshot()
    assert snapshot.training is not None
    assert snapshot.answer is not None
    assert snapshot.question == Cell("loss-gru", (1, 3))
    assert snapshot.answer.value == pytest.approx(snapshot.training.cells[2].loss.mean(), rel=1e-12)
    lab.jobs.cancel()
    lab.close()
