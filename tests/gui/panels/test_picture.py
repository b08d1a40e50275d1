"""The picture panel: pixels, heat map, boxes, zoom, and what is under the pointer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.colour_maps import DIVERGING, lookup
from gui.panels.layers import FINEST, interpolated
from gui.panels.picture import PicturePanel
from gui.panels.viewport import LARGEST, Viewport
from gui.theme import LIGHT, theme, themes


@pytest.fixture
def panel(show: Callable[[QWidget], None]) -> PicturePanel:
    picture = PicturePanel("Input", name="input")
    picture.resize(400, 340)
    show(picture)
    return picture


def _noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _render(panel: PicturePanel, ratio: float = 1.0) -> QImage:
    size = panel.canvas.size() * ratio
    image = QImage(size, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    panel.canvas.render(image)
    return image


def _colour(image: QImage, x: int, y: int) -> tuple[int, int, int]:
    found = image.pixelColor(x, y)
    return found.red(), found.green(), found.blue()


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("zoom", [1.0, 2.7])
def test_every_point_has_the_colour_of_the_pixel_under_it(
    panel: PicturePanel, monkeypatch: pytest.MonkeyPatch, ratio: float, zoom: float
) -> None:
    monkeypatch.setattr(panel.canvas, "devicePixelRatioF", lambda: ratio)
    picture = _noise(20, 30)
    panel.set_picture(picture)
    panel.set_zoom(zoom, QPointF(300, 50))
    image, seen, wrong = _render(panel, ratio), 0, 0
    for y in range(
        int(12 * ratio), int(230 * ratio), round(5 * ratio)
    ):  # neither the round corners nor the zoom's tag
        for x in range(0, image.width(), round(5 * ratio)):
            cell = panel.cell_at(QPointF((x + 0.5) / ratio, (y + 0.5) / ratio))
            if cell is not None:
                seen += 1
                wrong += _colour(image, x, y) != tuple(picture[cell])
    assert seen > 2500
    assert wrong <= seen // 500  # points on the very border of two pixels


def test_the_aspect_is_kept_and_beside_the_picture_is_nothing(panel: PicturePanel) -> None:
    panel.set_picture(_noise(10, 40))
    first, last = panel.pixel_rect((0, 0)), panel.pixel_rect((9, 39))
    assert first.topLeft() == QPointF(0, 0)
    assert last.right() == pytest.approx(panel.canvas.width())
    assert last.bottom() == pytest.approx(last.right() / 4, abs=1)
    assert panel.cell_at(QPointF(0, 0)) == (0, 0)
    assert panel.cell_at(QPointF(last.right() - 0.5, last.bottom() - 0.5)) == (9, 39)
    assert panel.cell_at(QPointF(5, last.bottom() + 1)) is None
    assert panel.cell_at(QPointF(-0.5, 0)) is None


def test_a_large_picture_is_averaged_when_shrunk(panel: PicturePanel) -> None:
    checks = np.zeros((2000, 2000, 3), np.uint8)
    checks[::2, ::2] = checks[1::2, 1::2] = 255
    panel.set_picture(checks)
    image = _render(panel)
    greys = [image.pixelColor(x, y).red() for x in range(20, 250, 7) for y in range(20, 250, 7)]
    assert min(greys) > 100
    assert max(greys) < 155


@pytest.mark.parametrize("shape", [(1, 1), (10, 30000), (3, 2)])
def test_any_shape_is_shown_and_hit(panel: PicturePanel, shape: tuple[int, int]) -> None:
    picture = np.full((*shape, 3), (200, 40, 90), np.uint8)
    panel.set_picture(picture)
    middle = panel.pixel_rect((shape[0] // 2, shape[1] // 2)).center()
    cell = panel.cell_at(middle)
    assert cell is not None
    assert panel.contains(cell)
    assert _colour(_render(panel), int(middle.x()), int(middle.y())) == (200, 40, 90)


def test_interpolation_is_that_of_torch() -> None:
    values = np.random.default_rng(0).standard_normal((7, 9)).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(values)[None, None].double(), (224, 200), mode="bilinear", align_corners=False
    )
    assert interpolated(values, 224, 200) == pytest.approx(expected[0, 0].numpy(), abs=1e-5)
    assert max(interpolated(values, 3000, 4000).shape) == FINEST
    assert interpolated(values, 5, 6) is values


@pytest.mark.parametrize("opacity", [0.0, 0.5, 1.0])
def test_a_heat_map_lies_over_the_picture_as_opaque_as_asked(panel: PicturePanel, opacity: float) -> None:
    panel.set_picture(np.full((14, 14, 3), (10, 200, 60), np.uint8))
    values = np.zeros((2, 2), np.float32)
    values[0, 1] = 2.0
    panel.set_heat(values, 0.0, 2.0, opacity=opacity, smooth=False)
    image = _render(panel)
    for cell, level in (((3, 3), 0), ((3, 10), 255)):
        at = panel.pixel_rect(cell).center().toPoint()
        over = np.array([lookup()[level] >> shift & 255 for shift in (16, 8, 0)], float)
        expected = opacity * over + (1 - opacity) * np.array([10, 200, 60])
        assert _colour(image, at.x(), at.y()) == pytest.approx(expected, abs=2)


def test_a_signed_heat_map_is_centred_on_zero(panel: PicturePanel) -> None:
    panel.set_picture(_noise(8, 8))
    panel.set_heat(
        np.array([[-1.0, 0.0, 4.0]], np.float32), -1.0, 4.0, opacity=1.0, signed=True, smooth=False
    )
    at = panel.pixel_rect((4, 4)).center().toPoint()
    assert panel.canvas.grab().toImage().pixelColor(at).rgb() == lookup(DIVERGING)[128]
    assert panel.summary() == "Picture of 8 × 8 pixels, under a heat map from −4 to 4."


def test_the_colour_bar_stands_beside_the_picture_only_with_a_heat_map(panel: PicturePanel) -> None:
    panel.set_picture(_noise(40, 80))
    whole = panel.pixel_rect((0, 79)).right()
    panel.set_heat(np.zeros((4, 8), np.float32), 0.0, 1.0)
    assert panel.pixel_rect((0, 79)).right() < whole - 40
    beside = panel.pixel_rect((0, 79)).right() + 12
    image, height = _render(panel), panel.pixel_rect((39, 0)).bottom()
    for y in (6, int(height / 2), int(height) - 6):
        level = int(256 * (1 - (y + 0.5) / height))
        near = [QColor.fromRgb(int(lookup()[level + by])).getRgb()[:3] for by in (-2, 0, 2)]
        lowest, highest = np.min(near, axis=0) - 1, np.max(near, axis=0) + 1
        found = np.array(_colour(image, int(beside), y))
        assert (lowest <= found).all()
        assert (found <= highest).all()
    panel.set_heat(None)
    assert panel.pixel_rect((0, 79)).right() == whole


def test_the_same_heat_map_again_is_not_computed_again(panel: PicturePanel) -> None:
    panel.set_picture(_noise(8, 8))
    values = np.ones((2, 2), np.float32)
    panel.set_heat(values, 0.0, 1.0, opacity=0.2)
    layer = panel._heat_layer
    panel.set_heat(values, 0.0, 1.0, opacity=0.9)
    assert panel._heat_layer is layer
    panel.set_heat(values, 0.0, 2.0)
    assert panel._heat_layer is not layer


def test_a_box_is_readable_on_any_ground_and_leaves_its_inside_alone(
    panel: PicturePanel, both_themes: str
) -> None:
    for ground in (0, 128, 255):
        panel.set_picture(np.full((20, 20, 3), ground, np.uint8))
        panel.set_boxes([(5, 5, 15, 15, "", "chosen")])
        image, left = _render(panel), panel.pixel_rect((10, 5))
        across = [image.pixelColor(int(left.left()) + x, int(left.center().y())) for x in range(-3, 6)]
        greys = [colour.lightness() for colour in across]
        assert max(greys) - min(greys) > 60
        inside = panel.pixel_rect((10, 10)).center().toPoint()
        assert image.pixelColor(inside).red() == ground


def test_a_box_beyond_the_edge_is_cut_and_says_so(panel: PicturePanel) -> None:
    panel.set_picture(np.full((20, 20, 3), 90, np.uint8))
    panel.set_boxes([(5, -4, 15, 6, "", "chosen")])
    assert _label_is_drawn(panel)
    panel.set_boxes([(5, 2, 15, 12, "", "chosen")])
    assert not _label_is_drawn(panel)
    plain = _render(panel)
    panel.set_boxes([(30, 30, 40, 40, "far away", "chosen")])
    assert _colour(_render(panel), 200, 200) == (90, 90, 90)
    assert plain != _render(panel)


def _label_is_drawn(panel: PicturePanel) -> bool:
    """Whether there is other than the picture's grey in the strip above the box at row 5."""
    top = int(panel.pixel_rect((5, 5)).top())
    image = _render(panel)
    return any(_colour(image, x, top - 10) != (90, 90, 90) for x in range(8, 80))


