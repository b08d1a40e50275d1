"""Fading curves, bands, levels and powers of ten: drawn where they belong, and no more often than needed."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from gui.panels import flow_plot
from gui.panels.flow_plot import MOST_STROKES, FlowPlotPanel, Trail
from gui.panels.line_plot import Curve, Level
from gui.panels.plot_ticks import Scale, power_text, rounded_out, steady, tick_texts
from gui.theme import theme

X = np.arange(11)
NEWEST = -2.0 * X
TRAIL = Trail(X, np.array([np.full(11, -4.0), np.full(11, -16.0)]), "lstm")


@pytest.fixture
def plot(qtbot: QtBot) -> FlowPlotPanel:
    panel = FlowPlotPanel("Flow", "", "flow")
    qtbot.addWidget(panel)
    panel.resize(500, 300)
    panel.show()
    panel.set_trails([TRAIL])
    show(panel)
    return panel


def show(panel: FlowPlotPanel, newest: np.ndarray = NEWEST, **more: object) -> None:
    panel.set_curves([Curve("LSTM", X, newest, "lstm")], "t", "", power_y=True, **more)  # ty: ignore


def strength(panel: FlowPlotPanel, at: QPointF) -> float:
    """How far the colours around a point are from the ground."""
    image, page = panel.canvas.grab().toImage(), QColor(theme().page)
    found = [image.pixelColor(at.toPoint() + QPointF(0, dy).toPoint()) for dy in (-1, 0, 1)]
    return max(abs(one.blue() - page.blue()) + abs(one.green() - page.green()) for one in found)


def down(panel: FlowPlotPanel, x: float, y: float) -> QPointF:
    across, place = panel._axes.place(np.array([x]), np.array([y]))  # ty: ignore
    return QPointF(float(across[0]), float(place[0]))


def test_the_newest_is_bold_and_the_older_a_curve_the_paler(plot: FlowPlotPanel, both_themes: str) -> None:
    newest = strength(plot, plot.place_of((0, 5)))
    younger, oldest = strength(plot, down(plot, 3.3, -16.0)), strength(plot, down(plot, 4.3, -4.0))
    assert newest > 2 * younger > 2.5 * oldest > 0
    assert strength(plot, down(plot, 5.5, -7.0)) == 0


def test_the_axis_reaches_the_trails_and_keeps_calm(plot: FlowPlotPanel) -> None:
    assert plot.y_range == (-20.0, 0.0)
    plot.set_trails([])
    show(plot, NEWEST / 2)
    assert plot.y_range == (-20.0, 0.0)  # it is filled well enough
    show(plot, NEWEST / 5)
    assert plot.y_range == (-4.0, 0.0)


def test_trails_are_drawn_once_as_long_as_nothing_changes(
    plot: FlowPlotPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    plot.canvas.grab()
    drawn: list[Trail] = []
    monkeypatch.setattr(flow_plot, "_paint_trail", lambda painter, axes, trail: drawn.append(trail))
    show(plot, NEWEST * 0.9)
    plot.move_cursor((0, 3))
    plot.canvas.grab()
    assert drawn == []
    plot.set_trails([TRAIL])
    show(plot)
    plot.canvas.grab()
    assert len(drawn) == 1


def test_no_more_strokes_than_there_is_time_for(plot: FlowPlotPanel) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 1001))
    plot.set_trails([Trail(np.arange(1001), rows, "gru")] * 6)
    assert plot.strokes == MOST_STROKES
    thinned = plot._trails[0]
    np.testing.assert_allclose(thinned.rows[-1][0], rows[-1][:6].mean())  # averaged, never thinned out
    assert len(thinned.x) <= flow_plot.MOST_POINTS


def test_a_gap_in_a_trail_stays_a_gap(plot: FlowPlotPanel) -> None:
    broken = np.full((1, 11), -16.0)
    broken[0, 4:7] = [np.nan, -np.inf, np.nan]
    plot.set_trails([Trail(X, broken, "lstm")])
    show(plot)
    assert strength(plot, down(plot, 5.0, -16.0)) == 0
    assert strength(plot, down(plot, 1.5, -16.0)) > 0


def test_what_the_sequence_has_stands_under_its_steps(plot: FlowPlotPanel) -> None:
    before = plot.canvas.grab().toImage()
    plot.set_labels(("C", *[""] * 9))
    show(plot)
    after = plot.canvas.grab().toImage()
    at, bottom = plot.x_place(1.0), plot.canvas.height()
    changed = [
        x
        for x in range(plot.canvas.width())
        if any(before.pixel(x, y) != after.pixel(x, y) for y in range(bottom - 16, bottom))
    ]
    assert changed
    assert abs(np.mean(changed) - at) < 4


def test_numbers_beyond_any_float_are_written_as_powers(plot: FlowPlotPanel) -> None:
    show(plot, NEWEST * 50)
    assert plot.y_range == (-1000.0, 0.0)
    assert "10⁻¹⁰⁰⁰" in plot.summary()
    texts = {-12.0: "10⁻¹²", -11.5: "3.2·10⁻¹²", 24.0: "10²⁴", -1.5: "0.032", 2.5: "316", 0.0: "1"}
    assert {value: power_text(value) for value in texts} == texts
    assert power_text(-np.inf) == "0"
    assert power_text(np.nan) == "not a number"


def test_powers_have_whole_ticks_and_a_top_that_is_theirs() -> None:
    assert rounded_out(-31.4, 0.2, "power") == Scale(-35.0, 1.0, "power")
    assert rounded_out(-0.5, -0.5, "power") == Scale(-1.0, 0.0, "power")
    assert tick_texts([-10.0, 0.0], "power") == ["10⁻¹⁰", "10⁰"]
    assert Scale(-35.0, 1.0, "power").ticks(5) == [-30.0, -20.0, -10.0, 0.0]
    wide = Scale(-100.0, 0.0, "power")
    assert steady(wide, -60.0, -1.0, "power") is wide
    assert steady(wide, -6.0, -1.0, "power") != wide


def test_a_level_is_named_and_reached_if_it_is_to_be(plot: FlowPlotPanel) -> None:
    show(plot, levels=[Level(-44.85, "nothing below", reached=False, inside=True)])
    assert plot.y_range == (-20.0, 0.0)
    show(plot, levels=[Level(3.0, "most")])
    assert plot.y_range[1] == 3.0
    at = down(plot, 8.5, 3.0)
    assert plot.canvas.grab().toImage().pixelColor(at.toPoint()).name() != theme().page


def test_a_band_lies_around_its_curve_and_its_edge_at_zero_below_the_axis(plot: FlowPlotPanel) -> None:
    ones = np.ones(11)
    plot.set_trails([])
    plot.set_curves(
        [Curve("one", X, ones, "gru", low=0 * ones, high=5 * ones)], "t", "", log_y=True, y_range=(0.1, 10.0)
    )
    image = plot.canvas.grab().toImage()
    inside = [image.pixelColor(down(plot, 4.5, value).toPoint()).name() for value in (4.0, 0.5, 0.11)]
    assert len(set(inside)) == 1 != theme().page
    assert image.pixelColor(down(plot, 4.5, 7.0).toPoint()).name() == theme().page
    with pytest.raises(ValueError, match="band of 'one'"):
        plot.set_curves([Curve("one", X, ones, low=ones[1:], high=ones)], "t", "")
