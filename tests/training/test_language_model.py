"""Training: it learns, resumes exactly, is told apart from others, and follows plain PyTorch."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.checkpoint import load_tensors
from engine.errors import UserError
from engine.models.byte_tokens import encode
from engine.models.character_model import CELLS, CharacterModel
from engine.training import language_model
from engine.training.corpus import Corpus, ShuffledStreams, load_corpus
from engine.training.language_model import LanguageModelTraining, Options
from engine.training.presets import PRESETS

OPTIONS = Options("prose", "gru", hidden=24, learning_rate=5e-3, streams=8, length=16)


RESTARTING = replace(OPTIONS, preset="names", length=8)
"""The preset "names" begins its streams again at zeros; lines in the fixture are some five bytes long."""


@pytest.fixture
def corpus(data: Path) -> Corpus:
    return load_corpus(data, PRESETS["prose"])


@pytest.fixture
def names(data: Path) -> Corpus:
    return load_corpus(data, PRESETS["names"])


def steps(training: LanguageModelTraining, count: int) -> list[tuple[float, float]]:
    return [training.step(5e-3) for _ in range(count)]


@pytest.mark.parametrize("cell", CELLS)
def test_the_loss_falls_and_the_watched_texts_agree(corpus: Corpus, cell: str) -> None:
    training = LanguageModelTraining(replace(OPTIONS, cell=cell), corpus)  # type: ignore[arg-type]
    losses = [nats for nats, _ in steps(training, 60)]
    assert losses[0] == pytest.approx(5.55, abs=0.15)
    assert losses[-1] < 3.2
    watched = training.watch()
    assert set(watched) == {"the-war-of-the-worlds", "anne-of-green-gables"}
    assert all(nats == pytest.approx(losses[-1], abs=0.4) for nats in watched.values())


@pytest.mark.parametrize("options", [OPTIONS, RESTARTING], ids=["carried", "restarting"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_resumed_training_goes_on_exactly(tmp_path: Path, data: Path, cell: str, options: Options) -> None:
    corpus = load_corpus(data, PRESETS[options.preset])
    options = replace(options, cell=cell)  # type: ignore[arg-type]
    training = LanguageModelTraining(options, corpus)
    steps(training, 7)
    training.save(tmp_path / "c.safetensors", {"phase": "stable"})
    expected = steps(training, 7)
    again = LanguageModelTraining(options, corpus)
    assert again.restore(tmp_path / "c.safetensors") == {"phase": "stable"}
    assert steps(again, 7) == expected
    assert again.characters == training.characters
    for mine, theirs in zip(again.model.parameters(), training.model.parameters(), strict=True):
        assert mine.equal(theirs)


def test_one_update_is_plain_pytorch(corpus: Corpus) -> None:
    training = LanguageModelTraining(OPTIONS, corpus)
    torch.manual_seed(OPTIONS.seed)
    model = CharacterModel(OPTIONS.model)
    optimiser = torch.optim.AdamW(model.parameters(), 5e-3, (0.9, 0.99), weight_decay=0.01)
    batch = ShuffledStreams(list(corpus.train.values()), 8, 16, 0).next()
    loss = -torch.log_softmax(model(batch[:, :-1])[0], -1).gather(2, batch[:, 1:, None]).mean()
    loss.backward()
    norm = torch.stack([p.grad.square().sum() for p in model.parameters()]).sum().sqrt()
    for parameter in model.parameters():
        parameter.grad *= min(1.0, 1.0 / norm.item())
    optimiser.step()
    assert training.step(5e-3) == pytest.approx((loss.item(), norm.item()), rel=1e-5)
    for mine, plain in zip(training.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(mine, plain, rtol=1e-4, atol=1e-5)


def plain_loop(options: Options, corpus: Corpus, count: int, share: float) -> tuple[CharacterModel, int]:
    """The model after `count` updates by AdamW with the state carried on; how often a row began at zeros."""
    torch.manual_seed(options.seed)
    model, begun, read = CharacterModel(options.model), 0, 0
    optimiser = torch.optim.AdamW(model.parameters(), 5e-3, (0.9, 0.99), weight_decay=0.01, fused=True)
    reading = ShuffledStreams(list(corpus.train.values()), options.streams, options.length, options.seed)
    parts = [torch.zeros(1, options.streams, options.hidden) for _ in range(1 + (options.cell == "lstm"))]
    for _ in range(count):
        batch = reading.next()
        chances = np.random.default_rng((options.seed, read)).random(options.streams)
        for row, text in enumerate(bytes(tokens) for tokens in batch.tolist()):
            if text[:1] == b"\n" and text[1:2] != b"\n" and chances[row] < share:
                begun += 1
                for part in parts:
                    part[0, row] = torch.zeros(options.hidden)
        logits, state = model(batch[:, :-1], tuple(parts) if len(parts) == 2 else parts[0])
        parts = [part.detach() for part in (state if isinstance(state, tuple) else (state,))]
        optimiser.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        read += batch[:, 1:].numel()
    return model, begun


@pytest.mark.parametrize("share", [0.25, 1.0])
@pytest.mark.parametrize("cell", CELLS)
def test_a_share_of_the_lines_that_a_batch_begins_with_is_read_from_zeros(
    names: Corpus, cell: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = replace(PRESETS["names"], restarts=share)
    monkeypatch.setitem(PRESETS, "names", preset)  # type: ignore[arg-type]
    options = replace(RESTARTING, cell=cell)  # type: ignore[arg-type]
    training = LanguageModelTraining(options, names)
    steps(training, 30)
    plain, begun = plain_loop(options, names, 30, share)
    _, lines = plain_loop(options, names, 30, 1.0)
    assert 30 < lines < 30 * options.streams / 2
    assert begun == pytest.approx(share * lines, rel=0.5)
    carried, _ = plain_loop(options, names, 30, 0.0)
    for mine, theirs, other in zip(*(m.parameters() for m in (training.model, plain, carried)), strict=True):
        assert mine.equal(theirs)
        assert not mine.equal(other)


@pytest.mark.parametrize("cell", CELLS)
def test_prose_is_carried_on_for_ever(corpus: Corpus, cell: str) -> None:
    options = replace(OPTIONS, cell=cell)  # type: ignore[arg-type]
    training = LanguageModelTraining(options, corpus)
    steps(training, 12)
    plain, _ = plain_loop(options, corpus, 12, 0.0)
    for mine, theirs in zip(training.model.parameters(), plain.parameters(), strict=True):
        assert mine.equal(theirs)


def test_an_empty_line_is_no_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody types one: a model that learned to expect it would waste its first prediction."""
    preset = replace(PRESETS["names"], restarts=1.0)
    monkeypatch.setitem(PRESETS, "names", preset)  # type: ignore[arg-type]
    gaps = Corpus({"gaps": encode("\n" * 4000)}, {})
    training = LanguageModelTraining(RESTARTING, gaps)
    steps(training, 3)
    carried, _ = plain_loop(RESTARTING, gaps, 3, 0.0)
    assert all(map(torch.equal, training.model.parameters(), carried.parameters()))


