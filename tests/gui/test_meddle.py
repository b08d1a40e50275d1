"""Meddling with a network as a person does: by the tools, a heat map's menu, and the chips that let go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from person import close_to, colours, unnamed
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from engine.explain.next_characters import Guess
from engine.labs.language_modelling import (
    CellReading,
    LanguageModellingConfig,
    LanguageModellingSnapshot,
    Meddling,
    States,
)
from engine.labs.language_modelling.config import QUANTITIES
from gui.labs.language_modelling import meddle_wording as words
from gui.labs.language_modelling.cell_view import CellView
from gui.labs.language_modelling.inside_tab import InsideTab
from gui.labs.language_modelling.meddle_bar import HEIGHT, MeddleBar
from gui.labs.language_modelling.meddle_menu import Target
from gui.panels.matrix import MatrixPanel
from gui.theme import theme

TEXT = 'The door. "The dark, the\ndark" it isn’t'
UNITS = 6
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
"""Neither raising a menu nor giving it the keyboard: what the offscreen platform says of each that opens."""

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
OFF = Meddling("lstm", "off", 15, 3)
SHUT = Meddling("gru", "hold", 4, None, "update", 0.0)
RESET = Meddling("all", "reset", 10)


def snapshot(text: str = TEXT, cell: str = "lstm", **changes: Any) -> LanguageModellingSnapshot:
    """A text that was read, and the states of one network."""
    values = np.sin(np.outer(np.arange(1, UNITS + 1), np.arange(len(text)) + 1)).astype(np.float32)
    gates = QUANTITIES[cell]
    of_unit = np.stack([values[3] / (row + 1) for row in range(len(gates))])
    order = np.arange(UNITS)[::-1]
    shown = States(cell, "hidden", values[order], order, (-1.0, 1.0), 3, gates, of_unit)
    usual: dict[str, Any] = {"typed": text, "text": text, "labels": tuple(text), "states": shown}
    return LanguageModellingSnapshot(LanguageModellingConfig(text=text, cell=cell), **(usual | changes))


# Words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (0, "“The”"),
        (4, "“door”"),
        (6, "“o” of “door”"),
        (8, "“.” after “door”"),
        (9, "the space after “door”"),
        (11, "the 2nd “The”"),
        (15, "“dark”"),
        (24, "the new line after “the”"),
        (26, "“a” of the 2nd “dark”"),
        (len(TEXT) - 1, "“t” of “isn’t”"),
        (len(TEXT), "what comes next"),
    ],
)
def test_a_place_is_named_by_its_word(place: int, named: str) -> None:
    assert words.place_name(TEXT, place) == named


def test_what_stands_before_every_word_is_named_by_itself() -> None:
    assert words.place_name('"Oh', 0) == '“"”'
    assert words.place_name("\x07 a", 0) == "U+0007"
    many = "so " * 23
    assert words.place_name(many, 30) == "the 11th “so”"
    assert words.place_name(many, 66) == "the 23rd “so”"


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (OFF, "LSTM: unit 3 off from “dark”"),
        (SHUT, "GRU: update gate of all units shut from “door”"),
        (replace(SHUT, unit=7, value=1.0), "GRU: update gate of unit 7 open from “door”"),
        (Meddling("lstm", "hold", 0, 7, "candidate"), "LSTM: candidate of unit 7 at 0 from the beginning"),
        (replace(OFF, place=-3), "LSTM: unit 3 off from the beginning of what is read"),
        (replace(RESET, place=11), "All three: state reset before the 2nd “The”"),
        (Meddling("rnn", "reset", 0), "RNN: state reset at the beginning"),
        (Meddling("rnn", "reset", -1), "RNN: state reset before what is read"),
    ],
)
def test_a_chip_says_what_was_done_to_whom_and_from_where(done: Meddling, said: str) -> None:
    assert words.chip(TEXT, done) == said


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_every_gate_can_be_held_and_says_what_that_does(cell: str) -> None:
    gates = tuple(gate for gate in QUANTITIES[cell] if gate not in words.STATES)
    target = Target(TEXT, cell, 3, 15, gates)
    holds = [hold for gate in gates for hold in target.holds(gate)]
    assert {hold.value for hold in holds if hold.gate in words.CANDIDATES} == {0.0}
    assert len(holds) == 4 * len(gates) - 2
    assert len({words.deed(TEXT, hold) for hold in holds}) == len(holds)
    assert len({words.effect(hold) for hold in holds}) == len(holds) / 2
    assert words.deed(TEXT, holds[0]) == f"Hold the {gates[0]} gate of unit 3 open (1) from “dark” on"


def test_it_says_which_networks_are_not_as_they_were_trained() -> None:
    assert words.untrained_line({"gru"}) == "The GRU is not as it was trained."
    assert words.untrained_line(["lstm", "rnn"]) == "The RNN and the LSTM are not as they were trained."
    assert words.untrained_line({"all", "rnn"}) == "None of the three is as it was trained."


# The inside -----------------------------------------------------------------------------------------


class Inside(QWidget):
    """The tab with its tools, and what it asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.tab = InsideTab(self)
        self.tools = self.tab.tools
        column = QVBoxLayout(self)
        column.addWidget(self.tools)
        column.addWidget(self.tab, 1)
        self.tools.fit(900)
        self.commands: list[tuple[Any, ...]] = []
        self.units: list[int] = []
        self.tab.command_wanted.connect(lambda name, arguments: self.commands.append((name, *arguments)))
        self.tab.unit_chosen.connect(self.units.append)

    def at(self, panel: MatrixPanel, row: int, place: int) -> QPoint:
        """A value of a heat map, on the window."""
        point = panel.value_rect((row, place)).center().toPoint()
        return panel.canvas.mapTo(self, point)

    def clicks(self, panel: MatrixPanel, row: int, place: int, button: Qt.MouseButton = LEFT) -> None:
        """As the window system sends it, so that the right button opens a menu."""
        window = self.windowHandle()
        QTest.mouseMove(window, self.at(panel, row, place))
        QTest.mouseClick(window, button, PLAIN, self.at(panel, row, place))


