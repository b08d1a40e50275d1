"""A network that is changed while it reads, against a plain float64 loop and against edited weights."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from meddled_loop import HELD, MODES, Step, meddled_loop, some_interventions, some_of_each
from recurrent_loop import CELLS as KINDS
from recurrent_loop import make, sequence
from torch import Tensor, nn

from engine.explain.next_characters import next_characters
from engine.explain.next_words import NextWords, next_words
from engine.models import character_reader, meddled_steps
from engine.models.byte_tokens import START, encode
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig
from engine.models.character_reader import Reader, Reading
from engine.models.meddled_steps import MeddledModel, meddled_extend
from engine.models.meddling import Intervention, at_steps
from engine.models.recurrent_layer import GATES
from engine.models.recurrent_trace import Trace, extend, trace

CLOSE = {torch.float32: 2e-6, torch.float64: 1e-14}
"""How far any value may lie from the float64 loop's."""
kinds = pytest.mark.parametrize("kind", KINDS)
cells = pytest.mark.parametrize("cell", CELLS)


@dataclass(frozen=True)
class Placed:
    """A change as the lab describes it."""

    kind: str
    place: int
    unit: int | None = None
    gate: str = ""
    value: float = 0.0


# Steps --------------------------------------------------------------------------------------------


def meddled(module: nn.RNNBase, x: Tensor, done: list[Intervention], *cuts: int) -> Trace:
    """`x` read in parts that end at `cuts`."""
    found = trace(module, x[:0])
    for start, stop in zip((0, *cuts), (*cuts, len(x)), strict=True):
        found = meddled_extend(found, module, x[start:stop], done)
    return found


def assert_steps(found: Trace, steps: list[Step]) -> None:
    layer = found.layers[0]
    assert set(layer.table.columns) - {"x"} == {name for name in steps[0] if "probe" not in name} - (
        set() if layer.mode == "LSTM" else {"c"}
    )
    for name in set(layer.table.columns) - {"x"}:
        wanted = torch.stack([step[name] for step in steps]).detach().numpy()
        np.testing.assert_allclose(layer.column(name), wanted, rtol=0, atol=CLOSE[layer.table.tensor.dtype])


@pytest.mark.parametrize("dtype", CLOSE)
@kinds
def test_each_kind_of_intervention_at_several_steps(kind: str, dtype: torch.dtype):
    module, x = make(kind, 4, 6, dtype=dtype), sequence(14, 4)
    for done in some_of_each(kind, 14):
        assert_steps(meddled(module, x.to(dtype), done), meddled_loop(module, x, done))


@settings(deadline=None, max_examples=40)
@given(data=st.data(), kind=st.sampled_from(sorted(KINDS)), steps=st.integers(1, 12), seed=st.integers(0, 99))
def test_any_interventions_read_in_any_parts(data: st.DataObject, kind: str, steps: int, seed: int):
    module, x = make(kind, 3, 5, seed=seed, dtype=torch.float64), sequence(steps, 3, seed=seed)
    done = data.draw(some_interventions(kind, 5, steps))
    cut = data.draw(st.integers(0, steps))
    assert_steps(meddled(module, x, done, cut), meddled_loop(module, x, done))


@kinds
def test_a_module_without_biases(kind: str):
    module, x = make(kind, 4, 6, bias=False, dtype=torch.float64), sequence(9, 4)
    twin = make(kind, 4, 6, dtype=torch.float64)
    twin.load_state_dict(
        {name: torch.zeros_like(w) for name, w in twin.state_dict().items()} | module.state_dict()
    )
    done = [Intervention("off", 2, 1), Intervention("reset", 4)]
    assert_steps(meddled(module, x, done), meddled_loop(twin, x, done))


@kinds
def test_what_is_set_shows_exactly_what_it_is_set_to(kind: str):
    module, x, done = make(kind, 4, 6), sequence(10, 4).float(), [Intervention("off", 3, 2)]
    done += [Intervention("hold", 5, None, gate, 0.25) for gate in GATES[MODES[kind]]]
    layer = meddled(module, x, done).layers[0]
    assert (layer.h[3:, 2] == 0).all()
    for gate in GATES[MODES[kind]]:
        assert (layer.column(gate)[5:] == 0.25).all()
        assert not (layer.column(gate)[:5] == 0.25).any()


