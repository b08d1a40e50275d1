"""The command palette, as hands use it, and the order in which it finds things."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QMainWindow, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from gui.actions import Actions, Entry
from gui.command_palette import ROWS, CommandPalette, rank
from gui.fuzzy import match
from gui.theme import contrast, theme

TITLES = (
    "Open", "Save the picture", "Save the numbers", "Copy the picture", "Command palette", "Dark theme",
    "Light theme", "Grad-CAM", "Integrated gradients", "stages.3.0.depthwise", "Über diese Seite",
    "Play", "One step", "Reset", "Cancel", "Undo",
)  # fmt: skip


def hint(title: str) -> str:
    return "Layer" if "." in title else "Action"


class Palette:
    """A window with a palette over a page, and what was run."""

    def __init__(self, qtbot: QtBot, show: Callable[[QWidget], None]) -> None:
        self.ran: list[str] = []
        self.offered = [
            Entry(title, "Layer" if "." in title else "Action", self._run(title)) for title in TITLES
        ]
        self.window = QMainWindow()
        self.window.resize(900, 620)
        self.page = QPushButton("page")
        self.window.setCentralWidget(self.page)
        self.palette = CommandPalette(self.window, lambda: self.offered)
        actions = Actions(self.window)
        actions.add("palette", "Palette", "Ctrl+K", self.palette.toggle, group="Help", tip="Find anything")
        show(self.window)
        self.page.setFocus()
        self.qtbot = qtbot
        self.press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)

    def _run(self, title: str) -> Callable[[], None]:
        return lambda: self.ran.append(title)

    def press(
        self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, times: int = 1
    ) -> None:
        for _ in range(times):
            self.qtbot.keyClick(self.window.focusWidget(), key, modifier)

    def type(self, text: str) -> None:
        self.qtbot.keyClicks(self.palette.search, text)

    @property
    def titles(self) -> list[str]:
        return [self.palette.list.item(row).text() for row in range(self.palette.list.count())]


@pytest.fixture
def opened(qtbot: QtBot, show: Callable[[QWidget], None]) -> Palette:
    return Palette(qtbot, show)


def test_it_opens_on_everything_with_the_keyboard_in_the_search_line(opened: Palette) -> None:
    assert opened.palette.isVisible()
    assert opened.palette.search.hasFocus()
    assert opened.titles == list(TITLES)
    assert opened.palette.list.currentRow() == 0


def test_letters_find_and_enter_runs_after_the_keyboard_went_back(opened: Palette) -> None:
    opened.type("gcam")
    assert opened.titles == ["Grad-CAM"]
    had_keyboard: list[bool] = []
    opened.offered[0] = Entry("Open", "Action", lambda: had_keyboard.append(opened.page.hasFocus()))
    opened.press(Qt.Key.Key_Return)
    assert opened.ran == ["Grad-CAM"]
    assert not opened.palette.isVisible()
    assert opened.page.hasFocus()
    opened.press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert opened.palette.search.text() == ""
    opened.press(Qt.Key.Key_Enter)
    assert had_keyboard == [True]


def test_the_arrows_go_round_and_pages_stop_at_the_ends(opened: Palette) -> None:
    current = opened.palette.list.currentRow
    opened.press(Qt.Key.Key_Down, times=2)
    assert current() == 2
    opened.press(Qt.Key.Key_Up, times=3)
    assert current() == len(TITLES) - 1
    opened.press(Qt.Key.Key_Down)
    assert current() == 0
    opened.press(Qt.Key.Key_PageDown)
    assert current() == ROWS
    opened.press(Qt.Key.Key_PageDown)
    assert current() == len(TITLES) - 1
    opened.press(Qt.Key.Key_Return)
    assert opened.ran == [TITLES[-1]]


def test_escape_ctrl_k_and_a_click_beside_close_it_and_run_nothing(qtbot: QtBot, opened: Palette) -> None:
    def away() -> None:
        qtbot.mouseClick(opened.palette, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))

    for close in (
        lambda: opened.press(Qt.Key.Key_Escape),
        lambda: opened.press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier),
        away,
    ):
        assert opened.palette.isVisible()
        close()
        assert not opened.palette.isVisible()
        assert opened.page.hasFocus()
        opened.press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert opened.ran == []


def test_a_click_runs_a_row(qtbot: QtBot, opened: Palette) -> None:
    rows = opened.palette.list
    middle = rows.visualItemRect(rows.item(3)).center()
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert opened.ran == [TITLES[3]]
    assert not opened.palette.isVisible()


def test_nothing_found_says_so_and_enter_does_nothing(opened: Palette) -> None:
    opened.type("xyz")
    assert opened.palette.none.isVisible()
    assert opened.palette.none.text() == "Nothing here is called “xyz”."
    assert not opened.palette.list.isVisible()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return):
        opened.press(key)
    assert opened.palette.isVisible()
    opened.press(Qt.Key.Key_Backspace, times=3)
    assert opened.titles == list(TITLES)


def test_entries_are_asked_for_anew(opened: Palette) -> None:
    opened.press(Qt.Key.Key_Escape)
    opened.offered.insert(0, Entry("block 7", "Layer", print))
    opened.press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert opened.titles[0] == "block 7"


def test_an_entry_may_remove_the_widget_that_had_the_keyboard(opened: Palette) -> None:
    opened.page.deleteLater()
    opened.qtbot.waitUntil(lambda: opened.window.centralWidget() is None)
    opened.press(Qt.Key.Key_Escape)
    assert not opened.palette.isVisible()


def test_a_screen_reader_hears_the_chosen_row(opened: Palette) -> None:
    palette = opened.palette
    assert palette.accessibleName() == "Command palette"
    assert palette.search.accessibleName() == "Search commands"
    assert palette.list.accessibleName() == "Commands"
    opened.type("depth")
    assert palette.search.accessibleDescription() == "stages.3.0.depthwise, Layer"
    opened.type("qq")
    assert palette.search.accessibleDescription() == "Nothing found"


def colours_in(image: QImage, left: int, top: int, width: int, height: int) -> set[str]:
    return {
        QColor(image.pixel(x, y)).name() for x in range(left, left + width) for y in range(top, top + height)
    }


def test_matched_letters_and_the_chosen_row_are_drawn_so_that_they_can_be_read(
    both_themes: str, opened: Palette
) -> None:
    opened.type("theme")
    rows, colours = opened.palette.list, theme()
    image = rows.viewport().grab().toImage()
    first, second = (rows.visualItemRect(rows.item(row)) for row in (0, 1))
    seen = colours_in(image, first.left(), first.top(), first.width() // 2, first.height())
    assert {colours.raised, colours.accent} <= seen
    assert contrast(colours.accent_text, colours.raised) >= 4.5
    beside = colours_in(image, second.left() + 8, second.top(), 3, second.height())
    assert colours.accent not in beside


def test_a_small_window_holds_the_whole_panel(qtbot: QtBot, opened: Palette) -> None:
    opened.window.resize(360, 240)
    qtbot.waitUntil(lambda: opened.palette.size() == opened.window.size())
    assert opened.palette.rect().contains(opened.palette.panel.geometry())
    assert opened.palette.list.height() > 24


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("cop", "Copy the picture"),
        ("cp", "Command palette"),
        ("stp", "Save the picture"),
        ("numbers", "Save the numbers"),
        ("theme dark", "Dark theme"),
        ("ig", "Integrated gradients"),
        ("uber", "Über diese Seite"),
        ("DEPTH", "stages.3.0.depthwise"),
        ("layer stages", "stages.3.0.depthwise"),
    ],
)
def test_the_likeliest_comes_first(query: str, first: str) -> None:
    entries = [Entry(title, hint(title), print) for title in TITLES]
    assert rank(query, entries)[0][0].title == first


def test_matched_letters_are_those_of_the_best_reading() -> None:
    found = match("cam", "Class activation map, Grad-CAM")
    assert found is not None
    assert found.places == {27, 28, 29}
    assert match("cam", "mac") is None
    assert match("", "anything") == (0, frozenset())


@given(st.text(max_size=12), st.text(max_size=30))
def test_every_match_reads_as_the_query(query: str, title: str) -> None:
    found = match(query, title)
    letters = iter(title.lower())
    is_inside = all(letter in letters for letter in "".join(query.split()).lower())
    if found is None:
        assert not (is_inside and query.isascii() and title.isascii() and len(query.split()) <= 1)
    elif query.isascii() and title.isascii() and len(query.split()) == 1:
        assert "".join(title[place] for place in sorted(found.places)).lower() == query.strip().lower()