@pytest.fixture
def inside(show: Callable[[QWidget], None]) -> Inside:
    inside = Inside()
    inside.resize(900, 700)
    show(inside)
    inside.tab.show_states(snapshot())
    QApplication.processEvents()
    return inside


def entries(menu: QMenu) -> list[str]:
    """What a menu offers, as far as the panel's own entries."""
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    return texts[: texts.index("Copy picture")] if "Copy picture" in texts else texts


def entry(menu: QMenu, text: str) -> QAction:
    return next(action for action in menu.actions() if action.text() == text)


def test_until_a_character_is_picked_one_meddles_from_the_beginning(inside: Inside) -> None:
    assert inside.tab.states.step is None
    assert inside.tools.off.text() == "Unit 3 off from the beginning"
    QTest.mouseClick(inside.tools.off, LEFT)
    assert inside.commands == [("meddle", "lstm", "off", 0, 3, "", 0.0)]


@pytest.mark.parametrize("map_name", ["states", "unit"])
def test_a_click_in_either_map_picks_the_character_in_both(inside: Inside, map_name: str) -> None:
    inside.clicks(getattr(inside.tab, map_name), 2, 15)
    assert (inside.tab.states.step, inside.tab.unit.step) == (15, 15)
    assert inside.tools.off.text() == "Unit 3 off from “d” on"
    assert inside.units == ([2] if map_name == "states" else [])
    QTest.mouseClick(inside.tools.off, LEFT)
    assert inside.commands == [("meddle", "lstm", "off", 15, 3, "", 0.0)]


def test_the_keyboard_picks_as_well(inside: Inside) -> None:
    inside.tab.unit.canvas.setFocus()
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Return):
        QTest.keyClick(inside.tab.unit.canvas, key)
    assert inside.tab.states.step == len(TEXT) - 2


def test_the_picked_column_is_seen(inside: Inside) -> None:
    inside.clicks(inside.tab.unit, 0, 15)
    inside.tab.unit.leave()
    canvas = inside.tab.unit.canvas
    column = inside.tab.unit.value_rect((2, 15))
    image = canvas.grab().toImage()
    marked = image.pixelColor(round(column.left()) - 1, round(column.center().y()))
    assert close_to(marked, theme().accent)


