"""Curves: where they are drawn, what is read off them, and how axes, names and zoom behave."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from gui.export import save_picture
from gui.panels.line_plot import Curve, LinePlotPanel
from gui.panels.plot_labels import spread
from gui.panels.plot_ticks import Scale, plain, rounded_out, steady, tick_texts, with_unit
from gui.panels.series import COUNT, series_colour
from gui.theme import TEXT_CONTRAST, contrast, theme, themes

NAN = float("nan")
X = np.arange(-30.0, 31.0, 10.0)
CAT = np.array([0.1, 0.2, 0.4, 0.6, 0.4, 0.2, 0.1])
DOG = np.array([0.8, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05])


@pytest.fixture
def plot(qtbot: QtBot) -> LinePlotPanel:
    panel = LinePlotPanel("What if", "Probability against the slider.", "sweep")
    qtbot.addWidget(panel)
    panel.resize(520, 280)
    panel.show()
    _show(panel)
    return panel


def _show(panel: LinePlotPanel, cat: np.ndarray = CAT, dog: np.ndarray = DOG, **more: object) -> None:
    settings = {"x_unit": "°", "y_percent": True, "cursor": 10.0} | more
    curves = [Curve("cat", X, cat, 0), Curve("dog", X, dog, 1, dashed=True)]
    panel.set_curves(curves, "rotation", "probability", **settings)  # ty: ignore[invalid-argument-type]


def _colours(panel: LinePlotPanel, at: QPointF, ratio: int = 1, around: int = 1) -> set[str]:
    """Colours drawn around a point of the canvas."""
    image = QImage(panel.canvas.size() * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    panel.canvas.render(image)
    middle = (at * ratio).toPoint()
    places = itertools.product(range(-around, around + 1), repeat=2)
    return {image.pixelColor(middle + QPoint(x, y)).name() for x, y in places}


@pytest.mark.parametrize("ratio", [1, 2])
def test_curves_run_through_their_points_in_their_colours(
    plot: LinePlotPanel, ratio: int, both_themes: str
) -> None:
    for place in range(1, len(X) - 1):
        assert series_colour(0) in _colours(plot, plot.place_of((0, place)), ratio)
    beside = QPointF(plot.x_place(-25), plot.place_of((0, 2)).y() + 12)
    assert _colours(plot, beside, ratio) == {theme().page}


def test_points_lie_where_the_axes_say(plot: LinePlotPanel) -> None:
    assert plot.y_range == pytest.approx((0, 0.8))
    places = [plot.place_of((0, place)) for place in range(len(X))]
    assert np.diff([place.x() for place in places]) == pytest.approx(
        np.diff(places[0].x() + X) * _scale(plot)
    )
    heights = np.array([place.y() for place in places])
    assert (heights[0] - heights) / (heights[0] - heights[3]) == pytest.approx((CAT - 0.1) / 0.5)


def _scale(panel: LinePlotPanel) -> float:
    return panel.x_place(1.0) - panel.x_place(0.0)


def test_the_point_nearest_along_x_is_under_the_pointer(plot: LinePlotPanel, qtbot: QtBot) -> None:
    there = plot.place_of((1, 4))
    with qtbot.waitSignal(plot.hovered) as seen:
        qtbot.mouseMove(plot.canvas, (there + QPointF(4, 3)).toPoint())
    assert seen.args == [("sweep", (1, 4))]
    with qtbot.waitSignal(plot.clicked) as chosen:
        qtbot.mouseClick(plot.canvas, Qt.MouseButton.LeftButton, pos=(there + QPointF(4, 3)).toPoint())
    assert chosen.args == [("sweep", (1, 4))]
    plot.point(QPointF(there.x(), plot.place_of((0, 4)).y() - 60))
    assert plot.cursor_cell == (0, 4)
    plot.point(QPointF(2, 2))
    assert plot.cursor_cell is None


def test_the_tag_and_dots_appear_at_the_hovered_x(plot: LinePlotPanel) -> None:
    other = plot.place_of((1, 2))
    before = _colours(plot, other + QPointF(0, 2), around=0)
    plot.point(plot.place_of((0, 2)))
    assert _colours(plot, other, around=0) == {series_colour(1)}
    assert _colours(plot, other + QPointF(0, 2), around=0) != before
    near = plot.place_of((0, 2)) + QPointF(22, 0)
    ground, page = QColor(theme().raised), QColor(theme().page)
    (found,) = _colours(plot, near - QPointF(5, 0), around=0)
    assert abs(QColor(found).red() - ground.red()) < abs(QColor(found).red() - page.red())


def test_what_is_not_measured_is_a_gap_and_a_lonely_value_a_dot(plot: LinePlotPanel) -> None:
    some = CAT.copy()
    some[[1, 2, 4, 5]] = NAN
    _show(plot, cat=some, dog=np.full(7, NAN), cursor=None)
    dot = plot.place_of((0, 3))
    assert _colours(plot, dot, around=0) == {series_colour(0)}
    assert _colours(plot, QPointF((dot.x() + plot.place_of((0, 6)).x()) / 2, dot.y() + 40)) == {theme().page}
    plot.point(QPointF(plot.x_place(-18), dot.y()))
    assert plot.cursor_cell == (0, 0)
    assert not plot.contains((0, 1))
    assert not plot.contains((1, 0))
    assert plot.neighbour((0, 0), 1, 0, False) == (0, 3)


def test_the_slider_s_value_is_a_line_that_moves(plot: LinePlotPanel) -> None:
    def has_line(x: float) -> bool:
        left, bottom = round(plot.x_place(x)), plot.place_of((0, 0)).y()
        column = [_colours(plot, QPointF(left, bottom - 120 + down), around=0) for down in range(12)]
        return {theme().muted} in column

    assert has_line(10.0)
    plot.set_cursor(-20.0)
    assert has_line(-20.0)
    assert not has_line(10.0)
    assert "20.0 percent at −20°" in plot.canvas.accessibleDescription()


def test_keys_move_along_and_between_curves(plot: LinePlotPanel, qtbot: QtBot) -> None:
    plot.canvas.setFocus()
    qtbot.keyClick(plot.canvas, Qt.Key.Key_Right)
    assert plot.cursor_cell == (0, 4)  # the slider's place
    qtbot.keyClick(plot.canvas, Qt.Key.Key_Left)
    assert plot.cursor_cell == (0, 3)
    qtbot.keyClick(plot.canvas, Qt.Key.Key_Down)
    assert plot.cursor_cell == (1, 3)
    qtbot.keyClick(plot.canvas, Qt.Key.Key_Down)
    assert plot.cursor_cell == (1, 3)
    qtbot.keyClick(plot.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert plot.cursor_cell == (1, 6)
    with qtbot.waitSignal(plot.clicked) as chosen:
        qtbot.keyClick(plot.canvas, Qt.Key.Key_Return)
    assert chosen.args == [("sweep", (1, 6))]


def test_the_wheel_enlarges_around_the_pointer_and_a_double_click_shows_all(
    plot: LinePlotPanel, qtbot: QtBot
) -> None:
    still = plot.place_of((0, 4))
    assert plot.wheel(still, 5)
    assert plot.zoom == pytest.approx(1.25**5)
    assert plot.place_of((0, 4)).x() == pytest.approx(still.x(), abs=0.01)
    plot.drag(QPointF(-30, 0))
    assert plot.place_of((0, 4)).x() == pytest.approx(still.x() - 30, abs=0.01)
    plot.reveal((0, 0))
    assert plot.cell_at(plot.place_of((0, 0))) == (0, 0)
    assert plot.cell_at(QPointF(plot.place_of((0, 0)).x(), still.y())) is not None
    qtbot.mouseDClick(plot.canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    assert plot.zoom == 1
    plot.canvas.setFocus()
    qtbot.keyClicks(plot.canvas, "++")
    assert plot.zoom == pytest.approx(1.25**2)
    qtbot.keyClick(plot.canvas, "0")
    assert plot.zoom == 1


def test_the_y_axis_stays_while_values_arrive_and_follows_what_is_new(plot: LinePlotPanel) -> None:
    _show(plot, cat=CAT * 0.9, dog=DOG * 0.8)
    assert plot.y_range == pytest.approx((0, 0.8))
    _show(plot, cat=CAT * 0.1, dog=DOG * 0.1)
    assert plot.y_range == pytest.approx((0, 0.08))
    _show(plot, y_range=(0.0, 1.0))
    assert plot.y_range == (0.0, 1.0)
    plot.wheel(QPointF(200, 100), 3)
    _show(plot)
    assert plot.zoom == 1  # another axis: nothing is kept


def test_a_logarithmic_axis_spans_decades_and_leaves_out_zero(plot: LinePlotPanel) -> None:
    steps = np.arange(5.0)
    norm = np.array([1.0, 1e-3, 0.0, 1e-9, 1e-12])
    plot.set_curves([Curve("LSTM", steps, norm, "lstm")], "step", "gradient norm", log_y=True)
    assert plot.y_range == pytest.approx((1e-12, 1.0))
    rises = [plot.place_of((0, place)).y() for place in (0, 1, 3, 4)]
    assert np.diff(rises) / np.diff(rises)[0] == pytest.approx([1, 2, 1])
    assert not plot.contains((0, 2))
    assert theme().lstm in _colours(plot, (plot.place_of((0, 3)) + plot.place_of((0, 4))) / 2)


def test_named_places_are_named_in_full_where_they_are_pointed_at(plot: LinePlotPanel) -> None:
    names = [f"stage{stage}.{block}.expand.conv" for stage in range(1, 8) for block in range(20)]
    distance = np.linspace(0, 1, len(names))
    curve = Curve("cosine distance", np.arange(len(names)), distance)
    plot.set_curves([curve], "layer", "distance", x_names=names)
    header, rows = plot.numbers()
    assert header == ["layer", "cosine distance"]
    assert rows[23] == ["stage2.3.expand.conv", pytest.approx(distance[23])]
    line = [QColor(theme().line).name()]
    for stage in range(1, 7):  # a grid line where each stage begins
        at = QPointF(plot.x_place(20.0 * stage), plot.place_of((0, 0)).y() - 7)
        assert set(line) & _colours(plot, at)


def test_numbers_have_a_row_for_every_x(plot: LinePlotPanel) -> None:
    plot.set_curves(
        [Curve("a", [0, 2], [1.5, 2.5]), Curve("b", [0, 1, 2], [3.0, NAN, 5.0])], "time", "loss", x_unit="s"
    )
    header, rows = plot.numbers()
    assert header == ["time (s)", "a", "b"]
    assert np.array(rows) == pytest.approx(np.array([[0, 1.5, 3], [1, NAN, NAN], [2, 2.5, 5]]), nan_ok=True)


def test_words_for_a_screen_reader(plot: LinePlotPanel) -> None:
    told = plot.canvas.accessibleDescription()
    assert "cat from 10.0 percent to 60.0 percent, 40.0 percent at 10°." in told
    assert "dog from 5.0 percent to 80.0 percent" in told


@pytest.mark.parametrize("curves", [[], [Curve("a", [0.0, 1.0], [NAN, NAN])]])
def test_nothing_measured_says_so(plot: LinePlotPanel, curves: list[Curve]) -> None:
    plot.point(plot.place_of((0, 2)))
    plot.set_curves(curves, "x", "y")
    assert plot.is_empty
    assert plot.empty_text == "Nothing measured yet."
    assert plot.cursor_cell is None
    plot.point(QPointF(100, 100))
    assert plot.cursor_cell is None
    assert _colours(plot, QPointF(40, 40)) == {theme().page}
    _show(plot)
    assert not plot.is_empty


def test_curves_of_unequal_length_are_refused(plot: LinePlotPanel) -> None:
    with pytest.raises(ValueError, match="'cat'"):
        plot.set_curves([Curve("cat", [1, 2, 3], [1, 2])], "x", "y")


def test_a_shorter_second_set_lets_the_cursor_go(plot: LinePlotPanel) -> None:
    plot.move_cursor((1, 6))
    plot.set_curves([Curve("cat", X[:3], CAT[:3])], "rotation", "probability")
    assert plot.cursor_cell is None
    assert not plot.grab().isNull()


@pytest.mark.parametrize("size", [(60, 60), (150, 100), (300, 120), (1600, 900)])
def test_every_size_is_drawn(plot: LinePlotPanel, size: tuple[int, int]) -> None:
    plot.resize(*size)
    assert series_colour(0) in _colours(plot, plot.place_of((0, 3)), around=2)
    plot.point(QPointF(plot.canvas.rect().center()))
    assert plot.cursor_cell is not None
    assert not plot.grab().isNull()


def test_it_enlarges_and_comes_back(plot: LinePlotPanel, qtbot: QtBot) -> None:
    plot.enlarge()
    assert plot.content.window() is not plot.window()
    plot.content.window().close()
    assert plot.content.window() is plot.window()


def test_a_saved_svg_is_made_of_strokes_and_words(plot: LinePlotPanel, tmp_path: Path) -> None:
    save_picture(tmp_path / "plot.svg", plot.content)
    text = (tmp_path / "plot.svg").read_text()
    assert "polyline" in text
    assert "60 %" in text
    assert "<image" not in text


# Ticks, names and colours.


@pytest.mark.parametrize(
    ("scale", "most", "texts"),
    [
        (Scale(0, 1), 6, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (Scale(-30, 30), 7, ["−30", "−20", "−10", "0", "10", "20", "30"]),
        (Scale(0, 2500), 6, ["0", "500", "1,000", "1,500", "2,000", "2,500"]),
        (Scale(1e-20, 1, "log"), 6, ["10⁻²⁰", "10⁻¹⁵", "10⁻¹⁰", "10⁻⁵", "10⁰"]),
        (Scale(0.1, 100, "log"), 6, ["0.1", "1", "10", "100"]),
        (Scale(2, 7, "log"), 6, ["2", "5"]),
    ],
)
def test_ticks_are_few_and_round(scale: Scale, most: int, texts: list[str]) -> None:
    assert tick_texts(scale.ticks(most), scale.kind) == texts


def test_percent_whole_numbers_and_units() -> None:
    assert tick_texts([0, 0.5, 1], in_percent=True) == ["0 %", "50 %", "100 %"]
    assert Scale(0, 2).ticks(9, whole=True) == [0, 1, 2]
    assert [plain(12345.0), plain(-2.0), plain(0.1234)] == ["12,345", "−2", "0.123"]
    assert [with_unit("20", "°"), with_unit("3", "ms"), with_unit("3", "")] == ["20°", "3 ms", "3"]


def test_ranges_are_rounded_out_and_steady() -> None:
    assert rounded_out(0.13, 0.97) == Scale(0, 1)
    assert rounded_out(5, 5).low < 5 < rounded_out(5, 5).high
    assert rounded_out(0, 0) == Scale(-1, 1)
    one = rounded_out(0.1, 0.9)
    assert steady(one, 0.2, 0.8, "linear") is one
    assert steady(one, 0.2, 1.3, "linear").high >= 1.3
    assert steady(one, 0.2, 0.3, "linear").high < 1


def test_names_are_spread_without_overlapping_or_crossing() -> None:
    wanted = [50.0, 51.0, 10.0, 52.0, 199.0]
    placed = spread(wanted, 12, 0, 200)
    assert sorted(range(5), key=placed.__getitem__) == sorted(range(5), key=wanted.__getitem__)
    assert np.diff(sorted(placed)).min() >= 12 - 1e-9
    assert placed[2] == 10
    assert placed[4] == 194  # kept within
    assert placed[1] == pytest.approx(51)  # the middle of its crowd stays
    assert spread([5.0, 5.0, 5.0], 10, 0, 30) == [5, 15, 25]


def test_unnamed_series_are_readable_and_can_be_told_apart(both_themes: str) -> None:
    colours = [series_colour(place) for place in range(COUNT)]
    assert all(contrast(colour, theme().page) >= TEXT_CONTRAST for colour in colours)
    for vision in VISIONS.values():
        seen = [_lab(vision @ _linear(colour)) for colour in colours]
        apart = [np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)]
        assert min(apart) > 15  # a difference of 2.3 is just noticed (CIE 1976)
    assert series_colour(COUNT) == colours[0]
    assert series_colour("lstm") == theme().lstm


def test_curves_change_their_colours_with_the_theme(plot: LinePlotPanel) -> None:
    there = plot.place_of((0, 3))
    dark = series_colour(0)
    themes.choose("light")
    assert series_colour(0) != dark
    assert series_colour(0) in _colours(plot, there)


VISIONS = {
    # Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def _linear(colour: str) -> np.ndarray:
    parts = np.array(QColor(colour).getRgbF()[:3])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    relative = TO_XYZ @ np.clip(linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    x, y, z = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