@kinds
def test_with_nothing_done_it_is_extend_to_the_last_bit(kind: str):
    module, x = make(kind, 4, 6), sequence(20, 4).float()
    before = trace(module, x[:7])
    plain, same = extend(before, module, x[7:]), meddled_extend(before, module, x[7:], [])
    later = meddled_extend(before, module, x[7:], [Intervention("off", 20), Intervention("reset", 27)])
    changed = meddled_extend(before, module, x[7:], [Intervention("reset", 15), Intervention("off", 15, 0)])
    for name in plain.layers[0].table.columns:
        wanted = plain.layers[0].column(name)
        assert np.array_equal(same.layers[0].column(name), wanted)
        assert np.array_equal(later.layers[0].column(name), wanted)
        np.testing.assert_allclose(changed.layers[0].column(name)[:15], wanted[:15], atol=2e-7)


def test_steps_that_nothing_changes_are_fused(monkeypatch: pytest.MonkeyPatch):
    fused: list[int] = []

    def counted(before: Trace, module: nn.RNNBase, x: Tensor) -> Trace:
        fused.append(len(x))
        return extend(before, module, x)

    monkeypatch.setattr(meddled_steps, "extend", counted)
    meddled(make("lstm", 4, 6), sequence(30, 4).float(), [Intervention("reset", 10), Intervention("off", 25)])
    assert fused == [10, 14]


@pytest.mark.parametrize(
    ("kind", "layers", "change", "complaint"),
    [
        ("lstm", 2, Intervention("reset", 0), "one layer"),
        ("lstm", 1, Intervention("on", 0), "kind"),
        ("lstm", 1, Intervention("off", 0, 6), "unit 6"),
        ("lstm", 1, Intervention("off", 0, -1), "unit -1"),
        ("gru", 1, Intervention("reset", 0, 1), "reset"),
        ("gru", 1, Intervention("hold", 0, 1, "forget"), "'forget'"),
        ("tanh", 1, Intervention("hold", 0, 1, "preactivation"), "'preactivation'"),
        ("gru", 1, Intervention("hold", 0, 1, "reset", math.nan), "nan"),
    ],
)
def test_what_cannot_be_done_is_refused(kind: str, layers: int, change: Intervention, complaint: str):
    module, x = make(kind, 4, 6, layers), sequence(3, 4).float()
    with pytest.raises(ValueError, match=complaint):
        meddled_extend(trace(module, x), module, x, [change])


def test_another_module_s_trace_and_inputs_of_another_width_are_refused():
    module, x, done = make("gru", 4, 6), sequence(3, 4).float(), [Intervention("off", 0)]
    with pytest.raises(ValueError, match="trace"):
        meddled_extend(trace(make("gru", 4, 7), x), module, x, done)
    with pytest.raises(ValueError, match="x must be"):
        meddled_extend(trace(module, x), module, x[:, :1], done)


# Texts --------------------------------------------------------------------------------------------


def model_of(cell: str, dtype: torch.dtype = torch.float64) -> CharacterModel:
    torch.manual_seed(3)
    model = CharacterModel(CharacterModelConfig(cell, 7, 5)).to(dtype).eval()
    with torch.no_grad():
        model.head.weight *= 4
    return model


def wanted(model: CharacterModel, text: str, done: tuple[Intervention, ...]) -> np.ndarray:
    """(T + 1, 256) the log-probabilities by the loop."""
    rows = model.embedding.weight.detach()[[START, *text.encode("utf-8", "surrogatepass")]]
    h = torch.stack([step["h"] for step in meddled_loop(model.recurrent, rows, done)])
    return model.head(h).log_softmax(-1).detach().numpy()


def assert_read(reading: Reading, model: CharacterModel, text: str) -> None:
    logs, data = wanted(model, text, reading.interventions), text.encode("utf-8", "surrogatepass")
    assert reading.text == text
    np.testing.assert_allclose(reading.log_probabilities, logs, atol=1e-12)
    assert reading.surprise.sum() == pytest.approx(-sum(logs[at, byte] for at, byte in enumerate(data)))


def changes_of(cell: str, longest: int = 12) -> st.SearchStrategy[list[Placed]]:
    unit, place = st.none() | st.integers(0, 6), st.integers(-2, longest)
    one = st.builds(Placed, st.just("off"), place, unit) | st.builds(Placed, st.just("reset"), place)
    if gates := GATES[MODES[cell]]:
        one |= st.builds(Placed, st.just("hold"), place, unit, st.sampled_from(gates), HELD)
    return st.lists(one, max_size=4)


