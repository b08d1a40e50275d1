"""What every panel does: header, menu, pointer, keyboard, empty state, enlarging, themes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QKeySequence, QPainter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.panels.panel import Cell, Numbers, Panel
from gui.theme import LIGHT, theme, themes

SENTENCE = "one sentence that says what one is looking at, too long for a narrow panel to say in one line"


class Squares(Panel):
    """A 4 x 4 board of 20-pixel squares."""

    def paint(self, painter: QPainter) -> None:
        painter.fillRect(0, 0, 80, 80, QColor(theme().lstm))

    def cell_at(self, point: QPointF) -> Cell | None:
        row, column = int(point.y() // 20), int(point.x() // 20)
        return (row, column) if 0 <= row < 4 and 0 <= column < 4 else None

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        return (0, 0) if cell is None else ((cell[0] + down) % 4, (cell[1] + right) % 4)

    def contains(self, cell: Cell) -> bool:
        return max(cell) < 4

    def numbers(self) -> Numbers:
        return ["row"], [[0]]

    def summary(self) -> str:
        return "sixteen squares"


@pytest.fixture
def panel(show: Callable[[QWidget], None]) -> Squares:
    board = Squares("Board", "of squares", "board")
    board.resize(400, 300)
    show(board)
    board.refresh()
    return board


def _heard(panel: Panel) -> list[object]:
    heard: list[object] = []
    panel.hovered.connect(heard.append)
    return heard


def test_pointer_says_the_cell_once_and_none_when_it_leaves(panel: Squares, qtbot: QtBot) -> None:
    heard = _heard(panel)
    for place in (QPoint(5, 5), QPoint(9, 9), QPoint(25, 5), QPoint(200, 5)):
        qtbot.mouseMove(panel.canvas, place)
    assert heard == [("board", (0, 0)), ("board", (0, 1)), None]
    qtbot.mouseMove(panel.canvas, QPoint(65, 79))
    panel.leave()
    assert heard[3:] == [("board", (3, 3)), None]


def test_a_click_says_the_cell_but_a_drag_does_not(panel: Squares, qtbot: QtBot) -> None:
    clicks: list[object] = []
    panel.clicked.connect(clicks.append)
    qtbot.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(45, 25))
    assert clicks == [("board", (1, 2))]
    qtbot.mousePress(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    qtbot.mouseMove(panel.canvas, QPoint(70, 70))
    qtbot.mouseRelease(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(70, 70))
    assert clicks == [("board", (1, 2))]


def test_arrows_move_the_cursor_and_enter_clicks(panel: Squares, qtbot: QtBot) -> None:
    heard, clicks = _heard(panel), []
    panel.clicked.connect(clicks.append)
    panel.canvas.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(panel.canvas, key)
    assert heard == [("board", (0, 0)), ("board", (0, 1)), ("board", (1, 1))]
    assert clicks == [("board", (1, 1))]


def test_new_data_leaves_the_keyboards_cursor_where_it_is(panel: Squares, qtbot: QtBot) -> None:
    qtbot.mouseMove(panel.canvas, QPoint(70, 70))
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    assert panel.cursor_cell == (3, 0)
    panel.refresh()
    assert panel.cursor_cell == (3, 0)


def test_the_focus_ring_is_seen_for_the_keyboard_only(panel: Squares, qtbot: QtBot) -> None:
    def edge() -> QColor:
        return panel.canvas.grab().toImage().pixelColor(panel.canvas.width() // 2, 1)

    qtbot.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert edge().name() == theme().page
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    assert edge().name() != theme().page


def test_the_empty_state_says_its_sentence_and_hovers_nothing(panel: Squares, qtbot: QtBot) -> None:
    qtbot.mouseMove(panel.canvas, QPoint(5, 5))
    heard = _heard(panel)
    panel.set_empty("Drop a picture here.")
    qtbot.mouseMove(panel.canvas, QPoint(30, 30))
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    assert heard == [None]
    assert panel.is_empty
    assert "Drop a picture here." in panel.canvas.accessibleDescription()
    assert panel.canvas.grab().toImage().pixelColor(10, 10).name() == theme().page
    panel.refresh()
    assert panel.canvas.grab().toImage().pixelColor(10, 10).name() == theme().lstm


def test_the_menu_asks_through_signals_and_is_disabled_while_empty(panel: Squares, qtbot: QtBot) -> None:
    signals = {
        "Copy picture": panel.copy_requested,
        "Save picture…": panel.save_requested,
        "Copy numbers (CSV)": panel.copy_numbers_requested,
        "Save numbers as CSV…": panel.numbers_requested,
        "Enlarge": panel.enlarge_requested,
    }
    panel.enlarge_requested.disconnect(panel.enlarge)
    actions = {action.text(): action for action in panel.menu.actions()}
    assert list(actions) == list(signals)
    for text, signal in signals.items():
        with qtbot.waitSignal(signal, timeout=100):
            actions[text].trigger()
    panel.set_empty("Nothing.")
    panel.menu.aboutToShow.emit()
    assert not any(action.isEnabled() for action in actions.values())


def test_the_copy_shortcut_asks_for_the_picture(panel: Squares, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.copy_requested, timeout=100):
        qtbot.keySequence(panel.canvas, QKeySequence(QKeySequence.StandardKey.Copy))


def test_the_menu_button_takes_the_focus_and_is_seen_only_then(panel: Squares, qtbot: QtBot) -> None:
    panel.canvas.setFocus()
    panel.content.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    assert not panel.button.is_seen
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Tab)
    assert panel.button.hasFocus()
    assert panel.button.is_seen
    assert panel.button.accessibleName() == "Menu of Board"


def test_what_a_screen_reader_says(panel: Squares) -> None:
    assert panel.canvas.accessibleName() == "Board"
    assert panel.canvas.accessibleDescription() == f"of squares sixteen squares {panel.help_text}"
    panel.set_title("Another", "sentence")
    assert panel.canvas.accessibleName() == "Another"
    assert panel.canvas.accessibleDescription().startswith("sentence sixteen")


def test_the_sentence_wraps_then_elides_with_a_tooltip(panel: Squares, qtbot: QtBot) -> None:
    assert panel.header.lines == []
    one_line = panel.header.height()
    panel.set_sentence(SENTENCE)
    qtbot.waitUntil(lambda: len(panel.header.lines) == 2)
    assert panel.header.height() > one_line
    assert panel.header.toolTip() == ""
    assert " ".join(panel.header.lines) == SENTENCE
    panel.resize(200, 150)
    qtbot.waitUntil(lambda: len(panel.header.lines) == 1)
    assert panel.header.lines[0].endswith("…")
    assert panel.header.toolTip() == f"Board\n{SENTENCE}"


def test_headers_in_a_row_can_be_kept_level(panel: Squares) -> None:
    low = panel.header.height()
    panel.header.keep_lines(2)
    two = panel.header.height()
    panel.set_sentence(SENTENCE)
    assert two > low
    assert panel.header.height() == two


def test_enlarging_moves_the_living_picture_and_escape_brings_it_back(panel: Squares, qtbot: QtBot) -> None:
    panel.menu.actions()[-1].trigger()
    window = panel.content.window()
    assert window is not panel
    qtbot.waitExposed(window)
    heard = _heard(panel)
    panel.canvas.setFocus()
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    assert heard == [("board", (0, 0))]
    panel.enlarge()  # once more is no second window
    assert panel.content.window() is window
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Escape)
    assert panel.content.window() is panel
    assert panel.content.isVisible()
    panel.enlarge()
    assert panel.content.window() is not panel


def test_a_panel_that_goes_takes_its_enlarged_window_along(panel: Squares) -> None:
    panel.enlarge()  # the fixture closes the panel; `nothing_dangles` fails if the window stays


def test_the_picture_is_painted_anew_in_another_theme(panel: Squares) -> None:
    def grab() -> tuple[str, str]:
        image = panel.canvas.grab().toImage()
        return image.pixelColor(10, 10).name(), image.pixelColor(200, 100).name()

    dark = grab()
    themes.choose("light")
    assert grab() == (LIGHT.lstm, LIGHT.page)
    assert grab() != dark