def test_the_picked_character_keeps_its_place_while_one_types(inside: Inside) -> None:
    inside.clicks(inside.tab.unit, 0, 15)
    inside.tab.show_states(snapshot(TEXT + " here"))
    assert inside.tab.states.step == 15
    edited = "Now " + TEXT
    inside.tab.show_states(snapshot(edited))
    assert inside.tab.states.step is None  # so much was changed at both ends that nothing tells
    inside.clicks(inside.tab.unit, 0, 19)
    inside.tab.show_states(snapshot(f"Right {edited}"))
    assert inside.tab.states.step == 25
    later = f"Right {edited}"[10:]
    inside.tab.show_states(snapshot(later, typed=f"Right {edited}", left_out=10))
    assert inside.tab.states.step == 15
    inside.tab.show_states(snapshot("Right"))
    assert inside.tab.states.step is None
    assert inside.tools.off.text().endswith("from the beginning")


def test_without_a_text_there_is_nothing_to_meddle_with(inside: Inside) -> None:
    inside.tab.show_states(snapshot("", states=None))
    assert not inside.tools.isEnabled()
    inside.tab.states.menu.aboutToShow.emit()
    assert entries(inside.tab.states.menu) == []


def test_the_tools_hold_gates_and_reset_states(inside: Inside) -> None:
    inside.clicks(inside.tab.unit, 0, 15)
    for button in (inside.tools.hold, inside.tools.reset):
        QTest.mouseClick(button, LEFT)
        assert button.menu().isVisible()
        assert all(action.toolTip() for action in button.menu().actions() if not action.isSeparator())
        for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
            QTest.keyClick(button.menu(), key)
        assert not button.menu().isVisible()
    assert inside.commands == [
        ("meddle", "lstm", "hold", 15, 3, "input", 0.0),
        ("meddle", "all", "reset", 15, None, "", 0.0),
    ]


def test_a_vanilla_rnn_has_no_gates_to_hold(inside: Inside) -> None:
    inside.tab.show_states(snapshot(cell="rnn"))
    assert not inside.tools.hold.isEnabled()
    assert "no gates" in inside.tools.hold.toolTip()
    inside.clicks(inside.tab.states, 2, 15, RIGHT)
    menu = inside.tab.states.menu
    assert not entry(menu, "Hold a gate from “dark” on").isEnabled()
    assert entry(menu, "Unit 2 off from “dark” on").isEnabled()
    menu.hide()


def test_what_is_done_is_not_offered_again(inside: Inside) -> None:
    inside.clicks(inside.tab.unit, 0, 15)
    inside.tab.show_states(snapshot(meddling=(OFF,)))
    assert not inside.tools.off.isEnabled()
    assert words.ALREADY in inside.tools.off.toolTip()
    inside.tab.show_states(snapshot())
    assert inside.tools.off.isEnabled()


@pytest.mark.parametrize(
    ("room", "seen"),
    [
        (900, ["Unit 3 off from “d” on", "Hold gate", "Reset before “d”"]),
        (340, ["Unit 3 off", "Hold gate", "Reset state"]),
        (150, ["Meddle"]),
    ],
)
def test_the_tools_suit_their_room(inside: Inside, room: int, seen: list[str]) -> None:
    inside.clicks(inside.tab.unit, 0, 15)
    inside.tools.fit(room)
    buttons = [each for each in inside.tools.findChildren(QPushButton) if each.isVisible()]
    assert [button.text() for button in buttons] == seen
    assert inside.tools.sizeHint().width() <= room
    assert unnamed(inside.tools) == []
    if seen == ["Meddle"]:
        QTest.keyClick(buttons[0], Qt.Key.Key_Space)
        assert entries(buttons[0].menu())[0] == "Unit 3 off from “dark” on"
        buttons[0].menu().hide()


# A heat map's menu ----------------------------------------------------------------------------------


def test_a_right_click_on_a_state_is_about_that_unit_and_character(inside: Inside) -> None:
    inside.clicks(inside.tab.states, 1, 26, RIGHT)
    menu = inside.tab.states.menu
    assert menu.isVisible()
    assert entries(menu) == [
        "Unit 1 off from “a” of the 2nd “dark” on",
        "Hold a gate from “a” of the 2nd “dark” on",
        "Reset the state of the LSTM before “a” of the 2nd “dark”",
        "Reset the states of all three before “a” of the 2nd “dark”",
    ]
    gates = menu.actions()[1].menu()
    assert isinstance(gates, QMenu)
    assert entries(gates)[0] == "Hold the input gate of unit 1 open (1) from “a” of the 2nd “dark” on"
    QTest.keyClick(menu, Qt.Key.Key_Down)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert inside.commands == [("meddle", "lstm", "off", 26, 1, "", 0.0)]
    assert inside.units == [1]
    assert inside.tab.unit.step == 26