@settings(deadline=None, max_examples=20)
@given(data=st.data(), cell=st.sampled_from(CELLS))
def test_typing_editing_and_meddling_read_as_if_read_anew(data: st.DataObject, cell: str):
    model = model_of(cell)
    reader, text, changes = Reader(model), "", []
    for _ in range(data.draw(st.integers(2, 6))):
        if data.draw(st.booleans()):
            place, removed = data.draw(st.integers(0, 12)), data.draw(st.integers(0, 4))
            text = text[:place] + data.draw(st.text("ab é😀", max_size=8)) + text[place + removed :]
            reading = reader.read(text)
        else:
            changes = data.draw(changes_of(cell))
            reading = reader.meddle(changes)
        assert reader.reading is reading
        assert reading.interventions == at_steps(changes, text)
        assert_read(reading, model, text)
        anew = Reader(model)
        anew.meddle(changes)
        again = anew.read(text)
        np.testing.assert_allclose(reading.surprise, again.surprise, rtol=1e-12)
        np.testing.assert_allclose(reading.log_probabilities, again.log_probabilities, atol=1e-12)


@cells
def test_with_nothing_done_a_text_is_read_as_before_to_the_last_bit(cell: str):
    plain, reader = (Reader(model_of(cell, torch.float32)) for _ in range(2))
    reader.meddle([Placed("off", 3, 1)])
    reader.meddle([])
    for text in ("Once upon a time", "Once upon a timé", "Once", "Once more"):
        one, other = plain.read(text), reader.read(text)
        assert other.interventions == ()
        assert np.array_equal(one.surprise, other.surprise)
        assert np.array_equal(one.log_probabilities, other.log_probabilities)
        assert np.array_equal(one.trace.output, other.trace.output)
    assert reader.meddle([]) is other
    assert reader.onward is reader.model


def test_places_are_characters_and_steps_are_bytes():
    text = "aé😀b"
    changes = [Placed("off", place, 1) for place in (-3, 0, 1, 2, 3, 4, 5)]
    assert [each.step for each in at_steps(changes, text)] == [0, 0, 2, 4, 8, 9]
    assert at_steps([Placed("hold", 1, 2, "new", 1)], text) == (Intervention("hold", 2, 2, "new", 1.0),)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> tuple[Reader, list[int]]:
    """A reader of ten characters, and how many bytes each pass through its model read from then on."""
    passes: list[int] = []
    reader = Reader(model_of("gru"))
    reader.read("0123456789")
    for name in ("extend", "meddled_extend"):
        original = getattr(character_reader, name)

        def counting(before: Trace, module: nn.RNNBase, x: Tensor, *more: object, run=original) -> Trace:
            passes.append(len(x))
            return run(before, module, x, *more)

        monkeypatch.setattr(character_reader, name, counting)
    return reader, passes


def test_only_what_a_change_changes_is_read_again(counted: tuple[Reader, list[int]]):
    reader, passes = counted
    six, eight = Placed("off", 6, 1), Placed("hold", 8, None, "reset", 1.0)
    runs = []
    for changes in ([six], [six, eight], [eight, six], [eight], [replace(eight, value=0.5)], [], [six, six]):
        passes.clear()
        reader.meddle(changes)
        runs.append(sum(passes))
    assert runs == [4, 2, 2, 4, 2, 2, 4]
    passes.clear()
    reader.read("0123456789é")
    reader.read("01234567")
    assert passes == [2]
    reader.meddle([Placed("off", -1, 1)])
    assert passes == [2, 9]  # the line's start as well


def test_a_change_at_the_end_changes_nothing_but_what_comes(counted: tuple[Reader, list[int]]):
    reader, passes = counted
    before = reader.reading
    after = reader.meddle([Placed("reset", 10), Placed("off", 10, 1), Placed("off", 11, 2)])
    assert passes == []
    assert after is not before
    assert np.array_equal(after.log_probabilities, before.log_probabilities)
    assert np.array_equal(after.state, before.state)
    assert not after.next_state.any()
    assert [each.step for each in after.interventions] == [11, 11]
    row, _ = reader.onward.step(torch.from_numpy(encode("a").astype(np.int64)), after.next_state)
    longer = reader.read("0123456789a")
    np.testing.assert_allclose(row[0].detach(), longer.log_probabilities[-1], atol=1e-12)
    assert len(longer.interventions) == 3
    assert np.array_equal(longer.next_state, longer.state)


def test_a_change_that_is_refused_leaves_everything_as_it_was():
    reader = Reader(model_of("rnn"))
    reading = reader.read("abc")
    with pytest.raises(ValueError, match="no gate"):
        reader.meddle([Placed("off", 1, 1), Placed("hold", 1, 1, "forget")])
    assert reader.reading is reading
    assert reader.read("abcd").interventions == ()


