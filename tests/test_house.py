"""The rules of the house that a machine can check: style, imports, size, and what must never stand here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted([*ROOT.glob("engine/**/*.py"), *ROOT.glob("gui/**/*.py")])
LONGEST = 400
NEVER = {
    "weights_only=False": re.compile(r"weights_only\s*=\s*False"),
    "pickle.load": re.compile(r"\bpickle\.loads?\("),
    "eval or exec": re.compile(r"(?<![\w.`])(eval|exec)\("),
    "time.sleep": re.compile(r"\btime\.sleep\("),
    "unfinished": re.compile(r"\b(TODO|FIXME|XXX)\b"),
}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*words], cwd=ROOT, capture_output=True, text=True, timeout=110)


def test_ruff_finds_nothing():
    done = run(sys.executable, "-m", "ruff", "check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def test_ruff_would_format_nothing():
    done = run(sys.executable, "-m", "ruff", "format", "--check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def test_import_contracts_are_kept():
    tool = Path(sys.executable).parent / "lint-imports"
    done = run(str(tool), "--no-cache")
    assert done.returncode == 0, done.stdout


def test_the_engine_names_no_window():
    named = [
        path for path in CODE if "engine" in path.parts and re.search(r"PySide6|pyqtgraph", path.read_text())
    ]
    assert not named


@pytest.mark.parametrize("what", NEVER)
def test_what_must_never_stand_in_the_code(what: str):
    found = [path for path in CODE if NEVER[what].search(path.read_text(encoding="utf-8"))]
    assert not found


def test_files_are_short_and_say_what_they_are_for():
    texts = {path: path.read_text(encoding="utf-8") for path in CODE if path.stat().st_size}
    assert not [path for path, text in texts.items() if text.count("\n") > LONGEST]
    assert not [path for path, text in texts.items() if not text.lstrip("# ").startswith(('"""', "ruff"))]
