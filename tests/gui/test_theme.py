"""Themes: what is text can be read, what is drawn stands out, and a choice is kept to."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from gui.theme import DARK, GRAPHICS_CONTRAST, LIGHT, TEXT_CONTRAST, Theme, contrast, readable, themes

BOTH = pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])


@BOTH
def test_text_can_be_read_on_every_ground(colours: Theme):
    texts = (colours.text, colours.muted, colours.danger, colours.accent_text)
    for ground in (colours.page, colours.chrome, colours.raised):
        assert all(contrast(text, ground) >= TEXT_CONTRAST for text in texts)


@BOTH
def test_meaningful_colours_and_the_accent_stand_out(colours: Theme):
    meanings = (colours.convolution, colours.vanilla_rnn, colours.lstm, colours.gru)
    assert all(contrast(colour, colours.page) >= TEXT_CONTRAST for colour in meanings)
    assert len(set(meanings)) == 4
    assert contrast(colours.accent, colours.page) >= GRAPHICS_CONTRAST


@BOTH
def test_relatives_of_a_network_stand_out_and_differ_in_more_than_hue(colours: Theme):
    relatives = (colours.relu_rnn, colours.identity_rnn, colours.lstm_unbiased)
    grounds = (colours.page, colours.raised)
    assert all(contrast(one, ground) >= TEXT_CONTRAST for one in relatives for ground in grounds)
    for base, relative in ((colours.vanilla_rnn, colours.relu_rnn), (colours.lstm, colours.lstm_unbiased)):
        assert contrast(base, relative) > 1.5


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # a well-known near miss
    assert contrast("#123456", "#123456") == 1


def test_a_readable_colour_stays_as_it_is_and_another_moves_just_enough():
    assert readable("#000000", "#ffffff") == "#000000"
    moved = readable("#E69F00", "#ffffff")
    assert TEXT_CONTRAST <= contrast(moved, "#ffffff") < TEXT_CONTRAST + 0.4


def test_choosing_dresses_the_application_and_tells(qapp: QApplication):
    told: list[str] = []
    listener = themes.changed.connect(lambda: told.append(themes.current.name))
    try:
        themes.choose("light")
        assert qapp.palette().window().color().name() == LIGHT.page
        themes.choose("dark")
        assert qapp.palette().window().color().name() == DARK.page
    finally:
        themes.changed.disconnect(listener)
        themes.choose("dark")
    assert told == ["light", "dark"]
