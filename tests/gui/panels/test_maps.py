"""The mosaic: the colour at every point is that of the value said to be there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.colour_maps import lookup
from gui.panels.maps import MapsPanel
from gui.panels.mosaic import Mosaic
from gui.panels.tiles import LEAST, best_columns, fit
from gui.theme import LIGHT, theme, themes


@pytest.fixture
def panel(show: Callable[[QWidget], None]) -> MapsPanel:
    maps = MapsPanel("Feature maps", name="maps")
    maps.resize(420, 320)
    show(maps)
    return maps


def _fill(panel: MapsPanel, count: int, height: int, width: int, columns: int, seed: int = 0) -> np.ndarray:
    """Random maps whose channel numbers run backwards from 100; the pixels they are shown by."""
    rows = -(-count // columns)
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (rows * height, columns * width), dtype=np.uint8)
    order = 100 - np.arange(count)
    panel.set_mosaic(pixels, rows, columns, height, width, count, order, -1.0, 3.0)
    return pixels


def _render(panel: MapsPanel, ratio: float) -> QImage:
    size = panel.canvas.size()
    image = QImage(round(size.width() * ratio), round(size.height() * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    panel.canvas.render(image)
    return image


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("scrolled", [False, True])
def test_every_point_has_the_colour_of_the_value_under_it(
    panel: MapsPanel, monkeypatch: pytest.MonkeyPatch, ratio: float, scrolled: bool
) -> None:
    monkeypatch.setattr(panel.canvas, "devicePixelRatioF", lambda: ratio)
    count, columns = (250, 8) if scrolled else (11, 4)
    pixels = _fill(panel, count, 5, 6, columns)
    assert panel._scroll.isHidden() != scrolled
    panel._scroll.setValue(37 if scrolled else 0)
    image, table = _render(panel, ratio), lookup("viridis")
    seen, gaps = 0, 0
    for y in range(0, image.height(), round(3 * ratio)):
        for x in range(0, image.width(), round(4 * ratio) - 1):
            cell = panel.cell_at(QPointF((x + 0.5) / ratio, (y + 0.5) / ratio))
            if cell is None:
                continue
            row, column = divmod(100 - cell[0], columns)
            expected = int(table[pixels[row * 5 + cell[1], column * 6 + cell[2]]])
            found = image.pixelColor(x, y)
            gaps += found.name() == theme().page
            seen += 1
            assert found.name() == theme().page or found.rgb() == expected
    assert seen > 2000
    assert gaps < 0.15 * seen


def test_the_first_and_last_points_of_the_mosaic_and_the_places_beside_it(panel: MapsPanel) -> None:
    _fill(panel, 11, 5, 6, 4)
    last = panel.tile_rect(100 - 7)  # fourth column, second row
    assert panel.cell_at(QPointF(0, 0)) == (100, 0, 0)
    assert panel.cell_at(QPointF(last.right() - 0.5, last.bottom() - 0.5)) == (93, 4, 5)
    assert panel.cell_at(QPointF(last.right(), last.top())) is None
    assert panel.cell_at(QPointF(last.left() + 3, last.bottom() + 3)) is None  # the twelfth tile is empty
    assert panel.cell_at(QPointF(-1, 5)) is None
    empty = panel.canvas.grab().toImage().pixelColor(int(last.left()) + 9, int(last.bottom()) + 9)
    assert empty.name() == theme().page


def test_hovering_and_clicking_say_channel_row_and_column(panel: MapsPanel, qtbot: QtBot) -> None:
    _fill(panel, 11, 5, 6, 4)
    heard, clicks = [], []
    panel.hovered.connect(heard.append)
    panel.clicked.connect(clicks.append)
    place = panel.value_rect((95, 2, 3)).center().toPoint()
    qtbot.mouseMove(panel.canvas, place)
    qtbot.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=place)
    assert heard == [("maps", (95, 2, 3))]
    assert clicks == heard


def test_scrolling_moves_what_the_pointer_rests_on(panel: MapsPanel, qtbot: QtBot) -> None:
    _fill(panel, 250, 5, 5, 8)
    qtbot.mouseMove(panel.canvas, QPoint(5, 5))
    heard: list[object] = []
    panel.hovered.connect(heard.append)
    assert panel.wheel(QPointF(5, 5), -1)
    assert panel._scroll.value() > 0
    assert heard == [("maps", panel.cell_at(QPointF(5, 5)))]
    assert panel.cell_at(QPointF(5, 5)) != (100, 0, 0)
    assert panel.tile_rect(100).top() == -panel._scroll.value()


def test_maps_drawn_smaller_are_averaged_not_thinned_out(panel: MapsPanel) -> None:
    """One bright line in 112 columns, wherever it lies, keeps its share of the tile's brightness."""
    shares = []
    for line in range(40, 56):
        pixels = np.zeros((4 * 112, 6 * 112), np.uint8)
        pixels[:, line::112] = 255
        panel.set_mosaic(pixels, 4, 6, 112, 112, 24, np.arange(24), 0, 1, "CET-L1")
        tile = panel.tile_rect(8).toRect().adjusted(2, 2, -2, -2)
        assert tile.width() < 70
        row = panel.canvas.grab().toImage().copy(tile.x(), tile.center().y(), tile.width(), 1)
        greys = [row.pixelColor(x, 0).red() for x in range(row.width())]
        shares.append(sum(greys) * 112 / (255 * (tile.width() + 4)))
    assert min(shares) > 0.3
    assert max(shares) < 2 * min(shares)


