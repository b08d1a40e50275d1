"""The texts, their cutting into passages, and the endless shuffled reading."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UserError
from engine.models.byte_tokens import decode, encode
from engine.training.corpus import ShuffledStreams, load_corpus, passages
from engine.training.presets import PRESETS


def lines(seed: int, count: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return encode("".join("x" * chance.integers(1, 30) + f"{seed}.{i}\n" for i in range(count)))


def test_books_kept_back_are_not_trained_on(data: Path) -> None:
    corpus = load_corpus(data, PRESETS["prose"])
    assert list(corpus.train) == ["dracula", "emma"]
    assert list(corpus.held_out) == ["the-war-of-the-worlds", "anne-of-green-gables"]
    assert decode(corpus.train["emma"]) == (data / "novels" / "emma.txt").read_text()


def test_without_a_book_kept_back_the_last_tenth_is(data: Path) -> None:
    corpus = load_corpus(data, PRESETS["names"])
    whole = (data / "names_train.txt").read_text() + "\n"
    train, held_out = decode(corpus.train["names_train"]), decode(corpus.held_out["names_train"])
    assert train + held_out == whole
    assert train.endswith("\n")
    assert len(held_out) == pytest.approx(0.1 * len(whole), abs=15)


def test_a_missing_text_is_one_sentence(data: Path) -> None:
    with pytest.raises(UserError, match=r"there is no tinyshakespeare\.txt in it"):
        load_corpus(data, PRESETS["shakespeare"])
    (data / "novels" / "the-war-of-the-worlds.txt").unlink()
    with pytest.raises(UserError, match="there is no the-war-of-the-worlds in it"):
        load_corpus(data, PRESETS["prose"])


def test_passages_are_the_texts_cut_between_lines() -> None:
    texts = [lines(1, 200), lines(2, 90), encode("no end of line")]
    cut = passages(texts, 300)
    assert np.array_equal(np.concatenate(cut), np.concatenate(texts))
    assert all(piece[-1] == ord("\n") and len(piece) <= 300 + 40 for piece in cut[:-1])
    assert len(cut) > 10


def test_batches_go_on_where_the_last_one_stopped() -> None:
    streams = ShuffledStreams([lines(1, 400)], 4, 20, seed=0)
    batches = [streams.next() for _ in range(15)]
    assert {batch.shape[0] for batch in batches} == {4}
    widths = {batch.shape[1] - 1 for batch in batches}
    assert widths <= set(range(15, 26))
    assert len(widths) > 3
    for before, after in itertools.pairwise(batches):
        assert before[:, -1].equal(after[:, 0])


def test_an_epoch_reads_every_passage_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.training.corpus.PASSAGE", 300)
    text = lines(1, 400)
    streams = ShuffledStreams([text], 1, 20, seed=0)
    read = [streams.next()]
    while streams.epoch < 1 - 2 / len(text):
        read.append(streams.next())
    joined = np.concatenate([read[0][0, :1].numpy(), *(batch[0, 1:].numpy() for batch in read)])
    assert not np.array_equal(joined, text)
    assert sorted(decode(joined.astype(np.uint8)).split()) == sorted(decode(text).split())


def test_the_seed_decides_the_order_and_epochs_differ() -> None:
    texts = [lines(seed, 60) for seed in range(5)]

    def read(seed: int, count: int) -> list[list[int]]:
        streams = ShuffledStreams(texts, 2, 50, seed)
        return [streams.next().flatten().tolist() for _ in range(count)]

    assert read(3, 5) == read(3, 5)
    assert read(3, 5) != read(4, 5)
    streams = ShuffledStreams(texts, 2, 50, 3)
    first = streams.next()
    while streams.epoch < 1:
        again = streams.next()
    assert not np.array_equal(first[:, :30], again[:, :30])


def test_reading_goes_on_exactly_after_a_seek() -> None:
    texts = [lines(seed, 60) for seed in range(5)]
    streams = ShuffledStreams(texts, 3, 40, seed=1)
    for _ in range(60):
        streams.next()
    position = json.loads(json.dumps(streams.position()))
    later = ShuffledStreams(texts, 3, 40, seed=1)
    later.seek(position)
    assert streams.epoch == later.epoch > 1
    for _ in range(60):
        assert streams.next().equal(later.next())


def test_a_text_shorter_than_its_streams_is_refused() -> None:
    with pytest.raises(UserError, match="too short to train on"):
        ShuffledStreams([encode("ab\n")], 2, 10, seed=0)
