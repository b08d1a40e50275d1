"""The language modelling page as a person uses it: over hand-made snapshots, and over small real networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from language_modelling_visitor import Visitor, opened_window, visiting
from person import CONTROL, colours, files
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.explain.next_characters import Guess
from engine.explain.next_words import NextWord
from engine.labs.language_modelling import (
    CellReading,
    LanguageModellingConfig,
    LanguageModellingSnapshot,
    Memory,
    States,
    Track,
    Trajectory,
)
from engine.labs.language_modelling.desk import WINDOW
from engine.models.character_model import CELLS
from gui.labs.language_modelling import LanguageModellingPage
from gui.labs.language_modelling.page import HIGH, WIDE
from gui.main_window import MainWindow
from gui.memory import Memory as Settings
from gui.panels.bars import BarsPanel
from gui.panels.panel import Panel
from gui.theme import themes

HIDDEN = 8
GATES = ("hidden", "cell", "input", "forget", "candidate", "output")
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
FEATURES = ("inside double quotes", "a capital ahead")


# Snapshots made by hand -----------------------------------------------------------------------------


def reading_of(cell: str, text: str) -> CellReading:
    """What a network might make of a text; both words begin with a space."""
    surprise = np.linspace(0.1, 4.0, len(text)) + CELLS.index(cell)
    return CellReading(
        cell,
        parameters=600_000,
        hidden=HIDDEN,
        surprise=surprise,
        nats_per_character=float(surprise.mean()) if text else None,
        characters=tuple(Guess(each, 0.3 / (rank + 1)) for rank, each in enumerate(" ,e\nqx")),
        words=(NextWord("the", " the", 0.4, 0.0), NextWord("there", " there", 0.2, 0.0)),
    )


def states_of(text: str, unit: int = 3, cell: str = "lstm") -> States:
    """The states of one network, other numbers for each unit and character."""
    values = np.sin(np.outer(np.arange(1, HIDDEN + 1), np.arange(len(text)) + 1)).astype(np.float32)
    gates = GATES if cell == "lstm" else ("hidden",)
    of_unit = np.stack([values[unit] / (row + 1) for row in range(len(gates))])
    return States(cell, "hidden", values, np.arange(HIDDEN), (-1.0, 1.0), unit, gates, of_unit)


def trajectories_of(text: str, pinned: tuple[str, ...] = ()) -> tuple[Trajectory, ...]:
    """A path for each network, a point for each character."""

    def points(of: str) -> np.ndarray:
        steps = np.arange(len(of))
        return np.stack([np.cos(steps), np.sin(steps), np.cos(2 * steps)], axis=1)

    kept = tuple((each, points(each), tuple(each)) for each in pinned)
    share, ends = (0.2, 0.1, 0.05), np.full(3, 2.0)
    return tuple(Trajectory(cell, points(text), tuple(text), share, -ends, ends, kept) for cell in CELLS)


def tracks_of(unit: int) -> tuple[Track, ...]:
    """What a unit follows."""
    return tuple(Track(unit, each, f"{each} it is", "ROC AUC", 0.9, 0.8 - 0.3 * rank) for rank, each in
                 enumerate(FEATURES))  # fmt: skip


def trackers_of(feature: str) -> tuple[Track, ...]:
    """Which units follow a feature."""
    return tuple(
        Track(unit, feature, f"{feature} it is", "ROC AUC", 0.9, 0.9 - 0.1 * unit) for unit in (5, 3)
    )


def memory_of(text: str) -> tuple[Memory, ...]:
    """Influence that fades by a factor of e for each character."""
    return tuple(
        Memory(cell, np.arange(len(text)) - 300.0, 4 + place, "e", 0.3) for place, cell in enumerate(CELLS)
    )


def snapshot_of(
    text: str, *, settings: dict[str, Any] | None = None, **changes: Any
) -> LanguageModellingSnapshot:
    """All there is to see of a text that was read."""
    config = LanguageModellingConfig(text=text, **(settings or {}))
    unit = 3 if config.unit is None else config.unit
    usual = {
        "typed": text,
        "text": text,
        "labels": tuple({" ": "␣", "\n": "↵"}.get(each, each) for each in text),
        "readings": tuple(reading_of(cell, text) for cell in CELLS),
        "states": states_of(text, unit, config.cell) if text else None,
        "trajectories": trajectories_of(text) if text else (),
        "tracks": tracks_of(unit) if text else (),
        "trackers": trackers_of(config.feature),
        "memory": memory_of(text) if text else (),
    }
    return LanguageModellingSnapshot(config, **(usual | changes))


def look_through(page: LanguageModellingPage) -> None:
    """Bring every tab to the front, which is when it is drawn, and the first one again."""
    front = page.tabs.currentIndex()
    for place in (*range(page.tabs.count()), front):
        page.tabs.setCurrentIndex(place)


class Desk:
    """The page alone, with what it asked for."""

    def __init__(self, page: LanguageModellingPage) -> None:
        self.page, self.line = page, page.line
        self.commands: list[tuple[str, tuple[Any, ...]]] = []
        self.settings: list[dict[str, Any]] = []
        self.pinned: list[object] = []
        page.command_wanted.connect(lambda name, arguments: self.commands.append((name, arguments)))
        page.settings_wanted.connect(self.settings.append)
        page.pinned.connect(self.pinned.append)

    def shows(self, text: str, **changes: Any) -> LanguageModellingSnapshot:
        """Show a snapshot of a text and let the page paint it."""
        snapshot = snapshot_of(text, **changes)
        self.page.show_snapshot(snapshot)
        look_through(self.page)
        QApplication.processEvents()
        return snapshot

    def is_dragged_to(self, width: int, height: int) -> None:
        """Resized as by its edge: rearranged on the way, the page may become smaller than at once."""
        for _ in range(2):
            self.page.resize(width, height)
            QApplication.processEvents()

    def types(self, keys: str) -> None:
        QTest.keyClicks(self.line, keys)

    def clicks(self, bars: BarsPanel, rank: int) -> None:
        """Click a row of bars."""
        QTest.mouseClick(bars.canvas, Qt.MouseButton.LeftButton, pos=bars.row_rect(rank).center().toPoint())

    @property
    def typed(self) -> list[tuple[str, int]]:
        """What was sent of the line, with the number of each edit."""
        return [arguments for name, arguments in self.commands if name == "type"]

    @property
    def tabs(self) -> list[str]:
        return [self.page.tabs.tabText(place) for place in range(self.page.tabs.count())]


@pytest.fixture
def desk(show: Callable[[QWidget], None]) -> Desk:
    """A wide and high page on which a lab has put a sentence."""
    page = LanguageModellingPage()
    page.resize(WIDE + 40, HIGH + 200)
    show(page)
    desk = Desk(page)
    desk.shows("She said", turn=1)
    return desk


# Typing ---------------------------------------------------------------------------------------------


def test_every_key_appears_at_once_and_is_sent_with_a_rising_number(desk: Desk):
    desk.types(" it")
    assert desk.line.toPlainText() == "She said it"
    assert desk.typed == [("She said ", 1), ("She said i", 2), ("She said it", 3)]


def test_an_older_text_changes_neither_the_line_nor_the_pictures(desk: Desk):
    desk.types(" no")
    desk.shows("She said ", edit=1, turn=1)
    assert desk.line.toPlainText() == "She said no"
    assert len(desk.page.cells["rnn"].strip.numbers()[1]) == len("She said")
    desk.shows("She said no", edit=3, turn=1)
    assert len(desk.page.cells["rnn"].strip.numbers()[1]) == len("She said no")


def test_what_the_lab_wrote_before_the_last_key_does_not_take_that_key_back(desk: Desk):
    desk.types("!")
    desk.shows("She said so", edit=0, turn=2)
    assert desk.line.toPlainText() == "She said!"
    desk.shows("She said!", edit=1, turn=2)
    assert desk.line.toPlainText() == "She said!"
    desk.shows("She said! A", edit=1, turn=3)
    assert desk.line.toPlainText() == "She said! A"
    assert len(desk.typed) == 1


def test_what_the_lab_adds_appears_at_the_end_and_can_be_undone(desk: Desk):
    desk.types("!")
    desk.shows("She said! And", edit=1, turn=2)
    assert desk.line.toPlainText() == "She said! And"
    assert desk.line.textCursor().atEnd()
    assert len(desk.typed) == 1
    desk.line.undo()
    assert desk.line.toPlainText() == "She said!"


def test_all_that_was_written_without_a_key_between_is_undone_at_once(desk: Desk):
    for turn, text in enumerate(("She said y", "She said ye", "She said yes"), start=2):
        desk.shows(text, turn=turn)
    desk.types("!")
    desk.line.undo()
    assert desk.line.toPlainText() == "She said yes"
    desk.line.undo()
    assert desk.line.toPlainText() == "She said"


def test_settings_that_hold_another_text_do_not_revert_the_line(desk: Desk):
    desk.types("?")
    desk.shows("She said", edit=1, turn=1, settings={"order": "variance"})
    assert desk.line.toPlainText() == "She said?"


@pytest.mark.parametrize("letter", ["?", " ", "a", "Z", "/", ".", "1"])
def test_characters_are_never_taken_for_shortcuts(desk: Desk, letter: str):
    desk.types(letter)
    assert desk.line.toPlainText() == f"She said{letter}"


def test_a_long_text_is_wrapped_and_scrolled_by_whole_lines(desk: Desk):
    desk.shows("A word or two more. " * 100, turn=2)
    line = desk.line
    assert not line.horizontalScrollBar().isVisible()
    assert line.verticalScrollBar().maximum() > 0
    assert line.viewport().height() < 3 * line.fontMetrics().lineSpacing()


def test_return_begins_a_new_line(desk: Desk):
    QTest.keyClick(desk.line, Qt.Key.Key_Return)
    assert desk.typed == [("She said\n", 1)]


# Guesses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("rank", "written"), [(0, " the"), (1, " there")])
def test_a_clicked_word_is_written_and_one_types_on(desk: Desk, cell: str, rank: int, written: str):
    desk.page.setFocus()
    desk.clicks(desk.page.cells[cell].words, rank)
    assert desk.typed == [(f"She said{written}", 1)]
    assert desk.line.hasFocus()
    QTest.keyClicks(QApplication.focusWidget(), "!")
    assert desk.line.toPlainText() == f"She said{written}!"
    assert not desk.pinned


@pytest.mark.parametrize(("rank", "written"), [(0, " "), (3, "\n"), (2, "e")])
def test_a_clicked_character_is_written_at_the_end(desk: Desk, rank: int, written: str):
    desk.line.moveCursor(desk.line.textCursor().MoveOperation.Start)
    desk.clicks(desk.page.cells["gru"].characters, rank)
    assert desk.line.toPlainText() == f"She said{written}"
    assert desk.line.hasFocus()


def test_guesses_have_names_that_can_be_read(desk: Desk):
    characters = [row[1] for row in desk.page.cells["rnn"].characters.numbers()[1]]
    assert characters == ["space", ",", "e", "new line", "q", "x"]
    assert desk.page.cells["rnn"].words.numbers() == (
        ["rank", "word", "probability"],
        [[1, "the", 0.4], [2, "there", 0.2]],
    )
    assert desk.page.cells["rnn"].words.sentence == "The first 2 hold 60 %."


def test_words_stay_until_there_are_new_ones(desk: Desk):
    bare = tuple(
        CellReading(cell, 600_000, HIDDEN, np.ones(3), 1.0, (Guess("z", 0.9),), ()) for cell in CELLS
    )
    desk.shows("abc", readings=bare, states=states_of("abc"))
    cell = desk.page.cells["lstm"]
    assert [row[1] for row in cell.words.numbers()[1]] == ["the", "there"]
    assert [row[1] for row in cell.characters.numbers()[1]] == ["z"]


# The texts ------------------------------------------------------------------------------------------


def test_each_character_has_the_surprise_of_each_network(desk: Desk):
    for cell in CELLS:
        strip = desk.page.cells[cell].strip
        header, rows = strip.numbers()
        assert header == ["position", "character", "value (nats)"]
        assert "".join(row[1] for row in rows) == "She␣said"
        np.testing.assert_allclose([row[2] for row in rows], reading_of(cell, "She said").surprise)
        assert f"{reading_of(cell, 'She said').nats_per_character:.2f} nats" in strip.sentence


def test_nothing_typed_says_so_everywhere_and_comes_back(desk: Desk):
    page = desk.page
    desk.shows("", turn=2)
    assert desk.line.toPlainText() == ""
    empty = [*(cell.strip for cell in page.cells.values()), *page.inside.panels()]
    empty += [*page.trajectory.panels(), *page.memory.panels()]
    assert all(panel.is_empty for panel in empty)
    assert all(panel.empty_text for panel in empty)
    assert not any(cell.words.is_empty or cell.characters.is_empty for cell in page.cells.values())
    desk.shows("Oh", turn=3)
    assert not any(panel.is_empty for panel in empty)


def test_the_text_takes_the_colours_of_the_unit_in_its_network_only(desk: Desk):
    shown = desk.shows("She said", settings={"colour": "unit"})
    assert shown.states is not None
    of_lstm, of_gru = (desk.page.cells[cell].strip for cell in ("lstm", "gru"))
    np.testing.assert_allclose([row[2] for row in of_lstm.numbers()[1]], shown.states.of_unit[0], rtol=1e-6)
    assert "unit 3" in of_lstm.sentence
    assert of_gru.numbers()[0][2] == "value (nats)"
    desk.shows("She said")
    assert of_lstm.numbers()[0][2] == "value (nats)"
    assert "Surprise" in of_lstm.sentence


@pytest.mark.parametrize(("width", "height"), [(752, 476), (752, 590), (940, 770), (1600, 1300)])
def test_a_long_text_takes_no_more_lines_than_there_is_room_for(desk: Desk, width: int, height: int):
    desk.is_dragged_to(width, height)
    desk.shows("A word or two more. " * 100, turn=2)
    heights = {cell.strip.height() for cell in desk.page.cells.values()}
    assert len(heights) == 1
    assert heights.pop() * 3 < height * 0.6
    assert desk.page.height() == height
    for cell in desk.page.cells.values():
        last = cell.strip.character_rect(1999)
        assert cell.strip.canvas.rect().contains(last.center().toPoint())
    desk.shows("Short.", turn=3)
    assert desk.page.cells["rnn"].strip.height() == desk.page.cells["rnn"].strip.height_for(2)


def test_where_one_edits_in_the_middle_the_texts_do_not_jump_to_their_end(desk: Desk):
    text = "A word or two more. " * 100
    desk.shows(text, turn=2)
    desk.line.moveCursor(desk.line.textCursor().MoveOperation.Start)
    strip = desk.page.cells["gru"].strip
    strip.reveal((0,))
    desk.types("B")
    desk.shows("B" + text, turn=2, edit=1)
    assert strip.character_rect(0).top() == 0


# The inside -----------------------------------------------------------------------------------------


def test_the_heat_map_has_a_row_for_each_unit_and_a_column_for_each_character(desk: Desk):
    inside = desk.page.inside
    header, rows = inside.states.numbers()
    assert (len(rows), len(header)) == (HIDDEN, 1 + len("She said"))
    np.testing.assert_allclose([row[1:] for row in rows], states_of("She said").values)
    assert inside.states.title == "LSTM: hidden state h"
    assert inside.states.selected == 3
    assert [row[0] for row in inside.unit.numbers()[1]] == [
        "hidden state h", "cell state c", "input gate i", "forget gate f", "candidate g", "output gate o",
    ]  # fmt: skip


def test_a_click_in_the_heat_map_picks_the_unit(desk: Desk):
    states = desk.page.inside.states
    at = states.value_rect((6, 2)).center().toPoint()
    QTest.mouseClick(states.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert desk.settings == [{"unit": 6}]
    desk.shows("She said", settings={"unit": 6})
    assert states.selected == 6
    assert desk.page.inside.unit.title == "Unit 6 of the LSTM"


def test_every_gate_has_its_name_beside_it(desk: Desk):
    """Rows are high enough for their names, whatever their number, wherever they stand."""
    for size in ((752, 590), (940, 770), (1600, 1300)):
        desk.is_dragged_to(*size)
        for cell in ("lstm", "rnn"):
            desk.shows("She said", settings={"cell": cell})
            if "Gates" in desk.tabs:
                desk.page.tabs.setCurrentWidget(desk.page.gates)
            QApplication.processEvents()
            unit = desk.page.inside.unit
            name = unit.fontMetrics().height()
            assert unit.isVisible()
            assert unit.value_rect((0, 0)).height() >= 0.8 * name, (size, cell)


# Units ----------------------------------------------------------------------------------------------


def test_a_clicked_feature_ranks_the_units(desk: Desk):
    units = desk.page.units
    desk.page.tabs.setCurrentWidget(units)
    assert [row[1] for row in units.features.numbers()[1]] == list(FEATURES)
    assert "ROC AUC 0.900" in units.features.sentence
    assert set(units.features._figures) == {"AUC 0.900"}
    desk.clicks(units.features, 1)
    assert desk.settings == [{"feature": FEATURES[1]}]
    desk.shows("She said", settings={"feature": FEATURES[1]})
    assert FEATURES[1] in units.units.title
    assert units.features._chosen == 1


def test_a_clicked_unit_is_picked_and_colours_the_text(desk: Desk):
    units = desk.page.units
    desk.page.tabs.setCurrentWidget(units)
    assert units.units._chosen == 1
    desk.clicks(units.units, 0)
    assert desk.settings == [{"unit": 5, "colour": "unit"}]
    desk.shows("She said", settings={"unit": 5, "colour": "unit"})
    assert units.units._chosen == 0
    assert units.features.title == "Unit 5 of the LSTM tracks"


def test_units_say_that_they_are_measured(show: Callable[[QWidget], None]):
    page = LanguageModellingPage()
    page.show_snapshot(snapshot_of("Oh", tracks=(), trackers=(), trajectories=(), memory=()))
    show(page)
    assert all("measured" in panel.empty_text for panel in page.units.panels())
    assert all("fitted" in panel.empty_text for panel in page.trajectory.panels())


# Trajectory and memory ------------------------------------------------------------------------------


def test_the_tools_stand_beside_the_tabs_while_their_pictures_are_seen(desk: Desk):
    page, tools = desk.page, desk.page.trajectory.tools
    assert not tools.isVisible()
    page.tabs.setCurrentWidget(page.trajectory)
    assert tools.isVisible()
    assert tools.geometry().right() <= page.tabs.width()
    page.tabs.setCurrentWidget(page.units)
    assert not tools.isVisible()


def test_sentences_are_kept_and_let_go(desk: Desk):
    page = desk.page
    page.tabs.setCurrentWidget(page.trajectory)
    for button in page.trajectory.tools.findChildren(QPushButton):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert desk.commands == [("pin", ()), ("unpin", ())]
    kept = "A sentence that is longer than its name may be"
    desk.shows("She said", trajectories=trajectories_of("She said", (kept, "I was")))
    summary = page.trajectory.pictures["gru"].summary()
    assert "…" in summary
    assert "I was: 5 points" in summary
    assert "this sentence: 8 points" in summary


def test_three_components_turn_all_pictures_and_what_they_say(desk: Desk):
    tab = desk.page.trajectory
    desk.page.tabs.setCurrentWidget(tab)
    sentences = {picture.sentence for picture in tab.panels()}
    assert sentences == {"30 % of the variance, by word."}
    before = tab.pictures["rnn"].grab().toImage()
    tab.three_d.click()
    assert {picture.sentence for picture in tab.panels()} == {"35 % of the variance, by word."}
    assert tab.pictures["rnn"].grab().toImage() != before


def test_a_path_that_stays_within_the_axes_does_not_extend_them(desk: Desk):
    picture = desk.page.trajectory.pictures["lstm"]
    far = tuple(
        Trajectory(each.cell, each.points * 5, each.labels, each.share, each.low, each.high)
        for each in trajectories_of("She said")
    )
    desk.shows("She said", trajectories=far)
    assert "extended" in picture.note
    desk.shows("She said", trajectories=trajectories_of("She said"))
    assert "extended" not in picture.note


def test_memory_is_on_one_axis_and_says_where_half_of_it_lies(desk: Desk):
    chart = desk.page.memory.chart
    header, rows = chart.numbers()
    assert header[1:] == ["Vanilla RNN", "LSTM", "GRU"]
    np.testing.assert_allclose([row[1] for row in rows], np.exp(-np.arange(8.0)))
    assert "4 (RNN), 5 (LSTM), 6 (GRU)" in chart.sentence


def test_a_clicked_character_is_the_one_whose_prediction_is_followed_back(desk: Desk):
    strip, chart = desk.page.cells["gru"].strip, desk.page.memory.chart
    assert chart.title == "Gradient of the most probable next byte"
    QTest.mouseClick(strip.canvas, Qt.MouseButton.LeftButton, pos=strip.character_rect(4).center().toPoint())
    assert desk.commands[-1] == ("look_back", (4,))
    desk.shows("She said", predicted=4, memory=memory_of("She "))
    assert chart.title == "Gradient of “s” after “She ”"
    assert len(chart.numbers()[1]) == 4
    assert {cell.strip.selected for cell in desk.page.cells.values()} == {4}
    strip.canvas.setFocus()
    QTest.keyClick(strip.canvas, Qt.Key.Key_Return)  # the pointer is still there
    assert desk.commands[-1] == ("look_back", (None,))
    desk.shows("She\x07said", predicted=3, memory=memory_of("She"))
    assert chart.title == "Gradient of U+0007 after “She”"
    desk.shows("She said", predicted=0, memory=memory_of(""))
    assert (chart.title, chart.is_empty) == ("Gradient of “S”", True)
    desk.shows("She said")
    assert {cell.strip.selected for cell in desk.page.cells.values()} == {None}


def test_influence_that_no_float_can_hold_is_left_out(desk: Desk):
    fading = tuple(Memory(cell, 3.0 * np.arange(2000), 1, "e", 0.3) for cell in CELLS)
    desk.shows("word " * 400, memory=fading)
    values = np.array([row[1] for row in desk.page.memory.chart.numbers()[1]])
    assert values[0] == 1
    assert np.isnan(values[7:]).all()
    desk.page.tabs.setCurrentWidget(desk.page.memory)
    assert len(colours(desk.page.memory.chart.canvas.grab().toImage())) > 5


# Plain marks ----------------------------------------------------------------------------------------


def surprised_by(text: str, nats: float) -> tuple[CellReading, ...]:
    """Three networks for which every character but a letter is so improbable."""
    surprise = np.array([0.5 if each.isalpha() else nats for each in text])
    return tuple(replace(reading_of(cell, text), surprise=surprise) for cell in CELLS)


def test_marks_that_no_network_has_ever_seen_are_named_with_what_to_do(desk: Desk):
    text = "“Oh,” he’d say… “No” –"
    line = desk.page.subtitle(desk.shows(text, readings=surprised_by(text, 31.4)))
    assert line.startswith("“ ” ’ … surprise each network by 31 nats")
    assert "Ctrl+Shift+E" in line
    known = desk.page.subtitle(desk.shows(text, readings=surprised_by(text, 2.0)))
    assert "surprise" not in known, "networks that learned such a text know them"
    plain = text.translate({ord(mark): "'" for mark in "“”’…–"})
    assert "surprise" not in desk.page.subtitle(desk.shows(plain, readings=surprised_by(plain, 31.4)))


def test_plain_marks_are_one_change_that_is_told_and_undone(desk: Desk):
    curly, plain = "😀 “It’s—well…” 3–4", '😀 "It\'s--well..." 3-4'
    desk.line.setPlainText(curly)
    desk.commands.clear()
    desk.line.write_plain()
    assert desk.line.toPlainText() == plain
    assert [text for text, _ in desk.typed] == [plain]
    desk.line.undo()
    assert desk.line.toPlainText() == curly


# Room -----------------------------------------------------------------------------------------------


def stray(page: QWidget) -> list[str]:
    """Visible widgets directly on the page that lie over others, as those do that no layout has."""
    seen = [child for child in page.children() if isinstance(child, QWidget) and child.isVisible()]
    return [
        f"{one} over {other}"
        for place, one in enumerate(seen)
        for other in seen[place + 1 :]
        if one.geometry().intersects(other.geometry())
    ]


def test_where_there_is_little_room_characters_and_gates_have_tabs(desk: Desk):
    page = desk.page
    usual = ["Inside", "Trajectory", "Units", "Memory", "Phrase", "Train"]
    assert desk.tabs == usual
    for _ in range(2):
        page.resize(WIDE - 1, HIGH - 1)
        QApplication.processEvents()
        assert desk.tabs == ["Inside", "Gates", "Characters", *usual[1:]]
        assert page.cells["rnn"].words.sentence == "Next: space 30 %, “,” 15 %, e 10 %"
        page.tabs.setCurrentWidget(page.characters)
        assert all(cell.characters.isVisible() for cell in page.cells.values())
        assert not stray(page)
        page.resize(WIDE, HIGH)
        QApplication.processEvents()
        assert desk.tabs == usual
        assert all(cell.characters.isVisible() for cell in page.cells.values())
        assert page.cells["rnn"].words.sentence.startswith("The first")
        page.tabs.setCurrentWidget(page.inside)
        assert page.inside.unit.isVisible()
        assert not stray(page)
        assert not page.characters.isVisible()
        assert not page.gates.isVisible()


@pytest.mark.parametrize("size", [(752, 476), (752, 590), (940, 770), (2050, 1310)])
def test_it_is_drawn_in_both_themes_at_any_size(desk: Desk, both_themes: str, size: tuple[int, int]):
    desk.is_dragged_to(*size)
    for place in range(desk.page.tabs.count()):
        desk.page.tabs.setCurrentIndex(place)
        QApplication.processEvents()
        assert (desk.page.width(), desk.page.height()) == size
        assert not stray(desk.page)
        assert len(colours(desk.page.grab().toImage(), step=7)) > 30
    assert themes.current.name == both_themes


# The window, its worker and small networks ----------------------------------------------------------


@pytest.fixture(scope="module")
def window(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainWindow]:
    """The window with its real worker on small networks."""
    assert qapp is not None
    with opened_window(tmp_path_factory.mktemp("config")) as window:
        yield window


@pytest.fixture
def person(window: MainWindow, qtbot: QtBot) -> Iterator[Visitor]:
    """Somebody new, who finds the example and the usual settings, and no messages."""
    with visiting(window, qtbot) as visitor:
        yield visitor


def test_it_opens_on_the_example_with_everything_measured(person: Visitor):
    assert person.text == LanguageModellingConfig().text
    assert "12 units" in person.bench.subtitle.text
    page = person.page
    for tab in (page.units, page.trajectory, page.memory):
        page.tabs.setCurrentWidget(tab)
        person.waits_until(lambda tab=tab: not any(panel.is_empty for panel in tab.panels()))
    page.tabs.setCurrentWidget(page.inside)


def test_typing_is_read(person: Visitor):
    person.goes_to_the_line()
    person.types(' "No, ')
    assert person.text == LanguageModellingConfig().text + ' "No, '
    person.rests()
    assert person.snapshot.text == person.text
    assert len(person.page.cells["gru"].strip.numbers()[1]) == len(person.text)


def test_letters_in_the_line_trigger_nothing(person: Visitor):
    person.presses(Qt.Key.Key_L, CONTROL | SHIFT)
    assert person.text == ""
    before = person.form.config
    everything = "".join(map(chr, range(ord(" "), 0x7F)))
    person.types(everything)
    assert person.text == everything
    person.rests()
    assert person.snapshot.text == everything
    assert not person.snapshot.unread
    assert {name for name, value in person.form.config.as_dict().items()
            if value != before.as_dict()[name]} <= {"text"}  # fmt: skip
    assert not person.frames[-1].playing
    assert not person.window.window_actions.palette.isVisible()
    assert not person.window.window_actions.sheet.isVisible()


def test_every_network_is_a_key_away(person: Visitor):
    person.goes_to_the_line()
    for key, cell in zip((Qt.Key.Key_1, Qt.Key.Key_3, Qt.Key.Key_2), ("rnn", "gru", "lstm"), strict=True):
        person.presses(key, ALT)
        person.waits_until(lambda cell=cell: person.snapshot.states.cell == cell)
        assert person.form.config.cell == cell
    assert person.text == LanguageModellingConfig().text


def test_undo_in_the_line_undoes_typing_and_elsewhere_settings(person: Visitor):
    person.form.change({"order": "variance"})
    person.goes_to_the_line()
    person.types("xyz")
    person.presses(Qt.Key.Key_Z, CONTROL)
    assert person.text != LanguageModellingConfig().text + "xyz"
    assert person.form.config.order == "variance"
    person.page.inside.states.canvas.setFocus()
    person.presses(Qt.Key.Key_Z, CONTROL)
    assert person.form.config.order == "number"


def test_deleting_a_word_leaves_the_settings_alone(person: Visitor):
    """The window has Ctrl+Backspace for all settings to their defaults."""
    person.form.change({"order": "variance"})
    person.goes_to_the_line()
    person.types(" word")
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Backspace, CONTROL)
    override.ignore()
    QApplication.sendEvent(person.line, override)
    assert override.isAccepted()
    person.presses(Qt.Key.Key_Backspace, CONTROL)
    assert person.text == LanguageModellingConfig().text + " "
    assert person.form.config.order == "variance"


def test_an_emptied_line_comes_back(person: Visitor):
    person.presses(Qt.Key.Key_L, CONTROL | SHIFT)
    assert person.line.hasFocus()
    person.rests()
    assert person.snapshot.text == ""
    assert all(cell.strip.is_empty for cell in person.page.cells.values())
    person.presses(Qt.Key.Key_Z, CONTROL)
    assert person.text == LanguageModellingConfig().text
    person.rests()
    assert person.snapshot.text == person.text


def test_settings_changed_while_one_types_never_take_a_key_back(person: Visitor):
    person.goes_to_the_line()
    typed = person.text
    for round_number, key in enumerate("And so it went on"):
        person.types(key)
        typed += key
        order = ("variance", "activity", "similarity", "number")[round_number % 4]
        person.form.change({"order": order, "temperature": 0.5 + round_number / 100})
        QApplication.processEvents()
        assert person.text == typed
    person.rests()
    assert person.text == person.snapshot.typed == typed
    assert person.form.config.order == order


def test_writing_on_appends_and_keeps_what_was_typed(person: Visitor):
    person.goes_to_the_line()
    person.types(" and")
    before = person.text
    person.window.post("set_speed", 200.0)
    person.presses(Qt.Key.Key_Space, CONTROL)
    person.waits_until(lambda: len(person.text) > len(before) + 4)
    assert person.text.startswith(before)
    person.window.post("pause")
    # The line is written first: the frame that tells of it has come when all of it is drawn.
    person.waits_until(lambda: not person.frames[-1].playing and person.snapshot.typed == person.text)
    written = person.text
    person.types("!")
    person.waits_until(lambda: person.snapshot.typed == f"{written}!")
    assert person.text == f"{written}!"
    person.window.post("set_speed", 10.0)


def test_a_step_writes_one_character(person: Visitor):
    before = person.text
    person.presses(Qt.Key.Key_Period, CONTROL)
    person.waits_until(lambda: len(person.text) == len(before) + 1)
    assert person.text.startswith(before)


def test_a_dropped_text_file_opens(person: Visitor, tmp_path: Path):
    path = tmp_path / "tale.txt"
    path.write_text("Once upon a time.\n" * 100, encoding="utf-16")
    for over in (person.line, person.page.tabs):
        assert person.drags(files(path), over)
        person.waits_until(lambda: person.snapshot.file == path.name)
        person.rests()
        assert person.text.startswith("Once upon a time.\nOnce")
        assert "tale.txt" in person.bench.subtitle.text
        assert "UTF-16" in person.bench.subtitle.text
        assert "over the whole file" in person.page.cells["gru"].strip.sentence
        person.goes_to_the_line()
        person.types("x")
        person.rests()
        assert person.snapshot.file == ""
        assert "over the whole file" not in person.page.cells["gru"].strip.sentence


def test_a_long_paste_says_what_is_read(person: Visitor):
    text = "0123456789" * (WINDOW // 5) + "end"
    QGuiApplication.clipboard().setText(text)
    person.presses(Qt.Key.Key_L, CONTROL | SHIFT)
    person.presses(Qt.Key.Key_V, CONTROL)
    assert person.text == text
    person.waits_until(lambda: person.snapshot.typed == text)
    person.rests()
    assert not person.snapshot.unread
    assert text.endswith(person.snapshot.text)
    assert f"Only the last {len(person.snapshot.text):,} characters are read." in person.bench.subtitle.text


@pytest.mark.parametrize("text", ["Съешь 😀", "e\N{COMBINING ACUTE ACCENT}", "שלום עולם", "a\nb\n\nc", "7"])
def test_any_script_is_read_character_by_character(person: Visitor, text: str):
    QGuiApplication.clipboard().setText(text)
    person.presses(Qt.Key.Key_L, CONTROL | SHIFT)
    person.presses(Qt.Key.Key_V, CONTROL)
    person.rests()
    assert person.text == person.snapshot.text == text
    assert len(person.page.cells["rnn"].strip.numbers()[1]) == len(text)
    assert person.page.inside.states.contains((0, len(text) - 1))


def test_a_guess_leads_to_other_guesses(person: Visitor):
    person.rests()
    bars = person.page.cells["lstm"].words
    word = person.snapshot.readings[1].words[0]
    before = person.text
    person.clicks(bars.canvas, bars.row_rect(0).center())
    assert person.text == before + word.continuation
    person.rests()
    assert person.snapshot.typed == person.text
    assert not person.bench.ask.is_pinned


def test_a_pointed_state_is_explained(person: Visitor):
    states = person.page.inside.states
    person.points(states.canvas, states.value_rect((7, 20)).center())
    person.waits_until(lambda: person.snapshot.answer and person.snapshot.question.array == "states")
    found = person.snapshot.question.index
    row = person.snapshot.states.units.tolist().index(found[0])
    shown = float(person.snapshot.states.values[row, found[1]])
    assert person.bench.ask.answer.value == pytest.approx(shown)
    person.points(person.line, QPoint(5, 5))


def test_a_kept_sentence_stays_under_the_next(person: Visitor):
    person.page.tabs.setCurrentWidget(person.page.trajectory)
    keep, let_go = person.page.trajectory.tools.findChildren(QPushButton)
    person.clicks(keep)
    person.goes_to_the_line()
    person.types(" little")
    person.rests()
    assert [len(each.pinned) for each in person.snapshot.trajectories] == [1, 1, 1]
    assert "this sentence" in person.page.trajectory.pictures["lstm"].summary()
    person.clicks(let_go)
    person.rests()
    assert not any(each.pinned for each in person.snapshot.trajectories)
    assert "this sentence" not in person.page.trajectory.pictures["lstm"].summary()


def test_every_panel_gives_its_picture_and_its_numbers(
    person: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def ask(parent: QWidget, title: str, name: str, suffixes: list[str], memory: Settings) -> Path:
        asked.append(name)
        return tmp_path / f"{len(asked)}{suffixes[-1]}"

    monkeypatch.setattr("gui.export.ask_path", ask)
    person.rests()
    look_through(person.page)
    panels = [panel for panel in person.page.panels() if not panel.is_empty]
    assert len(panels) >= 17
    for panel in panels:
        panel.menu.aboutToShow.emit()
        for action in panel.menu.actions()[:4]:
            action.trigger()
        copied = QGuiApplication.clipboard().text().splitlines()
        assert len(copied) == len(panel.numbers()[1]) + 1, panel.name
        saved = [tmp_path / f"{len(asked) - 1}.{'svg' if panel.is_vector else 'png'}"]
        saved.append(tmp_path / f"{len(asked)}.csv")
        assert all(path.stat().st_size > 20 for path in saved), panel.name
    assert person.bench.notice.current is None


# In pieces ---------------------------------------------------------------------------------------


@pytest.fixture
def refreshed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The panels that got new data, by name."""
    names: list[str] = []
    plain = Panel.refresh

    def refresh(panel: Panel) -> None:
        names.append(panel.name)
        plain(panel)

    monkeypatch.setattr(Panel, "refresh", refresh)
    return names