def test_a_right_click_on_a_gate_is_about_that_gate(inside: Inside) -> None:
    inside.clicks(inside.tab.unit, QUANTITIES["lstm"].index("forget"), 15, RIGHT)
    menu = inside.tab.unit.menu
    assert entries(menu)[:4] == [
        "Hold the forget gate of unit 3 open (1) from “dark” on",
        "Hold the forget gate of unit 3 shut (0) from “dark” on",
        "Hold the forget gate of all units open (1) from “dark” on",
        "Hold the forget gate of all units shut (0) from “dark” on",
    ]
    entry(menu, "Hold the forget gate of all units shut (0) from “dark” on").trigger()
    assert inside.commands == [("meddle", "lstm", "hold", 15, None, "forget", 0.0)]
    assert inside.units == []
    menu.hide()


def test_a_gate_shown_for_all_units_can_be_held_there(inside: Inside) -> None:
    shown = snapshot(cell="gru")
    assert shown.states is not None
    inside.tab.show_states(replace(shown, states=replace(shown.states, quantity="new")))
    inside.clicks(inside.tab.states, 5, 4, RIGHT)
    assert entries(inside.tab.states.menu)[:2] == [
        "Hold the candidate of unit 5 at 0 from “door” on",
        "Hold the candidate of all units at 0 from “door” on",
    ]
    inside.tab.states.menu.hide()


def test_the_menu_has_each_entry_once_however_often_it_opens(inside: Inside) -> None:
    menu = inside.tab.states.menu
    own = len(menu.actions())
    for place in (3, 4, 5):
        inside.clicks(inside.tab.states, 1, place, RIGHT)
        assert len(entries(menu)) == 4
        menu.hide()
    inside.tab.states.leave()
    menu.aboutToShow.emit()  # as its own button opens it, over no value
    assert len(menu.actions()) == own


@pytest.mark.parametrize(("key", "modifier"), [(Qt.Key.Key_Menu, PLAIN), (Qt.Key.Key_F10, SHIFT)])
def test_the_keyboard_opens_the_menu_at_its_value_and_goes_on_there(
    inside: Inside, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier
) -> None:
    panel = inside.tab.states
    panel.canvas.setFocus()
    for _ in range(3):
        QTest.keyClick(panel.canvas, Qt.Key.Key_Left, SHIFT)
    cell = panel.cursor_cell
    assert cell is not None
    QTest.keyClick(panel.canvas, key, modifier)
    assert panel.menu.isVisible()
    assert panel.menu.pos() == panel.canvas.mapToGlobal(panel.value_rect(cell).center().toPoint())
    assert entries(panel.menu)[0].startswith(f"Unit {cell[0]} off")
    QTest.keyClick(panel.menu, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not panel.menu.isVisible())
    assert panel.cursor_cell == cell


# The chips ------------------------------------------------------------------------------------------


