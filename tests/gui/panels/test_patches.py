"""Small pictures in a grid: their size, their colours, and the one under the pointer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from gui.panels.patches import SMALLEST, Patch, PatchesPanel
from gui.theme import theme

RED, BLUE = (200, 30, 30), (20, 40, 220)


def _plain(colour: tuple[int, int, int], height: int = 9, width: int = 9) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def _some(count: int, side: int = 27) -> list[Patch]:
    return [
        Patch(_plain((20 * place, 90, 120), side, side), f"{12 - place}", f"{place}.png")
        for place in range(count)
    ]


@pytest.fixture
def grid(qtbot: QtBot) -> PatchesPanel:
    panel = PatchesPanel("Best patches", "Where it is excited most.", "patches")
    qtbot.addWidget(panel)
    panel.resize(420, 260)
    panel.show()
    panel.set_patches(_some(9))
    return panel


def _shot(panel: PatchesPanel, ratio: int = 1) -> QImage:
    image = QImage(panel.canvas.size() * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    panel.canvas.render(image)
    return image


def _colour(panel: PatchesPanel, at: QPointF, ratio: int = 1) -> str:
    return _shot(panel, ratio).pixelColor((at * ratio).toPoint()).name()


@pytest.mark.parametrize("ratio", [1, 2])
def test_each_picture_fills_its_square(
    grid: PatchesPanel, ratio: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid.canvas, "devicePixelRatioF", lambda: float(ratio))
    for place in range(9):
        square = grid.tile_rect(place)
        wanted = QColor(20 * place, 90, 120).name()
        for corner in (square.topLeft() + QPointF(1, 1), square.bottomRight() - QPointF(2, 2)):
            assert _colour(grid, corner, ratio) == wanted


def test_tiles_are_equal_and_within_the_canvas_without_overlap(grid: PatchesPanel) -> None:
    tiles = [grid.tile_rect(place) for place in range(9)]
    assert len({(tile.width(), tile.height()) for tile in tiles}) == 1
    assert all(not one.intersects(other) for one, other in itertools.combinations(tiles, 2))
    assert all(grid.canvas.rect().contains(tile.toRect()) for tile in tiles)
    assert tiles[0].top() == tiles[1].top()
    assert tiles[-1].top() > tiles[0].top()  # wrapped


@pytest.mark.parametrize("ratio", [1, 2])
def test_few_pixels_are_crisp_and_in_place(
    grid: PatchesPanel, ratio: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid.canvas, "devicePixelRatioF", lambda: float(ratio))
    checks = np.array([[RED, BLUE, RED], [BLUE, RED, BLUE], [RED, BLUE, RED]], np.uint8)
    grid.set_patches([Patch(checks, "1")])
    square, image = grid.picture_rect(0), _shot(grid, ratio)
    seen = {
        image.pixelColor(round((square.left() + x) * ratio), round((square.top() + y) * ratio)).name()
        for x in range(1, int(square.width()) - 1, 4)
        for y in range(1, int(square.height()) - 1, 4)
    }
    assert seen == {QColor(*RED).name(), QColor(*BLUE).name()}
    third = square.width() / 3
    assert _colour(grid, square.topLeft() + QPointF(third * 1.5, third * 0.5), ratio) == QColor(*BLUE).name()


def test_large_pictures_are_averaged(grid: PatchesPanel) -> None:
    stripes = np.zeros((224, 224, 3), np.uint8)
    stripes[:, ::2] = 255
    grid.set_patches([Patch(stripes, "1")] * 9)
    image, square = _shot(grid), grid.tile_rect(4).toRect()
    reds = [image.pixelColor(x, square.center().y()).red() for x in range(square.left(), square.right())]
    assert np.mean(reds) == pytest.approx(127.5, abs=4)
    assert 60 < min(reds) <= max(reds) < 195  # neither black nor white: nothing was thinned out


def test_long_pictures_keep_their_shape_in_an_equal_square(grid: PatchesPanel, both_themes: str) -> None:
    grid.set_patches([Patch(_plain(RED, 20, 50), "1"), Patch(_plain(BLUE, 1, 224), "2")])
    square, picture = grid.tile_rect(0), grid.picture_rect(0)
    assert picture.height() / picture.width() == pytest.approx(0.4)
    assert picture.width() == square.width()
    assert _colour(grid, square.center()) == QColor(*RED).name()
    assert _colour(grid, square.topLeft() + QPointF(3, 3)) == theme().chrome
    assert _colour(grid, grid.tile_rect(1).center()) == QColor(*BLUE).name()


def test_hover_click_and_outline(grid: PatchesPanel, qtbot: QtBot) -> None:
    there = grid.tile_rect(6).center().toPoint()
    with qtbot.waitSignal(grid.hovered) as seen:
        qtbot.mouseMove(grid.canvas, there)
    assert seen.args == [("patches", (6,))]
    with qtbot.waitSignal(grid.clicked) as chosen:
        qtbot.mouseClick(grid.canvas, Qt.MouseButton.LeftButton, pos=there)
    assert chosen.args == [("patches", (6,))]
    edge = grid.tile_rect(6).topLeft()
    image = _shot(grid)
    near = {
        image.pixelColor(edge.toPoint() + QPoint(x, y)).name()
        for x, y in itertools.product(range(3), repeat=2)
    }
    assert theme().text in near
    assert grid.tip(QPointF(there)) == "6\n6.png\n27 × 27 pixels"
    grid.point(grid.tile_rect(0).topRight() + QPointF(5, 5))
    assert grid.cursor_cell is None


def test_keys_walk_over_the_grid(grid: PatchesPanel, qtbot: QtBot) -> None:
    grid.canvas.setFocus()
    columns = sum(grid.tile_rect(place).top() == grid.tile_rect(0).top() for place in range(9))
    walked = []
    keys = Qt.Key
    for key in (keys.Key_Right, keys.Key_Right, keys.Key_Down, keys.Key_Down, keys.Key_End, keys.Key_Home):
        qtbot.keyClick(grid.canvas, key)
        walked.append(grid.cursor_cell)
    down = 1 + columns
    assert walked == [(0,), (1,), (down,), (down,), (8,), (0,)]
    with qtbot.waitSignal(grid.clicked) as chosen:
        qtbot.keyClick(grid.canvas, keys.Key_Return)
    assert chosen.args == [("patches", (0,))]


def test_where_there_is_no_room_it_scrolls(grid: PatchesPanel, qtbot: QtBot) -> None:
    grid.resize(200, 130)
    grid.set_patches(_some(30))
    assert grid.tile_rect(0).width() >= SMALLEST
    point = grid.tile_rect(0).center()
    grid.point(point)
    assert grid.wheel(point, -2)
    assert grid.cursor_cell != (0,)
    assert grid.cursor_cell == grid.cell_at(point)
    grid.canvas.setFocus()
    qtbot.keyClick(grid.canvas, Qt.Key.Key_End)
    assert grid.cursor_cell == (29,)
    assert grid.canvas.rect().contains(grid.tile_rect(29).center().toPoint())
    assert not grid.wheel(point, -50)


def test_room_is_kept_for_what_is_still_to_be_found(grid: PatchesPanel) -> None:
    full = grid.tile_rect(0)
    grid.set_patches(_some(2), places=9)
    assert grid.tile_rect(0) == full
    grid.set_patches(_some(2))
    assert grid.tile_rect(0).width() > full.width()


def test_a_second_set_replaces_the_first_and_keeps_what_is_the_same(grid: PatchesPanel) -> None:
    patches = _some(3)
    grid.set_patches(patches)
    grid.move_cursor((2,))
    grid.set_patches([patches[1], Patch(_plain(RED), "3")])
    assert grid.cursor_cell is None
    assert _colour(grid, grid.tile_rect(0).center()) == QColor(20, 90, 120).name()
    assert _colour(grid, grid.tile_rect(1).center()) == QColor(*RED).name()


def test_numbers_and_words(grid: PatchesPanel) -> None:
    grid.set_patches([Patch(_plain(RED, 3, 5), "0.9", "cat.png"), Patch(_plain(BLUE), "0.4")])
    assert grid.numbers() == (
        ["rank", "value", "from", "height", "width"],
        [[1, "0.9", "cat.png", 3, 5], [2, "0.4", "", 9, 9]],
    )
    assert "2 patches: 0.9 cat.png; 0.4." in grid.canvas.accessibleDescription()


def test_none_says_so(grid: PatchesPanel) -> None:
    grid.set_patches([])
    assert grid.empty_text == "No patches yet."
    grid.point(QPointF(10, 10))
    assert grid.cursor_cell is None


@pytest.mark.parametrize(
    "picture", [np.zeros((3, 3), np.uint8), np.zeros((3, 3, 3), np.float32), np.zeros((0, 3, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(grid: PatchesPanel, picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        grid.set_patches([Patch(picture, "1")])