def test_a_model_of_several_layers_is_read_but_not_changed():
    reader = Reader(CharacterModel(CharacterModelConfig("lstm", 6, 4, layers=2)).eval())
    reading = reader.read("abc")
    assert reader.meddle([]) is reading
    with pytest.raises(ValueError, match="one layer"):
        reader.meddle([Placed("off", 0, 1)])


# What comes next ----------------------------------------------------------------------------------


@torch.no_grad()
def edited(model: CharacterModel, changes: list[Placed]) -> CharacterModel:
    """The model with weights under which it computes what the changed one does."""
    twin, gates = copy.deepcopy(model), GATES[model.recurrent.mode]
    recurrent, hidden = twin.recurrent, model.config.hidden
    for each in changes:
        if each.kind == "off":
            recurrent.weight_hh_l0[:, each.unit] = 0
            twin.head.weight[:, each.unit] = 0
            continue
        row = gates.index(each.gate) * hidden + each.unit
        recurrent.weight_ih_l0[row] = recurrent.weight_hh_l0[row] = 0
        recurrent.bias_hh_l0[row] = 0
        inverse = math.atanh if each.gate in ("cell", "new") else lambda p: math.log(p / (1 - p))
        recurrent.bias_ih_l0[row] = inverse(each.value)
    return twin


CHANGES = {
    "rnn": [Placed("off", 2, 3), Placed("off", 1, 0)],
    "lstm": [Placed("off", 2, 3), Placed("hold", 1, 2, "forget", 0.9), Placed("hold", 3, 1, "cell", -0.5)],
    "gru": [Placed("off", 2, 3), Placed("hold", 1, 2, "update", 0.1), Placed("hold", 3, 1, "reset", 0.8)],
}


@cells
def test_words_and_characters_that_come_next_are_those_of_the_changed_network(cell: str):
    model = model_of(cell)
    with torch.no_grad():
        model.head.bias[list("é".encode())] += 5
    twin, reader = edited(model, CHANGES[cell]), Reader(model)
    reader.meddle(CHANGES[cell])
    reading = reader.read("one tw")
    last = reading.log_probabilities[-1]

    def words(stepping: CharacterModel | MeddledModel) -> NextWords:
        *_, found = next_words(stepping, reading.next_state, torch.from_numpy(last.copy()), "tw", 10)
        return found

    mine, theirs, plain = words(reader.onward), words(twin), words(model)
    assert [each.word for each in mine.words] == [each.word for each in theirs.words]
    chances = [[each.probability for each in found.words] for found in (mine, theirs, plain)]
    assert chances[0] == pytest.approx(chances[1], rel=1e-12)
    assert chances[0] != pytest.approx(chances[2], rel=1e-3)
    characters = [
        next_characters(stepping, reading.next_state, last, 200) for stepping in (reader.onward, twin)
    ]
    assert [each.text for each in characters[0]] == [each.text for each in characters[1]]
    assert "é" in [each.text for each in characters[0]]
    assert [each.probability for each in characters[0]] == pytest.approx(
        [each.probability for each in characters[1]], rel=1e-12
    )


@pytest.mark.parametrize("dtype", CLOSE)
@cells
def test_a_batch_of_states_goes_on_as_each_alone_is_read(cell: str, dtype: torch.dtype):
    model = model_of(cell, dtype)
    reader = Reader(model)
    reader.meddle(CHANGES[cell])
    h = reader.read("abc").next_state
    state = tuple(part.expand(-1, 3, -1) for part in h) if isinstance(h, tuple) else h.expand(-1, 3, -1)
    with torch.inference_mode():
        for tokens in ("xyz", "pqr"):
            rows, state = reader.onward.step(torch.tensor([ord(letter) for letter in tokens]), state)
    for place, letters in enumerate(("xp", "yq", "zr")):
        alone = reader.read(f"abc{letters}")
        np.testing.assert_allclose(rows[place], alone.log_probabilities[-1], atol=40 * CLOSE[dtype])
        parts = zip(
            *((each,) if isinstance(each, Tensor) else each for each in (state, alone.state)), strict=True
        )
        for mine, theirs in parts:
            np.testing.assert_allclose(mine[:, place], theirs[:, 0], atol=4 * CLOSE[dtype])


@cells
def test_from_no_state_it_begins_with_zeros(cell: str):
    model = model_of(cell)
    onward = MeddledModel(model, [Intervention("off", 0, 3)])
    rows, _ = onward.step(torch.tensor([START]))
    reader = Reader(model)
    reader.meddle([Placed("off", 0, 3)])
    np.testing.assert_allclose(rows[0].detach(), reader.reading.log_probabilities[0], atol=1e-13)
