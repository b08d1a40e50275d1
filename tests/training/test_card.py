"""Shipping a finished run: the weights as they are, and a card whose figures are measured."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from engine.errors import UserError
from engine.models.character_evaluation import nats_per_character
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig, load_character_model
from engine.training import language_model
from engine.training import run as running
from engine.training.__main__ import main
from engine.training.card import BATCH, FIRST, Score, card, from_zeros


def test_finished_runs_are_shipped_with_their_cards(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "WARM_UP", 500)
    monkeypatch.setattr(language_model, "EXCERPT", 256)
    small = ["--hidden", "8", "--streams", "4", "--length", "16", "--learning-rate", "5e-3"]
    for cell in CELLS:
        out = ["--data", str(data), "--out", str(tmp_path / cell), "--characters", "2000"]
        assert main(["language-model", "--cell", cell, *out, *small]) == 0
    assets = tmp_path / "assets"
    assets.mkdir()
    assert main(["ship", "--runs", str(tmp_path), "--data", str(data), "--out", str(assets)]) == 0
    for cell in CELLS:
        shipped = assets / f"prose-{cell}.safetensors"
        assert shipped.read_bytes() == (tmp_path / cell / running.WEIGHTS).read_bytes()
        text = shipped.with_suffix(".md").read_text()
        model, notes = load_character_model(shipped)
        for name in ("the-war-of-the-worlds", "anne-of-green-gables"):
            novel = next(data.rglob(f"{name}.txt")).read_text().rstrip("\n") + "\n"
            whole, alone = nats_per_character(model, [novel])[0], from_zeros(model, novel)
            assert f"| {name} | {whole:.4f} | {alone:.4f} |" in text
        assert "state carried on, back-propagation" in text
        assert f"seed {notes['seed']}" in text
        assert f"one {'LSTM' if cell == 'lstm' else 'GRU' if cell == 'gru' else 'vanilla RNN (tanh)'}" in text


def test_a_run_that_is_not_finished_is_not_shipped(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        load_character_model(tmp_path / "lstm" / running.WEIGHTS)
    out = tmp_path / "assets"
    out.mkdir()
    assert main(["ship", "--runs", str(tmp_path), "--data", str(data), "--out", str(out)]) == 2
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("cell", CELLS)
def test_lines_are_scored_from_zeros_one_byte_at_a_time(cell: str) -> None:
    torch.manual_seed(2)
    model = CharacterModel(CharacterModelConfig(cell, 12, 5)).double()  # type: ignore[arg-type]
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.6)
    long = "a naïve river under the cold old bright house"
    nats = count = 0.0
    for line in ("old\n", long[:FIRST], "é\n"):
        state, before = None, torch.tensor([ord("\n")])
        for byte in line.encode():
            predicted, state = model.step(before, state)
            nats, before = nats - predicted[0, byte].item(), torch.tensor([byte])
        count += len(line)
    assert from_zeros(model, f"old\n\n{long}\né\n") == pytest.approx(nats / count, rel=1e-7)
    assert math.isnan(from_zeros(model, "\n\n"))


def test_many_lines_are_scored_as_each_alone() -> None:
    torch.manual_seed(2)
    model = CharacterModel(CharacterModelConfig("gru", 12, 5))
    lines = [f"{'cold' * (index % 7)}{index}" for index in range(2 * BATCH + 3)]
    alone = [from_zeros(model, line) * len(f"{line}\n"[:FIRST]) for line in lines]
    whole = sum(len(f"{line}\n"[:FIRST]) for line in lines)
    assert from_zeros(model, "\n".join(lines)) == pytest.approx(sum(alone) / whole, rel=1e-6)


def test_a_card_says_how_often_the_state_began_at_zeros_and_what_was_asked_for() -> None:
    model = CharacterModel(CharacterModelConfig("gru", 12, 5))
    figures = {"characters": "4000160", "decay_from": "3e6", "epochs": "2", "learning_rate": "1e-3"}
    notes = {"preset": "names", "streams": "4", "length": "8", "seed": "0", "restarts": "0.25"} | figures
    text = card(model, notes, {"names_train": Score(1.5, 2.25)}, [])
    assert (
        "state carried on, begun again at zeros at 25 % of the lines that begin a stream's next bytes" in text
    )
    assert "--characters 4000000`" in text  # and not where the last batch ended: the decay would begin later
    assert "| the last tenth of names_train | 1.5000 | 2.2500 |" in text
