"""A clumsy hand, while things train: no exception, no Qt warning, no long turn, nothing executed."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hoard import gather
from monkey import Monkey
from open_window import open_window
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from sizes import ACTIONS, Scale, with_seeds
from tally import Tally

from engine.registry import labs
from engine.worker import Frame

REMEMBERED = 50
"""Actions that a failure prints."""
LATEST = 0.15
"""Seconds of the window's thread that a turn may take, in 99 of 100."""


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int) -> None:
    """Dialogs are left, or answered with some file, at once: at this boundary nobody can be clumsy."""
    answers, saved = random.Random(seed), tmp_path / "saved"
    saved.mkdir()
    monkeypatch.chdir(saved)  # where a dialog saves that is not told where
    paths = ["", "", *map(str, gather_once(tmp_path))]

    def execute(dialog: QFileDialog) -> int:
        if answers.random() < 0.5:
            return QFileDialog.DialogCode.Rejected
        saves = dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
        if not saves:
            dialog.selectFile(answers.choice(paths))
        return QFileDialog.DialogCode.Accepted

    monkeypatch.setattr(QFileDialog, "exec", execute)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: answers.choice(paths))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (answers.choice(paths), ""))


def _unforeseen(frame: Frame) -> list[str]:
    """The details of faults in a lab that were not put into words for a person."""
    return [failure.details for failure in frame.failures if "Something went wrong" in failure.sentence]


def gather_once(folder: Path) -> list[Path]:
    hoard = folder / "hoard"
    return [*sorted(hoard.iterdir()), hoard / "gone.png"] if hoard.exists() else gather(hoard)


@pytest.mark.usefixtures("dialogs")
@with_seeds()
def test_a_clumsy_hand_breaks_nothing(
    seed: int, scale: Scale, qapp: QApplication, qtbot: QtBot, qtlog, tmp_path: Path, tally: Tally
) -> None:
    hoard = gather_once(tmp_path)
    unforeseen: list[str] = []
    first = random.Random(seed).choice(list(labs()))
    with qtbot.captureExceptions() as faults, open_window(tmp_path / "config", first) as window:
        window.shown.connect(lambda frame: unforeseen.extend(_unforeseen(frame)))
        window.post("play")
        monkey = Monkey(window, seed, hoard)
        try:
            for number in range(scale(ACTIONS)):
                monkey.act(number)
                assert not faults, f"{faults[0][1]!r}"
                assert not unforeseen, unforeseen[0]
                assert not [record for record in qtlog.records if not record.ignored]
                assert window.isVisible()
        finally:
            print(f"seed {seed}, and the last it did:", *monkey.log[-REMEMBERED:], sep="\n")
    p99, latest = np.percentile(monkey.turns, 99), max(monkey.turns)
    assert p99 <= LATEST
    assert not (tmp_path / "hoard" / "harm").exists()
    tally.add(
        "actions of a clumsy hand", len(monkey.log), p99=f"{p99 * 1e3:.0f} ms", max=f"{latest * 1e3:.0f} ms"
    )
