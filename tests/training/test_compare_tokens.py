"""Bytes against byte pairs: probabilities by enumeration, keys by hand, the comparison from end to end."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.models.byte_tokens import START
from engine.training import compare_tokens, language_model
from engine.training.byte_pairs import BytePairs, learn
from engine.training.compare_tokens import Plan, Run, Typist
from engine.training.corpus import Corpus

TEXT = b"The rest is the best, and the thin father went there to rest. " * 40


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_tokens, "HIDDEN", 12)
    monkeypatch.setattr(compare_tokens, "STREAMS", 2)
    monkeypatch.setattr(compare_tokens, "LENGTH", 8)
    monkeypatch.setattr(compare_tokens, "SENTENCES", 8)
    monkeypatch.setattr(compare_tokens, "VOCABULARIES", (256, 280))
    monkeypatch.setattr(language_model, "EXCERPT", 200)
    monkeypatch.setattr(language_model, "EXCERPT_WARM_UP", 40)


@pytest.fixture(scope="module")
def pairs() -> BytePairs:
    return learn([TEXT], 280)


class Ticks:
    """A clock that is `tick` later each time one looks."""

    def __init__(self, tick: float = 1.0) -> None:
        self._now = itertools.count(0.0, tick)

    def __call__(self) -> float:
        return next(self._now)


def trained(pairs: BytePairs, clock: Ticks | None = None, seconds: float = 30.0) -> Run:
    texts = [np.array(pairs.encode(TEXT), np.uint16)]
    return Run(pairs, texts, 1e-2, Plan(seconds, 0, clock or Ticks()))


@pytest.fixture
def run(pairs: BytePairs) -> Run:
    run = trained(pairs)
    compare_tokens.train([run], 30.0)
    return run


def spellings(pairs: BytePairs, rest: bytes) -> Iterator[list[int]]:
    """All tokens in a row that spell `rest`, or more than it with the last of them."""
    for token, piece in enumerate(pairs.pieces):
        if piece.startswith(rest) and rest:
            yield [token]
        elif rest.startswith(piece):
            yield from ([token, *more] for more in spellings(pairs, rest[len(piece) :]))


@torch.no_grad()
def next_byte_by_enumeration(run: Run, kept: list[int], rest: bytes) -> np.ndarray:
    """P(next byte) from the whole forward pass of every spelling on its own, in float64."""
    model, pieces, mass = run.model.double(), run.encoding.pieces, np.zeros(256)
    for spelled in spellings(run.encoding, rest) if rest else [[]]:
        logarithms = F.log_softmax(model(torch.tensor([[START, *kept, *spelled]]))[0][0], -1).numpy()
        begin = len(kept)
        weight = np.exp(sum(logarithms[begin + i, token] for i, token in enumerate(spelled)))
        joined = b"".join(pieces[token] for token in spelled)
        if len(joined) > len(rest):
            mass[joined[len(rest)]] += weight
        else:
            for token, piece in enumerate(pieces):
                mass[piece[0]] += weight * np.exp(logarithms[-1, token])
    model.float()
    return mass / mass.sum()


@pytest.mark.parametrize("text", [b"The thin fath", b"The rest is ", b"The best, and the", b"Th"])
def test_the_next_byte_is_weighed_over_every_spelling(run: Run, text: bytes) -> None:
    tokens, pieces = run.encoding.encode(text), run.encoding.pieces
    space = max(text.rfind(b" "), 0)
    before = run.encoding.encode(text[:space])
    ways = {
        "as typed": (tokens, b""),
        "last token": (tokens[:-1], pieces[tokens[-1]]),
        "last word": (before, text[space:]),
    }
    typist = Typist(run.model, run.encoding, negligible=0.0)
    typist.read(text)
    for back, (kept, rest) in ways.items():
        found = typist.next_bytes(back)  # type: ignore[arg-type]
        assert found.sum() == pytest.approx(1)
        assert found == pytest.approx(next_byte_by_enumeration(run, kept, rest), abs=2e-6)


def test_what_is_left_out_is_negligible(run: Run) -> None:
    exact, quick = (Typist(run.model, run.encoding, negligible) for negligible in (0.0, 1e-3))
    for text in (b"", b"The thin fath", b"The rest is the b"):
        exact.read(text)
        quick.read(text)
        assert quick.next_bytes("last word") == pytest.approx(exact.next_bytes("last word"), abs=0.02)


def test_typing_key_by_key_is_reading_at_once(run: Run) -> None:
    typed = Typist(run.model, run.encoding)
    for end in range(20):
        typed.read(TEXT[:end])
    typed.read(b"The rest iz")
    at_once = Typist(run.model, run.encoding)
    at_once.read(b"The rest iz")
    assert np.array_equal(typed.next_bytes("as typed"), at_once.next_bytes("as typed"))


def test_tokens_that_a_key_takes_back() -> None:
    pairs = BytePairs(((ord("t"), ord("h")), (256, ord("e")), (ord(" "), 257)))  # "th", "the", " the"
    assert compare_tokens.taken_back(pairs, b"the the") == [0, 1, 1, 0, 0, 1, 2]
    assert compare_tokens.taken_back(BytePairs(), b"the the") == [0] * 7


def test_nats_are_those_of_every_token_in_turn(run: Run) -> None:
    warm_up, scored = b"The rest is", b" the thin father\nwent"
    tokens = run.encoding.encode(warm_up + scored)
    with torch.no_grad():
        logits = run.model(torch.tensor([[START, *tokens[:-1]]]))[0][0]
    each = F.cross_entropy(logits, torch.tensor(tokens), reduction="none")
    skipped = len(run.encoding.encode(warm_up))
    expected = each[skipped:].sum().item() / len(scored)
    assert compare_tokens.nats(run, [(warm_up, scored)]) == [pytest.approx(expected, rel=1e-5)]


def test_excerpts_are_cut_where_every_encoding_is(pairs: BytePairs) -> None:
    found = compare_tokens.excerpts(TEXT)
    assert len(found) == language_model.EXCERPTS
    for warm_up, scored in found:
        assert warm_up + scored in TEXT
        assert len(scored) == pytest.approx(200, abs=10)
        assert pairs.encode(warm_up) + pairs.encode(scored) == pairs.encode(warm_up + scored)


def test_a_sentence_is_typed_to_its_last_letter_but_one(run: Run) -> None:
    sentence = compare_tokens.sentences(TEXT, 1, seed=0)[0]
    assert sentence.endswith(b"there to rest")
    typist = Typist(run.model, run.encoding)
    keys = compare_tokens.type_last_word(typist, sentence, ["as typed"], Ticks())["as typed"]
    assert [key.place for key in keys] == ["word begins", "inside", "inside", "inside"]
    assert {key.milliseconds for key in keys} == {2000.0}  # one tick to read and one to predict
    for key, end in zip(keys, range(len(sentence) - 4, len(sentence)), strict=True):
        probabilities = next_byte_by_enumeration(run, run.encoding.encode(sentence[:end]), b"")
        assert key.probability == pytest.approx(probabilities[sentence[end]], abs=1e-6)
        assert key.right == (probabilities.argmax() == sentence[end])


def test_all_get_the_same_time_and_take_turns(pairs: BytePairs) -> None:
    slow, fast = trained(pairs, Ticks(3.0)), trained(pairs, Ticks(1.0))
    compare_tokens.train([slow, fast], 30.0)
    assert (slow.seconds, fast.seconds) == (30.0, 30.0)
    assert (slow.updates, fast.updates) == (10, 30)


def prose(seed: int) -> np.ndarray:
    chance, known = (
        random.Random(seed),
        b"the river stone was old and cold she saw under bright morning".split(),
    )
    lines = (b" ".join(chance.choices(known, k=9)).capitalize() + b".\n" for _ in range(40))
    return np.frombuffer(b"".join(lines), np.uint8)


def test_the_comparison_repeats_with_its_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = Corpus({"one": prose(1)}, {"two": prose(2)})
    once, again = (compare_tokens.compare(corpus, tmp_path, 60.0, 3, Ticks()) for _ in range(2))
    assert once == again == json.loads((tmp_path / "tokens.json").read_text())
    bytewise, paired = once["encodings"]
    assert list(bytewise["typing"]) == ["as typed"]
    assert list(paired["typing"]) == ["as typed", "last token", "last word"]
    assert bytewise["taken_back_per_key"] == 0 < paired["taken_back_per_key"]
    assert bytewise["characters_read"] < paired["characters_read"]
    assert bytewise["curve"][-1]["nats_per_character"] == bytewise["nats_per_character"] < 3
    assert [point["seconds"] for point in paired["curve"]] == [15.0, 30.0, 45.0, 60.0]
    difference = paired["nats_per_character"] - bytewise["nats_per_character"]
    assert paired["against_bytes"]["mean"] == pytest.approx(difference)
    assert len((tmp_path / "tokens.md").read_text().splitlines()) == 2 + 1 + 3
    assert len(capsys.readouterr().err.splitlines()) == 2 * 2 * 4