def test_halving_is_the_mean_of_four_and_counts_an_odd_edge_twice() -> None:
    from gui.panels.mosaic import _averaged

    random = np.random.default_rng(0)
    for size in (8, 7):
        pixels = random.integers(0, 256, (2 * size, 3 * size), dtype=np.uint8)
        mosaic = Mosaic(pixels, 2, 3, size, size, np.arange(6), np.float64(0), np.float64(1), "viridis")
        levels = pixels.reshape(2, size, 3, size).transpose(0, 2, 1, 3).astype(float)
        if size % 2:
            levels = np.pad(levels, ((0, 0), (0, 0), (0, 1), (0, 1)), mode="edge")
        means = levels.reshape(2, 3, 4, 2, 4, 2).mean((3, 5))
        expected = np.floor(means + 0.5).transpose(0, 2, 1, 3).reshape(8, 12)
        assert np.array_equal(_averaged(mosaic, 1), expected)


def test_the_chosen_map_has_the_accents_outline_until_another_is_chosen(panel: MapsPanel) -> None:
    _fill(panel, 11, 5, 6, 4)

    def outlined(channel: int) -> bool:
        tile = panel.tile_rect(channel).toRect()
        return panel.canvas.grab().toImage().pixelColor(tile.x(), tile.center().y()).name() == theme().accent

    panel.set_selected(95)
    assert panel.selected == 95
    assert [channel for channel in range(90, 101) if outlined(channel)] == [95]
    panel.set_selected(None)
    assert not outlined(95)


def test_the_hovered_value_is_marked_and_its_text_is_dropped_when_the_pointer_moves(
    panel: MapsPanel, qtbot: QtBot
) -> None:
    _fill(panel, 11, 5, 6, 4)
    plain = panel.canvas.grab().toImage()
    qtbot.mouseMove(panel.canvas, panel.value_rect((95, 2, 3)).center().toPoint())
    panel.set_value_text("0.887")
    marked = panel.canvas.grab().toImage()
    tile = panel.tile_rect(95).toRect()
    assert marked.pixelColor(tile.x(), tile.center().y()).name() == theme().text
    assert marked != plain
    assert panel.value_text == "0.887"
    qtbot.mouseMove(panel.canvas, panel.value_rect((95, 2, 4)).center().toPoint())
    assert panel.value_text == ""


