"""Heat maps on one scale: averaged, in their place on the axis of training, read off, and drawn once."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.colour_maps import colour, lookup
from gui.panels.heat_maps import HeatMap, HeatMapsPanel
from gui.panels.plot_ticks import power_text
from gui.panels.resample import borders, resampled
from gui.theme import theme

GRADIENT = np.tile(np.linspace(-10, 0, 5, dtype=np.float32), (4, 1))


@pytest.fixture
def maps(qtbot: QtBot) -> HeatMapsPanel:
    panel = HeatMapsPanel("Over training", "", "maps")
    qtbot.addWidget(panel)
    panel.resize(500, 300)
    panel.show()
    show(panel)
    return panel


def show(panel: HeatMapsPanel) -> None:
    """One map that goes to the end, one that ended half-way, one with a value that is none."""
    unknown = GRADIENT.copy()
    unknown[1, 2], unknown[2, 3] = np.nan, -np.inf
    starts = np.arange(4) * 100.0
    panel.set_maps(
        [
            HeatMap("A", GRADIENT, starts, 400.0, "lstm", "98 %"),
            HeatMap("B", GRADIENT[:2], starts[:2], 200.0, "gru"),
            HeatMap("C", unknown, starts, 400.0, "vanilla_rnn"),
        ],
        400.0, -10.0, 0.0, words=("t", "step"), text=power_text,
    )  # fmt: skip


def name_at(panel: HeatMapsPanel, at: QPointF) -> str:
    return panel.canvas.grab().toImage().pixelColor(at.toPoint()).name()


def covered(edges: np.ndarray, pixels: int, end: float) -> np.ndarray:
    """(pixels, intervals) how much of each pixel each interval covers, one by one."""
    scaled = edges * (pixels / end)
    tops = np.arange(pixels)[:, None]
    return np.clip(np.minimum(scaled[1:], tops + 1) - np.maximum(scaled[:-1], tops), 0, None)


@pytest.mark.parametrize("unknown", [0.0, 0.3])
@pytest.mark.parametrize(("height", "width"), [(5, 7), (31, 44), (1, 1)])
def test_every_pixel_weighs_what_lies_in_it_by_how_much_it_covers(unknown: float, height: int, width: int):
    random = np.random.default_rng(2)
    values = random.normal(-30, 10, (9, 14)).astype(np.float32)
    values[random.random(values.shape) < unknown] = np.nan
    down, across = np.array([0, 1, 2, 4, 8, 16, 24, 32, 33, 40.0]), np.arange(15.0)
    got = resampled(values, borders(down, height, 50.0), borders(across, width, 14.0))
    weights = np.einsum("yr,xc->yxrc", covered(down, height, 50.0), covered(across, width, 14.0))
    known = np.where(np.isnan(values), 0, weights)
    shares = known.sum((2, 3))
    sums = (known * np.nan_to_num(values)).sum((2, 3))
    expected = np.where(shares > 1e-4, sums / np.maximum(shares, 1e-4), np.nan)
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    assert np.isnan(got[-1]).all() == (height > 4)


@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_a_pixel_is_the_mean_of_what_it_covers(unknown: float) -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(6, 8)).astype(np.float32)
    values[random.random(values.shape) < unknown] = np.nan
    got = resampled(values, borders(np.arange(7), 3, 6), borders(np.arange(9), 4, 8))
    blocks = values.reshape(3, 2, 4, 2).swapaxes(1, 2).reshape(3, 4, 4)
    np.testing.assert_allclose(got, [[np.nanmean(one) for one in row] for row in blocks], rtol=1e-5)


def test_values_are_coloured_on_one_scale_in_both_themes(maps: HeatMapsPanel, both_themes: str) -> None:
    assert name_at(maps, maps.value_rect((0, 1, 0)).center()) == colour("viridis", 0.0).name()
    assert name_at(maps, maps.value_rect((1, 1, 4)).center()) == colour("viridis", 1.0).name()
    middle = maps.canvas.grab().toImage().pixelColor(maps.value_rect((0, 3, 2)).center().toPoint())
    assert middle.rgb() in lookup("viridis")[126:130].tolist()


def test_a_map_that_ended_is_blank_below_and_so_is_what_is_no_number(maps: HeatMapsPanel) -> None:
    place = maps.place(1)
    below = QPointF(place.center().x(), place.bottom() - place.height() / 4)
    assert name_at(maps, below) == theme().chrome
    assert maps.cell_at(below) is None
    assert name_at(maps, maps.value_rect((2, 1, 2)).center()) == theme().chrome
    assert name_at(maps, maps.value_rect((2, 2, 3)).center()) == colour("viridis", 0.0).name()  # −∞


@pytest.mark.parametrize("size", [(700, 90), (300, 500), (260, 120)])
def test_maps_lie_beside_each_other_in_any_room(maps: HeatMapsPanel, size: tuple[int, int]) -> None:
    maps.resize(*size)
    places = [maps.place(which) for which in range(3)]
    for number, one in enumerate(places):
        assert maps.canvas.rect().toRectF().contains(one)
        assert all(not one.intersects(other) for other in places[number + 1 :])
    for cell in ((0, 0, 0), (1, 1, 3), (2, 3, 4)):
        assert maps.cell_at(maps.value_rect(cell).center()) == cell


def test_the_keyboard_reaches_every_map(maps: HeatMapsPanel) -> None:
    seen: list[object] = []
    maps.hovered.connect(seen.append)
    far = Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(maps.canvas, Qt.Key.Key_Down)
    assert maps.cursor_cell == (0, 3, 0)
    for _ in range(5):
        QTest.keyClick(maps.canvas, Qt.Key.Key_Right)
    assert maps.cursor_cell == (1, 1, 0)
    QTest.keyClick(maps.canvas, Qt.Key.Key_Left)
    assert maps.cursor_cell == (0, 1, 4)
    QTest.keyClick(maps.canvas, Qt.Key.Key_Up, far)
    assert seen[-1] == ("maps", (0, 0, 4))


def test_it_is_drawn_once_and_says_its_numbers(maps: HeatMapsPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    maps.canvas.grab()
    drawn: list[HeatMap] = []
    monkeypatch.setattr(HeatMapsPanel, "_drawn", lambda panel, one, *size: drawn.append(one))
    maps.move_cursor((0, 2, 2))
    maps.canvas.grab()
    assert drawn == []
    header, rows = maps.numbers()
    assert header == ["map", "first step", "t 0", "t 1", "t 2", "t 3", "t 4"]
    assert rows[5] == ["B", 100.0, -10.0, -7.5, -5.0, -2.5, 0.0]
    assert "A, 98 %; B; C: t across, step downwards, coloured from 10⁻¹⁰ to 1." in maps.summary()


def test_it_refuses_what_is_no_map(maps: HeatMapsPanel) -> None:
    with pytest.raises(ValueError, match="no ends"):
        maps.set_maps([], 1.0, np.nan, 0.0)
    with pytest.raises(ValueError, match="of A"):
        maps.set_maps([HeatMap("A", GRADIENT, np.arange(3), 4.0)], 4.0, 0.0, 1.0)
    maps.set_maps([], 1.0, 0.0, 1.0)
    assert maps.is_empty
