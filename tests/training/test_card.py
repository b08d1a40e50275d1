"""Shipping a finished run: the weights as they are, and a card whose figures are measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.models.character_evaluation import nats_per_character
from engine.models.character_model import CELLS, load_character_model
from engine.training import language_model
from engine.training import run as running
from engine.training.__main__ import main


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
            assert f"| {name} | {nats_per_character(model, [novel])[0]:.4f} |" in text
        assert f"seed {notes['seed']}" in text
        assert f"one {'LSTM' if cell == 'lstm' else 'GRU' if cell == 'gru' else 'vanilla RNN (tanh)'}" in text


def test_a_run_that_is_not_finished_is_not_shipped(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        load_character_model(tmp_path / "lstm" / running.WEIGHTS)
    out = tmp_path / "assets"
    out.mkdir()
    assert main(["ship", "--runs", str(tmp_path), "--data", str(data), "--out", str(out)]) == 2
    assert list(out.iterdir()) == []
