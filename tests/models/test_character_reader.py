"""A text read key by key against one plain float64 forward pass over all of it."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.models import character_reader, recurrent_trace
from engine.models.byte_tokens import START, encode
from engine.models.character_evaluation import character_surprise, nats_per_character
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig
from engine.models.character_reader import Reader, Reading
from engine.models.recurrent_trace import Trace

CLOSE = 2e-6
"""How far float32 may lie from one float64 forward pass."""
COMBINED = "e\N{COMBINING ACUTE ACCENT} \N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4} שלום"
cells = pytest.mark.parametrize("cell", CELLS)


def model_of(cell: str, layers: int = 1) -> CharacterModel:
    torch.manual_seed(3)
    model = CharacterModel(CharacterModelConfig(cell, 12, 6, layers)).eval()
    with torch.no_grad():
        model.head.weight *= 4
    return model


@torch.no_grad()
def forward(model: CharacterModel, text: str) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """(T + 1, 256) log-probabilities, (T + 1, H) top states and the final state, all at once in float64."""
    twin = copy.deepcopy(model).double()
    tokens = torch.tensor([[START, *text.encode("utf-8", "surrogatepass")]])
    hidden, state = twin.recurrent(twin.embedding(tokens))
    final = state if isinstance(state, tuple) else (state,)
    logs = twin.head(hidden).log_softmax(-1)
    return logs[0].numpy(), hidden[0].numpy(), tuple(part.numpy() for part in final)


def assert_read(reading: Reading, model: CharacterModel, text: str, tolerance: float = CLOSE) -> None:
    logs, hidden, final = forward(model, text)
    assert reading.text == text
    np.testing.assert_allclose(reading.log_probabilities, logs, atol=10 * tolerance, rtol=tolerance)
    np.testing.assert_allclose(reading.trace.output, hidden, atol=tolerance)
    state = reading.state if isinstance(reading.state, tuple) else (reading.state,)
    for mine, theirs in zip(state, final, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=tolerance)
    data, ends = text.encode("utf-8", "surrogatepass"), []
    for character in text:
        ends.append((ends[-1] if ends else 0) + len(character.encode("utf-8", "surrogatepass")))
    np.testing.assert_array_equal(reading.steps, ends)
    np.testing.assert_allclose(reading.states("h"), hidden[ends], atol=tolerance)
    each = [-logs[place, byte] for place, byte in enumerate(data)]
    wanted = [sum(each[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    np.testing.assert_allclose(reading.surprise, wanted, rtol=10 * tolerance, atol=10 * tolerance)


@cells
def test_typing_key_by_key_reads_what_one_forward_pass_reads(cell: str):
    model, text = model_of(cell), f"She — opened\n\tit: {COMBINED}"
    reader = Reader(model)
    for end in range(1, len(text) + 1):
        reading = reader.read(text[:end])
        assert reader.reading is reading
    assert_read(reading, model, text)
    assert reading.nats_per_character == pytest.approx(nats_per_character(model, [text])[0], rel=1e-6)
    np.testing.assert_allclose(reading.surprise, character_surprise(model, text), rtol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
@cells
def test_deleting_editing_and_pasting_read_as_if_typed_so_from_the_start(cell: str, layers: int):
    model = model_of(cell, layers)
    reader, edits = Reader(model), []
    edits += ["The cat", "The ca", "The c", "The car", "Then car", "", "x", COMBINED * 8, COMBINED]
    edits += [f"{COMBINED[:4]}–{COMBINED[4:]}", "שלום", "לום", "é", "è", "😀", "😁", "\ud83d", "😀"]
    for text in edits:
        assert_read(reader.read(text), model, text)


@settings(deadline=None, max_examples=25)
@given(
    cell=st.sampled_from(CELLS),
    edits=st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 20), st.text("ab é😀\n", max_size=90)),
        min_size=2, max_size=8,
    ),
)  # fmt: skip
def test_any_edits(cell: str, edits: list[tuple[int, int, str]]):
    model, text = model_of(cell), ""
    reader = Reader(model)
    for place, removed, added in edits:
        text = text[:place] + added + text[place + removed :]
        assert_read(reader.read(text), model, text)


@cells
def test_a_model_in_float64_is_read_in_float64(cell: str):
    model = model_of(cell).double()
    reader = Reader(model)
    for text in ("I", "In", "In é", "It"):
        assert_read(reader.read(text), model, text, 1e-13)


@cells
def test_before_the_first_key_it_has_read_the_beginning_of_a_line(cell: str):
    model = model_of(cell)
    empty = Reader(model).reading
    assert_read(empty, model, "")
    assert len(empty.trace) == 1
    assert empty.nats_per_character is None
    assert empty.states("h").shape == (0, 12)


def contents(reading: Reading) -> list[np.ndarray]:
    arrays = [reading.log_probabilities, reading.surprise, reading.steps, reading.trace.output]
    return arrays + [reading.trace.layers[0].column(name) for name in reading.trace.layers[0].table.columns]


@cells
def test_what_was_read_before_stays_as_it_was(cell: str):
    reader = Reader(model_of(cell))
    kept = []
    for text in ("One two", "One two three", "One 2", "One 2, three", "", "x" * 300, "x" * 300 + "y", "xx"):
        reading = reader.read(text)
        kept.append((reading, [array.copy() for array in contents(reading)]))
    for reading, before in kept:
        for array, same in zip(contents(reading), before, strict=True):
            np.testing.assert_array_equal(array, same)


def test_nothing_can_be_written_into_a_reading():
    reading = Reader(model_of("lstm")).read("abc")
    assert not any(array.flags.writeable for array in [reading.log_probabilities, reading.surprise])
    assert not any(reading.states(name).base is not None for name in ("h", "c", "forget"))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> tuple[Reader, list[int]]:
    """A reader, and how many bytes each pass through its model read."""
    passes: list[int] = []

    def extend(before: Trace, module: torch.nn.RNNBase, x: torch.Tensor) -> Trace:
        passes.append(len(x))
        return recurrent_trace.extend(before, module, x)

    monkeypatch.setattr(character_reader, "extend", extend)
    return Reader(model_of("gru")), passes


def test_of_every_change_only_what_is_new_is_run(counted: tuple[Reader, list[int]]):
    reader, passes = counted
    runs = []
    for text in ("Once upon", "Once upon a", "Once upon a", "Once upon", "Once", "Once é", "Once è", "Twice"):
        passes.clear()
        reader.read(text)
        runs.append(sum(passes))
    assert runs == [9, 2, 0, 0, 0, 3, 2, 5]  # é and è take two bytes


def test_the_same_text_gives_the_same_reading():
    reader = Reader(model_of("rnn"))
    reading = reader.read("again")
    assert reader.read("again") is reading
    assert len(encode("again")) == len(reading.trace) - 1
