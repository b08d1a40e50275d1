"""The language modelling lab as a person uses it: typing, pasting, opening, writing on, asking."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.ask import Answer, Cell
from engine.errors import UserError
from engine.labs.language_modelling import CellReading, LanguageModelling, LanguageModellingConfig, States
from engine.labs.language_modelling.bench import AT_ONCE
from engine.labs.language_modelling.config import EXAMPLE, QUANTITIES
from engine.labs.language_modelling.desk import HOP, WINDOW
from engine.labs.language_modelling.sources import BEGINNING
from engine.labs.language_modelling.states import SETTLED, order_units
from engine.models import language_models
from engine.models.byte_tokens import START
from engine.models.character_evaluation import character_surprise, nats_per_character
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig

CPU = torch.device("cpu")
KINDS = ("prose", "other")
SENTENCE = "Many a word — café, наш, 😀 — was said."
Models = dict[str, dict[str, CharacterModel]]


def model_of(cell: str, seed: int) -> CharacterModel:
    """A small random model with strong opinions, which hardly ever writes anything but ASCII."""
    torch.manual_seed(seed)
    model = CharacterModel(CharacterModelConfig(cell, 12, 6)).eval()
    with torch.no_grad():
        model.head.weight *= 5
        model.head.bias -= 12
        model.head.bias[[ord("\n"), *range(ord(" "), 0x7F)]] = 0
        model.head.bias[ord(" ")] = 4
    return model


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Models:
    """Small networks in the place of those that come with the application, by kind and cell."""
    found = {kind: {cell: model_of(cell, seed) for cell in CELLS} for seed, kind in enumerate(KINDS)}

    def load(kind: str) -> dict[str, CharacterModel]:
        if kind not in found:
            raise UserError(f"There are no models called “{kind}”")
        return found[kind]

    monkeypatch.setattr(language_models, "load_language_models", load)
    monkeypatch.setattr(language_models, "language_models", lambda: KINDS)
    return found


@pytest.fixture
def lab(models: Models) -> Iterator[LanguageModelling]:
    """The lab with the example on the line, nothing worked off yet."""
    lab = LanguageModelling(LanguageModellingConfig(seed=4), CPU)
    lab.start()
    yield lab
    lab.jobs.cancel()
    lab.close()


def finish(lab: LanguageModelling) -> LanguageModelling:
    """Work off what follows from the text; reading the reference text is left out, which takes longer."""
    lab.jobs.drop("reference")
    while lab.jobs:
        lab.jobs.advance()
    return lab


def change(lab: LanguageModelling, **settings: object) -> None:
    lab.configure(replace(lab.config, **settings))


def readings(lab: LanguageModelling) -> dict[str, CellReading]:
    return {reading.cell: reading for reading in lab.snapshot().readings}


def states(lab: LanguageModelling) -> States:
    found = lab.snapshot().states
    assert found is not None
    return found


def job_names(lab: LanguageModelling) -> list[str]:
    return [status.name for status in lab.jobs.statuses]


def assert_read(lab: LanguageModelling, text: str, models: dict[str, CharacterModel]) -> None:
    """The three have read this text, and each was surprised by it as an evaluation says."""
    snapshot = lab.snapshot()
    assert snapshot.text == text
    assert len(snapshot.labels) == len(text)
    assert [reading.cell for reading in snapshot.readings] == list(CELLS)
    for reading in snapshot.readings:
        wanted = character_surprise(models[reading.cell], text)
        np.testing.assert_allclose(reading.surprise, wanted, rtol=1e-4, atol=1e-4)
        if text:
            mean = nats_per_character(models[reading.cell], [text])[0]
            assert reading.nats_per_character == pytest.approx(mean, rel=1e-5)


@torch.no_grad()
def chance(model: CharacterModel, text: str, following: str) -> float:
    """P(the bytes of `following` | text), from one float64 forward pass."""
    twin, before, data = copy.deepcopy(model).double(), text.encode(), following.encode()
    logs = twin.log_probabilities(torch.tensor([[START, *before, *data]]))[0][0]
    return math.exp(sum(float(logs[len(before) + place, byte]) for place, byte in enumerate(data)))


# Typing -------------------------------------------------------------------------------------------


def test_it_starts_with_the_example(lab: LanguageModelling, models: Models):
    snapshot = lab.snapshot()
    assert (snapshot.typed, snapshot.left_out, snapshot.edit, snapshot.turn) == (EXAMPLE, 0, 0, 1)
    assert snapshot.choices["model"] == KINDS
    finish(lab)
    assert_read(lab, EXAMPLE, models["prose"])
    for cell, reading in readings(lab).items():
        model = models["prose"][cell]
        assert reading.hidden == 12
        assert reading.parameters == sum(weight.numel() for weight in model.parameters())


def test_every_key_is_answered_at_once(lab: LanguageModelling, models: Models):
    for edit in range(1, len(SENTENCE) + 1):
        lab.type(SENTENCE[:edit], edit)
        snapshot = lab.snapshot()
        assert (snapshot.typed, snapshot.unread, snapshot.edit) == (SENTENCE[:edit], 0, edit)
        assert all(reading.characters for reading in snapshot.readings)
    assert_read(lab, SENTENCE, models["prose"])


@pytest.mark.parametrize("text", ["A", "é", "😀", "\n", "e\N{COMBINING ACUTE ACCENT}", "שלום"])
def test_very_short_texts_are_read(text: str, lab: LanguageModelling, models: Models):
    lab.type(text, 1)
    assert_read(finish(lab), text, models["prose"])
    assert states(lab).values.shape == (12, len(text))
    assert all(reading.words for reading in lab.snapshot().readings)


@pytest.mark.parametrize("order", ["number", "activity", "variance", "similarity"])
def test_an_empty_line_is_expected_to_begin(order: str, lab: LanguageModelling, models: Models):
    change(lab, order=order)
    lab.type("", 1)
    snapshot = finish(lab).snapshot()
    assert (snapshot.text, snapshot.states, snapshot.labels) == ("", None, ())
    for reading in snapshot.readings:
        assert reading.nats_per_character is None
        assert reading.surprise.shape == (0,)
        best = reading.characters[0]
        wanted = chance(models["prose"][reading.cell], "", best.text)
        assert best.probability == pytest.approx(wanted, rel=1e-4)
        assert reading.words
    lab.type("I", 2)
    assert states(lab).values.shape == (12, 1)


def test_editing_in_the_middle_and_deleting_read_the_new_text(lab: LanguageModelling, models: Models):
    edits = ["The door opened.", "The old door opened.", "The old opened.", "Th", "", SENTENCE, SENTENCE[3:]]
    for edit, text in enumerate(edits):
        lab.type(text, edit)
        assert_read(finish(lab), text, models["prose"])


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("so \ud83d", "so \ufffd"),
        ("\ude00!", "\ufffd!"),
        ("a \ud83d\ude00 b", "a 😀 b"),
        ("\ud83d\ud83d\ude00", "\ufffd😀"),
    ],
)
def test_half_a_character_is_made_whole(typed: str, read: str, lab: LanguageModelling, models: Models):
    lab.type(typed, 1)
    assert finish(lab).snapshot().typed == read
    assert_read(lab, read, models["prose"])
    json.dumps(lab.result()).encode()


def test_what_was_seen_stays_while_one_types_on(lab: LanguageModelling):
    kept = []
    for edit, text in enumerate(("The old door", "The old door opened", "The old d", "The old dog", "x")):
        lab.type(text, edit)
        snapshot = lab.snapshot()
        arrays = [reading.surprise for reading in snapshot.readings]
        arrays += [snapshot.states.values, snapshot.states.of_unit, snapshot.states.units]
        kept.append((arrays, [array.copy() for array in arrays]))
    for arrays, before in kept:
        for array, same in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(array, same)
            assert not array.flags.writeable


# Long texts ---------------------------------------------------------------------------------------


def test_a_long_paste_is_read_in_slices_on_a_window_and_says_so(lab: LanguageModelling, models: Models):
    pasted = "".join(f"{number} sheep. " for number in range(900))
    lab.type(pasted, 1)
    first = lab.snapshot()
    assert first.typed == pasted
    assert len(first.text) == AT_ONCE
    assert first.unread > 0
    assert job_names(lab)[0] == "read"
    read = [AT_ONCE]
    while lab.snapshot().unread:
        lab.jobs.advance()
        read.append(len(lab.snapshot().text))
    assert max(np.diff(read)) <= AT_ONCE
    last = finish(lab).snapshot()
    assert WINDOW - HOP < len(last.text) <= WINDOW
    assert (last.left_out, last.unread) == (len(pasted) - len(last.text), 0)
    assert_read(lab, pasted[last.left_out :], models["prose"])


def test_a_paste_in_the_middle_keeps_what_stands_before_it(lab: LanguageModelling, models: Models):
    text = f"{SENTENCE} {'new words, ' * 40}{SENTENCE}"
    lab.type(f"{SENTENCE} {SENTENCE}", 1)
    lab.type(text, 2)
    assert lab.snapshot().text == text[: len(SENTENCE) + 1 + AT_ONCE]
    assert_read(finish(lab), text, models["prose"])


def test_another_text_takes_the_place_of_one_that_is_being_read(lab: LanguageModelling, models: Models):
    lab.type("x" * 900, 1)
    lab.jobs.advance()
    lab.type("No.", 2)
    assert "read" not in job_names(lab)
    assert_read(finish(lab), "No.", models["prose"])


def test_in_a_long_text_a_key_costs_no_more_than_in_a_short_one(lab: LanguageModelling, models: Models):
    text = "All work and no play. " * 120
    lab.type(text, 0)
    finish(lab)
    bytes_run: list[int] = []
    handle = models["prose"]["gru"].embedding.register_forward_hook(
        lambda _, given, out: bytes_run.append(given[0].numel())
    )
    lab.jobs.cancel()
    for edit in range(1, 6):
        lab.type(text + "abcde"[:edit], edit)
        lab.jobs.cancel()
    handle.remove()
    assert sum(bytes_run) <= 5 * (1 + 24)  # the key, and what characters of several bytes are spelled with


def test_the_window_moves_on_and_the_text_in_it_is_read(lab: LanguageModelling, models: Models):
    text = "".join(f"line {number}\n" for number in range(700))
    for end in (WINDOW, WINDOW + 1, WINDOW + HOP, WINDOW + HOP + 1):
        lab.type(text[:end], end)
        finish(lab)
        hops = {WINDOW: 0, WINDOW + 1: 1, WINDOW + HOP: 1, WINDOW + HOP + 1: 2}[end]
        assert lab.snapshot().left_out == hops * HOP
        assert_read(lab, text[hops * HOP : end], models["prose"])


def test_a_million_characters_are_taken(lab: LanguageModelling):
    lab.type("word " * 200_000, 1)
    snapshot = lab.snapshot()
    assert len(snapshot.typed) == 1_000_000
    assert snapshot.left_out + len(snapshot.text) + snapshot.unread == 1_000_000


# Files --------------------------------------------------------------------------------------------


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        ("Où est-il ? 😀\n".encode(), "Où est-il ? 😀\n", "UTF-8"),
        ("Où est-il ?\n".encode("latin-1"), "Où est-il ?\n", "Windows-1252"),
        (b"One\r\ntwo\r\n", "One\ntwo\n", "UTF-8"),
        ("Où est-il ?".encode("utf-16"), "Où est-il ?", "UTF-16 LE"),
    ],
)
def test_a_text_file_is_put_on_the_line(
    data: bytes, text: str, encoding: str, lab: LanguageModelling, models: Models, tmp_path: Path
):
    lab.open(write(tmp_path / "some.txt", data))
    snapshot = finish(lab).snapshot()
    assert (snapshot.typed, snapshot.file, snapshot.turn) == (text, "some.txt", 2)
    assert snapshot.note == f"{len(text)} characters, {encoding}"
    assert_read(lab, text, models["prose"])


def long_file(tmp_path: Path, name: str = "long.txt") -> tuple[Path, str]:
    text = "".join(f"Chapter {number}: “naïve” 😀.\n" for number in range(60))
    return write(tmp_path / name, text.encode()), text


def test_of_a_long_file_the_beginning_is_shown_and_all_of_it_is_scored(
    lab: LanguageModelling, models: Models, tmp_path: Path
):
    path, text = long_file(tmp_path)
    lab.open(path)
    assert all(reading.file_nats is None for reading in readings(lab).values())
    assert lab.snapshot().typed == text[:BEGINNING].rsplit(" ", 1)[0]
    scores = []
    while lab.jobs:
        lab.jobs.advance()
        scores += [status for status in lab.jobs.statuses if status.name == "score"]
    assert all(status.done <= status.total for status in scores)
    assert scores[-1].done == scores[-1].total
    for cell, reading in readings(lab).items():
        assert reading.file_nats == pytest.approx(
            nats_per_character(models["prose"][cell], [text])[0], rel=1e-5
        )
    assert_read(lab, text[:BEGINNING].rsplit(" ", 1)[0], models["prose"])


def test_a_score_is_of_the_file_that_is_named(lab: LanguageModelling, tmp_path: Path):
    path, _ = long_file(tmp_path)
    lab.open(path)
    finish(lab)
    lab.open(write(tmp_path / "other.txt", b"Another one."))
    assert lab.snapshot().file == "other.txt"
    assert all(reading.file_nats is None for reading in readings(lab).values())
    assert all(reading.file_nats is not None for reading in readings(finish(lab)).values())
    lab.type("Another one", 1)
    snapshot = lab.snapshot()
    assert (snapshot.file, snapshot.note) == ("", "")
    assert all(reading.file_nats is None for reading in snapshot.readings)
    assert "score" not in job_names(lab)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9, bytes(range(256)) * 4, b""])
def test_a_file_that_is_no_text_is_refused_and_nothing_is_lost(
    data: bytes, lab: LanguageModelling, tmp_path: Path
):
    path, _ = long_file(tmp_path)
    lab.open(path)
    before, jobs = lab.snapshot(), job_names(lab)
    with pytest.raises(UserError, match=r"picture\.txt is (not text|empty)"):
        lab.open(write(tmp_path / "picture.txt", data))
    after = lab.snapshot()
    assert (after.typed, after.file, after.note, after.turn) == (
        before.typed, before.file, before.note, before.turn,
    )  # fmt: skip
    assert [a.surprise is b.surprise for a, b in zip(after.readings, before.readings, strict=True)] == [
        True
    ] * 3
    assert job_names(lab) == jobs
    assert "score" in jobs
    assert all(reading.file_nats is not None for reading in readings(finish(lab)).values())


# Writing on ---------------------------------------------------------------------------------------


def write_on(lab: LanguageModelling, count: int, text: str, **settings: object) -> str:
    change(lab, **settings)
    lab.type(text, lab.snapshot().edit + 1)
    for _ in range(count):
        assert lab.can_step
        lab.step()
    return lab.snapshot().typed[len(text) :]


@pytest.mark.parametrize("cell", CELLS)
def test_writing_on_repeats_with_its_seed(cell: str, lab: LanguageModelling, models: Models):
    first, again, other = (write_on(lab, 25, "So ", cell=cell, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len(first) == 25
    assert_read(lab, f"So {other}", models["prose"])


@pytest.mark.parametrize("cell", CELLS)
def test_at_no_temperature_it_writes_the_most_probable(cell: str, lab: LanguageModelling, models: Models):
    found, text = write_on(lab, 12, "So ", cell=cell, temperature=0.0), "So "
    twin = copy.deepcopy(models["prose"][cell]).double()
    for _ in range(12):
        with torch.no_grad():
            text += chr(int(twin(torch.tensor([[START, *text.encode()]]))[0][0, -1].argmax()))
    assert f"So {found}" == text
    assert write_on(lab, 12, "So ", cell=cell, temperature=1.9, top_k=1) == found
    assert write_on(lab, 12, "So ", cell=cell, temperature=1.0, top_p=0.05) == found


def test_step_by_step_it_writes_what_it_writes_at_once(models: Models):
    lab = LanguageModelling(LanguageModellingConfig(text="So ", seed=9, generate=30), CPU)
    lab.start()
    finish(lab)
    at_once = {cell: found["generated"] for cell, found in lab.result()["cells"].items()}
    for cell in CELLS:
        assert write_on(lab, 30, "So ", cell=cell) == at_once[cell]
    assert len(set(at_once.values())) == 3


def test_writing_counts_turns_and_keeps_the_persons_count(lab: LanguageModelling):
    lab.type("Now", 7)
    for turn in (2, 3, 4):
        lab.step()
        snapshot = lab.snapshot()
        assert (snapshot.edit, snapshot.turn) == (7, turn)
        assert len(snapshot.typed) == 3 + turn - 1


def test_writing_on_from_an_opened_file_makes_the_text_the_persons(lab: LanguageModelling, tmp_path: Path):
    lab.open(write(tmp_path / "a.txt", b"Once upon"))
    lab.step()
    assert lab.snapshot().file == ""
    assert lab.snapshot().typed.startswith("Once upon")
    assert "score" not in job_names(lab)


def test_it_writes_on_across_the_end_of_the_window(lab: LanguageModelling, models: Models):
    """Where the window hops, steps read it first; no place repeats another's draw."""
    text = "la " * (WINDOW // 3)
    lab.type(text, 1)
    finish(lab)
    steps = 0
    while len(lab.snapshot().typed) < WINDOW + 20:
        assert lab.can_step
        lab.step()
        steps += 1
        assert steps < 200
    snapshot = lab.snapshot()
    assert snapshot.left_out == HOP
    assert_read(lab, snapshot.typed[HOP:], models["prose"])


def test_every_place_in_a_long_text_has_a_draw_of_its_own(lab: LanguageModelling):
    """The same text in the window after different beginnings: the next character varies."""
    found = set()
    for hops in range(1, 13):
        lab.type("ab" * (WINDOW // 2) + "ab" * (HOP // 2) * hops, hops)
        change(lab, temperature=2.0)
        finish(lab)
        lab.step()
        found.add(lab.snapshot().typed[-1])
    assert len(found) > 2


# Settings -----------------------------------------------------------------------------------------


def test_another_model_reads_the_same_text(lab: LanguageModelling, models: Models, tmp_path: Path):
    path, text = long_file(tmp_path)
    lab.open(path)
    finish(lab)
    change(lab, model="other")
    assert lab.snapshot().file == "long.txt"
    assert_read(finish(lab), text[:BEGINNING].rsplit(" ", 1)[0], models["other"])
    for cell, reading in readings(lab).items():
        wanted = nats_per_character(models["other"][cell], [text])[0]
        assert reading.file_nats == pytest.approx(wanted, rel=1e-5)


def test_a_model_that_is_not_there_leaves_everything_as_it_was(lab: LanguageModelling, models: Models):
    lab.type(SENTENCE, 3)
    finish(lab)
    before = lab.snapshot()
    with pytest.raises(UserError, match="no models called"):
        change(lab, model="of.my.own")
    after = lab.snapshot()
    assert after.config == before.config
    assert after.edit == 3
    assert_read(lab, SENTENCE, models["prose"])


def test_settings_never_take_back_what_was_typed(lab: LanguageModelling, models: Models):
    late = lab.config
    for settings in ({"cell": "gru"}, {"order": "variance"}, {"model": "other"}, {"temperature": 1.5}):
        lab.type(f"{SENTENCE} {settings}", 1)
        lab.configure(replace(late, **settings))
        assert lab.snapshot().typed == f"{SENTENCE} {settings}"
        assert lab.snapshot().config.text == f"{SENTENCE} {settings}"


def test_settings_before_the_start_keep_their_text(models: Models):
    lab = LanguageModelling(LanguageModellingConfig(model="not there", text="My own."), CPU)
    with pytest.raises(UserError):
        lab.start()
    assert lab.snapshot().readings == ()
    change(lab, model="prose")
    assert_read(finish(lab), "My own.", models["prose"])


def test_reset_brings_the_example_back(lab: LanguageModelling, models: Models):
    change(lab, cell="gru")
    lab.type("x" * 500, 1)
    lab.reset()
    assert_read(finish(lab), EXAMPLE, models["prose"])
    assert (lab.snapshot().config.cell, lab.snapshot().turn) == ("gru", 2)


# The inside ---------------------------------------------------------------------------------------


@torch.no_grad()
def inside(model: CharacterModel, text: str) -> dict[str, np.ndarray]:
    """(N, H) every state and gate after each of ASCII characters, by PyTorch's cell equations."""
    twin = copy.deepcopy(model).double()
    module, found = twin.recurrent, []
    (w_i, w_h, b_i, b_h), h = module.all_weights[0], torch.zeros(12).double()
    c = h.clone()
    for x in twin.embedding(torch.tensor([START, *text.encode()])):
        from_x, from_h = w_i @ x + b_i, w_h @ h + b_h
        if model.config.cell == "rnn":
            h = (from_x + from_h).tanh()
            now = {"hidden": h}
        elif model.config.cell == "lstm":
            i, f, g, o = (from_x + from_h).chunk(4)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            now = {"hidden": h, "cell": c, "input": i.sigmoid(), "forget": f.sigmoid()}
            now |= {"candidate": g.tanh(), "output": o.sigmoid()}
        else:
            r, z, n = zip(from_x.chunk(3), from_h.chunk(3), strict=True)
            reset, update = (r[0] + r[1]).sigmoid(), (z[0] + z[1]).sigmoid()
            new = (n[0] + reset * n[1]).tanh()
            h = (1 - update) * new + update * h
            now = {"hidden": h, "reset": reset, "update": update, "new": new}
        found.append(now)
    return {name: torch.stack([now[name] for now in found[1:]]).numpy() for name in found[0]}


@pytest.mark.parametrize(("cell", "quantity"), [(cell, each) for cell in CELLS for each in QUANTITIES[cell]])
def test_what_is_shown_is_what_the_cell_computed(
    cell: str, quantity: str, lab: LanguageModelling, models: Models
):
    text = "She opened the old door."
    lab.type(text, 1)
    change(lab, cell=cell, quantity=quantity, order="activity", unit=5)
    wanted, shown = inside(models["prose"][cell], text), states(lab)
    assert (shown.cell, shown.quantity, shown.unit) == (cell, quantity, 5)
    np.testing.assert_allclose(shown.values, wanted[quantity].T[shown.units], atol=2e-6)
    assert shown.gates == QUANTITIES[cell]
    np.testing.assert_allclose(shown.of_unit, [wanted[gate][:, 5] for gate in shown.gates], atol=2e-6)
    low, high = shown.limits
    assert low <= shown.values.min() <= shown.values.max() <= high
    arrays = lab.arrays()
    gradients = ("log-gradient-hidden", "log-gradient-input")
    assert set(arrays) == {f"{each}-{name}" for each in CELLS for name in (*QUANTITIES[each], *gradients)}
    assert arrays[f"{cell}-log-gradient-hidden"].shape == (len(text),)
    np.testing.assert_allclose(arrays[f"{cell}-{quantity}"], wanted[quantity], atol=2e-6)


def test_what_a_cell_does_not_have_falls_back_to_its_hidden_state(lab: LanguageModelling):
    change(lab, cell="rnn", quantity="forget", unit=99_999)
    assert (states(lab).quantity, states(lab).unit) == ("hidden", 11)


def test_the_same_again_is_the_same(lab: LanguageModelling):
    first, second = lab.snapshot(), lab.snapshot()
    assert first.states is second.states
    assert [a.surprise is b.surprise for a, b in zip(first.readings, second.readings, strict=True)] == [
        True
    ] * 3


def test_units_are_in_the_order_that_was_asked_for(lab: LanguageModelling, models: Models):
    text = "She opened the old door."
    lab.type(text, 1)
    hidden = inside(models["prose"]["lstm"], text)["hidden"]
    wanted = {
        "number": list(range(12)),
        "activity": sorted(range(12), key=lambda unit: -abs(hidden[:, unit]).mean()),
        "variance": sorted(range(12), key=lambda unit: -hidden[:, unit].var()),
    }
    for order, units in wanted.items():
        change(lab, order=order)
        assert states(lab).units.tolist() == units
        assert states(lab).unit == wanted["variance"][0]


def test_units_that_act_alike_stand_together():
    """Three groups of units, each a course of its own with a little noise, shuffled."""
    random = np.random.default_rng(0)
    courses = np.stack([np.sin(np.arange(60) / 5), np.cos(np.arange(60) / 5), -np.sin(np.arange(60) / 5)])
    group = random.permutation(np.repeat(np.arange(3), 5))
    values = courses[group].T + 0.05 * random.standard_normal((60, 15))
    ordered = group[order_units(values, "similarity")]
    changes = int((ordered != np.roll(ordered, 1)).sum())
    assert changes == 3
    constant = np.ones((60, 4))
    assert sorted(order_units(constant, "similarity").tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("order", ["activity", "variance", "similarity"])
def test_rows_do_not_jump_while_one_types(order: str, lab: LanguageModelling, models: Models):
    """Once there is enough to order them by."""
    change(lab, order=order)
    text = "Many a word was said here. " * 3
    for end in range(1, SETTLED + 1):
        lab.type(text[:end], end)
        states(lab)
    held, unit = states(lab).units.tolist(), states(lab).unit
    settled = inside(models["prose"]["lstm"], text[:SETTLED])["hidden"]
    assert held == order_units(settled, order).tolist()
    assert unit == settled.std(0).argmax()
    ends = [*range(SETTLED, 60), *range(60, 40, -1), *range(40, 50)]
    for end in ends:
        lab.type(text[:end], end)
        assert (states(lab).units.tolist(), states(lab).unit) == (held, unit)
    lab.type(text[:40].replace("word", "thing"), 99)  # mended in its first half
    mended = states(lab).units.tolist()
    for end in range(30):
        lab.type(text[:40].replace("word", "thing") + "."[:end], end)
        assert states(lab).units.tolist() == mended


def test_another_text_is_ordered_anew_and_the_first_keys_say_little(lab: LanguageModelling, models: Models):
    change(lab, order="variance")
    for text in ("Quite another text than before.", "x", "xyz is not much, but it will do"):
        lab.type(text, 1)
        hidden = inside(models["prose"]["lstm"], text)["hidden"]
        wanted = np.argsort(-hidden.astype(np.float32).var(0), kind="stable")
        if len(text) > 1:
            assert states(lab).units.tolist() == wanted.tolist()


# Asking -------------------------------------------------------------------------------------------


def ask(lab: LanguageModelling, array: str, *index: int) -> Answer:
    lab.ask(Cell(array, index))
    answer, question = lab.snapshot().answer, lab.snapshot().question
    assert question == Cell(array, index)
    assert answer is not None
    return answer


def assert_adds_up(answer: Answer, shown: float, tolerance: float = 2e-5) -> None:
    """The answer is about the value on screen, and its last line comes to it."""
    assert answer.value == pytest.approx(shown, rel=1e-6, abs=1e-9)
    assert answer.steps[-1].lines[-1].value == pytest.approx(shown, rel=tolerance, abs=1e-6)
    assert answer.title
    assert answer.meaning


@pytest.mark.parametrize(("cell", "quantity"), [(cell, each) for cell in CELLS for each in QUANTITIES[cell]])
def test_any_state_and_any_gate_adds_up(cell: str, quantity: str, lab: LanguageModelling):
    lab.type(SENTENCE, 1)
    change(lab, cell=cell, quantity=quantity, order="variance")
    shown = states(lab)
    for row, place in ((0, 0), (5, 13), (11, len(SENTENCE) - 1)):
        unit = int(shown.units[row])
        assert_adds_up(ask(lab, "states", unit, place), float(shown.values[row, place]))
    for row in range(len(shown.gates)):
        assert_adds_up(ask(lab, "gates", row, 13), float(shown.of_unit[row, 13]))


@pytest.mark.parametrize("cell", CELLS)
def test_surprise_adds_up_over_the_bytes(cell: str, lab: LanguageModelling, models: Models):
    lab.type(SENTENCE, 1)
    surprise = readings(lab)[cell].surprise
    for place, character in enumerate(SENTENCE):
        answer = ask(lab, f"surprise-{cell}", place)
        assert_adds_up(answer, float(surprise[place]))
        assert len(answer.steps) == len(character.encode()) + 1
        p, nats = answer.steps[-1].lines
        wanted = chance(models["prose"][cell], SENTENCE[:place], character)
        assert p.value == pytest.approx(wanted, rel=1e-4)
        assert nats.value == pytest.approx(-math.log(wanted), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_next_characters_add_up(cell: str, lab: LanguageModelling, models: Models):
    model = models["prose"][cell]
    with torch.no_grad():
        model.head.bias[list("éЖ".encode())] = 9
    lab.type(SENTENCE, 1)
    guesses = readings(lab)[cell].characters
    assert any(len(guess.text.encode()) == 2 for guess in guesses)
    for rank, guess in enumerate(guesses):
        answer = ask(lab, f"characters-{cell}", rank)
        assert_adds_up(answer, guess.probability)
        assert answer.steps[-1].lines[-1].value == pytest.approx(
            chance(model, SENTENCE, guess.text), rel=1e-4
        )


@pytest.mark.parametrize("text", ["Many a w", "Many a "])
@pytest.mark.parametrize("cell", CELLS)
def test_next_words_add_up(cell: str, text: str, lab: LanguageModelling, models: Models):
    lab.type(text, 1)
    words = readings(finish(lab))[cell].words
    assert words
    for rank, word in enumerate(words):
        answer = ask(lab, f"words-{cell}", rank)
        assert_adds_up(answer, word.probability)
        *spelled, end, _ = answer.steps[-1].lines
        product = math.prod(line.value for line in spelled)
        assert len(spelled) == len(word.continuation.encode())
        assert product == pytest.approx(chance(models["prose"][cell], text, word.continuation), rel=1e-4)
        assert 0 < end.value <= 1 + 1e-5


def test_what_is_not_there_has_no_answer(lab: LanguageModelling):
    lab.type("abc", 1)
    finish(lab)
    gone = [("states", 0, 3), ("states", 12, 0), ("gates", 6, 0), ("gates", 0, -1), ("surprise-lstm", 3)]
    gone += [("characters-lstm", 10), ("words-gru", 99), ("surprise-transformer", 0), ("else-lstm", 0)]
    for array, *index in gone:
        lab.ask(Cell(array, tuple(index)))
        assert lab.snapshot().answer is None, array
    lab.type("", 2)
    for array, *index in (("states", 0, 0), ("gates", 0, 0), ("surprise-rnn", 0)):
        lab.ask(Cell(array, tuple(index)))
        assert lab.snapshot().answer is None, array


def test_an_answer_follows_the_text(lab: LanguageModelling):
    """Asked about a place far in, a text that is read in slices answers when it gets there."""
    text = "abcdefghij" * 30
    lab.type(text, 1)
    finish(lab)
    before = ask(lab, "surprise-gru", 250).value
    lab.type("Z" + text, 2)
    assert lab.snapshot().answer is None
    finish(lab)
    answer = lab.snapshot().answer
    assert answer is not None
    assert_adds_up(answer, float(readings(lab)["gru"].surprise[250]))
    assert answer.value != before
    ask(lab, "words-gru", 0)
    lab.type("Zebra ", 3)
    finish(lab)
    word = readings(lab)["gru"].words[0]
    assert lab.snapshot().answer.value == word.probability


# Without a screen ---------------------------------------------------------------------------------


def test_the_result_of_a_text(models: Models):
    lab = LanguageModelling(LanguageModellingConfig(text="So it w"), CPU, screen=False)
    lab.start()
    assert not lab.jobs
    result = lab.result()
    assert result.keys() == lab.no_result().keys() == {"text", "cells"}
    assert result["text"] == "So it w"
    assert list(result["cells"]) == list(CELLS)
    for cell, found in result["cells"].items():
        assert found.keys() == {"tokens", "words", "nats_per_character"}
        assert len(found["tokens"]) == len(found["words"]) == 10
        for token in found["tokens"]:
            wanted = chance(models["prose"][cell], "So it w", token["token"])
            assert token["probability"] == pytest.approx(wanted, rel=1e-4)
        assert all(word["word"].startswith("w") for word in found["words"])
        chances = [word["probability"] for word in found["words"]]
        assert chances == sorted(chances, reverse=True)
        assert 0 < sum(chances) < 1
        wanted = nats_per_character(models["prose"][cell], ["So it w"])[0]
        assert found["nats_per_character"] == pytest.approx(wanted, rel=1e-5)
    json.dumps(result, allow_nan=False)


def test_the_result_of_an_empty_text_has_no_mean(models: Models):
    lab = LanguageModelling(LanguageModellingConfig(text=""), CPU, screen=False)
    lab.start()
    found = lab.result()["cells"]["lstm"]
    assert found["nats_per_character"] is None
    assert found["tokens"]
    assert found["words"]
    assert {name: array.shape for name, array in lab.arrays().items()}["gru-hidden"] == (0, 12)


def test_the_results_of_files_are_of_all_of_each(models: Models, tmp_path: Path):
    lab = LanguageModelling(LanguageModellingConfig(), CPU, screen=False)
    lab.prepare()
    for name, times in (("a.txt", 1), ("b.txt", 3)):
        path, text = long_file(tmp_path, name)
        path.write_text(text * times, encoding="utf-8")
        lab.open(path)
        assert "words" not in job_names(lab)
        result = finish(lab).result()
        assert result.keys() == {"characters", "cells"}
        assert result["characters"] == len(text) * times
        for cell, found in result["cells"].items():
            wanted = nats_per_character(models["prose"][cell], [text * times])[0]
            assert found == {"nats_per_character": pytest.approx(wanted, rel=1e-5)}
