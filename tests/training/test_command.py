"""The commands from end to end on small texts: train, stop and go on, anneal, widen, search."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from engine.checkpoint import load_json, load_tensors
from engine.models.character_model import CELLS, load_character_model
from engine.training import language_model
from engine.training import run as running
from engine.training.__main__ import main
from engine.training.presets import PRESETS


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm-up and excerpts in proportion to runs of some thousand characters."""
    monkeypatch.setattr(running, "WARM_UP", 500)
    monkeypatch.setattr(language_model, "EXCERPT", 256)


def train(data: Path, out: Path, *more: str, cell: str = "gru", hidden: int = 16) -> int:
    small = ["--hidden", str(hidden), "--streams", "4", "--length", "16", "--learning-rate", "5e-3"]
    given = ["language-model", "--cell", cell, "--data", str(data), "--out", str(out), *small, *more]
    return main(given)


def curve(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / running.CURVE).read_text().splitlines()]


def weights(path: Path) -> dict[str, list]:
    return {name: weight.tolist() for name, weight in load_tensors(path)[0].items()}


def test_a_run_leaves_its_weights_and_its_curve(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert train(data, out, "--characters", "4000", cell="lstm") == 0
    model, notes = load_character_model(out / running.WEIGHTS)
    assert (model.config.cell, model.config.hidden, notes["seed"]) == ("lstm", 16, "0")
    at_decay, at_end = curve(out)
    assert 3000 <= at_decay["characters"] < 3100
    assert 4000 <= at_end["characters"] < 4100
    assert set(at_end["held_out"]) == {"the-war-of-the-worlds", "anne-of-green-gables"}
    assert at_end["train"] < at_decay["train"] < 5
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_run_in_turns_is_the_run_in_one(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "one", "--characters", "4000")
    for _ in range(5):
        train(data, tmp_path / "turns", "--characters", "4000", "--resume", "--turn", "900")
    one, turns = (weights(tmp_path / name / running.WEIGHTS) for name in ("one", "turns"))
    assert one == turns


def test_a_run_with_restarts_in_turns_is_the_run_in_one(data: Path, tmp_path: Path) -> None:
    more = ("--preset", "names", "--characters", "4000")
    train(data, tmp_path / "one", *more)
    for _ in range(5):
        train(data, tmp_path / "turns", *more, "--resume", "--turn", "900")
    one, turns = (weights(tmp_path / name / running.WEIGHTS) for name in ("one", "turns"))
    assert one == turns
    assert load_character_model(tmp_path / "one" / running.WEIGHTS)[1]["restarts"] == str(
        PRESETS["names"].restarts
    )


def test_a_run_can_be_annealed_early_and_still_lengthened(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train(data, out, "--characters", "1e9", "--turn", "1500")
    train(data, out, "--decay", "--turn", "100")
    assert not (out / running.WEIGHTS).exists()
    train(data, out, "--decay")
    ended = curve(out)[-1]
    assert ended["characters"] == pytest.approx(1500 / 0.75, abs=150)
    assert ended["learning_rate"] < 5e-4
    train(data, out, "--resume", "--characters", "1e9", "--turn", "100")
    longer = curve(out)[-1]
    assert 1600 <= longer["characters"] < 1800
    assert longer["learning_rate"] > ended["learning_rate"]


@pytest.fixture
def two_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The preset "prose" small enough for a test: 16 units for 3,000 characters, then 24."""
    prose = PRESETS["prose"]
    assert prose.narrow is not None
    rates = dict.fromkeys(CELLS, 5e-3)
    narrow = replace(prose.narrow, hidden=dict.fromkeys(CELLS, 16), learning_rate=rates)
    final = replace(prose.final, hidden=dict.fromkeys(CELLS, 24), learning_rate=rates)
    small = replace(prose, streams=4, narrow=narrow, final=final, narrow_characters=3000)
    monkeypatch.setitem(PRESETS, "prose", small)  # type: ignore[arg-type]


def test_a_run_begins_with_a_narrower_model(data: Path, tmp_path: Path, two_stages: None) -> None:
    command = ["language-model", "--cell", "gru", "--data", str(data), "--characters", "6000"]
    out = tmp_path / "one"
    main([*command, "--out", str(out)])
    narrow, wide = curve(out / running.NARROW)[-1], curve(out)[0]
    assert 3000 <= narrow["characters"] < 3200
    assert narrow["learning_rate"] == wide["learning_rate"] == 5e-3
    assert wide["train"] < fmean(narrow["held_out"].values())
    assert load_character_model(out / running.WEIGHTS)[0].config.hidden == 24
    for _ in range(6):
        main([*command, "--out", str(tmp_path / "turns"), "--resume", "--turn", "1250"])
    assert weights(out / running.WEIGHTS) == weights(tmp_path / "turns" / running.WEIGHTS)


def test_without_a_checkpoint_there_is_nothing_to_anneal(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, tmp_path / "out", "--decay") == 2
    assert "stable.safetensors" in capsys.readouterr().err


def test_a_folder_without_texts_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(tmp_path, tmp_path / "out") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_search_tries_one_grid_and_names_the_best(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    small = ["--hidden", "16", "--streams", "4", "--length", "16", "--characters", "3000"]
    rates = ["--rates", "1e-5", "1e-2"]
    assert main(["search", "--cell", "rnn", "--data", str(data), "--out", str(out), *small, *rates]) == 0
    result = load_json(out / "search-rnn.json")
    assert [trial["learning_rate"] for trial in result["trials"]] == [1e-5, 1e-2]
    assert result["best"] == 1e-2
    slow, fast = (trial["held_out"]["the-war-of-the-worlds"] for trial in result["trials"])
    assert fast < slow - 1


def test_reports_come_while_it_trains(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "REPORT_SECONDS", 0.0)
    train(data, tmp_path / "out", "--characters", "1000")
    lines = curve(tmp_path / "out")
    assert len(lines) > 10
    assert [line["characters"] for line in lines] == sorted({line["characters"] for line in lines})
    monkeypatch.setattr(running, "SAVE_SECONDS", 0.0)
    train(data, tmp_path / "often", "--characters", "1000")
    assert all("held_out" in line for line in curve(tmp_path / "often"))
