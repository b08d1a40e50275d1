from __future__ import annotations

import tomllib
from pathlib import Path

from engine.data import reference
from engine.data.reference import reference_text

ROOT = Path(__file__).parents[2]


def test_is_a_text_of_the_promised_length_in_the_form_of_the_training_texts():
    text = reference_text()
    assert 8_000 <= len(text) <= 10_000
    assert text.isascii()
    assert all(character == "\n" or character.isprintable() for character in text)
    assert text.endswith(".\n")
    assert "\n\n" not in text
    assert "  " not in text


def test_quotes_and_brackets_close_within_their_paragraph():
    for line in reference_text().splitlines():
        assert line.count('"') % 2 == 0
        assert line.count("(") == line.count(")")


def test_has_what_units_may_track():
    text = reference_text()
    assert text.count('"') > 60
    assert text.count("(") >= 3
    assert sum(character.isdigit() for character in text) > 30
    assert sum(character.isupper() for character in text) > 150
    assert 30 <= text.count("\n") <= 60


def test_the_text_is_installed_with_the_package():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert "assets" in packages["wheel"]["packages"]
    assert Path(reference.__file__).parents[2] / "assets" == reference.ASSETS
