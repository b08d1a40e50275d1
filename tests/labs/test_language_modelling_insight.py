"""Trajectories, what units track, memory and kept sentences, against a plain forward pass and NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.data.reference import reference_text
from engine.explain.influence import influence
from engine.explain.unit_tracking import track
from engine.labs.language_modelling import LanguageModelling, LanguageModellingConfig, Memory, Trajectory
from engine.labs.language_modelling import insight as insight_module
from engine.labs.language_modelling.insight import MOST_PINNED
from engine.labs.language_modelling.reference import waypoints
from engine.models import language_models
from engine.models.byte_tokens import START
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig
from engine.models.character_reader import Reader

TEXT = 'He said, "don\'t go".'
WORDS = ("He", "said", "don't", "go")
Models = dict[str, CharacterModel]


@pytest.fixture(scope="module")
def models() -> Models:
    torch.manual_seed(5)
    found = {cell: CharacterModel(CharacterModelConfig(cell, 8, 6)).eval() for cell in CELLS}
    for model in found.values():
        model.head.weight.data *= 4
    return found


@pytest.fixture
def lab(models: Models, monkeypatch: pytest.MonkeyPatch) -> Iterator[LanguageModelling]:
    """The lab with `TEXT` on the line and a shorter reference text, all jobs done."""
    monkeypatch.setattr(language_models, "load_language_models", lambda kind: models)
    monkeypatch.setattr(language_models, "language_models", lambda: ("prose",))
    monkeypatch.setattr(insight_module, "reference_text", lambda: reference_text()[:1500])
    lab = LanguageModelling(LanguageModellingConfig(text=TEXT), torch.device("cpu"))
    lab.start()
    finish(lab)
    yield lab
    lab.jobs.cancel()
    lab.close()


def finish(lab: LanguageModelling) -> None:
    while lab.jobs:
        lab.jobs.advance()


def trajectory(lab: LanguageModelling, cell: str) -> Trajectory:
    return next(each for each in lab.snapshot().trajectories if each.cell == cell)


@torch.no_grad()
def hidden(model: CharacterModel, text: str) -> np.ndarray:
    """(N, H) after each character of an ASCII text, by one plain forward pass."""
    tokens = torch.tensor([[START, *text.encode()]])
    return model.recurrent(model.embedding(tokens))[0][0, 1:].double().numpy()


@pytest.mark.parametrize("by", ["words", "characters"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_path_lies_in_the_principal_components_of_the_reference_text(
    lab: LanguageModelling, models: Models, cell: str, by: str
):
    lab.configure(replace(lab.config, path=by))
    found, reference = trajectory(lab, cell), reference_text()[:1500]
    seen = hidden(models[cell], reference)[waypoints(reference, by)[0]]
    _, sizes, axes = np.linalg.svd(seen - seen.mean(0), full_matrices=False)
    wanted = (hidden(models[cell], TEXT)[waypoints(TEXT, by)[0]] - seen.mean(0)) @ axes[:3].T
    np.testing.assert_allclose(np.abs(found.points), np.abs(wanted), atol=2e-5)
    np.testing.assert_allclose(found.share, (sizes**2 / (sizes**2).sum())[:3], atol=1e-6)
    ends = (seen - seen.mean(0)) @ axes[:3].T
    np.testing.assert_allclose(found.high - found.low, np.ptp(ends, axis=0), rtol=1e-5)
    assert found.labels == (WORDS if by == "words" else tuple(TEXT.replace(" ", "␣")))


def test_words_are_points_at_their_last_characters():
    places, labels = waypoints(TEXT, "words")
    assert labels == WORDS
    assert [TEXT[place] for place in places] == ["e", "d", "t", "o"]
    assert waypoints("?!", "words")[1] == ("?", "!")


def test_kept_sentences_stay_while_another_is_typed(lab: LanguageModelling):
    path = trajectory(lab, "gru").points
    lab.pin()
    lab.pin()
    assert trajectory(lab, "gru").pinned == ()  # the sentence itself need not be shown twice
    lab.type("He ran", 1)
    ((text, kept, labels),) = trajectory(lab, "gru").pinned
    assert (text, labels) == (TEXT, WORDS)
    np.testing.assert_array_equal(kept, path)
    for number in range(MOST_PINNED + 2):
        lab.type(f"number {number}", 2 + number)
        lab.pin()
    lab.type("last", 99)
    assert [text for text, *_ in trajectory(lab, "rnn").pinned] == [f"number {n}" for n in range(2, 6)]
    lab.unpin()
    assert trajectory(lab, "rnn").pinned == ()


@pytest.mark.parametrize("cell", CELLS)
def test_what_units_track_is_measured_on_the_reference_text(
    lab: LanguageModelling, models: Models, cell: str
):
    lab.configure(replace(lab.config, cell=cell, unit=3, feature="a space was just read"))
    snapshot, reference = lab.snapshot(), reference_text()[:1500]
    wanted = track(hidden(models[cell], reference).astype(np.float32), reference)
    of_unit = {each.feature.name: each.figure for each in wanted if each.unit == 3}
    assert {each.feature: pytest.approx(each.figure, abs=2e-3) for each in snapshot.tracks} == of_unit
    assert all(each.unit == 3 for each in snapshot.tracks)
    strengths = [each.strength for each in snapshot.tracks]
    assert strengths == sorted(strengths, reverse=True)
    spaces = [each for each in wanted if each.feature.name == "a space was just read"]
    assert [each.unit for each in snapshot.trackers][:3] == [each.unit for each in spaces][:3]
    assert "a space was just read" in snapshot.choices["feature"]


def test_memory_is_the_influence_on_the_next_byte(lab: LanguageModelling, models: Models):
    for text in (TEXT, "He", "He was"):
        lab.type(text, 1)
        assert lab.snapshot().memory == () or lab.snapshot().text == TEXT
        finish(lab)
        memory = {each.cell: each for each in lab.snapshot().memory}
        for cell in CELLS:
            wanted = influence(models[cell], Reader(models[cell]).read(text))
            np.testing.assert_allclose(memory[cell].log_norms, wanted.log_norms, atol=1e-4)
            assert memory[cell].half_distance == wanted.half_distance
            assert memory[cell].probability == pytest.approx(wanted.probability, rel=1e-4)


def test_memory_is_that_of_the_character_one_chooses_and_goes_with_it(lab: LanguageModelling, models: Models):
    def shown() -> dict[str, Memory]:
        finish(lab)
        return {each.cell: each for each in lab.snapshot().memory}

    place = TEXT.index("don't")
    lab.look_back(place)
    assert lab.snapshot().memory == (), "that of another prediction is not shown for it"
    chosen = shown()
    assert lab.snapshot().predicted == place
    for cell in CELLS:
        wanted = influence(models[cell], Reader(models[cell]).read(TEXT), place)
        np.testing.assert_allclose(chosen[cell].log_norms, wanted.log_norms, atol=1e-4)
        assert (chosen[cell].predicted, len(chosen[cell].log_norms)) == ("d", place)
        assert chosen[cell].half_distance == wanted.half_distance
    more = TEXT + " Then"
    for text, at in ((more, place), (f"Oh. {more}", place + 4), ("Oh. He said, 'no'", None)):
        lab.type(text, 1)
        assert len(shown()["gru"].log_norms) == (len(text) if at is None else at)
        assert lab.snapshot().predicted == at
    lab.look_back(0)
    assert [len(each.log_norms) for each in shown().values()] == [0, 0, 0]
    assert {each.half_distance for each in shown().values()} == {None}
    lab.look_back(None)
    assert len(shown()["rnn"].log_norms) == len(lab.snapshot().text)


def test_of_an_empty_text_there_is_nothing_to_remember(lab: LanguageModelling):
    lab.type("", 1)
    finish(lab)
    assert lab.snapshot().memory == ()
    assert lab.snapshot().trajectories == ()


def test_a_cancelled_reading_of_the_reference_text_begins_again_with_a_reset(lab: LanguageModelling):
    lab.configure(replace(lab.config, model="prose", text=""))
    lab._load(lab.config)
    lab.cancel()
    assert lab.snapshot().trajectories == ()
    lab.reset()
    finish(lab)
    assert len(lab.snapshot().trajectories) == len(CELLS)
