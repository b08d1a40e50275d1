"""Brushing on the language modelling page: one brush on three texts, and the tab that shows what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.labs.language_modelling import (
    Brush,
    BrushedPlace,
    LanguageModellingConfig,
    LanguageModellingSnapshot,
    States,
)
from gui.labs.language_modelling.brushes import Brushes
from gui.labs.language_modelling.page import LanguageModellingPage
from gui.labs.language_modelling.phrase_tab import NO_PLACES, NOTHING, PhraseTab
from gui.panels.text_strip import TextStripPanel

TEXT = "The old door\nopened"
PLACES = (
    BrushedPlace(40, 43, "In the\n", "old", " days", 2, 1.0),
    BrushedPlace(90, 93, "we were t", "old", " to wait", 1, 0.5),
)
BRUSH = Brush("gru", 4, 7, 0.3, 64, (9, 3), (-0.9, 0.42), 0.5, PLACES)
KEYS = Qt.KeyboardModifier.NoModifier


class Strips(QWidget):
    """Three texts with one brush."""

    def __init__(self) -> None:
        super().__init__()
        self.of = {cell: TextStripPanel(cell, "", name=cell, small=True) for cell in ("rnn", "lstm", "gru")}
        column = QVBoxLayout(self)
        for strip in self.of.values():
            column.addWidget(strip)
        self.brushes = Brushes(self.of, self)
        self.heard: list[tuple[str, int, int]] = []
        self.brushes.wanted.connect(lambda *brushed: self.heard.append(brushed))

    def set_text(self, text: str) -> None:
        with self.brushes.drawing():
            for strip in self.of.values():
                strip.set_text(list(text), np.zeros(len(text)), 0.0, 1.0)

    def brushed(self) -> dict[str, tuple[int, int]]:
        return {cell: strip.brush for cell, strip in self.of.items() if strip.brush != (0, 0)}


@pytest.fixture
def strips(show: Callable[[QWidget], None]) -> Strips:
    strips = Strips()
    strips.resize(600, 400)
    show(strips)
    strips.set_text("The old door opened")
    return strips


def drag(strip: TextStripPanel, first: int, last: int) -> None:
    begin, end = (strip.character_rect(at).center().toPoint() for at in (first, last))
    QTest.mousePress(strip.canvas, Qt.MouseButton.LeftButton, KEYS, begin)
    QTest.mouseMove(strip.canvas, (begin + end) / 2)
    QTest.mouseMove(strip.canvas, end)
    QTest.mouseRelease(strip.canvas, Qt.MouseButton.LeftButton, KEYS, end)


# One brush ----------------------------------------------------------------------------------------


def test_a_drag_over_one_text_lifts_the_brush_of_another(strips: Strips) -> None:
    drag(strips.of["rnn"], 4, 6)
    assert strips.heard[-1] == ("rnn", 4, 7)
    drag(strips.of["gru"], 8, 11)
    assert strips.heard[-1] == ("gru", 8, 12)
    assert strips.brushed() == {"gru": (8, 12)}
    assert all(cell == "rnn" or start < stop for cell, start, stop in strips.heard)
    QTest.keyClick(strips.of["gru"].canvas, Qt.Key.Key_Escape)
    assert strips.heard[-1] == ("gru", 0, 0)
    assert strips.brushed() == {}


def test_an_answer_to_an_older_brush_takes_nothing_back(strips: Strips) -> None:
    drag(strips.of["gru"], 4, 6)
    strips.brushes.follow(None)
    strips.brushes.follow(replace(BRUSH, start=4, stop=6))
    assert strips.brushed() == {"gru": (4, 7)}
    strips.brushes.follow(BRUSH)
    assert strips.brushed() == {"gru": (4, 7)}
    strips.brushes.follow(replace(BRUSH, cell="lstm", start=1, stop=3))
    assert strips.brushed() == {"lstm": (1, 3)}
    strips.brushes.follow(None)
    assert strips.brushed() == {}


def test_a_text_that_loses_brushed_characters_says_nothing(strips: Strips) -> None:
    drag(strips.of["gru"], 4, 11)
    strips.brushes.follow(replace(BRUSH, stop=12))
    heard = list(strips.heard)
    strips.set_text("The old")
    strips.brushes.follow(None)
    assert strips.heard == heard
    assert strips.brushed() == {}


def test_the_brush_moves_with_its_phrase(strips: Strips) -> None:
    drag(strips.of["gru"], 4, 6)
    strips.brushes.follow(BRUSH)
    strips.set_text("Now the old door opened")
    strips.brushes.follow(replace(BRUSH, start=8, stop=11))
    assert strips.brushed() == {"gru": (8, 11)}


# The tab ------------------------------------------------------------------------------------------


def snapshot(brush: Brush | None, picked: States | None = None) -> LanguageModellingSnapshot:
    return LanguageModellingSnapshot(LanguageModellingConfig(), text=TEXT, brush=brush, states=picked)


def states(cell: str, unit: int) -> States:
    empty = np.zeros((64, len(TEXT)), np.float32)
    return States(cell, "hidden", empty, np.arange(64), (-1.0, 1.0), unit, ("hidden",), empty[:1])


@pytest.fixture
def tab(show: Callable[[QWidget], None]) -> PhraseTab:
    outer = QWidget()
    tab = PhraseTab(outer)
    QHBoxLayout(outer).addWidget(tab)
    outer.resize(QSize(900, 300))
    show(outer)
    return tab


def test_until_a_phrase_is_brushed_it_says_how(tab: PhraseTab) -> None:
    assert [panel.empty_text for panel in tab.panels()] == [NOTHING, NO_PLACES]
    tab.show_brush(snapshot(BRUSH))
    tab.show_brush(snapshot(None))
    assert [panel.empty_text for panel in tab.panels()] == [NOTHING, NO_PLACES]
    assert (tab.units.title, tab.units.sentence, tab.places.sentence) == ("Units that stay on", "", "")


def test_it_lists_the_units_and_the_places(tab: PhraseTab) -> None:
    tab.show_brush(snapshot(BRUSH))
    assert tab.units.title == "GRU: 2 of 64 units stay on"
    assert tab.units.sentence == "|h| > 0.30 through “old”."
    assert tab.units.summary() == "unit 9 −0.900, unit 3 +0.420"
    assert tab.units.numbers()[1] == [[1, "unit 9", 0.9], [2, "unit 3", 0.42]]
    assert tab.places.numbers()[1] == [
        [1, "In the↵", "old", " days", 1.0],
        [2, "we were t", "old", " to wait", 0.5],
    ]
    assert tab.places.summary() == "2 passages: old, 2 of 2; old, 1 of 2."


def test_a_click_picks_the_unit_and_colours_the_text_by_it(tab: PhraseTab) -> None:
    chosen: list[dict[str, object]] = []
    tab.chosen.connect(chosen.append)
    tab.show_brush(snapshot(BRUSH))
    at = tab.units.row_rect(1).center().toPoint()
    QTest.mouseClick(tab.units.canvas, Qt.MouseButton.LeftButton, KEYS, QPoint(at))
    assert chosen == [{"cell": "gru", "unit": 3, "colour": "unit"}]


def test_the_picked_unit_is_marked(tab: PhraseTab) -> None:
    tab.show_brush(snapshot(BRUSH))
    plain = tab.units.canvas.grab().toImage()
    tab.show_brush(snapshot(BRUSH, states("gru", 3)))
    marked = tab.units.canvas.grab().toImage()
    assert marked != plain
    tab.show_brush(snapshot(BRUSH, states("lstm", 3)))
    assert tab.units.canvas.grab().toImage() == plain


def test_it_says_why_there_are_no_places(tab: PhraseTab) -> None:
    tab.show_brush(snapshot(replace(BRUSH, places=None)))
    assert tab.places.empty_text == "The reference text is being read."
    tab.show_brush(snapshot(replace(BRUSH, places=())))
    assert tab.places.empty_text.startswith("None of these units")
    tab.show_brush(snapshot(BRUSH))
    assert not tab.places.is_empty


@pytest.mark.parametrize(
    ("cell", "steadiest", "said"),
    [
        ("gru", 0.21, "above 0.21: set “On above” lower"),
        ("gru", 0.01, "for as long: brush less."),
        ("lstm", 0.0, "brush less. What its cell state c keeps"),
    ],
)
def test_it_says_what_to_do_where_no_unit_stays_on(
    cell: str, steadiest: float, said: str, tab: PhraseTab
) -> None:
    none = replace(BRUSH, cell=cell, units=(), strengths=(), steadiest=steadiest, places=())
    tab.show_brush(snapshot(none))
    assert said in tab.units.empty_text
    assert tab.units.title.endswith("0 of 64 units stay on")
    assert tab.places.empty_text.startswith("Without units")


# On the page --------------------------------------------------------------------------------------


def test_brushing_on_the_page_asks_the_lab_and_brings_the_tab_to_the_front(
    show: Callable[[QWidget], None],
) -> None:
    page = LanguageModellingPage()
    page.resize(1000, 700)
    show(page)
    commands: list[tuple[str, tuple[object, ...]]] = []
    page.command_wanted.connect(lambda name, arguments: commands.append((name, arguments)))
    strip = page.cells["lstm"].strip
    with page.brushes.drawing():
        strip.set_text(list(TEXT), np.zeros(len(TEXT)), 0.0, 1.0)
    drag(strip, 4, 6)
    assert commands[-1] == ("brush", ("lstm", 4, 7))
    assert page.tabs.currentWidget() is page.phrase
    page.tabs.setCurrentWidget(page.memory)
    QTest.keyClick(strip.canvas, Qt.Key.Key_Escape)
    assert commands[-1] == ("brush", ("lstm", 0, 0))
    assert page.tabs.currentWidget() is page.memory
