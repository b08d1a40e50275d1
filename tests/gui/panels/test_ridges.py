"""Histograms one behind the other: their places, what is under the pointer, the numbers behind them."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from gui.panels.ridges import RidgesPanel, Rows


@pytest.fixture
def panel(qtbot: QtBot) -> RidgesPanel:
    panel = RidgesPanel("Weights", "Spread.", "weights", unit="update")
    qtbot.addWidget(panel)
    panel.resize(400, 360)
    panel.show()
    return panel


def rows() -> Rows:
    shares = np.array([[0.1, 0.8, 0.1, 0.0], [0.25, 0.25, 0.25, 0.25], [0.0, 0.0, 0.0, 1.0]], np.float32)
    return Rows(np.array([0, 50, 100]), shares, np.array([-1.0, -2.0, 0.0]), np.array([1.0, 2.0, 1.0]))


def test_nothing_measured_is_said(panel: RidgesPanel):
    assert panel.empty_text == panel.nothing_yet
    panel.set_rows(rows())
    assert not panel.empty_text
    panel.set_rows(None)
    assert panel.empty_text == panel.nothing_yet


def test_a_bin_is_found_under_its_outline_and_told(panel: RidgesPanel):
    panel.set_rows(rows())
    for row in range(3):
        place = int(rows().shares[row].argmax())
        low, high = rows().low[row], rows().high[row]
        middle = low + (place + 0.5) * (high - low) / 4
        x = float(panel._x(np.array([middle]))[0])
        found = panel.cell_at(QPointF(x, panel._y(row) - 1))
        assert found == (row, place)
        assert f"update {int(rows().steps[row])}" in panel.tip(QPointF(x, panel._y(row) - 1))
    assert panel.cell_at(QPointF(-20, -20)) is None


def test_the_newest_stands_below_the_older_ones_and_all_have_room(panel: RidgesPanel):
    panel.set_rows(rows())
    heights = [panel._y(row) for row in range(3)]
    assert heights == sorted(heights)
    assert all(0 < height <= panel.canvas.height() for height in heights)
    peak = max(panel._height(0, place) for place in range(4))
    assert heights[0] - peak >= 0


def test_the_keyboard_goes_from_bin_to_bin_and_through_time(panel: RidgesPanel):
    panel.set_rows(rows())
    assert panel.neighbour(None, 1, 0, far=False) == (2, 3)
    assert panel.neighbour((1, 1), 1, 0, far=False) == (1, 2)
    assert panel.neighbour((1, 1), 0, -1, far=False) == (0, 1)
    assert panel.neighbour((0, 0), -1, -1, far=True) == (0, 0)


def test_the_numbers_are_the_histograms(panel: RidgesPanel):
    panel.set_rows(rows())
    head, found = panel.numbers()
    assert head[:3] == ["update", "low", "high"]
    np.testing.assert_allclose(np.array(found)[:, 3:], rows().shares)
    assert [row[0] for row in found] == [0, 50, 100]
