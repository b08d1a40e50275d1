"""The drawing pad: ink where one draws, strokes taken back, a drawing told at last as it is."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.panels.pad import SIDE, THICK, THIN, PadPanel

LEFT, KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def pad(qtbot: QtBot) -> PadPanel:
    panel = PadPanel("Pad", "Draw.", "pad")
    qtbot.addWidget(panel)
    panel.resize(320, 380)
    panel.refresh()
    panel.show()
    return panel


def drag(panel: PadPanel, *points: tuple[int, int]) -> None:
    places = [QPoint(*point) for point in points]
    QTest.mousePress(panel.canvas, LEFT, KEYS, places[0])
    for place in places[1:]:
        QTest.mouseMove(panel.canvas, place)
    QTest.mouseRelease(panel.canvas, LEFT, KEYS, places[-1])


def test_ink_lies_where_the_pointer_went(pad: PadPanel):
    assert pad.is_blank
    scale = min(pad.canvas.width(), pad.canvas.height()) / SIDE
    drag(pad, (round(20 * scale), round(30 * scale)), (round(80 * scale), round(30 * scale)))
    pixels = pad.pixels
    assert pixels.shape == (SIDE, SIDE)
    assert (pixels[30, 25:75] == 255).all()
    assert not pixels[60:].any()
    rows = np.flatnonzero(pixels[:, 50])
    assert rows.max() - rows.min() == pytest.approx(pad.pen, abs=2)


def test_the_drawing_is_told_as_it_is_in_the_end(pad: PadPanel, qtbot: QtBot):
    told: list[np.ndarray] = []
    pad.drawn.connect(told.append)
    drag(pad, (40, 40), (120, 90), (60, 140))
    qtbot.waitUntil(lambda: bool(told) and np.array_equal(told[-1], pad.pixels))


def test_strokes_are_taken_back_one_by_one_and_clearing_too(pad: PadPanel):
    pad.stroke(QPointF(5, 5), QPointF(5, 5))  # without a press there is nothing to come back to
    first = pad.pixels
    drag(pad, (150, 150), (180, 180))
    second = pad.pixels
    pad.clear()
    assert pad.is_blank
    for before in (second, first):
        QTest.keyClick(pad.canvas, Qt.Key.Key_Backspace)
        np.testing.assert_array_equal(pad.pixels, before)
    pad.undo()
    np.testing.assert_array_equal(pad.pixels, first)
    QTest.keyClick(pad.canvas, Qt.Key.Key_Delete)
    assert pad.is_blank


def test_the_pen_keeps_within_its_breadths(pad: PadPanel):
    for _ in range(30):
        QTest.keyClick(pad.canvas, Qt.Key.Key_Plus)
    assert pad.pen == THICK
    for _ in range(30):
        QTest.keyClick(pad.canvas, Qt.Key.Key_Minus)
    assert pad.pen == THIN


def test_the_numbers_are_the_pixels(pad: PadPanel):
    pad.stroke(QPointF(10, 10), QPointF(90, 90))
    head, rows = pad.numbers()
    assert len(head) == SIDE
    np.testing.assert_array_equal(np.array(rows), pad.pixels)
