"""A person's texts: what is learned from, what is kept back, and when there is too little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.models.byte_tokens import decode, encode
from engine.training.corpus import ShuffledStreams
from engine.training.own_corpus import LEAST_BATCHES, corpus_of, count_characters

LINES = "".join(f"line {number} of the text, and a little more of it\n" for number in range(200))


def test_the_last_tenth_is_kept_back_from_a_line_start() -> None:
    corpus = corpus_of({"book": LINES}, 16, 32)
    train, held_out = decode(corpus.train["book"]), decode(corpus.held_out["book"])
    assert train + held_out == LINES
    assert train.endswith("\n")
    assert len(held_out) == pytest.approx(0.1 * len(LINES), abs=50)


@pytest.mark.parametrize("text", ["naïve € 🙂 " * 400, "one line\n" + "x" * 3000, "x" * 3000 + "\nthe end"])
def test_without_a_line_start_near_it_is_cut_between_characters(text: str) -> None:
    corpus = corpus_of({"line": text}, 16, 32)
    train, held_out = decode(corpus.train["line"]), decode(corpus.held_out["line"])
    assert train.removesuffix("\n") + held_out.removesuffix("\n") == text
    assert len(held_out) == pytest.approx(0.1 * len(text), rel=0.02)


@given(st.dictionaries(st.text(max_size=3), st.text("ab\n€🙂\ud83d", max_size=60), max_size=4))
def test_any_texts_make_a_corpus_that_can_be_read_or_one_sentence(texts: dict[str, str]) -> None:
    stripped = "".join(text.rstrip("\n") for text in texts.values())
    if len(encode(stripped)) < LEAST_BATCHES * 2 * 3:
        with pytest.raises(UserError, match="18 are the least"):
            corpus_of(texts, 2, 3)
        return
    corpus = corpus_of(texts, 2, 3)
    assert corpus.train
    for part in (corpus.train, corpus.held_out):
        assert all(len(text) and text[-1] == ord("\n") for text in part.values())
    assert ShuffledStreams(list(corpus.train.values()), 2, 3, 0).next().shape[0] == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is nothing to read in it"),
        ("\n\n", "there is nothing to read in it"),
        ("x", "it has one character,"),
        ("x" * 200, "it has 200 characters, and 1,536 are the least"),
        ("я" * 767, "it has 767 characters"),
    ],
)
def test_too_short_a_text_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        corpus_of({"text": text}, 16, 32)
    assert caught.value.sentence.startswith("The text is too short to train on: ")
    assert says in caught.value.sentence


def test_short_texts_together_are_long_enough() -> None:
    corpus = corpus_of({f"{number}": LINES[:100] for number in range(20)} | {"": "", "letter": "x"}, 16, 32)
    assert len(corpus.train) == 21
    assert len(corpus.held_out) == 20


@given(st.text())
def test_characters_are_counted_in_bytes(text: str) -> None:
    assert count_characters([np.frombuffer(text.encode(), np.uint8)] * 2) == 2 * len(text)
