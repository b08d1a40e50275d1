"""The matrix: the colour at every point is that of the value said to be there, or the mean of many rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from gui.colour_maps import DIVERGING, SEQUENTIAL, lookup
from gui.panels.matrix import MatrixPanel
from gui.panels.matrix_grid import NARROWEST, WIDEST
from gui.theme import LIGHT, theme, themes

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def panel(show: Callable[[QWidget], None]) -> MatrixPanel:
    matrix = MatrixPanel("Hidden state", name="hidden")
    matrix.resize(500, 300)
    show(matrix)
    return matrix


def _fill(panel: MatrixPanel, units: int, steps: int, seed: int = 0) -> np.ndarray:
    """Random values from -1 to 1, whose unit numbers run backwards from 1000."""
    values = np.random.default_rng(seed).uniform(-1, 1, (units, steps)).astype(np.float32)
    _show(panel, values)
    return values


def _show(panel: MatrixPanel, values: np.ndarray, low: float = -1.0, colour_map: str = DIVERGING) -> None:
    units, steps = values.shape
    labels = [chr(97 + step % 26) for step in range(steps)]
    rows = 1000 - np.arange(units)
    panel.set_matrix(values, low, 1.0, rows=rows, columns=labels, colour_map=colour_map)


def _render(panel: MatrixPanel, ratio: float) -> QImage:
    size = panel.canvas.size()
    image = QImage(round(size.width() * ratio), round(size.height() * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    panel.canvas.render(image)
    return image


def _colour(panel: MatrixPanel, point: QPointF) -> str:
    return panel.canvas.grab().toImage().pixelColor(point.toPoint()).name()


def _turn(panel: MatrixPanel, down: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> bool:
    """Turn the wheel over the middle of the canvas; whether that meant something."""
    at = QPointF(panel.canvas.rect().center())
    none = Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False
    turned = QWheelEvent(at, panel.canvas.mapToGlobal(at), QPoint(), QPoint(0, -120 * down), *none)
    QApplication.sendEvent(panel.canvas, turned)
    return turned.isAccepted()


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize(("units", "steps", "zoom"), [(8, 5, 1.0), (37, 70, 1.0), (640, 70, 20.0)])
def test_every_point_has_the_colour_of_the_value_under_it(
    panel: MatrixPanel,
    monkeypatch: pytest.MonkeyPatch,
    ratio: float,
    units: int,
    steps: int,
    zoom: float,
) -> None:
    monkeypatch.setattr(panel.canvas, "devicePixelRatioF", lambda: ratio)
    values = _fill(panel, units, steps)
    panel._scroll.zoom_to(zoom, 100.0)
    panel._scroll.across.setValue(37)
    image, table = _render(panel, ratio), lookup(DIVERGING)
    seen = 0
    for y in range(0, image.height(), 3):
        for x in range(0, image.width(), 4):
            cell = panel.cell_at(QPointF((x + 0.5) / ratio, (y + 0.5) / ratio))
            if cell is None:
                continue
            value = values[1000 - cell[0], cell[1]]
            assert image.pixelColor(x, y).rgb() == int(table[int((value + 1) * np.float32(127.5) + 0.5)])
            seen += 1
    assert seen > 1000


def test_the_places_beside_the_matrix_have_no_value(panel: MatrixPanel) -> None:
    _fill(panel, 8, 5)
    first, last = panel.value_rect((1000, 0)), panel.value_rect((993, 4))
    assert panel.cell_at(first.topLeft() + QPointF(0.5, 0.5)) == (1000, 0)
    assert panel.cell_at(last.bottomRight() - QPointF(0.5, 0.5)) == (993, 4)
    assert panel.cell_at(QPointF(first.left() - 1, first.center().y())) is None
    assert panel.cell_at(QPointF(last.right() + 1, last.center().y())) is None
    assert panel.cell_at(QPointF(last.center().x(), last.bottom() + 1)) is None
    assert panel.value_rect((5, 0)).isEmpty()
    assert panel.value_rect((1000, 5)).isEmpty()


def test_one_bright_row_in_640_keeps_its_share_wherever_it_lies(panel: MatrixPanel) -> None:
    sums = []
    for row in range(300, 310):
        values = np.zeros((640, 4), np.float32)
        values[row] = 1
        _show(panel, values, 0.0, "CET-L1")
        column = panel.value_rect((1000, 1)).center().toPoint().x()
        image = panel.canvas.grab().toImage()
        top, height = panel._grid.view.top(), panel._grid.view.height()
        greys = [image.pixelColor(column, top + y).red() for y in range(height)]
        assert height < 320
        sums.append(sum(greys) / 255 * 640 / height)
    assert min(sums) > 0.9
    assert max(sums) < 1.1


def test_a_signed_map_averages_to_its_middle_not_to_an_end(panel: MatrixPanel) -> None:
    _fill(panel, 8, 3)
    height = panel._grid.view.height()
    values = np.ones((4 * height, 3), np.float32)
    values[::2] = -1
    _show(panel, values)
    column = panel.value_rect((1000, 1)).center().toPoint().x()
    image = panel.canvas.grab().toImage()
    top = panel._grid.view.top()
    assert {image.pixelColor(column, y).rgb() for y in range(top, top + height)} == {
        int(lookup(DIVERGING)[128])
    }


def test_what_is_no_number_is_drawn_as_page_and_infinity_as_the_scales_end(panel: MatrixPanel) -> None:
    for units in (8, 900):  # a row a value, and many rows a pixel
        values = np.zeros((units, 4), np.float32)
        values[:, 1], values[:, 2], values[:, 3] = np.nan, np.inf, -np.inf
        _show(panel, values)
        found = [_colour(panel, panel.value_rect((1000, step)).center()) for step in range(4)]
        ends = [f"#{int(lookup(DIVERGING)[level]) & 0xFFFFFF:06x}" for level in (128, 255, 0)]
        assert found == [ends[0], theme().page, *ends[1:]]


def test_pointer_and_click_say_the_units_number_and_the_step(panel: MatrixPanel, qtbot: QtBot) -> None:
    _fill(panel, 8, 5)
    heard, clicks = [], []
    panel.hovered.connect(heard.append)
    panel.clicked.connect(clicks.append)
    place = panel.value_rect((997, 3)).center().toPoint()
    qtbot.mouseMove(panel.canvas, place)
    qtbot.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=place)
    assert heard == clicks == [("hidden", (997, 3))]


def test_the_value_pointed_at_is_marked_with_its_column_and_the_views_text(
    panel: MatrixPanel, qtbot: QtBot
) -> None:
    for units in (8, 640):  # outlined, and marked with a cross
        _fill(panel, units, 5)
        value = panel.value_rect((997, 3))
        edge = QPointF(value.left() - 1, panel._grid.view.height() - 9)
        assert _colour(panel, edge) != theme().text
        panel.move_cursor((997, 3))
        assert _colour(panel, edge) == theme().text
        plain = panel.canvas.grab().toImage()
        panel.set_value_text("0.887 = tanh(1.41)")
        assert panel.canvas.grab().toImage() != plain
        panel.move_cursor(None)


def test_arrow_keys_go_through_rows_as_they_are_shown(panel: MatrixPanel, qtbot: QtBot) -> None:
    _fill(panel, 640, 300)

    def press(key: Qt.Key, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> object:
        qtbot.keyClick(panel.canvas, key, keys)
        cell = panel.cursor_cell
        assert cell is not None
        value = panel.value_rect(cell)
        assert panel._grid.seen.adjusted(-1, -1, 1, 1).contains(value)
        return cell

    assert press(Qt.Key.Key_Right) == (1000, 299)  # the newest of the first row
    assert press(Qt.Key.Key_Right) == (1000, 299)
    assert press(Qt.Key.Key_Down) == (999, 299)
    assert press(Qt.Key.Key_Down, SHIFT) == (989, 299)
    assert press(Qt.Key.Key_Left, SHIFT) == (989, 289)
    for _ in range(29):
        press(Qt.Key.Key_Left, SHIFT)
    assert panel.cursor_cell == (989, 0)
    assert panel._scroll.across.value() == 0
    for _ in range(70):
        press(Qt.Key.Key_Down, SHIFT)
    assert panel.cursor_cell == (361, 0)


def test_columns_are_as_wide_as_fits_within_their_limits(panel: MatrixPanel) -> None:
    for steps, expected in ((1, WIDEST), (5, WIDEST), (30, None), (400, NARROWEST)):
        _fill(panel, 8, steps)
        room, width = panel._grid.view.width(), panel.value_rect((1000, 0)).width()
        assert width == (expected or room // steps)
        assert panel._scroll.across.isHidden() == (steps * width <= room)


def test_the_end_stays_in_sight_while_the_text_grows_unless_one_looked_back(panel: MatrixPanel) -> None:
    for steps in range(1, 120, 7):
        _fill(panel, 8, steps)
        last = panel.value_rect((1000, steps - 1))
        assert last.right() <= panel._grid.seen.right() + 1
    assert panel._scroll.across.value() > 0
    assert _turn(panel, -1)
    before = panel._scroll.across.value()
    _fill(panel, 8, 140)
    assert panel._scroll.across.value() == before


def test_keys_go_to_the_newest_and_by_pages(panel: MatrixPanel, qtbot: QtBot) -> None:
    _fill(panel, 8, 300)
    across = panel._scroll.across
    assert across.value() == 0
    qtbot.keyClick(panel.canvas, Qt.Key.Key_PageDown)
    assert across.value() == across.pageStep()
    qtbot.keyClick(panel.canvas, Qt.Key.Key_End)
    assert across.value() == across.maximum()


def test_new_values_say_once_what_is_under_the_pointer(panel: MatrixPanel, qtbot: QtBot) -> None:
    _fill(panel, 8, 100)
    panel._scroll.across.setValue(panel._scroll.across.maximum())
    qtbot.mouseMove(panel.canvas, panel.value_rect((998, 90)).center().toPoint())
    heard: list[object] = []
    panel.hovered.connect(heard.append)
    _fill(panel, 8, 103)
    assert heard == [("hidden", (998, 93))]


def test_control_and_wheel_enlarge_the_row_pointed_at_and_home_shows_all(
    panel: MatrixPanel, qtbot: QtBot
) -> None:
    _fill(panel, 640, 20)
    at = QPointF(panel.canvas.rect().center())
    unit = panel.cell_at(at)[0]
    for _ in range(8):
        assert _turn(panel, -1, CONTROL)
    assert panel.zoom == pytest.approx(1.25**8)
    assert abs(panel.cell_at(at)[0] - unit) <= 1
    before = panel._scroll.down.value()
    assert _turn(panel, 1)  # the rows now scroll
    assert panel._scroll.down.value() > before
    assert panel.cell_at(at)[0] < unit
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Home)
    assert panel.zoom == 1
    assert panel._scroll.down.isHidden()
    assert abs(panel.cell_at(at)[0] - unit) <= 2
    assert not _turn(panel, 1)


def test_plus_and_minus_enlarge_around_the_cursor_and_shift_and_wheel_go_sideways(
    panel: MatrixPanel, qtbot: QtBot
) -> None:
    _fill(panel, 640, 200)
    panel.move_cursor((700, 3))
    before = panel.value_rect((700, 3)).center().y()
    for _ in range(6):
        qtbot.keyClicks(panel.canvas, "+")
    assert panel.value_rect((700, 3)).center().y() == pytest.approx(before, abs=2)
    assert panel.value_rect((700, 3)).height() == pytest.approx(
        1.25**6 * panel._grid.view.height() / 640, 0.01
    )
    assert _turn(panel, 1, SHIFT)
    assert panel._scroll.across.value() > 0
    for _ in range(6):
        qtbot.keyClicks(panel.canvas, "-")
    assert panel.zoom == pytest.approx(1)


def test_few_rows_are_not_enlarged_beyond_sense(panel: MatrixPanel) -> None:
    _fill(panel, 4, 5)
    assert _turn(panel, -9, CONTROL)
    assert panel.zoom == 1


def test_the_chosen_unit_and_the_marked_step_have_the_accents_outline(panel: MatrixPanel) -> None:
    for units in (8, 640):
        _fill(panel, units, 5)
        row, column = panel.value_rect((996, 0)), panel.value_rect((1000, 3))
        panel.set_selected(996)
        panel.set_step(3)
        assert (panel.selected, panel.step) == (996, 3)
        image = panel.canvas.grab().toImage()
        seen = [image.pixelColor(int(row.left()) + 8, y).name() for y in range(panel._grid.view.height())]
        marked = [y for y, name in enumerate(seen) if name == theme().accent]
        assert 2 <= len(marked) <= 4
        assert marked[0] < row.center().y() < marked[-1]
        beside = image.pixelColor(int(column.left()) - 1, panel._grid.view.height() - 9)
        assert beside.name() == theme().accent
        panel.set_selected(None)
        panel.set_step(None)
        assert theme().accent not in {_colour(panel, row.topLeft()), _colour(panel, column.topLeft())}


def test_steps_are_labelled_below_their_columns(panel: MatrixPanel) -> None:
    for steps in (5, 100):  # in the second case "W" is wider than a column and made narrower
        labels = ["W", "␣"] * (steps // 2) + [""] * (steps % 2)
        values = np.zeros((8, steps), np.float32)
        panel.set_matrix(values, -1, 1, rows=np.arange(8), columns=labels)
        panel._scroll.across.setValue(0)
        image, page = panel.canvas.grab().toImage(), theme().page
        top = round(panel._grid.seen.bottom())

        def inked(step: int) -> int:
            place = panel.value_rect((0, step)).toRect()
            across = range(place.left(), place.left() + place.width())
            return sum(image.pixelColor(x, y).name() != page for x in across for y in range(top, top + 18))  # noqa: B023

        assert inked(0) > 20
        assert abs(inked(2) - inked(0)) < 8
        assert 0 < inked(1) < inked(0) / 2


def test_units_are_numbered_where_rows_are_high_enough(panel: MatrixPanel) -> None:
    def inked(row: int) -> bool:
        image = panel.canvas.grab().toImage()
        place = panel._grid.row(row).toRect()
        across = range(round(place.left()) - 4)
        names = {image.pixelColor(x, place.center().y()).name() for x in across}
        return names != {theme().page}

    _fill(panel, 8, 5)
    assert all(inked(row) for row in range(8))
    _fill(panel, 640, 5)
    assert not inked(100)
    panel.set_selected(900)
    assert inked(100)


def test_only_the_columns_in_sight_are_coloured(panel: MatrixPanel) -> None:
    _fill(panel, 640, 5000)
    panel.canvas.grab()
    image = panel._heat.image(panel._grid)
    assert image.width() <= panel._grid.view.width() // NARROWEST + 2
    assert image.height() == panel._grid.view.height()
    assert panel._heat.image(panel._grid) is image


def test_numbers_and_summary_say_what_is_shown(panel: MatrixPanel) -> None:
    values = _fill(panel, 3, 2)
    header, rows = panel.numbers()
    assert header == ["unit", "character 0 a", "character 1 b"]
    assert rows == [[1000 - row, *values[row].tolist()] for row in range(3)]
    assert panel.summary() == "3 units by 2 characters, coloured from −1 to 1."


def test_nothing_is_shown_without_units_or_steps(panel: MatrixPanel) -> None:
    _fill(panel, 640, 200)
    panel.move_cursor((1000, 150))
    _fill(panel, 640, 0)
    assert panel.is_empty
    assert panel.cursor_cell is None
    assert panel.cell_at(QPointF(100, 100)) is None
    assert panel._scroll.across.isHidden()
    assert not _turn(panel, 1)
    _fill(panel, 640, 1)
    assert not panel.is_empty


def test_what_does_not_fit_is_refused(panel: MatrixPanel) -> None:
    with pytest.raises(ValueError, match="3 rows and 1 columns"):
        panel.set_matrix(np.zeros((2, 1), np.float32), 0, 1, rows=[0, 1, 2], columns=["a"])
    with pytest.raises(ValueError, match="2 rows and 2 columns"):
        panel.set_matrix(np.zeros((2, 1), np.float32), 0, 1, rows=[0, 1], columns=["a", "b"])
    with pytest.raises(ValueError, match="has no ends"):
        panel.set_matrix(np.zeros((1, 1), np.float32), 0, np.inf, rows=[0], columns=["a"])


def test_the_colour_bar_says_the_scale(panel: MatrixPanel) -> None:
    _fill(panel, 8, 5)
    assert (panel._bar.low, panel._bar.middle, panel._bar.high) == ("−1", "0", "1")
    _show(panel, np.zeros((8, 5), np.float32), 0.0, SEQUENTIAL)
    assert (panel._bar.low, panel._bar.middle, panel._bar.high) == ("0", "", "1")


def test_widgets_are_reused_and_the_page_follows_the_theme(panel: MatrixPanel) -> None:
    _fill(panel, 8, 5)
    first, children = panel.canvas.grab().toImage(), len(panel.findChildren(QWidget))
    values = _fill(panel, 8, 5, seed=1)
    assert panel.canvas.grab().toImage() != first
    assert len(panel.findChildren(QWidget)) == children
    values[:] = np.nan
    _show(panel, values)
    centre = panel.value_rect((998, 2)).center()
    assert _colour(panel, centre) == theme().page
    themes.choose("light")
    assert _colour(panel, centre) == LIGHT.page


def test_a_tiny_panel_and_another_size_still_show_every_row(panel: MatrixPanel, qtbot: QtBot) -> None:
    _fill(panel, 640, 50)
    for width, height in ((120, 90), (60, 60), (700, 400)):
        panel.resize(width, height)
        qtbot.waitUntil(lambda: panel.width() == width)  # noqa: B023
        panel.canvas.grab()
        assert panel.value_rect((361, 0)).bottom() == pytest.approx(panel._grid.seen.bottom())