def test_no_two_panels_are_drawn_in_one_piece_and_none_again(desk: Desk, refreshed: list[str]) -> None:
    for place in range(desk.page.tabs.count()):
        desk.page.tabs.setCurrentIndex(place)
        refreshed.clear()
        before, snapshot = 0, snapshot_of("Oh, Ann" + "!" * place)
        for _ in desk.page.pieces(snapshot):
            assert len(refreshed) <= before + 1, refreshed[before:]
            before = len(refreshed)
        assert {"surprise-rnn", "words-gru", "characters-lstm"} <= set(refreshed)
        refreshed.clear()
        assert list(desk.page.pieces(snapshot)) == []
        assert refreshed == []


def test_what_was_left_out_of_a_picture_comes_with_the_next(desk: Desk, refreshed: list[str]) -> None:
    desk.page.tabs.setCurrentWidget(desk.page.inside)
    refreshed.clear()
    snapshot = snapshot_of("Oh, Ann")
    drawn = desk.page.pieces(snapshot)
    next(drawn)
    drawn.close()
    assert refreshed == ["surprise-rnn"]
    desk.page.show_snapshot(snapshot)
    panels = (
        *(panel for cell in desk.page.cells.values() for panel in cell.panels()),
        *desk.page.inside.panels(),
    )
    assert sorted(refreshed) == sorted(panel.name for panel in panels)


def test_a_tab_that_is_left_draws_no_more(desk: Desk, refreshed: list[str]) -> None:
    desk.page.tabs.setCurrentWidget(desk.page.trajectory)
    refreshed.clear()
    for _ in desk.page.pieces(snapshot_of("Oh, Ann")):
        if refreshed[-1] == "trajectory-rnn":
            desk.page.tabs.setCurrentWidget(desk.page.inside)
    assert [name for name in refreshed if name.startswith("trajectory")] == ["trajectory-rnn"]
    assert refreshed[-2:] == ["states", "gates"]
