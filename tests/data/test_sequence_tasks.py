"""The tasks on sequences: what their papers say of them, and what guessing scores."""

from __future__ import annotations

import csv
import gzip
import inspect
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from engine.data import digits_file, sequence_tasks
from engine.data.sequence_tasks import TASKS, Batch, Task, digits
from engine.errors import UserError

every_task = pytest.mark.parametrize("name", TASKS)
LAST_STEP = [name for name, task in TASKS.items() if not task.every_step]


def draw(name: str, batch: int, length: int, seed: int = 0) -> Batch:
    return TASKS[name].batch(torch.Generator().manual_seed(seed), batch, length)


def guess(name: str, drawn: Batch, length: int) -> Tensor:
    """The outputs of a network that remembers nothing and knows which classes there are."""
    task = TASKS[name]
    if name == "adding":
        return torch.ones(len(drawn.targets), 1)
    if name != "copy":
        return torch.zeros(len(drawn.targets), task.outputs)
    steps, batch = drawn.targets.shape
    outputs = torch.zeros(steps, batch, 10)
    outputs[:-10, :, 8] = 100
    outputs[-10:, :, 8:] = -100
    return outputs


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(list(TASKS)),
    length=st.integers(4, 60),
    batch=st.integers(1, 5),
    seed=st.integers(0, 9),
)
def test_what_a_batch_is(name: str, length: int, batch: int, seed: int):
    task, drawn = TASKS[name], draw(name, batch, length, seed)
    steps = task.steps(length)
    assert steps == {"rows": 8, "pixels": 64}.get(name, length)
    assert drawn.inputs.shape == (steps, batch, task.inputs)
    assert drawn.inputs.dtype == torch.float32
    assert drawn.targets.shape == ((steps, batch) if task.every_step else (batch,))
    assert drawn.targets.dtype == (torch.float32 if name == "adding" else torch.int64)
    again = draw(name, batch, length, seed)
    assert torch.equal(again.inputs, drawn.inputs)
    assert torch.equal(again.targets, drawn.targets)
    outputs = torch.randn(*((steps,) if task.every_step else ()), batch, task.outputs)
    assert math.isfinite(task.loss(outputs, drawn.targets))
    assert 0 <= task.accuracy(outputs, drawn.targets) <= 1
    assert 0 < task.lag(length) < steps


@every_task
def test_another_seed_gives_other_sequences(name: str):
    assert not torch.equal(draw(name, 8, 30, 1).inputs, draw(name, 8, 30, 2).inputs)
    generator = torch.Generator().manual_seed(1)
    first, second = (TASKS[name].batch(generator, 8, 30) for _ in range(2))
    assert not torch.equal(first.inputs, second.inputs)


@every_task
def test_nothing_is_taken_from_the_generator_of_pytorch(name: str):
    before = torch.random.get_rng_state()
    draw(name, 3, 20)
    assert torch.equal(torch.random.get_rng_state(), before)


@every_task
def test_what_guessing_scores(name: str):
    """The baseline's own definition, on 4,000 sequences."""
    task, length = TASKS[name], 40
    drawn, baseline = draw(name, 4000, length), TASKS[name].baseline(length)
    loss = float(task.loss(guess(name, drawn, length), drawn.targets))
    assert loss == pytest.approx(baseline.loss, rel=0.03 if name == "adding" else 1e-5)
    random = guess(name, drawn, length)
    if name != "adding":  # ties are broken by lot
        random = random + torch.rand(random.shape, generator=torch.Generator().manual_seed(3)) * 0.1
    assert float(task.accuracy(random, drawn.targets)) == pytest.approx(baseline.accuracy, abs=0.02)
    assert baseline.sentence.endswith(".")


@every_task
def test_the_loss_of_a_batch_is_the_mean_of_its_samples(name: str):
    """Which lets the gradients of one shown sequence be those of a batch of one."""
    task, drawn = TASKS[name], draw(name, 5, 12)
    outputs = torch.randn(*drawn.targets.shape, task.outputs, generator=torch.Generator().manual_seed(0))
    alone = [drawn.sample(index) for index in range(5)]
    kept = [outputs[..., index, None, :] for index in range(5)]
    pairs = list(zip(kept, alone, strict=True))
    losses = [float(task.loss(mine, each.targets)) for mine, each in pairs]
    assert sum(losses) / 5 == pytest.approx(float(task.loss(outputs, drawn.targets)), rel=1e-5)
    right = [float(task.accuracy(mine, each.targets)) for mine, each in pairs]
    assert sum(right) / 5 == pytest.approx(float(task.accuracy(outputs, drawn.targets)))
    assert torch.equal(torch.cat([each.inputs for each in alone], 1), drawn.inputs)