class Room(QWidget):
    """The bar with as much width as it likes, and what it asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = MeddleBar(self)
        self.commands: list[tuple[Any, ...]] = []
        self.bar.command_wanted.connect(lambda name, arguments: self.commands.append((name, *arguments)))
        QHBoxLayout(self).addWidget(self.bar, 0, Qt.AlignmentFlag.AlignTop)

    def shows(self, *done: Meddling) -> None:
        self.bar.show_meddling(snapshot(meddling=done))
        QApplication.processEvents()

    @property
    def seen(self) -> list[str]:
        return [chip.text for chip in self.bar.chips if chip.isVisible()]


@pytest.fixture
def room(show: Callable[[QWidget], None]) -> Room:
    room = Room()
    room.resize(900, 200)
    show(room)
    return room


def test_while_nothing_is_done_there_is_no_bar(room: Room) -> None:
    room.shows()
    assert not room.bar.isVisible()
    room.shows(OFF)
    assert room.bar.isVisible()
    assert room.bar.height() == HEIGHT
    room.shows()
    assert not room.bar.isVisible()


def test_it_says_plainly_that_the_networks_are_others(room: Room) -> None:
    room.shows(OFF)
    assert room.bar.line.text() == "Not as trained:"
    assert room.bar.accessibleName() == room.bar.line.toolTip() == "The LSTM is not as it was trained."
    assert not room.bar.all.isVisible()


def test_the_latest_comes_first_and_each_lets_go_of_its_own(room: Room) -> None:
    room.shows(OFF, SHUT, RESET)
    assert room.seen == [words.chip(TEXT, each) for each in (RESET, SHUT, OFF)]
    for chip in room.bar.chips:
        QTest.mouseClick(chip.button, LEFT)
    QTest.mouseClick(room.bar.all, LEFT)
    assert room.commands == [("release", 2), ("release", 1), ("release", 0), ("release_all",)]
    assert unnamed(room) == []
    assert (
        room.bar.chips[0].button.accessibleName()
        == 'Let go of All three: state reset before “"” after “door”'
    )


def test_the_keyboard_lets_go_of_one_after_the_other(room: Room) -> None:
    room.shows(OFF, SHUT, RESET)
    room.bar.chips[1].button.setFocus()
    QTest.keyClick(room.bar.chips[1].button, Qt.Key.Key_Space)
    assert room.commands == [("release", 1)]
    room.shows(OFF, RESET)
    assert room.bar.chips[1].button.hasFocus()
    QTest.keyClick(room.bar.chips[1].button, Qt.Key.Key_Space)
    assert room.commands[-1] == ("release", 0)
    room.shows(RESET)
    assert room.bar.chips[0].button.hasFocus()


def test_a_chip_has_the_colours_of_its_networks(room: Room, both_themes: str) -> None:
    room.shows(RESET, SHUT)
    of_gru, of_all = (colours(chip.grab().toImage(), step=1) for chip in room.bar.chips)
    every = {theme().vanilla_rnn, theme().lstm, theme().gru}
    assert every <= of_all
    assert of_gru & every == {theme().gru}
    assert both_themes == theme().name


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("width", [420, 620, 900])
def test_many_chips_take_their_rows_and_the_rest_is_in_a_menu(room: Room, rows: int, width: int) -> None:
    room.resize(width, 200)
    room.bar.fit_rows(rows)
    done = [replace(OFF, unit=unit) for unit in range(12)]
    room.shows(*done)
    bar = room.bar
    assert bar.height() <= rows * (HEIGHT + 4)
    items = [bar.line, *(chip for chip in bar.chips if chip.isVisible()), bar.more, bar.all]
    for place, item in enumerate(items):
        assert bar.rect().contains(item.geometry())
        assert not any(item.geometry().intersects(other.geometry()) for other in items[place + 1 :])
    hidden = len(done) - len(room.seen)
    assert 1 <= len(room.seen) < len(done)
    assert bar.more.text() == f"{hidden} more…"
    bar.more.menu().aboutToShow.emit()
    offered = bar.more.menu().actions()
    assert [action.text() for action in offered][-1] == f"Let go of {words.chip(TEXT, done[0])}"
    assert len(offered) == hidden
    offered[-1].trigger()
    assert room.commands == [("release", 0)]


def test_the_chips_follow_the_text(room: Room) -> None:
    room.shows(OFF)
    edited = TEXT.replace("dark", "dusk")
    room.bar.show_meddling(snapshot(edited, meddling=(OFF,)))
    assert room.seen == ["LSTM: unit 3 off from “dusk”"]


# Beside the text ------------------------------------------------------------------------------------


def test_the_surprise_stands_beside_that_of_the_untouched_network(show: Callable[[QWidget], None]) -> None:
    surprise = np.full(len(TEXT), 1.83)
    reading = CellReading("lstm", 1000, UNITS, surprise, 1.83, (Guess("e", 0.4),), ())
    outer = QWidget()
    view = CellView("lstm", outer)
    row = QVBoxLayout(outer)
    row.addWidget(view.strip)
    row.addWidget(view)
    outer.resize(900, 400)
    show(outer)
    shown = snapshot()
    view.show_reading(shown, replace(reading, untouched_nats=1.52))
    assert view.strip.sentence == "Surprise: 1.83 nats a character here (1.52 untouched)."
    view.show_reading(shown, reading)
    assert view.strip.sentence == "Surprise: 1.83 nats a character here."
    view.show_reading(shown, replace(reading, surprise=surprise * np.nan, nats_per_character=np.nan))
    assert view.strip.sentence == words.NO_NUMBERS
