from __future__ import annotations

import codecs
import itertools
import math
import re
from collections import defaultdict

import pytest
import torch

from engine.explain.next_words import NextWords, next_words, typed_word
from engine.models.byte_tokens import START, encode
from engine.models.character_model import CharacterModel, CharacterModelConfig, State, select_streams

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
ASCII = [byte for byte in range(128) if chr(byte).isprintable() and chr(byte) not in "'-"]


def model_of(cell: str, alphabet: list[int] | bytes, *, spread: float = 3.0) -> CharacterModel:
    """A random model in float64 that writes these bytes only."""
    torch.manual_seed(1)
    model = CharacterModel(CharacterModelConfig(cell, 8, 4)).double().eval()
    with torch.no_grad():
        model.head.weight *= spread
        model.head.bias -= 1e4
        model.head.bias[list(alphabet)] = 0.0
    return model


@torch.inference_mode()
def after(model: CharacterModel, text: str) -> tuple[State, torch.Tensor]:
    log_probabilities, state = model.log_probabilities(torch.tensor([[START, *encode(text).tolist()]]))
    return state, log_probabilities[0, -1]


def search(model: CharacterModel, text: str, **more: object) -> NextWords:
    *_, last = next_words(model, *after(model, text), typed_word(text), **more)
    return last


@torch.inference_mode()
def futures(model: CharacterModel, text: str, alphabet: bytes, length: int) -> dict[bytes, float]:
    """P of every sequence of `length` bytes, level by level."""
    state, rows = after(model, text)
    letters, rows, log_p = torch.tensor(list(alphabet)), rows[None], torch.zeros(1).double()
    for level in range(length):
        log_p = (log_p[:, None] + rows[:, letters]).flatten()
        if level < length - 1:
            parents = torch.arange(len(rows)).repeat_interleave(len(letters))
            rows, state = model.step(letters.repeat(len(rows)), select_streams(state, parents))
    return dict(
        zip(map(bytes, itertools.product(alphabet, repeat=length)), log_p.exp().tolist(), strict=True)
    )


def enumerated(model: CharacterModel, text: str, alphabet: bytes, length: int) -> dict[str, float]:
    """The words' probabilities from every future of `length` bytes, decoded and read with `WORD`."""
    found: dict[str, float] = defaultdict(float)
    prefix = typed_word(text)
    for future, p in futures(model, text, alphabet, length).items():
        whole = prefix + codecs.getincrementaldecoder("utf-8")("replace").decode(future)
        match = WORD.search(whole)
        if match and whole[match.end() :] not in ("", "'"):
            found[whole[: match.end()]] += p
    return found


@pytest.mark.parametrize(
    ("cell", "text"),
    [("rnn", ""), ("lstm", "a é"), ("gru", "aé"), ("rnn", "a'"), ("lstm", "é'a"), ("gru", "a ")],
)
def test_finds_the_words_that_an_enumeration_of_all_futures_finds(cell: str, text: str):
    alphabet, length = "a é'".encode(), 6
    model = model_of(cell, alphabet)
    with torch.no_grad():
        model.head.bias[ord(" ")] = 1.0
    wanted = enumerated(model, text, alphabet, length)
    got = search(model, text, count=6, budget=1500, tolerance=0.0)
    assert got.complete
    prefix = typed_word(text)
    found = {each.word if prefix else each.continuation: each for each in got.words}
    least = min(each.probability for each in got.words)
    assert {word for word, probability in wanted.items() if probability > least} <= found.keys()
    decided = [word for word in found if len(encode(word[len(prefix) :])) <= length - 3]
    assert len(decided) >= 2
    for word in decided:
        each = found[word]
        assert each.undecided < 1e-4
        assert each.probability - 1e-12 <= wanted[word] <= each.probability + each.undecided + 1e-12


@torch.inference_mode()
def spelled(model: CharacterModel, text: str, continuation: str) -> float:
    """P(continuation, then a character that ends the word) of an ASCII model, by one forward."""
    read, future = [START, *encode(text).tolist()], encode(continuation).tolist()
    log_probabilities, _ = model.log_probabilities(torch.tensor([read + future]))
    rows = log_probabilities[0, len(read) - 1 :]
    ends = [byte for byte in ASCII if not chr(byte).isalnum()]
    product = sum(float(rows[t, byte]) for t, byte in enumerate(future))
    return math.exp(product) * float(rows[-1, ends].exp().sum())


@pytest.mark.parametrize("text", ["say ", "my hou", "He said,", "the end. "])
def test_probabilities_are_those_of_a_forward_over_the_bytes_of_the_word(text: str):
    model = model_of("lstm", ASCII, spread=8.0)
    found = search(model, text, count=10)
    assert len(found.words) == 10
    for each in found.words:
        assert each.probability == pytest.approx(spelled(model, text, each.continuation), rel=1e-12)
        assert each.undecided < 1e-12


def test_no_word_left_out_is_more_probable_when_the_search_is_complete():
    model = model_of("gru", ASCII, spread=20.0)
    few, many = (search(model, "so ", count=count, budget=4000) for count in (5, 60))
    assert few.complete
    assert [each.word for each in few.words] == [each.word for each in many.words[:5]]
    assert few.expanded < many.expanded


def test_ends_after_its_budget_and_says_that_it_is_not_complete():
    model = model_of("rnn", ASCII, spread=0.1)
    found = list(next_words(model, *after(model, "a "), budget=40, batch=16))
    assert [each.expanded for each in found] == [16, 32, 40, 40]
    assert not any(each.complete for each in found)


def test_probabilities_grow_from_slice_to_slice():
    model = model_of("lstm", ASCII, spread=8.0)
    found = list(next_words(model, *after(model, "it "), count=3))
    first = [each.words[0].probability if each.words else 0.0 for each in found]
    assert first == sorted(first)
    assert found[-1].complete
    assert not found[0].complete


def test_a_finished_word_may_be_the_one_that_is_typed():
    model = model_of("lstm", [ord(" "), ord("s")])
    with torch.no_grad():
        model.head.bias[ord(" ")] = 2.0
    best = search(model, "my house").words[0]
    assert (best.word, best.continuation) == ("house", "")


def test_a_line_feed_before_a_word_is_shown():
    model = model_of("lstm", b"\na")
    best = search(model, "it ends.", count=2).words
    assert {each.word.count("↵") for each in best} <= {0, 1, 2}
    assert any(each.word.startswith("↵") and each.continuation.startswith("\n") for each in best)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", ""),
        ("my hou", "hou"),
        ("my house ", ""),
        ("my house.", ""),
        ("I don'", "don'"),
        ("I don't", "don't"),
        ("wait--", ""),
        ("'tis", "tis"),
        ("half-o", "half-o"),
        ("one\ntw", "tw"),
        ("Привет, ми", "ми"),
        ("cafe\N{COMBINING ACUTE ACCENT}", "cafe\N{COMBINING ACUTE ACCENT}"),
        ("_so", "so"),
        ("3,000", "000"),
        ("a" * 500, "a" * 200),
    ],
)
def test_typed_word(text: str, word: str):
    assert typed_word(text) == word


@pytest.mark.parametrize("prefix", ["two words", "end.", "'"])
def test_a_prefix_that_is_no_word_is_refused(prefix: str):
    model = model_of("rnn", ASCII)
    with pytest.raises(ValueError, match="one word"):
        next(next_words(model, *after(model, ""), prefix))
