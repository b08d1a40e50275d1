"""The line about a run that was left behind, and the tab on which runs are compared, named and taken out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from engine.labs.convnet_training import (
    ConvnetTrainingConfig,
    ConvnetTrainingSnapshot,
    Curves,
    Keeping,
    Learning,
    LeftRun,
)
from gui.labs.convnet_training.left_line import LeftLine, sentence
from gui.labs.convnet_training.page import ConvnetTrainingPage
from gui.labs.convnet_training.runs_tab import RunsTab

Show = Callable[[QWidget], None]
LEFT = LeftRun("Run 2: plain", "MNIST", 1234, 938, 2814, 0.9712, 1.7e9)


def curves(name: str, count: int = 6, begun_at: int = 0) -> Curves:
    steps = np.arange(1.0, count + 1)
    return Curves(
        name, steps, 2 / steps, 2 / steps, 2 / steps, steps, 1 - 1 / (steps + 1),
        steps[::2], 2 / steps[::2], 1 - 1 / (steps[::2] + 2), begun_at,
    )  # fmt: skip


def snapshot(*runs: Curves, keeping: Keeping | None = None) -> ConvnetTrainingSnapshot:
    nothing = np.zeros((0, 0))
    learning = Learning(
        curves=runs[-1], step=6, planned=12, per_epoch=6, pictures_per_second=0.0, rate=0.1, layers=(),
        watched=nothing, gradient_norms=nothing, ratio_steps=nothing, update_ratios=nothing, epochs=(0,),
        moments=(0,), shown=6, follows=True,
    )  # fmt: skip
    return ConvnetTrainingSnapshot(
        ConvnetTrainingConfig(), learning=learning, runs=runs[:-1], keeping=keeping
    )


# The line ------------------------------------------------------------------------------------------


def test_the_sentence_says_what_stopped_where_and_how_good_it_was():
    told = sentence(LEFT, 0)
    assert told.startswith(
        "“Run 2: plain” on MNIST stopped at update 1,234 (epoch 2 of 3), 97.1 % right, on "
    )
    assert told.endswith(".")
    assert sentence(replace(LEFT, accuracy=None, step=2814), 2).endswith(" 2 more behind it.")
    assert "was finished at update 2,814" in sentence(replace(LEFT, step=2814), 0)


def test_the_line_is_there_while_a_run_is_offered(show: Show):
    around = QWidget()
    line, told = LeftLine(around), []
    line.told.connect(told.append)
    show(around)
    line.show_keeping(None)
    assert line.isHidden()
    line.show_keeping(Keeping(LEFT))
    assert not line.isHidden()
    assert line.line.text == sentence(LEFT, 0)
    line.show_keeping(Keeping(problem="The disk is full."))
    line.show_keeping(Keeping(problem="The disk is full."))
    assert line.isHidden()
    assert told == ["The disk is full."]
    line.show_keeping(Keeping())
    line.show_keeping(Keeping(problem="The disk is full."))
    assert len(told) == 2


def test_its_buttons_ask_the_lab(show: Show):
    page, asked = ConvnetTrainingPage(), []
    page.command_wanted.connect(lambda *words: asked.append(words))
    show(page)
    page.show_snapshot(snapshot(curves("Run 1: plain"), keeping=Keeping(LEFT)))
    QTest.keyClick(page.left.take_up, Qt.Key.Key_Space)
    QTest.keyClick(page.left.forget, Qt.Key.Key_Space)
    assert [words for words in asked if words[0] != "attend"][-2:] == [("take_up", ()), ("forget_left", ())]


# The tab -------------------------------------------------------------------------------------------


@pytest.fixture
def tab(show: Show) -> RunsTab:
    tab = RunsTab()
    tab.resize(900, 600)
    show(tab)
    for _ in tab.show_pieces(snapshot(curves("Run 1: plain"), curves("Run 2: mlp", 4, begun_at=2))):
        pass
    return tab


@pytest.fixture
def asked(tab: RunsTab) -> list[tuple[str, tuple[object, ...]]]:
    found: list[tuple[str, tuple[object, ...]]] = []
    tab.command_wanted.connect(lambda name, arguments: found.append((name, arguments)))
    return found


def row(tab: RunsTab, number: int) -> list[str]:
    return [tab.table.item(number, column).text() for column in range(tab.table.columnCount())]


def test_a_row_says_how_a_run_did(tab: RunsTab):
    assert row(tab, 0) == ["Run 1: plain", "", "6", "0.3333", "0.4000", "85.7 %", "85.7 %", "85.7 % at 5"]
    assert row(tab, 1)[:3] == ["Run 2: mlp", "2", "4"]


def test_the_chart_compares_what_is_chosen(tab: RunsTab):
    numbers = tab.chart.numbers()
    assert "Run 1: plain" in str(numbers)
    assert "Run 2: mlp" in str(numbers)
    tab.table.selectRow(1)
    assert "Run 1: plain" not in str(tab.chart.numbers())
    tab.measure.show_entry("Loss")
    tab.redraw()
    assert tab.chart.title == "Loss"
    assert "0.5" in str(tab.chart.numbers())


def test_a_run_is_named_where_it_stands(
    tab: RunsTab, asked: list[tuple[str, tuple[object, ...]]], qtbot: QtBot
):
    tab.table.setCurrentCell(0, 0)
    tab.rename.click()
    line = tab.table.findChild(QLineEdit)
    assert line is not None
    QTest.keyClicks(line, "the best")
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: asked == [("name_run", (0, "the best"))])


def test_live_figures_do_not_disturb_an_edit(tab: RunsTab):
    tab.rename.click()
    for count in (7, 8):
        for _ in tab.show_pieces(snapshot(curves("Run 1: plain"), curves("Run 2: mlp", count))):
            pass
    assert row(tab, 1)[2] == "8"
    assert tab.table.findChild(QLineEdit) is not None


def test_asked_twice_it_goes_on_with_the_name(tab: RunsTab, qtbot: QtBot):
    tab.rename.click()
    line = tab.table.findChild(QLineEdit)
    QTest.keyClicks(line, "half a n")
    tab.table.rename()
    assert tab.table.findChild(QLineEdit) is line
    assert line.text() == "half a n"


def test_a_run_may_go_while_it_is_named(
    tab: RunsTab, asked: list[tuple[str, tuple[object, ...]]], qtbot: QtBot
):
    tab.rename.click()
    QTest.keyClicks(tab.table.findChild(QLineEdit), "gone")
    for _ in tab.show_pieces(snapshot(curves("Run 1: plain"))):
        pass
    qtbot.waitUntil(lambda: tab.table.findChild(QLineEdit) is None)
    assert row(tab, 0)[0] == "Run 1: plain"
    assert asked == []


def test_only_kept_runs_are_let_go_of(tab: RunsTab, asked: list[tuple[str, tuple[object, ...]]]):
    assert not tab.drop.isEnabled()
    tab.table.selectAll()
    QTest.keyClick(tab.table, Qt.Key.Key_Delete)
    assert asked == [("drop_run", (0,))]


def test_files_are_asked_for_and_written_by_the_lab(
    tab: RunsTab,
    asked: list[tuple[str, tuple[object, ...]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.setattr(QFileDialog, "exec", lambda dialog: QFileDialog.DialogCode.Accepted)
    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda dialog: [str(tmp_path / "x")])
    tab.numbers.click()
    tab.table.selectRow(0)
    tab.events.click()
    assert asked == [
        ("save_curves", ((0, 1), str(tmp_path / "x"))),
        ("export_events", ((0,), str(tmp_path / "x"))),
    ]
    monkeypatch.setattr(QFileDialog, "exec", lambda dialog: QFileDialog.DialogCode.Rejected)
    tab.events.click()
    assert len(asked) == 2
