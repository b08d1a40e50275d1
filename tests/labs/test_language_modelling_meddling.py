"""Meddling with the networks in the lab: what is seen follows, and it stays with its character."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.labs.language_modelling import LanguageModelling, LanguageModellingConfig, Meddling
from engine.labs.language_modelling.desk import HOP, WINDOW
from engine.models import language_models
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig

TEXT = "It was a bright day"
DAY = TEXT.index("day")


def model_of(cell: str) -> CharacterModel:
    torch.manual_seed(3)
    return CharacterModel(CharacterModelConfig(cell, 12, 6)).eval()


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[LanguageModelling]:
    models = {cell: model_of(cell) for cell in CELLS}
    monkeypatch.setattr(language_models, "load_language_models", lambda kind: models)
    monkeypatch.setattr(language_models, "language_models", lambda: ("prose", "other"))
    lab = LanguageModelling(LanguageModellingConfig(text=TEXT), torch.device("cpu"))
    lab.start()
    yield lab
    lab.jobs.cancel()
    lab.close()


def shown(lab: LanguageModelling, cell: str) -> dict[str, object]:
    lab.jobs.drop("reference")
    while lab.jobs:
        lab.jobs.advance()
    snapshot = lab.snapshot()
    reading = next(each for each in snapshot.readings if each.cell == cell)
    memory = next(each for each in snapshot.memory if each.cell == cell)
    return {
        "surprise": reading.surprise.copy(),
        "characters": [each.probability for each in reading.characters],
        "words": [each.probability for each in reading.words],
        "memory": memory.log_norms.copy(),
        "untouched": reading.untouched_nats,
    }


def of_unit(lab: LanguageModelling, unit: int, gate: str) -> np.ndarray:
    states = lab.snapshot().states
    assert states is not None
    assert states.unit == unit
    return states.of_unit[states.gates.index(gate)]


def test_everything_that_is_seen_follows_and_comes_back(lab: LanguageModelling):
    before, others = shown(lab, "lstm"), shown(lab, "gru")
    lab.meddle("lstm", "hold", DAY, gate="forget", value=0.0)
    after = shown(lab, "lstm")
    assert (after["surprise"][: DAY + 1] == before["surprise"][: DAY + 1]).all()
    assert (after["surprise"][DAY + 1 :] != before["surprise"][DAY + 1 :]).all()
    for what in ("characters", "words"):
        assert after[what] != before[what]
    assert np.isneginf(after["memory"][:DAY]).all() or (after["memory"][:DAY] < before["memory"][:DAY]).any()
    assert before["untouched"] is None
    assert after["untouched"] == pytest.approx(before["surprise"].mean())
    assert shown(lab, "gru")["characters"] == others["characters"]
    lab.release(0)
    again = shown(lab, "lstm")
    for what, value in before.items():
        assert again[what] == value if value is None else again[what] == pytest.approx(value, rel=1e-6)


def test_a_held_gate_and_a_unit_that_is_off_are_seen_so(lab: LanguageModelling):
    lab.configure(replace(lab.config, cell="gru", unit=5))
    lab.meddle("gru", "hold", DAY, unit=5, gate="update", value=1.0)
    assert (of_unit(lab, 5, "update")[DAY:] == 1).all()
    assert (of_unit(lab, 5, "update")[:DAY] < 1).all()
    lab.meddle("gru", "off", 3, unit=5)
    assert (of_unit(lab, 5, "hidden")[3:] == 0).all()
    assert (of_unit(lab, 5, "hidden")[:3] != 0).all()


def test_writing_on_follows(lab: LanguageModelling):
    def written() -> str:
        return lab._desk.bench.write("rnn", 40, lab.config, 0)

    before = written()
    for unit in range(12):
        lab.meddle("rnn", "off", len(TEXT), unit=unit)
    assert (shown(lab, "rnn")["surprise"] != 0).all()
    assert written() != before


def test_a_reset_of_all_is_one_thing_done_to_three(lab: LanguageModelling):
    before = {cell: shown(lab, cell)["surprise"] for cell in CELLS}
    lab.meddle("all", "reset", DAY)
    assert lab.snapshot().meddling == (Meddling("all", "reset", DAY),)
    for cell in CELLS:
        assert (shown(lab, cell)["surprise"][DAY + 1] != before[cell][DAY + 1]).all()
    lab.release_all()
    assert lab.snapshot().meddling == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (TEXT + " in May", DAY),
        ("Oh! " + TEXT, DAY + 4),
        (TEXT.replace("bright", "grey"), DAY - 2),
        (TEXT.replace("day", "morning"), DAY),
        (TEXT.replace("ght da", "x"), TEXT.index("ght")),
        ("", 0),
    ],
)
def test_it_stays_with_its_character(lab: LanguageModelling, text: str, place: int):
    lab.meddle("lstm", "off", DAY, unit=2)
    lab.type(text, 1)
    assert [each.place for each in lab.snapshot().meddling] == [place]


def test_where_the_beginning_of_a_long_text_is_no_longer_read(lab: LanguageModelling):
    lab.type("x" * WINDOW, 1)
    lab.meddle("lstm", "off", WINDOW - 10, unit=2)
    lab.type("x" * WINDOW + "y", 2)
    shown(lab, "lstm")
    assert lab.snapshot().meddling[0].place == WINDOW - 10 - HOP
    lab.configure(replace(lab.config, cell="lstm", unit=2))
    hidden = of_unit(lab, 2, "hidden")
    assert (hidden[WINDOW - 10 - HOP :] == 0).all()
    assert hidden[WINDOW - 11 - HOP] != 0


def test_the_same_thing_done_again_takes_the_place_of_the_first(lab: LanguageModelling):
    lab.meddle("gru", "hold", 3, gate="update", value=0.0)
    lab.meddle("gru", "hold", 3, gate="update", value=1.0)
    assert [each.value for each in lab.snapshot().meddling] == [1.0]


@pytest.mark.parametrize(
    "wrong",
    [
        ("rnn", "hold", 0, None, "forget", 1.0),
        ("gru", "hold", 0, None, "forget", 1.0),
        ("lstm", "off", 0, 12, "", 0.0),
        ("all", "off", 0, 1, "", 0.0),
        ("cnn", "off", 0, 1, "", 0.0),
        ("lstm", "burn", 0, 1, "", 0.0),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(lab: LanguageModelling, wrong: tuple[object, ...]):
    lab.meddle("lstm", "off", 2, unit=1)
    before = lab.snapshot().meddling
    with pytest.raises(UserError):
        lab.meddle(*wrong)
    assert lab.snapshot().meddling == before
    with pytest.raises(UserError):
        lab.release(7)


def test_other_networks_and_another_text_are_left_alone(lab: LanguageModelling):
    lab.meddle("lstm", "off", 2, unit=1)
    lab.configure(replace(lab.config, model="other"))
    assert lab.snapshot().meddling == ()
    lab.meddle("lstm", "off", 2, unit=1)
    lab.reset()
    assert lab.snapshot().meddling == ()
