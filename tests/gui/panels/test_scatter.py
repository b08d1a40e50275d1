"""Points in a plane: where they lie, what is near the pointer, how the keyboard goes from one to the next."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from gui.panels.scatter import DOT, NEAR, ScatterPanel
from gui.panels.series import series_colour

POINTS = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 2.0], [4.0, 2.0]])


@pytest.fixture
def panel(qtbot: QtBot) -> ScatterPanel:
    panel = ScatterPanel("Plane", "Points.", "plane")
    qtbot.addWidget(panel)
    panel.resize(500, 400)
    panel.show()
    return panel


def show(panel: ScatterPanel, **details: object) -> None:
    panel.set_points(POINTS, np.array([0, 1, 2, 2]), ["ox", "cat", "dog"], **details)  # ty: ignore[invalid-argument-type]


def test_without_points_it_says_so(panel: ScatterPanel):
    assert panel.empty_text
    panel.set_points(np.zeros((0, 2)), np.zeros(0, int), [])
    assert panel.empty_text == panel.nothing_yet


def test_distances_are_told_truly_along_both_axes(panel: ScatterPanel):
    show(panel)
    corner, right, up = (panel.place(place) for place in range(3))
    assert right.x() - corner.x() == pytest.approx(2 * (corner.y() - up.y()))
    assert right.y() == corner.y()
    for place in range(4):
        assert 0 < panel.place(place).x() < panel.canvas.width()
        assert 0 < panel.place(place).y() < panel.canvas.height()


def test_the_pointer_finds_what_is_near_and_nothing_else(panel: ScatterPanel):
    show(panel)
    at = panel.place(1)
    assert panel.cell_at(at + QPointF(NEAR - 1, 0)) == (1,)
    assert panel.cell_at(at + QPointF(0, NEAR + 1)) is None


def test_arrows_go_to_the_nearest_point_that_way(panel: ScatterPanel):
    show(panel)
    assert panel.neighbour(None, 1, 0, far=False) == (0,)
    assert panel.neighbour((0,), 1, 0, far=False) == (1,)
    assert panel.neighbour((0,), 0, -1, far=False) == (2,)
    assert panel.neighbour((3,), 0, 1, far=False) == (1,)
    assert panel.neighbour((1,), 1, 0, far=False) == (1,)


def test_a_point_has_its_class_s_colour_and_a_wrong_one_is_a_ring(panel: ScatterPanel):
    show(panel, wrong=np.array([False, False, True, False]))
    picture = panel.canvas.grab().toImage()
    ratio = picture.devicePixelRatio()

    def colour(at: QPointF) -> QColor:
        return picture.pixelColor(round(at.x() * ratio), round(at.y() * ratio))

    assert colour(panel.place(3) + QPointF(0, 0)).name() == QColor(series_colour(2)).name()
    ring = panel.place(2)
    assert colour(ring).name() != QColor(series_colour(2)).name()
    edge = colour(ring + QPointF(DOT + 1, 0))
    assert abs(edge.hslHueF() - QColor(series_colour(2)).hslHueF()) < 0.1


def test_pictures_and_numbers(panel: ScatterPanel):
    pictures = np.zeros((4, 3, 3, 3), np.uint8)
    pictures[1] = (250, 10, 10)
    show(panel, pictures=pictures, texts=["a", "b", "c", "d"])
    panel.point(panel.place(1))
    found = panel.canvas.grab().toImage()
    reds = sum(
        found.pixelColor(x, y).red() > 200 and found.pixelColor(x, y).green() < 60
        for x in range(0, found.width(), 4)
        for y in range(0, found.height(), 4)
    )
    assert reds > 50
    head, rows = panel.numbers()
    assert head == ["name", "class", "x", "y"]
    assert rows[1] == ["b", "cat", 4.0, 0.0]
    with pytest.raises(ValueError, match="4 points"):
        panel.set_points(POINTS, np.array([0, 1]), ["a"])
