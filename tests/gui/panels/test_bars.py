"""The bars: lengths, percents, marks, what is under the pointer, and what a screen reader says."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.panels.bars import BarsPanel, percent
from gui.theme import LIGHT, theme, themes

LABELS = ["tiger cat", "Egyptian cat", "tabby", "lynx", "window screen"]
VALUES = [0.383, 0.358, 0.168, 0.02, 0.0006]


@pytest.fixture
def panel(show: Callable[[QWidget], None]) -> BarsPanel:
    bars = BarsPanel("Top 5 of 1000 classes", name="top", colour="lstm")
    bars.resize(400, 260)
    show(bars)
    bars.set_rows(LABELS, VALUES)
    return bars


def _colour(panel: BarsPanel, x: float, y: float) -> str:
    return panel.canvas.grab().toImage().pixelColor(int(x), int(y)).name()


def test_a_bar_is_as_long_as_its_value_and_ends_in_the_trough(panel: BarsPanel) -> None:
    panel.set_rows(["one", "half", "none"], [1.0, 0.5, 0.0])
    whole, half, none = (panel.bar_rect(rank) for rank in range(3))
    assert half.width() == pytest.approx(whole.width() / 2)
    middle = whole.center().x()
    assert _colour(panel, middle + 9, whole.center().y()) == theme().lstm
    assert _colour(panel, middle - 3, half.center().y()) == theme().lstm
    assert _colour(panel, middle + 3, half.center().y()) == theme().raised
    assert _colour(panel, none.left() + 4, none.center().y()) == theme().raised
    assert _colour(panel, whole.right() + 3, whole.center().y()) == theme().page


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.383, "38.3 %"),
        (0.0, "0.0 %"),
        (1.0, "100.0 %"),
        (0.0009, "<0.1 %"),
        (1e-30, "<0.1 %"),
        (0.001, "0.1 %"),
        (0.99999, ">99.9 %"),
        (float("nan"), "not a number"),
    ],
)
def test_percents_are_never_rounded_to_a_certainty(probability: float, text: str) -> None:
    assert percent(probability) == text


def test_figures_of_another_kind_stand_in_the_place_of_percents(show: Callable[[QWidget], None]) -> None:
    panel = BarsPanel("Units", name="units", columns=("unit", "mean |h|"))
    panel.resize(400, 200)
    show(panel)
    panel.set_rows(["unit 7", "unit 12"], [0.9, 0.4])
    as_percents, bar = panel.canvas.grab().toImage(), panel.bar_rect(0)
    panel.set_rows(["unit 7", "unit 12"], [0.9, 0.4], figures=["−0.900", "+0.400"])
    assert panel.canvas.grab().toImage() != as_percents
    assert panel.bar_rect(0) == bar
    assert panel.summary() == "unit 7 −0.900, unit 12 +0.400"
    assert panel.numbers() == (["rank", "unit", "mean |h|"], [[1, "unit 7", 0.9], [2, "unit 12", 0.4]])
    panel.set_rows(["unit 7"], [0.9], figures=["a much longer figure than a percent"])
    assert panel.bar_rect(0).width() < bar.width()
    with pytest.raises(ValueError, match="1 labels"):
        panel.set_rows(["unit 7"], [0.9], figures=[])


def test_the_summary_reads_the_rows_aloud(panel: BarsPanel) -> None:
    assert panel.summary().startswith("tiger cat 38.3 percent, Egyptian cat 35.8 percent")
    assert "window screen <0.1 percent" in panel.canvas.accessibleDescription()


def test_pointer_and_click_say_the_rank_up_to_the_edges(panel: BarsPanel, qtbot: QtBot) -> None:
    heard, clicks = [], []
    panel.hovered.connect(heard.append)
    panel.clicked.connect(clicks.append)
    rows = [panel.row_rect(rank) for rank in range(5)]
    for rank, row in enumerate(rows):
        assert panel.cell_at(QPointF(0, row.top())) == (rank,)
        assert panel.cell_at(QPointF(row.right() - 0.5, row.bottom() - 0.5)) == (rank,)
    assert panel.cell_at(QPointF(5, rows[-1].bottom() + 1)) is None
    assert panel.cell_at(QPointF(-1, 5)) is None
    place = rows[2].center().toPoint()
    qtbot.mouseMove(panel.canvas, place)
    qtbot.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=place)
    assert heard == [("top", (2,))]
    assert clicks == [("top", (2,))]


def test_the_hovered_row_stands_out(panel: BarsPanel, qtbot: QtBot) -> None:
    row = panel.row_rect(1)
    at = panel.bar_rect(1).left() - 4, row.center().y()
    assert _colour(panel, *at) == theme().page
    qtbot.mouseMove(panel.canvas, row.center().toPoint())
    assert _colour(panel, *at) == theme().chrome


def test_the_chosen_class_is_marked(panel: BarsPanel) -> None:
    panel.set_rows(LABELS, VALUES, chosen=2)
    marks = [_colour(panel, 1, panel.row_rect(rank).center().y()) for rank in range(5)]
    assert [mark == theme().accent for mark in marks] == [False, False, True, False, False]


def test_a_reference_stands_as_a_tick_where_its_value_is(panel: BarsPanel) -> None:
    panel.set_rows(["one", "none"], [1.0, 0.0], reference=[0.25, 0.75])
    bar = panel.bar_rect(0)
    other = panel.bar_rect(1)
    assert _colour(panel, bar.left() + bar.width() * 0.25, bar.center().y()) == theme().reference
    assert _colour(panel, other.left() + bar.width() * 0.75, other.center().y()) == theme().reference
    assert _colour(panel, bar.left() + bar.width() * 0.75, bar.center().y()) == theme().lstm


def test_a_long_label_is_elided_and_its_tooltip_says_it_all(panel: BarsPanel) -> None:
    long = "a class whose name is far too long for the column that labels may take up here"
    panel.set_rows([long, "lynx"], [0.5, 0.1])
    row = panel.row_rect(0)
    assert panel.tip(row.center()) == long
    assert panel.tip(panel.row_rect(1).center()) == ""
    assert panel.tip(QPointF(5, 250)) == ""
    assert panel.bar_rect(0).left() < 0.5 * panel.canvas.width()


def test_keys_go_through_the_rows_and_enter_chooses(panel: BarsPanel, qtbot: QtBot) -> None:
    clicks: list[object] = []
    panel.clicked.connect(clicks.append)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return):
        qtbot.keyClick(panel.canvas, key)
    assert clicks == [("top", (1,))]
    qtbot.keyClick(panel.canvas, Qt.Key.Key_End)
    assert panel.cursor_cell == (4,)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Home)
    assert panel.cursor_cell == (0,)


def test_rows_out_of_sight_are_scrolled_to(panel: BarsPanel, qtbot: QtBot) -> None:
    panel.set_rows([f"class {rank}" for rank in range(40)], [0.5] * 40)
    assert panel.cell_at(QPointF(5, 1)) == (0,)
    qtbot.mouseMove(panel.canvas, QPoint(5, 1))
    assert panel.wheel(QPointF(5, 1), -3)
    assert panel.cursor_cell == (3,)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_End)
    assert panel.cursor_cell == (39,)
    assert panel.row_rect(39).top() >= 0
    assert panel.row_rect(39).bottom() <= panel.canvas.height()
    panel.wheel(QPointF(5, 1), 100)
    assert not panel.wheel(QPointF(5, 1), 1)


def test_five_rows_fit_a_tiny_panel_without_touching_each_other(panel: BarsPanel, qtbot: QtBot) -> None:
    panel.resize(200, 150)
    qtbot.waitUntil(lambda: panel.canvas.width() == 200)
    rows, bars = ([rect(rank) for rank in range(5)] for rect in (panel.row_rect, panel.bar_rect))
    assert rows[-1].bottom() <= panel.canvas.height()
    assert all(row.height() >= QFontMetricsF(panel.font()).height() for row in rows)
    assert all(above.bottom() < below.top() for above, below in itertools.pairwise(bars))
    assert all(bar.right() < 200 for bar in bars)


def test_numbers_are_the_values_with_the_reference_beside(panel: BarsPanel) -> None:
    assert panel.numbers() == (
        ["rank", "class", "probability"],
        [
            [rank, label, value]
            for rank, (label, value) in enumerate(zip(LABELS, VALUES, strict=True), start=1)
        ],
    )
    panel.set_rows(["lynx"], [0.5], reference=[0.25])
    assert panel.numbers() == (
        ["rank", "class", "probability", "reference probability"],
        [[1, "lynx", 0.5, 0.25]],
    )


def test_lists_of_different_length_are_refused(panel: BarsPanel) -> None:
    with pytest.raises(ValueError, match="2 labels for 1 values"):
        panel.set_rows(["one", "two"], [0.5])
    with pytest.raises(ValueError, match="1 labels"):
        panel.set_rows(["one"], [0.5], reference=[0.5, 0.5])


def test_new_rows_reuse_the_widgets_and_follow_the_theme(panel: BarsPanel) -> None:
    children = len(panel.findChildren(QWidget))
    panel.set_rows(LABELS, VALUES[::-1], muted_note="Probability after softmax.")
    assert len(panel.findChildren(QWidget)) == children
    bar = panel.bar_rect(4)
    themes.choose("light")
    assert _colour(panel, bar.center().x(), bar.center().y()) == LIGHT.lstm
    assert _colour(panel, 1, panel.canvas.height() - 1) == LIGHT.page
