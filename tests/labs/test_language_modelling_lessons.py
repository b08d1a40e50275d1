"""The three networks learn the person's text: what every view shows then, the way back, and the files."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.labs.language_modelling import LanguageModelling, LanguageModellingConfig, Training
from engine.labs.language_modelling.lab import IN_TRAINING
from engine.models import language_models
from engine.models.character_evaluation import character_surprise, nats_per_character
from engine.models.character_model import (
    CELLS,
    CharacterModel,
    CharacterModelConfig,
    load_character_model,
)
from engine.models.character_reader import Reader

CPU = torch.device("cpu")
TEXT = "the cat sat on the mat. the dog sat on the log. " * 60
TYPED = "the cat sat"


def model_of(cell: str) -> CharacterModel:
    torch.manual_seed(1)
    return CharacterModel(CharacterModelConfig(cell, 12, 6)).eval()


@pytest.fixture
def shipped(short_reference: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, CharacterModel]:
    """Small networks in the place of those that come with the application."""
    found = {cell: model_of(cell) for cell in CELLS}
    from engine.labs.language_modelling import training_run

    for module in (language_models, training_run):
        monkeypatch.setattr(module, "load_language_models", lambda kind: copy.deepcopy(found))
    monkeypatch.setattr(language_models, "language_models", lambda: ("prose",))
    return found


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "cats.txt"
    path.write_text(TEXT)
    return path


def lab_of(**settings: object) -> LanguageModelling:
    lab = LanguageModelling(LanguageModellingConfig(text=TYPED, seed=4, **settings), CPU)
    lab.start()
    return lab


@pytest.fixture
def lab(shipped: dict[str, CharacterModel], text: Path) -> Iterator[LanguageModelling]:
    """It learns from the text, three steps done."""
    lab = lab_of()
    lab.train_on(str(text))
    for _ in range(3):
        lab.step()
    yield lab
    lab.jobs.cancel()
    lab.close()


def training(lab: LanguageModelling) -> Training:
    found = lab.snapshot().training
    assert found is not None
    return found


def surprise(lab: LanguageModelling) -> dict[str, np.ndarray]:
    return {each.cell: each.surprise for each in lab.snapshot().readings}


def weights_of(lab: LanguageModelling, folder: Path) -> dict[str, CharacterModel]:
    """What is looked at, by way of the files that the command line writes."""
    models = {}
    for name, write in lab.files().items():
        write(folder / name)
        models[Path(name).stem] = load_character_model(folder / name)[0]
    return models


def work_off(lab: LanguageModelling) -> None:
    while lab.jobs:
        lab.jobs.advance()


def test_it_learns_the_text(lab: LanguageModelling):
    for _ in range(60):
        lab.step()
    lab.rest()
    found = training(lab)
    assert (found.step, found.shown, found.follows, found.text) == (63, 63, True, "cats.txt")
    assert found.characters + found.held_out == pytest.approx(len(TEXT), abs=3)
    for each in found.cells:
        assert each.steps[0] == 1
        assert each.steps[-1] == 63
        assert each.loss[-1] < each.loss[0] - 1
        assert len(each.layers) == len(each.gradient_norms) == len(each.update_ratios) == 4
        assert (each.gradient_norms > 0).all()
        assert (each.update_ratios > 0).all()


def test_what_is_seen_is_what_the_networks_are_now(lab: LanguageModelling, tmp_path: Path):
    lab.rest()
    models = weights_of(lab, tmp_path)
    for cell, found in surprise(lab).items():
        np.testing.assert_allclose(found, character_surprise(models[cell], TYPED), rtol=1e-4, atol=1e-5)


def test_new_networks_are_another_choice_beside_the_shipped_ones(
    lab: LanguageModelling, shipped: dict[str, CharacterModel]
):
    snapshot = lab.snapshot()
    assert snapshot.config.model == IN_TRAINING
    assert snapshot.choices["model"] == ("prose", IN_TRAINING)
    mine = surprise(lab)
    lab.configure(replace(lab.config, model="prose"))
    for cell, found in surprise(lab).items():
        np.testing.assert_allclose(found, character_surprise(shipped[cell], TYPED), rtol=1e-4)
    lab.rest()
    step = training(lab).step
    lab.step()  # it goes on while others are looked at
    lab.configure(replace(lab.config, model=IN_TRAINING))
    lab.rest()
    assert training(lab).step == step + 1
    assert all((surprise(lab)[cell] != mine[cell]).any() for cell in CELLS)


def test_scrubbing_back_shows_the_networks_as_they_were(lab: LanguageModelling):
    lab.rest()
    then, third = surprise(lab), training(lab)
    for _ in range(4):
        lab.step()
    lab.rest()
    now = surprise(lab)
    assert all((now[cell] != then[cell]).any() for cell in CELLS)
    lab.go_to(third.step)
    back = training(lab)
    assert (back.shown, back.step, back.follows) == (3, 7, False)
    for cell in CELLS:
        np.testing.assert_array_equal(surprise(lab)[cell], then[cell])
    work_off(lab)
    snapshot = lab.snapshot()
    assert snapshot.memory
    assert len(snapshot.trajectories) == 3
    assert all(each.words for each in snapshot.readings)
    lab.step()
    lab.rest()
    assert training(lab).shown == 3  # the past stays on the screen while it goes on
    lab.go_to(None)
    assert training(lab).shown == training(lab).step == 8


def test_the_moments_hold_the_beginning_and_the_end(lab: LanguageModelling):
    assert training(lab).moments[0] == 0
    for _ in range(5):
        lab.step()
    lab.rest()
    assert training(lab).moments == tuple(range(9))


def test_samples_words_and_scores_come_now_and_then(lab: LanguageModelling):
    for _ in range(3):
        lab.step()
    work_off(lab)
    lab.rest()
    for each in training(lab).cells:
        assert len(each.sample) >= 100
        assert len(each.held_out) == 1
        assert 0 < each.held_out[0] < 10


def test_typing_goes_on_while_it_learns(lab: LanguageModelling):
    lab.type("the dog", 1)
    lab.step()
    lab.rest()
    assert lab.snapshot().text == "the dog"
    assert [len(found) for found in surprise(lab).values()] == [7, 7, 7]


def test_going_on_from_the_shipped_networks(shipped: dict[str, CharacterModel], text: Path):
    before = {cell: nats_per_character(model, [TEXT[:200]])[0] for cell, model in shipped.items()}
    lab = lab_of(from_default=True, train=str(text), pace=10.0)
    assert training(lab).step == 0
    for cell, found in surprise(lab).items():
        np.testing.assert_allclose(found, character_surprise(shipped[cell], TYPED), rtol=1e-4)
    for _ in range(60):
        lab.step()
    result = lab.result()
    assert {cell: nats_per_character(model, [TEXT[:200]])[0] for cell, model in shipped.items()} == before
    for cell in CELLS:
        losses = result["training"]["cells"][cell]["loss"]
        assert np.mean(losses[-8:]) < np.mean(losses[:8]) - 0.05
    lab.jobs.cancel()


def test_the_seed_decides_everything(shipped: dict[str, CharacterModel], text: Path):
    losses = []
    for _ in range(2):
        lab = lab_of(train=str(text))
        for _ in range(4):
            lab.step()
        losses.append([each["loss"] for each in lab.result()["training"]["cells"].values()])
        lab.jobs.cancel()
    assert losses[0] == losses[1]


def test_the_pace_may_change_while_it_learns(lab: LanguageModelling):
    lab.configure(replace(lab.config, pace=0.01))
    lab.step()
    lab.rest()
    slow = training(lab).cells[1].update_ratios[:, -1]
    lab.configure(replace(lab.config, pace=10.0))
    for _ in range(4):
        lab.step()
    lab.rest()
    assert (training(lab).cells[1].update_ratios[:, -1] > 10 * slow).all()


def test_starting_over_begins_a_new_run(lab: LanguageModelling):
    lab.reset()
    found = training(lab)
    assert (found.step, found.text, lab.snapshot().text) == (0, "cats.txt", TYPED)


def test_without_a_text_there_is_a_story_to_learn(shipped: dict[str, CharacterModel]):
    lab = lab_of(play="train")
    assert lab.can_step
    lab.step()
    assert training(lab).text == "the reference text"
    lab.jobs.cancel()


def test_an_opened_text_is_what_is_learned(shipped: dict[str, CharacterModel], text: Path):
    lab = lab_of()
    lab.open(text)
    lab.begin_training()
    assert training(lab).text == "cats.txt"
    lab.jobs.cancel()


def test_a_folder_of_texts_is_learned_together(shipped: dict[str, CharacterModel], tmp_path: Path):
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text(name * 600)
    lab = lab_of()
    lab.open(tmp_path)
    assert lab.snapshot().note == f"{2 * 3000 + 1:,} characters, 2 texts"
    lab.begin_training()
    assert training(lab).text == tmp_path.name
    assert training(lab).characters + training(lab).held_out == pytest.approx(6000, abs=4)
    lab.jobs.cancel()


def test_a_text_too_short_changes_nothing(lab: LanguageModelling, tmp_path: Path):
    (tmp_path / "short.txt").write_text("a few words")
    lab.rest()
    step = training(lab).step
    with pytest.raises(UserError, match="too short"):
        lab.train_on(str(tmp_path / "short.txt"))
    lab.step()
    lab.rest()
    assert (training(lab).step, training(lab).text) == (step + 1, "cats.txt")
    lab.begin_training()  # and what comes next is again what could be learned
    assert training(lab).text == "cats.txt"


def test_a_network_in_training_may_be_meddled_with(lab: LanguageModelling):
    before = surprise(lab)["lstm"]
    lab.meddle("lstm", "hold", 0, gate="forget", value=0.0)
    held = surprise(lab)["lstm"]
    assert (held != before).any()
    lab.step()
    lab.rest()
    assert lab.snapshot().meddling
    lab.release_all()
    lab.rest()
    assert lab.snapshot().readings[1].untouched_nats is None


def test_a_session_that_ended_in_training_begins_with_the_shipped_ones(
    shipped: dict[str, CharacterModel],
):
    lab = lab_of(model=IN_TRAINING)
    assert lab.snapshot().config.model == "prose"
    lab.jobs.cancel()


def test_training_is_as_fast_as_it_can_and_writing_as_fast_as_one_reads(lab: LanguageModelling):
    assert lab.trains
    assert lab.speed is None
    lab.configure(replace(lab.config, play="write"))
    assert not lab.trains
    assert lab.speed == 10
    lab.step()
    assert len(lab.snapshot().text) == len(TYPED) + 1


# What watching may cost --------------------------------------------------------------------------


def test_the_reference_text_is_read_by_and_by_and_at_once_when_playing_stops(lab: LanguageModelling):
    assert "reference" not in lab.jobs  # else it would take every other turn
    reference = lab._desk.insight.reference
    run = lab._lessons.run
    with run.reading.spent():  # what is read now must wait
        pass
    run.reading._next = float("inf")
    for _ in range(5):
        lab.step()
    assert not reference.states
    run.reading._next = 0.0
    run.reading._share = 1.0
    for _ in range(1000):
        if reference.is_read:
            break
        lab.step()
    assert lab.snapshot().trajectories
    lab.rest()
    assert lab._desk.insight.reference is not reference
    while lab.jobs:
        lab.jobs.advance()
    assert lab._desk.insight.reference.is_read


def test_the_reference_text_is_read_with_the_weights_of_one_step(lab: LanguageModelling):
    reference = lab._desk.insight.reference
    slices = reference.read("rnn")
    next(slices)
    before = copy.deepcopy(lab._lessons.run.models["rnn"])
    lab._lessons.run.go_to(0)
    for model in lab._lessons.run.models.values():
        for weight in model.parameters():
            weight.data.zero_()
    for _ in slices:
        pass
    reader = Reader(before).read(reference.text[:40])
    np.testing.assert_allclose(reference.states["rnn"][:40], reader.states("h"), atol=1e-5)


def test_a_sample_is_written_in_slices_with_the_weights_of_one_step(lab: LanguageModelling):
    run, desk, config = lab._lessons.run, lab._desk, lab.config
    desk.look_closely()
    whole = {cell: desk.bench.write(cell, 160, config, desk.left_out) for cell in CELLS}
    slices = lab._lessons.samples(desk, config)
    next(slices)
    assert run.is_writing
    run.look._next = 0.0
    shown = run.shown
    lab._lessons.learn(run, config, desk)
    assert run.shown == shown  # the networks that write stay as they are
    assert len(list(slices)) > 3 * 160 / 50
    assert not run.is_writing
    assert {each.cell: each.sample for each in run.view.cells} == whole
    slices = lab._lessons.samples(desk, config)
    next(slices)
    lab.go_to(0)  # the person may change them all the same: then nobody has written it
    list(slices)
    assert next((each.sample, each.sample_step) for each in run.view.cells) == (whole["rnn"], shown)


def test_being_watched_changes_no_number(
    lab: LanguageModelling, shipped: dict[str, CharacterModel], text: Path
):
    alone = lab_of()
    alone.train_on(str(text))
    alone._lessons.run.look._next = alone._lessons.run.reading._next = float("inf")
    while alone._lessons.run._live.steps < 12:
        alone._lessons.run.step(1.0)
    while lab._lessons.run._live.steps < 12:
        lab.step()
        if lab.jobs:
            lab.jobs.advance()
    for one, other in zip(
        alone._lessons.run._live.weights().values(), lab._lessons.run._live.weights().values(), strict=True
    ):
        assert torch.equal(one, other)
