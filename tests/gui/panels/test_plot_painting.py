"""Plots that are cheap to paint: strokes and bands as they should look, and nothing painted twice."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from pytestqt.qtbot import QtBot

from gui.export import picture
from gui.panels import line_plot, plot_bands
from gui.panels.line_plot import Curve, LinePlotPanel
from gui.panels.plot_axes import Axes, Words, x_ticks
from gui.panels.plot_bands import Band, paint_bands
from gui.panels.plot_strokes import CROWD, DASH, GAP, THICK, dashes, paint_curve, seen, segments, shape
from gui.panels.plot_ticks import Scale
from gui.theme import theme

FRAME = QRectF(10, 5, 200, 100)
AXES = Axes(FRAME, Scale(0.0, 10.0), Scale(0.0, 1.0), Words())
COLOURS = "#E69F00", "#0072B2", "#009E73"


@pytest.fixture
def plot(qtbot: QtBot) -> LinePlotPanel:
    panel = LinePlotPanel("Loss", "", "loss")
    qtbot.addWidget(panel)
    panel.resize(420, 260)
    panel.show()
    show(panel)
    return panel


def show(panel: LinePlotPanel, height: float = 1.0) -> None:
    panel.set_curves(
        [Curve("LSTM", [0, 1, 2], [0.0, height, 0.5], "lstm")], "step", "loss", y_range=(0.0, 1.0)
    )


def canvas(width: int = 220, height: int = 120) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    return image


def test_of_a_crowd_of_points_the_highest_and_the_lowest_in_every_column_are_drawn():
    x = np.linspace(0, 100, 3001)
    y = np.random.default_rng(0).normal(size=3001)
    kept_x, kept_y = seen(x, y)
    columns = np.floor(x / THICK)
    for column in range(50):
        here = y[columns == column]
        assert {here.min(), here.max()} <= set(kept_y[np.floor(kept_x / THICK) == column])
    assert len(kept_x) <= 2 * 51 + 2
    assert (kept_x[0], kept_x[-1]) == (0, 100)
    few = np.linspace(0, 100, int(CROWD * 50))
    assert seen(few, few)[0] is few


def test_dashes_lie_on_the_curve_and_leave_gaps():
    x, y = np.array([0.0, 30.0, 60.0]), np.array([0.0, 40.0, 0.0])
    cut = dashes(x, y)
    np.testing.assert_allclose(np.interp(cut[:, [0, 2]], x, y), cut[:, [1, 3]], atol=1e-9)
    drawn = np.hypot(cut[:, 2] - cut[:, 0], cut[:, 3] - cut[:, 1]).sum()
    assert drawn == pytest.approx(100 * DASH / (DASH + GAP), rel=0.05)
    assert len(cut) >= 100 // (DASH + GAP)


def test_lines_are_painted_from_point_to_point_and_break_where_nothing_is_known(qtbot: QtBot):
    y = np.full(101, 60.0)
    y[40:50] = np.nan
    image = canvas()
    painter = QPainter(image)
    paint_curve(painter, shape(np.arange(101) + 20.0, y, dashed=False), "#000000")
    painter.end()
    dark = [QColor(image.pixel(x, 60)).lightness() < 128 for x in range(220)]
    assert dark[25:57] == [True] * 32
    assert dark[62:68] == [False] * 6
    assert dark[72:118] == [True] * 46
    assert not any(dark[:17] + dark[124:])
    assert segments(np.arange(3.0), np.array([5.0, 6.0, 7.0])).tolist() == [[0, 5, 1, 6], [1, 6, 2, 7]]


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_bands_on_a_screen_are_those_of_a_vector_picture(ratio: float, qtbot: QtBot):
    random = np.random.default_rng(1)
    x = np.arange(11.0)
    bands = [
        Band(
            x,
            0.4 + 0.1 * place - 0.2 * random.random(11),
            0.5 + 0.1 * place + 0.2 * random.random(11),
            colour,
        )
        for place, colour in enumerate(COLOURS)
    ]
    bands[1].low[4:6] = np.nan
    size = canvas().size() * ratio
    found = [QImage(size, QImage.Format.Format_RGB32) for _ in range(2)]
    for image, paint in zip(found, (paint_bands, _filled), strict=True):
        image.setDevicePixelRatio(ratio)
        image.fill(QColor("white"))
        painter = QPainter(image)
        paint(painter, AXES, bands)
        painter.end()
    ours, filled = (
        np.array(image.constBits(), np.uint8).reshape(size.height(), size.width(), 4) for image in found
    )
    apart = np.abs(ours.astype(int) - filled).max(axis=2)
    assert (ours != 255).any(axis=2).mean() > 0.2
    assert (apart > 3).mean() < 0.03  # the edges alone
    assert apart[:, : int(10 * ratio)].max() == 0


def _filled(painter: QPainter, axes: Axes, bands: list[Band]) -> None:
    for band in bands:
        plot_bands._fill(painter, *plot_bands._placed(axes, band), band.colour)


def test_a_band_without_height_is_none(plot: LinePlotPanel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plot_bands, "_picture", lambda *_: pytest.fail("nothing is to be painted"))
    ones = np.full(3, 0.5)
    plot.set_curves([Curve("a", [0, 1, 2], ones, low=ones, high=ones)], "step", "")
    plot.canvas.grab()


def test_what_does_not_move_with_the_pointer_is_painted_once(
    plot: LinePlotPanel, monkeypatch: pytest.MonkeyPatch
):
    plot.canvas.grab()
    painted: list[str] = []
    monkeypatch.setattr(line_plot, "paint_curve", lambda painter, drawn, colour: painted.append(colour))
    before = plot.canvas.grab().toImage()
    plot.move_cursor((0, 1))
    assert plot.canvas.grab().toImage() != before  # the tag
    assert painted == []
    for change in (lambda: plot.set_cursor(1.0), lambda: show(plot, 0.3), lambda: plot.resize(400, 260)):
        change()
        plot.canvas.grab()
        assert len(painted) == 1
        painted.clear()


def test_a_larger_picture_is_as_sharp(plot: LinePlotPanel):
    large = picture(plot.canvas, 2.0)
    rows = np.array(large.constBits(), np.uint8).reshape(large.height(), large.width(), 4)
    odd, even = rows[:, 0::2].astype(int), rows[:, 1::2].astype(int)
    assert np.abs(odd - even).max() > 60  # enlarged, each pixel would be there twice


def test_a_curve_that_ends_beyond_the_axis_is_named_at_its_edge_without_a_line(plot: LinePlotPanel):
    beyond, within = (line_plot._label("LSTM", 50.0, y, FRAME, "#000000") for y in (-900.0, 50.0))
    assert (beyond.text, beyond.end.y(), beyond.is_joined) == ("↑ LSTM", FRAME.top(), False)
    assert (within.text, within.end.y(), within.is_joined) == ("LSTM", 50.0, True)
    assert line_plot._label("LSTM", 50.0, 900.0, FRAME, "#000000").text == "↓ LSTM"
    blank = canvas()
    painter = QPainter(blank)
    line_plot.paint_labels(painter, [beyond], FRAME, 300)
    painter.end()
    assert QColor(blank.pixel(QPoint(214, 2))) == QColor("white")


@pytest.mark.parametrize("width", [30, 60, 117, 400])
def test_a_tick_is_named_in_the_least_room(width: int, qtbot: QtBot):
    axes = Axes(QRectF(30, 5, width, 80), Scale(20.0, 1437.0), Scale(0.0, 1.0), Words("update", whole=True))
    ticks = x_ticks(axes, QFontMetricsF(QFont()))
    assert ticks
    assert all(0 <= tick.share <= 1 for tick in ticks)


def test_colours_of_the_page_come_with_its_theme(plot: LinePlotPanel, both_themes: str):
    show(plot)
    assert plot.canvas.grab().toImage().pixelColor(QPoint(1, plot.canvas.height() - 2)).name() == theme().page