def test_losses_are_what_their_sentences_say():
    outputs = torch.randn(6, 4, 10, dtype=torch.float64)
    targets = torch.randint(10, (6, 4))
    by_hand = -outputs.log_softmax(-1).gather(-1, targets[..., None])[..., 0]
    assert float(TASKS["copy"].loss(outputs, targets)) == pytest.approx(float(by_hand.mean()))
    assert float(TASKS["recall"].loss(outputs[-1], targets[-1])) == pytest.approx(float(by_hand[-1].mean()))
    sums = torch.rand(4, dtype=torch.float64)
    errors = outputs[-1, :, :1][:, 0] - sums
    assert float(TASKS["adding"].loss(outputs[-1, :, :1], sums)) == pytest.approx(
        float(errors.square().mean())
    )


def test_recall_is_a_symbol_and_then_noise():
    drawn = draw("recall", 500, 200)
    assert torch.equal(drawn.inputs[0], F.one_hot(drawn.targets, 8).float())
    noise = drawn.inputs[1:]
    assert float(noise.mean()) == pytest.approx(0, abs=1e-3)
    assert float(noise.std()) == pytest.approx(0.3, rel=5e-3)
    assert set(drawn.targets.tolist()) == set(range(8))
    assert TASKS["recall"].lag(200) == 199


@pytest.mark.parametrize("length", [2, 3, 10, 101])
def test_adding_marks_one_number_in_each_half(length: int):
    drawn = draw("adding", 400, length)
    values, marks = drawn.inputs.unbind(-1)
    assert set(marks.unique().tolist()) <= {0.0, 1.0}
    half = length // 2
    assert (marks[:half].sum(0) == 1).all()
    assert (marks[half:].sum(0) == 1).all()
    assert torch.allclose((values * marks).sum(0), drawn.targets)
    assert values.min() >= 0
    assert values.max() <= 1
    assert marks.any(1).all()  # every step is marked in some sequence


def test_adding_is_right_within_four_hundredths():
    targets = torch.tensor([1.0, 1.0, 1.0, 0.5])
    outputs = torch.tensor([[1.0], [1.039], [1.041], [0.4]])
    assert float(TASKS["adding"].accuracy(outputs, targets)) == 0.5
    assert TASKS["adding"].baseline(100).loss == pytest.approx(0.167, abs=5e-4)


@pytest.mark.parametrize(("length", "count"), [(3, 1), (4, 1), (5, 2), (20, 9), (21, 10), (120, 10)])
def test_copy_memory_is_that_of_its_paper(length: int, count: int):
    """With T = length − 20: T − 1 blanks and a delimiter after the symbols; T + 10 blanks to be put out."""
    drawn = draw("copy", 50, length)
    shown, targets = drawn.inputs.argmax(-1), drawn.targets
    assert torch.equal(drawn.inputs.sum(-1), torch.ones(length, 50))
    pause = length - 2 * count
    assert shown[:count].max() < 8
    assert (shown[count : count + pause - 1] == 8).all()
    assert (shown[count + pause - 1] == 9).all()
    assert (shown[count + pause :] == 8).all()
    assert (targets[: count + pause] == 8).all()
    assert torch.equal(targets[count + pause :], shown[:count])
    assert TASKS["copy"].lag(length) == length - count


def test_copy_memory_costs_guessing_what_its_paper_says():
    for pause in (30, 100):
        assert TASKS["copy"].baseline(pause + 20).loss == pytest.approx(10 * math.log(8) / (pause + 20))


def test_only_the_repeated_symbols_count_as_right():
    targets = draw("copy", 40, 30).targets
    outputs = F.one_hot(targets, 10).float()
    assert float(TASKS["copy"].accuracy(outputs, targets)) == 1
    outputs[-10:] = outputs[-10:].flip(-1)
    assert float(TASKS["copy"].accuracy(outputs, targets)) == 0


