"""Experiment "text": languages or a person's own classes, and the sentence that is typed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.series.text_classes import PADDING
from engine.labs.grid_versus_loop.text import Text, said_of
from tests.contests import begun, finished, played, right, run, written

WORDS = {"vowels": "aeiou", "consonants": "bdfgk"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes that differ in their letters."""
    found, random = tmp_path_factory.mktemp("texts"), np.random.default_rng(0)
    for name, letters in WORDS.items():
        words = ["".join(random.choice([*letters, "s"], 5)) for _ in range(1500)]
        (found / f"{name}.txt").write_text(" ".join(words))
    return found


@pytest.fixture(scope="module")
def ended(folder: Path) -> Text:
    return run(Text, data=str(folder), networks="logistic,cnn,gru", updates=8)


def test_a_seeded_run_repeats_bit_for_bit_whether_it_is_watched_or_not(folder: Path, ended: Text):
    fresh = begun(Text, data=str(folder), networks="logistic,cnn,gru", updates=8)
    assert written(finished(played(fresh, watched=True))) == written(ended)


def test_windows_are_classified_as_a_plain_loop_would(ended: Text):
    assert set(ended.data.classes) == set(WORDS)
    for name in ended.networks:
        assert ended.of(name).accuracy == right(ended, name, ended.data.arrays[2]) / len(ended.data.arrays[3])


def test_what_is_typed_is_opened_in_every_network(ended: Text):
    ended.change(replace(ended.config, text="aaa eee"))
    opened = ended.opened()
    assert (opened.index, opened.truth) == (-1, None)
    assert opened.tokens[-7:] == tuple("aaa eee")
    assert set(opened.tokens[:-7]) == {""}
    tokens = torch.from_numpy(ended.data.typed("aaa eee").values)[None]
    for name in ended.networks:
        with torch.no_grad():
            told = ended.contest.entrants[name].network.eval()(tokens).softmax(1)[0]
        np.testing.assert_allclose(opened.probabilities[name], told, atol=1e-6)
    assert "taken for" in ended.finding()
    ended.change(replace(ended.config, text=""))
    assert ended.opened().index == 0
    assert "taken for" not in ended.finding()


@pytest.mark.parametrize("text", [" ", "a", "🙂🙃", "e" * 10_000, "a\n\tb", "\ud800", "\0", "日本"])
def test_any_text_can_be_typed(ended: Text, text: str):
    ended.change(replace(ended.config, text=text))
    opened = ended.opened()
    assert len(opened.tokens) == len(opened.values) == ended.data.length
    assert all(np.isfinite(found).all() for found in opened.probabilities.values())
    if not text.strip():
        assert (opened.values == PADDING).all()
    assert ended.finding()
    ended.change(replace(ended.config, text=""))


def test_who_says_what_of_a_sentence_is_told(ended: Text):
    opened = ended.opened()
    answers = {"cnn": [0.9, 0.1], "gru": [0.2, 0.8], "logistic": [0.6, 0.4]}
    opened = replace(opened, probabilities={key: np.array(found) for key, found in answers.items()})
    titles = {"cnn": "CNN", "gru": "GRU", "logistic": "logistic regression"}
    assert said_of(opened, titles, ("German", "Dutch")) == (
        "What you typed is taken for German by the CNN and logistic regression and Dutch by the GRU."
    )


def test_there_are_languages_without_any_file():
    found = begun(Text, networks="logistic")
    assert {"English", "German", "Japanese"} <= set(found.data.classes)
    assert found.opened().index == 0
    assert found.opened().truth is not None
    assert found.finding() == ""