def test_a_box_of_an_unknown_kind_is_refused(panel: PicturePanel) -> None:
    with pytest.raises(ValueError, match="chosen, hovered, reference"):
        panel.set_boxes([(0, 0, 1, 1, "", "purple")])


def test_the_wheel_zooms_on_the_pointer_dragging_pans_and_a_double_click_shows_all(
    panel: PicturePanel, qtbot: QtBot
) -> None:
    panel.set_picture(_noise(60, 80))
    at = QPointF(203, 103)
    before = panel.cell_at(at)
    for _ in range(4):
        panel.wheel(at, 1)
    assert panel.zoom == pytest.approx(1.25**4)
    assert panel.cell_at(at) == before
    corner = panel.cell_at(QPointF(1, 1))
    clicks: list[object] = []
    panel.clicked.connect(clicks.append)
    qtbot.mousePress(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(203, 103))
    qtbot.mouseMove(panel.canvas, QPoint(233, 123))
    qtbot.mouseRelease(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(233, 123))
    assert panel.cell_at(QPointF(233, 123)) == before
    assert panel.cell_at(QPointF(1, 1)) != corner
    assert clicks == []
    panel.wheel(at, -40)
    assert panel.zoom == 1.0
    panel.set_zoom(5)
    qtbot.mouseDClick(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert panel.zoom == 1.0
    assert panel.pixel_rect((0, 0)).topLeft() == QPointF(0, 0)


def test_zooming_ends_at_pixels_large_enough_to_point_at() -> None:
    viewport = Viewport(100, 100, QSize(200, 200), 2.0).zoomed(1e9, QPointF(0, 0))
    assert viewport.place(0, 0, 1, 1).width() == pytest.approx(LARGEST)
    assert Viewport(1, 1, QSize(200, 200), 1.0).zoomed(9, QPointF(0, 0)).zoom == 1.0


def test_keys_move_by_pixel_keep_it_in_sight_and_zoom(panel: PicturePanel, qtbot: QtBot) -> None:
    panel.set_picture(_noise(100, 100))
    heard: list[object] = []
    panel.hovered.connect(heard.append)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    assert heard == [("input", (50, 50)), ("input", (50, 51))]
    for _ in range(5):
        qtbot.keyClicks(panel.canvas, "+")
    for _ in range(7):
        qtbot.keyClick(panel.canvas, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert panel.cursor_cell == (99, 51)
    assert panel.zoom > 3
    assert panel.pixel_rect((99, 51)).bottom() <= panel.canvas.height() + 1
    qtbot.keyClicks(panel.canvas, "0")
    assert panel.zoom == 1.0


def test_the_numbers_are_the_heat_maps_or_else_the_pixels(panel: PicturePanel) -> None:
    picture = _noise(3, 4)
    panel.set_picture(picture)
    header, rows = panel.numbers()
    assert header == ["row", "column", "red", "green", "blue"]
    assert len(rows) == 12
    assert rows[6] == [1, 2, *picture[1, 2].tolist()]
    panel.set_heat(np.array([[0.5, -1.0]], np.float32), -1, 1)
    assert panel.numbers() == (["row", "column 0", "column 1"], [[0, 0.5, -1.0]])


def test_a_second_picture_of_the_same_size_keeps_the_zoom_and_the_widgets(panel: PicturePanel) -> None:
    panel.set_picture(_noise(60, 60))
    panel.set_zoom(4)
    children = len(panel.findChildren(QWidget))
    panel.set_picture(255 - _noise(60, 60))
    assert panel.zoom == 4
    assert len(panel.findChildren(QWidget)) == children
    panel.set_picture(_noise(30, 60))
    assert panel.zoom == 1.0


def test_what_is_no_picture_is_refused(panel: PicturePanel) -> None:
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(ValueError, match="A picture is"):
            panel.set_picture(wrong)


def test_the_ground_beside_the_picture_follows_the_theme(panel: PicturePanel) -> None:
    panel.set_picture(_noise(20, 20))
    x, y = panel.canvas.width() - 2, panel.canvas.height() - 2
    assert panel.canvas.grab().toImage().pixelColor(x, y).name() == theme().page
    themes.choose("light")
    assert panel.canvas.grab().toImage().pixelColor(x, y).name() == LIGHT.page