def test_arrow_keys_cross_from_map_to_map_and_scroll_along(panel: MapsPanel, qtbot: QtBot) -> None:
    _fill(panel, 250, 5, 5, 8)
    for _ in range(4):
        qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    assert panel.cursor_cell == (99, 2, 0)  # from the middle (100, 2, 2) out of the first map
    for _ in range(30):
        qtbot.keyClick(panel.canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert panel.cursor_cell == (99 - 8 * 30, 2, 0)  # the last full step down its column
    tile = panel.tile_rect(panel.cursor_cell[0])
    assert tile.top() >= 0
    assert tile.bottom() <= panel.canvas.height() + 1
    assert panel._scroll.value() > 0


def test_a_second_mosaic_reuses_everything(panel: MapsPanel) -> None:
    _fill(panel, 11, 5, 6, 4)
    first = panel.canvas.grab().toImage()
    children, buffer = len(panel.findChildren(QWidget)), panel._coloured._levels
    _fill(panel, 11, 5, 6, 4, seed=1)
    assert panel.canvas.grab().toImage() != first
    assert len(panel.findChildren(QWidget)) == children
    assert panel._coloured._levels is buffer


def test_fewer_maps_take_the_cursor_away(panel: MapsPanel, qtbot: QtBot) -> None:
    _fill(panel, 11, 5, 6, 4)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Left)
    for _ in range(2):
        qtbot.keyClick(panel.canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert panel.cursor_cell is not None
    _fill(panel, 4, 5, 6, 2)
    assert panel.cursor_cell is None


def test_the_summary_says_the_scale_and_the_numbers_are_those_drawn(panel: MapsPanel) -> None:
    pixels = _fill(panel, 11, 5, 6, 4)
    assert panel.summary() == "11 maps of 5 × 6 values, coloured from −1 to 3."
    header, rows = panel.numbers()
    assert header == ["map", "row", "low", "high", *(f"column {column}" for column in range(6))]
    assert len(rows) == 11 * 5
    assert rows[5 * 6 + 2][:4] == [94, 2, -1.0, 3.0]  # the seventh tile: second row, third column
    assert rows[5 * 6 + 2][4:] == pytest.approx((-1 + pixels[7, 12:18] / 255 * 4).tolist())


def test_a_scale_for_each_map_gives_each_its_own_numbers(panel: MapsPanel) -> None:
    pixels = np.full((5, 10), 255, np.uint8)
    panel.set_mosaic(pixels, 1, 2, 5, 5, 2, [7, 3], [0.0, -2.0], [1.0, 2.0])
    assert panel.summary() == "2 maps of 5 × 5 values, one colour scale for each map."
    assert [row[4] for row in panel.numbers()[1]] == [1.0] * 5 + [2.0] * 5


@pytest.mark.parametrize(
    ("count", "order", "low", "problem"),
    [(13, range(13), 0, "do not fit"), (11, range(10), 0, "11 maps"), (11, range(11), [0, 1], "scale")],
)
def test_what_does_not_fit_is_refused(
    panel: MapsPanel, count: int, order: range, low: object, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        panel.set_mosaic(np.zeros((15, 24), np.uint8), 3, 4, 5, 6, count, list(order), low, 1)


def test_the_columns_wanted_fill_the_room_best() -> None:
    for count, height, width, room in (
        (24, 56, 56, (1000, 170)),
        (64, 56, 56, (800, 800)),
        (7, 3, 9, (300, 90)),
    ):
        size = QSize(*room)
        chosen = best_columns(count, height, width, size, 1.0)

        def area(columns: int) -> int:
            tiles = fit(-(-count // columns), columns, height, width, count, size, 1.0)  # noqa: B023
            fits = tiles.full_height <= size.height() and tiles.full_width <= size.width()  # noqa: B023
            return tiles.tile_width * tiles.tile_height if fits else 0

        assert area(chosen) >= 0.93 * max(area(columns) for columns in range(1, count + 1))
    assert best_columns(24, 56, 56, QSize(1000, 170), 1.0) == 12


@pytest.mark.parametrize(
    ("side", "room", "drawn"), [(112, 119, 112), (112, 126, 126), (56, 59, 56), (7, 39, 39)]
)
def test_each_value_gets_a_whole_number_of_pixels_where_a_tenth_of_the_size_at_most_is_lost(
    side: int, room: int, drawn: int
) -> None:
    tiles = fit(6, 6, side, side, 36, QSize(6 * room, 6 * room), 1.0)
    assert (tiles.tile_height, tiles.tile_width) == (drawn, drawn)


def test_another_colour_map_colours_anew(panel: MapsPanel) -> None:
    pixels = np.full((5, 5), 200, np.uint8)
    for name in ("viridis", "CET-L1", "viridis"):
        panel.set_mosaic(pixels, 1, 1, 5, 5, 1, [0], 0.0, 1.0, name)
        middle = panel.tile_rect(0).center().toPoint()
        assert panel.canvas.grab().toImage().pixelColor(middle).rgb() == int(lookup(name)[200])


def test_tiles_never_get_smaller_than_the_least_but_scroll(panel: MapsPanel) -> None:
    columns = panel.preferred_columns(1280, 7, 7)
    _fill(panel, 1280, 7, 7, columns)
    assert panel.tile_rect(100).width() >= LEAST
    assert not panel._scroll.isHidden()
    assert columns * panel.tile_rect(100).width() <= panel.canvas.width()


def test_another_size_asks_for_other_columns(panel: MapsPanel, qtbot: QtBot) -> None:
    _fill(panel, 24, 8, 8, panel.preferred_columns(24, 8, 8))
    with qtbot.waitSignal(panel.columns_changed, timeout=1000) as asked:
        panel.resize(900, 150)
    assert asked.args == [panel.preferred_columns(24, 8, 8)]
    assert asked.args[0] >= 12


def test_gaps_take_the_page_colour_of_the_theme_in_force(panel: MapsPanel) -> None:
    _fill(panel, 4, 5, 5, 2)
    edge = panel.tile_rect(100).toRect()
    themes.choose("light")
    image = panel.canvas.grab().toImage()
    assert image.pixelColor(edge.x() + edge.width(), edge.center().y()).name() == LIGHT.page
    assert image.pixelColor(image.width() - 1, image.height() - 1).name() == LIGHT.page


def test_numbers_are_the_exact_ones_where_the_view_has_them(qtbot: QtBot) -> None:
    panel = MapsPanel("Maps", name="maps")
    qtbot.addWidget(panel)
    values = np.array([[[0.125, -7.0]], [[1e6, 0.3]]], np.float32)
    pixels = np.zeros((1, 4), np.uint8)
    panel.set_mosaic(pixels, 1, 2, 1, 2, 2, [1, 0], 0.0, 1.0)
    panel.set_values(values)
    header, rows = panel.numbers()
    assert header[:2] == ["map", "row"]
    assert [row[0] for row in rows] == [1, 0]
    assert rows[0][4:] == values[1, 0].tolist()
    assert rows[1][4:] == values[0, 0].tolist()