def test_a_checkpoint_of_prose_is_what_it_was_before_there_were_restarts(
    tmp_path: Path, corpus: Corpus
) -> None:
    training = LanguageModelTraining(OPTIONS, corpus)
    steps(training, 1)
    training.save(tmp_path / "c.safetensors", {})
    facts = json.loads(load_tensors(tmp_path / "c.safetensors")[1]["training"])
    assert set(facts) == {"options", "characters", "begun_at", "position"}
    assert set(facts["options"]) == {
        "preset", "cell", "hidden", "learning_rate", "streams", "length", "seed"
    }  # fmt: skip


def test_other_options_are_refused(tmp_path: Path, corpus: Corpus) -> None:
    training = LanguageModelTraining(OPTIONS, corpus)
    steps(training, 1)
    training.save(tmp_path / "c.safetensors", {})
    with pytest.raises(UserError, match="can't be resumed"):
        LanguageModelTraining(replace(OPTIONS, hidden=25), corpus).restore(tmp_path / "c.safetensors")


def test_a_widened_training_starts_from_the_narrow_one(tmp_path: Path, corpus: Corpus) -> None:
    narrow = LanguageModelTraining(OPTIONS, corpus)
    steps(narrow, 40)
    narrow.save(tmp_path / "c.safetensors", {})
    wide = LanguageModelTraining(replace(OPTIONS, hidden=40, length=24), corpus)
    wide.grow(tmp_path / "c.safetensors")
    assert wide.watch() == pytest.approx(narrow.watch(), rel=1e-5)
    assert wide.characters == wide.begun_at == narrow.characters
    before = wide.watch()
    steps(wide, 40)
    assert sum(wide.watch().values()) < sum(before.values())
    wide.save(tmp_path / "w.safetensors", {})
    again = LanguageModelTraining(wide.options, corpus)
    again.restore(tmp_path / "w.safetensors")
    assert again.begun_at == narrow.characters


def test_a_model_on_another_reading_is_not_widened(tmp_path: Path, corpus: Corpus) -> None:
    narrow = LanguageModelTraining(OPTIONS, corpus)
    steps(narrow, 1)
    narrow.save(tmp_path / "c.safetensors", {})
    with pytest.raises(UserError, match="can't be widened"):
        LanguageModelTraining(replace(OPTIONS, streams=4, hidden=40), corpus).grow(tmp_path / "c.safetensors")


def test_a_gradient_that_overflows_stops_the_run(corpus: Corpus) -> None:
    training = LanguageModelTraining(OPTIONS, corpus)
    with torch.no_grad():
        training.model.head.weight[0, 0] = torch.inf
    with pytest.raises(RuntimeError, match="non-finite"):
        training.step(1e-3)


def test_watching_a_short_text_scores_its_second_half(corpus: Corpus) -> None:
    short = Corpus(corpus.train, {"emma": corpus.train["emma"][:20]})
    nats = LanguageModelTraining(OPTIONS, short).watch()["emma"]
    assert nats == pytest.approx(5.55, abs=0.2)
    assert language_model.EXCERPT > 20
