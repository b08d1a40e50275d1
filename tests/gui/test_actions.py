"""The table of actions and the sheet made from it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMainWindow, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from gui.actions import Actions, Entry, plain, shown
from gui.shortcuts_sheet import ShortcutsSheet


@pytest.fixture
def window(show: Callable[[QWidget], None]) -> QMainWindow:
    window = QMainWindow()
    window.resize(1000, 640)
    window.setCentralWidget(QPushButton("page"))
    show(window)
    window.centralWidget().setFocus()
    return window


@pytest.fixture
def ran() -> list[object]:
    return []


@pytest.fixture
def actions(window: QMainWindow, ran: list[object]) -> Actions:
    actions = Actions(window)
    actions.add(
        "open", "&Open…", "Ctrl+O", lambda: ran.append("open"), group="File", tip="Open a picture or a folder"
    )
    actions.add("recent", "Open recent", "", lambda: ran.append("recent"), group="File", tip="Opened before")
    actions.add("dark", "Dark theme", "Ctrl+D", ran.append, group="View", tip="Dark ground", checkable=True)
    keys = ("F1", "?")
    actions.add("keys", "Keys && help", keys, lambda: ran.append("keys"), group="Help", tip="All shortcuts")
    return actions


def test_a_shortcut_runs_its_action(
    qtbot: QtBot, window: QMainWindow, actions: Actions, ran: list[object]
) -> None:
    page = window.centralWidget()
    qtbot.keyClick(page, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(page, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(page, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(page, Qt.Key.Key_F1)
    qtbot.keyClick(page, "?")
    assert ran == ["open", True, False, "keys", "keys"]


def test_an_action_says_what_it_does_and_its_shortcut(actions: Actions) -> None:
    assert actions["open"].toolTip() == "Open a picture or a folder (Ctrl+O)"
    assert actions["recent"].toolTip() == "Opened before"
    assert [plain(actions[name]) for name in ("open", "keys")] == ["Open", "Keys & help"]
    assert shown(actions["keys"]) == "F1"
    assert shown(actions["recent"]) == ""


@pytest.mark.parametrize("taken", ["Ctrl+O", "ctrl+o", "Ctrl+O, Ctrl+P", ("F7", "?"), ("F8", "F8")])
def test_a_shortcut_that_is_taken_stops_the_start(actions: Actions, taken: str | tuple[str, ...]) -> None:
    if taken == ("F8", "F8"):
        actions.add("first", "First", "F8", print, group="File", tip="")
    with pytest.raises(ValueError, match="collides with"):
        actions.add("other", "Other", taken, print, group="File", tip="")
    assert "other" not in {action.objectName() for group in actions.groups.values() for action in group}


@pytest.mark.parametrize("nonsense", ["Ctrl+", "Hello", "Ctrl+Foo"])
def test_a_shortcut_that_is_no_key_stops_the_start(actions: Actions, nonsense: str) -> None:
    with pytest.raises(ValueError, match="no shortcut"):
        actions.add("other", "Other", nonsense, print, group="File", tip="")


def test_a_name_is_given_once(actions: Actions) -> None:
    with pytest.raises(ValueError, match="two actions called open"):
        actions.add("open", "Open", "", print, group="File", tip="")


def test_two_pages_may_use_one_shortcut_and_only_the_shown_one_hears_it(
    qtbot: QtBot, window: QMainWindow, actions: Actions, ran: list[object]
) -> None:
    pages = QWidget(window), QWidget(window)
    for page, word in zip(pages, ("first", "second"), strict=True):
        actions.show_page(page)
        actions.add("go", f"Go {word}", "Ctrl+G", lambda word=word: ran.append(word), group="Page", tip="")
    for page in (*pages, *pages, None):
        actions.show_page(page)
        qtbot.keyClick(window.centralWidget(), Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
        names = [entry.title for entry in actions.entries() if entry.hint == "Page"]
        assert len(names) == len(actions.groups.get("Page", [])) == (page is not None)
    assert ran == ["first", "second", "first", "second"]
    with pytest.raises(KeyError):
        actions["go"]


def test_a_page_cannot_take_what_the_window_uses(window: QMainWindow, actions: Actions) -> None:
    actions.show_page(QWidget(window))
    with pytest.raises(ValueError, match="collides with"):
        actions.add("own", "Own", "Ctrl+O", print, group="Page", tip="")
    with pytest.raises(ValueError, match="two actions called open"):
        actions.add("open", "Own", "", print, group="Page", tip="")


def test_the_palette_is_offered_what_can_be_done_now(actions: Actions, ran: list[object]) -> None:
    actions["recent"].setEnabled(False)
    entries = actions.entries()
    assert [(entry.title, entry.hint, entry.shortcut) for entry in entries] == [
        ("Open", "File", "Ctrl+O"),
        ("Dark theme", "View", "Ctrl+D"),
        ("Keys & help", "Help", "F1"),
    ]
    assert isinstance(entries[0], Entry)
    entries[1].run()
    assert ran == [True]


def texts(sheet: ShortcutsSheet) -> list[str]:
    return [label.text() for label in sheet.scroll.findChildren(QLabel)]


def test_the_sheet_lists_every_shortcut_under_its_group(
    qtbot: QtBot, window: QMainWindow, actions: Actions, both_themes: str
) -> None:
    sheet = ShortcutsSheet(window, actions)
    sheet.toggle()
    assert texts(sheet) == [
        "FILE",
        "Open",
        "Ctrl+O",
        "VIEW",
        "Dark theme",
        "Ctrl+D",
        "HELP",
        "Keys & help",
        "F1",
        "?",
    ]
    assert sheet.accessibleName() == "Keyboard shortcuts"
    for label in sheet.panel.findChildren(QLabel):
        assert sheet.panel.rect().contains(label.mapTo(sheet.panel, label.rect().bottomRight()))
        assert label.width() >= label.sizeHint().width(), label.text()
    actions.add("new", "New one", "F9", print, group="View", tip="")
    sheet.toggle()
    assert not sheet.isVisible()
    sheet.toggle()
    assert "New one" in texts(sheet)


def test_the_sheet_keeps_the_keyboard_and_gives_it_back(
    qtbot: QtBot, window: QMainWindow, actions: Actions, ran: list[object]
) -> None:
    escaped: list[str] = []
    actions.add("cancel", "Cancel", "Esc", lambda: escaped.append("page"), group="Run", tip="Stop")
    actions.add("play", "Play", "Space", lambda: escaped.append("played"), group="Run", tip="Run")
    sheet = ShortcutsSheet(window, actions)
    sheet.toggle()
    assert sheet.scroll.hasFocus()
    for stop in (sheet.close_button, sheet.scroll, sheet.close_button):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        assert stop.hasFocus()
    qtbot.keyClick(sheet.scroll, Qt.Key.Key_Space)
    qtbot.keyClick(sheet.scroll, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    assert window.centralWidget().hasFocus()
    assert escaped == []
    sheet.toggle()
    qtbot.keyClick(sheet.close_button, Qt.Key.Key_Space)
    assert not sheet.isVisible()


def test_a_click_beside_the_sheet_closes_it_and_one_on_it_does_not(
    qtbot: QtBot, window: QMainWindow, actions: Actions
) -> None:
    sheet = ShortcutsSheet(window, actions)
    sheet.toggle()
    qtbot.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=sheet.panel.geometry().center())
    assert sheet.isVisible()
    qtbot.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=sheet.rect().bottomLeft())
    assert not sheet.isVisible()


def test_the_sheet_follows_the_windows_size(qtbot: QtBot, window: QMainWindow, actions: Actions) -> None:
    sheet = ShortcutsSheet(window, actions)
    sheet.toggle()
    for size in ((1600, 1000), (420, 300)):
        window.resize(*size)
        qtbot.waitUntil(lambda: sheet.size() == window.size())
        assert sheet.rect().contains(sheet.panel.geometry())