def test_temporal_order_at_a_hundred_steps_is_that_of_its_paper():
    drawn = draw("order", 3000, 100)
    shown = drawn.inputs.argmax(-1)
    assert (shown[0] == 0).all()
    assert (shown[-1] == 1).all()
    relevant = shown >= 6
    assert (relevant.sum(0) == 2).all()
    first = relevant.int().argmax(0)
    second = 99 - relevant.flip(0).int().argmax(0)
    assert (first.min(), first.max(), second.min(), second.max()) == (10, 20, 50, 60)
    columns = torch.arange(3000)
    which = 2 * (shown[first, columns] == 7) + (shown[second, columns] == 7)
    assert torch.equal(which, drawn.targets)
    assert set(drawn.targets.tolist()) == {0, 1, 2, 3}
    assert set(shown[1:-1][~relevant[1:-1]].unique().tolist()) == {2, 3, 4, 5}


@pytest.mark.parametrize("length", range(4, 30))
def test_temporal_order_keeps_its_symbols_apart_at_any_length(length: int):
    relevant = draw("order", 200, length).inputs.argmax(-1) >= 6
    assert (relevant.sum(0) == 2).all()
    assert not relevant[[0, -1]].any()


def test_digits_are_those_of_their_file():
    """How many there are of each is published with them (UCI, optdigits.names, the test set)."""
    images, classes = digits._digits()
    with gzip.open(digits_file.digits_path(), "rt") as file:
        known = [[float(number) for number in row] for row in csv.reader(file)]
    assert len(known) == 1797
    for at in (0, 1, 900, 1796):
        assert (images[at] * 16).tolist() == known[at][:64]
        assert float(classes[at]) == known[at][64]
    assert classes.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (float(images.min()), float(images.max())) == (0, 1)


def test_a_digit_is_read_from_its_top_left():
    images, classes = digits._digits()
    rows, pixels = draw("rows", 6, 1), draw("pixels", 6, 1)
    assert torch.equal(rows.targets, pixels.targets)
    assert torch.equal(rows.inputs.transpose(0, 1).flatten(1), pixels.inputs[..., 0].T)
    for image, target in zip(pixels.inputs[..., 0].T, pixels.targets, strict=True):
        same = (images == image).all(1)
        assert same.any()
        assert (classes[same] == target).all()


@pytest.mark.parametrize("broken", ["missing", "cut short", "something else"])
def test_digits_that_cannot_be_read_are_said_to_be(broken: str, tmp_path, monkeypatch):
    path = tmp_path / "digits.csv.gz"
    if broken == "cut short":
        path.write_bytes(digits_file.digits_path().read_bytes()[:3000])
    elif broken == "something else":
        path.write_bytes(b"no archive")
    monkeypatch.setattr(digits_file, "digits_path", lambda: path)
    digits_file.read_digits.cache_clear()
    digits._digits.cache_clear()
    with pytest.raises(UserError, match="digits cannot be read"):
        draw("rows", 2, 8)


def test_digits_are_found_or_not_without_an_import(monkeypatch):
    monkeypatch.setattr(digits_file, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError):
        digits_file.digits_path()


@pytest.mark.parametrize(("name", "shortest"), [("recall", 2), ("adding", 2), ("copy", 3), ("order", 4)])
def test_too_short_a_length_is_refused_in_words(name: str, shortest: int):
    draw(name, 2, shortest)
    with pytest.raises(
        UserError, match=rf"length of {shortest - 1} is too short .* at least {shortest} steps"
    ):
        draw(name, 2, shortest - 1)


@every_task
def test_every_task_says_what_it_is(name: str):
    task = TASKS[name]
    assert task.name == name
    assert isinstance(task, Task)
    for sentence in (task.sentence, task.loss_definition, task.accuracy_definition):
        assert sentence.endswith(".")
    assert task.title
    assert task.source


def test_the_package_gives_what_a_lab_needs():
    assert not [name for name in sequence_tasks.__all__ if not hasattr(sequence_tasks, name)]
    assert not any(inspect.isabstract(type(task)) for task in TASKS.values())
