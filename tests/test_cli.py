"""The command line as another program uses it: one JSON object, files, exit codes, sentences."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import cli
from engine.data.samples import samples
from engine.registry import labs

KEYS = {"lab", "config", "device", "seed", "steps", "seconds", "results"}


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict, str]:
    code = cli.main(["image-classification", "--json", "--device", "cpu", *map(str, words)])
    out = capsys.readouterr()
    return code, json.loads(out.out) if out.out else {}, out.err


@pytest.fixture(scope="module")
def pictures() -> dict[str, Path]:
    return {sample.path.stem: sample.path for sample in samples()}


def test_one_result_for_each_file_in_order(capsys: pytest.CaptureFixture[str], pictures: dict[str, Path]):
    files = [pictures["coffee"], pictures["chelsea"]]
    code, report, err = run(capsys, "--open", files[0], "--open", files[1])
    assert code == 0
    assert set(report) == KEYS
    assert report["lab"] == "image-classification"
    assert report["device"] == "cpu"
    assert [result["file"] for result in report["results"]] == [str(file) for file in files]
    for result in report["results"]:
        assert set(result) == {"file", "top", "error"}
        assert result["error"] is None
        chances = [entry["probability"] for entry in result["top"]]
        assert len(chances) == 5
        assert chances == sorted(chances, reverse=True)
    assert report["results"][0]["top"][0]["label"] == "espresso"
    assert report["results"][0]["top"][0]["index"] == 967
    assert err.count("Loading the network") == 1


def test_without_a_file_the_built_in_example_is_used(capsys: pytest.CaptureFixture[str]):
    code, report, _ = run(capsys)
    assert code == 0
    assert report["results"][0]["file"] is None
    assert "cat" in report["results"][0]["top"][0]["label"]


def test_a_bad_file_gets_its_sentence_and_the_others_go_on(
    capsys: pytest.CaptureFixture[str], pictures: dict[str, Path], tmp_path: Path
):
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    code, report, _ = run(
        capsys, "--open", text, "--open", tmp_path / "gone.png", "--open", pictures["coffee"]
    )
    assert code == 1
    bad, gone, good = report["results"]
    assert bad["error"].startswith("notes.jpg")
    assert gone["error"].startswith("gone.png")
    assert bad["top"] == gone["top"] == []
    assert good["error"] is None
    assert good["top"][0]["label"] == "espresso"


@pytest.mark.parametrize(
    "words",
    [["--explain", "magic"], ["--target", "1000"], ["--layer", "nowhere"], ["--rotate", "400"],
     ["--steps", "0"], ["--device", "abacus"], ["--model", "no-such-net"], ["--bogus"]],
)  # fmt: skip
def test_wrong_usage_is_2_with_a_sentence_and_no_output(
    capsys: pytest.CaptureFixture[str], words: list[str], pictures: dict[str, Path]
):
    try:
        code = cli.main(["image-classification", "--open", str(pictures["coffee"]), *words])
    except SystemExit as end:
        code = end.code
    out = capsys.readouterr()
    assert code == 2
    assert out.out == ""
    assert "Traceback" not in out.err
    assert out.err.strip()


def test_layer_and_explanation_are_written_as_arrays(
    capsys: pytest.CaptureFixture[str], pictures: dict[str, Path], tmp_path: Path
):
    folder = tmp_path / "made"
    words = ["--open", pictures["coffee"], "--layer", "stem.act", "--explain", "grad-cam", "--csv", folder]
    code, _, _ = run(capsys, *words, "--target", 504)
    assert code == 0
    maps, cam = np.load(folder / "coffee-stem.act.npy"), np.load(folder / "coffee-grad-cam.npy")
    assert maps.shape == (32, 112, 112)
    assert maps.min() >= 0
    assert maps.max() <= 6
    assert cam.shape == (7, 7)
    assert cam.min() >= 0
    assert cam.max() > 0


def test_inputs_of_the_same_name_do_not_overwrite_each_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "same.png")
        Image.new("RGB", (40, 30), (200, 30, 30) if folder == "a" else (30, 30, 200)).save(files[-1])
    run(capsys, "--open", files[0], "--open", files[1], "--layer", "head.act", "--csv", tmp_path / "out")
    first, second = (np.load(tmp_path / "out" / f"same{end}.npy") for end in ("-head.act", "-head.act-2"))
    assert not np.array_equal(first, second)


def test_the_same_seed_gives_the_same_numbers(capsys: pytest.CaptureFixture[str], pictures: dict[str, Path]):
    words = ["--open", pictures["coffee"], "--noise", "0.3", "--seed", "5"]
    first, second = (run(capsys, *words)[1]["results"] for _ in range(2))
    other = run(capsys, *words[:-1], "6")[1]["results"]
    assert first == second != other


def test_as_a_process_nothing_but_json_reaches_standard_output(pictures: dict[str, Path]):
    done = subprocess.run(
        [sys.executable, "-m", "engine", "image-classification", "--open", str(pictures["chelsea"])],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == KEYS


def test_help_names_every_setting_and_needs_no_torch():
    code = "import sys; from engine import cli\ntry: cli.main(['image-classification', '--help'])\nexcept SystemExit: pass\nassert 'torch' not in sys.modules"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for flag in ("--open", "--explain", "--target", "--layer", "--csv", "--seed", "--rotate", "--device"):
        assert flag in done.stdout


@pytest.mark.parametrize("lab", labs())
def test_help_writes_every_default_as_it_would_be_typed(lab: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        cli.main([lab, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    defaults = re.findall(r"\(default: ([^,)]*)", told)
    assert len(defaults) >= len(labs()[lab].config_type.settings())
    assert all(defaults)
    assert not {"True", "False"} & set(defaults)
    assert not [text for text in defaults if text.endswith(".0")]
