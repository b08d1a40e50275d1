"""The passages: one column for what matches, what is cut where there is no room, scrolling, keys, numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from person import close_to
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollBar, QWidget
from pytestqt.qtbot import QtBot

from gui.panels.passages import Passage, PassagesPanel
from gui.theme import GRID, theme

PASSAGES = [
    Passage("She had left ", "the old ", "house by the sea.", 0.96),
    Passage("In ", "the end ", "there was no door.", 0.5, "4 of 8"),
    Passage("“Who is there?” ask", "ed Jane,", " and looked at it.", 0.25),
]
MANY = [Passage("before ", f"no. {number}", " after", 1 - number / 50) for number in range(40)]


@pytest.fixture
def panel(show: Callable[[QWidget], None]) -> PassagesPanel:
    passages = PassagesPanel("Places", "In the reference text.", name="places")
    passages.resize(640, 240)
    show(passages)
    passages.set_passages(PASSAGES)
    return passages


def picture(panel: PassagesPanel) -> QImage:
    return panel.canvas.grab().toImage()


def inked(image: QImage, area: QRectF, colour: str, tolerance: int = 40) -> int:
    """Pixels of an area that have nearly this colour."""
    return sum(
        close_to(image.pixelColor(x, y), colour, tolerance)
        for x in range(int(area.left()), int(area.right()))
        for y in range(int(area.top()), int(area.bottom()))
    )


def test_without_passages_it_says_so(show: Callable[[QWidget], None]) -> None:
    panel = PassagesPanel("Places", name="places")
    panel.resize(400, 200)
    show(panel)
    assert panel.empty_text == "No passages yet."
    panel.set_passages(PASSAGES)
    assert not panel.is_empty
    panel.set_passages([])
    assert panel.empty_text == "No passages yet."
    assert panel.numbers()[1] == []
    assert panel.neighbour(None, 0, 1, far=False) is None


def test_what_matches_stands_out_in_a_column(panel: PassagesPanel, both_themes: str) -> None:
    image = picture(panel)
    matches = [panel.match_rect(row) for row in range(3)]
    assert len({rect.left() for rect in matches}) == 1
    for row, match in enumerate(matches):
        whole = panel.row_rect(row)
        assert whole.contains(match)
        before = QRectF(0, whole.top(), match.left(), whole.height())
        after = QRectF(match.right(), whole.top(), whole.right() - match.right(), whole.height())
        assert image.pixelColor(int(match.left()) + 2, int(match.center().y())).name() == theme().raised
        assert inked(image, match, theme().accent_text) > 40
        for beside in (before, after):
            assert inked(image, beside, theme().accent_text) == 0
            assert inked(image, beside, theme().text) > 10


def test_a_row_begins_left_where_nothing_stands_before_it(panel: PassagesPanel) -> None:
    panel.set_passages([Passage("", "match", " and more", 0.5)])
    assert panel.match_rect(0).left() < 10
    panel.set_passages([Passage("b" * 200, "match", "a" * 200, 0.5)])
    whole = panel.row_rect(0)
    assert panel.match_rect(0).center().x() == pytest.approx(whole.width() / 2, abs=60)


def test_the_share_or_its_figure_is_at_the_right(panel: PassagesPanel) -> None:
    before = picture(panel)
    changed = [PASSAGES[0], Passage("In ", "the end ", "there was no door.", 0.5, "9 of 9"), PASSAGES[2]]
    panel.set_passages(changed)
    after = picture(panel)
    row, text_end = panel.row_rect(1), panel.canvas.width() - 80
    different = [
        (x, y)
        for x in range(before.width())
        for y in range(before.height())
        if before.pixel(x, y) != after.pixel(x, y)
    ]
    assert different
    assert all(x > text_end and row.contains(QPointF(x, y)) for x, y in different)


def test_what_is_cut_is_in_the_tooltip(panel: PassagesPanel) -> None:
    assert [panel.tip(panel.row_rect(row).center()) for row in range(3)] == ["", "", ""]
    long = Passage("before " * 30, "match " * 100, "after " * 30, 1.0)
    panel.set_passages([long, *PASSAGES])
    assert panel.tip(panel.row_rect(0).center()) == f"{long.before}{long.match}{long.after}"
    match = panel.match_rect(0)
    assert match.left() > 0
    assert match.right() < panel.canvas.width() - 60
    assert panel.tip(QPointF(5, panel.canvas.height() - 1)) == ""


@pytest.mark.parametrize("width", [130, 300, 900])
def test_nothing_is_written_over_the_figures(width: int, panel: PassagesPanel) -> None:
    panel.resize(width, 200)
    panel.set_passages([Passage("x" * 300, "m" * 300, "y" * 300, 0.5)])
    row = panel.row_rect(0)
    figure = QFontMetricsF(panel.canvas.font()).horizontalAdvance("50.0 %")
    left = row.right() - GRID / 2 - figure
    assert panel.match_rect(0).right() < left
    free = QRectF(int(left) - GRID, 0, GRID - 1, int(row.height()))
    assert inked(picture(panel), free, theme().page, 0) == free.width() * free.height()


def test_pointer_and_click_say_the_row(panel: PassagesPanel, qtbot: QtBot) -> None:
    heard, clicks = [], []
    panel.hovered.connect(heard.append)
    panel.clicked.connect(clicks.append)
    place = panel.row_rect(1).center().toPoint()
    qtbot.mouseMove(panel.canvas, place)
    qtbot.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=place)
    assert heard == [("places", (1,))]
    assert clicks == [("places", (1,))]
    row = panel.row_rect(1)
    assert panel.cell_at(QPointF(0, row.top())) == (1,)
    assert panel.cell_at(QPointF(0, row.bottom() - 0.5)) == (1,)
    assert panel.cell_at(QPointF(5, panel.row_rect(2).bottom() + 1)) is None
    assert panel.cell_at(QPointF(-1, 5)) is None
    assert picture(panel).pixelColor(2, int(row.center().y())).name() == theme().chrome


def test_keys_go_through_the_rows_and_scroll(panel: PassagesPanel) -> None:
    panel.set_passages(MANY)
    panel.canvas.setFocus()

    def after(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> int:
        QTest.keyClick(panel.canvas, key, modifier)
        assert panel.cursor_cell is not None
        seen = panel.row_rect(panel.cursor_cell[0])
        assert seen.top() >= 0
        assert seen.bottom() <= panel.canvas.height() + 1
        return panel.cursor_cell[0]

    assert after(Qt.Key.Key_Down) == 0
    assert after(Qt.Key.Key_Down) == 1
    assert after(Qt.Key.Key_End) == 39
    assert after(Qt.Key.Key_Down) == 39
    assert after(Qt.Key.Key_Up) == 38
    page = 38 - after(Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert 3 < page < 20
    assert after(Qt.Key.Key_Home) == 0
    top = panel.row_rect(0).top()
    QTest.keyClick(panel.canvas, Qt.Key.Key_PageDown)
    assert panel.row_rect(0).top() == pytest.approx(top - page * panel.row_rect(0).height(), abs=1)
    QTest.keyClick(panel.canvas, Qt.Key.Key_PageUp)
    assert panel.row_rect(0).top() == top


def test_many_rows_scroll_and_new_ones_begin_at_the_top(panel: PassagesPanel, qtbot: QtBot) -> None:
    bar = panel.canvas.findChild(QScrollBar)
    assert not bar.isVisible()
    panel.set_passages(MANY)
    assert bar.isVisible()
    qtbot.mouseMove(panel.canvas, QPoint(20, 5))
    assert panel.cursor_cell == (0,)
    assert panel.wheel(QPointF(20, 5), -3)
    assert panel.cursor_cell == (6,)
    while panel.wheel(QPointF(20, 5), -3):
        pass
    assert panel.row_rect(39).bottom() == pytest.approx(panel.canvas.height(), abs=1)
    panel.set_passages(MANY[:30])
    assert panel.row_rect(0).top() == 0
    panel.set_passages(PASSAGES)
    assert not bar.isVisible()
    panel.set_passages(MANY)
    panel.set_empty("Nothing is brushed.")
    assert not bar.isVisible()
    assert panel.numbers()[1] == []


def test_the_numbers_are_those_given(panel: PassagesPanel) -> None:
    header, rows = panel.numbers()
    assert header == ["rank", "before", "match", "after", "share"]
    assert rows[1] == [2, "In ", "the end ", "there was no door.", 0.5]
    assert [row[0] for row in rows] == [1, 2, 3]


def test_the_summary_reads_the_first_ones_aloud(panel: PassagesPanel) -> None:
    assert panel.summary() == "3 passages: the old , 96.0 percent; the end , 4 of 8; ed Jane,, 25.0 percent."
    panel.set_passages(MANY)
    assert panel.summary().startswith("40 passages: no. 0, 100.0 percent; ")
    assert panel.summary().endswith("no. 4, 92.0 percent; ….")
    panel.set_passages(MANY[:1])
    assert panel.canvas.accessibleDescription().count("1 passage: no. 0, 100.0 percent.") == 1
