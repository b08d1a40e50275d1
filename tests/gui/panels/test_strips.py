"""Layer strip and film strip: what the tiles show, folding, scrolling, and the tile under the pointer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from gui.colour_maps import lookup
from gui.panels.film_strip import FilmStrip, Frame
from gui.panels.layer_strip import LayerStrip, LayerTile, Thumbnail
from gui.panels.strip import StripPanel
from gui.panels.thumbnail import drawn
from gui.theme import theme, themes

BLOCKS = {"stem": 3, "stage1": 5, "stage2": 17, "stage3": 17, "head": 3, "pool": 1, "classifier": 1}
LAYERS = [
    LayerTile(
        group,
        f"{place}.expand.conv",
        ("24 × 56²", "3 × 3, stride 2", "864 par", "10.8 M MAC"),
        f"{group}.{place}",
        (group, place),
    )
    for group, count in BLOCKS.items()
    for place in range(count)
]
FIRST = {group: next(n for n, layer in enumerate(LAYERS) if layer.group == group) for group in BLOCKS}


def _last(group: str) -> int:
    return FIRST[group] + BLOCKS[group] - 1


@pytest.fixture
def strip(qtbot: QtBot) -> LayerStrip:
    panel = LayerStrip("From pixels to classes", "Click a block to unfold it.", "layer")
    qtbot.addWidget(panel)
    panel.resize(760, 190)
    panel.show()
    panel.set_layers(LAYERS, {group: ("24 × 56²", f"{n} layers") for group, n in BLOCKS.items()}, ["a", "b"])
    panel.set_input(np.full((224, 224, 3), (10, 200, 30), np.uint8))
    panel.set_thumbnails({place: _level(place) for place in range(len(LAYERS))})
    return panel


def _level(level: int) -> Thumbnail:
    """Nine maps of one value, another for each layer."""
    return Thumbnail(np.full((66, 66), 4 * level, np.uint8), 3, 3)


def _shot(panel: StripPanel, ratio: int = 1) -> QImage:
    image = QImage(panel.canvas.size() * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    panel.canvas.render(image)
    return image


def _colours(panel: StripPanel, at: QPointF, ratio: int = 1, around: int = 0) -> set[str]:
    image, middle = _shot(panel, ratio), (at * ratio).toPoint()
    places = itertools.product(range(-around, around + 1), repeat=2)
    return {image.pixelColor(middle + QPoint(x, y)).name() for x, y in places}


def _map_colour(layer: int) -> str:
    return QColor.fromRgb(int(lookup()[4 * layer])).name()


@pytest.mark.parametrize("ratio", [1, 2])
def test_folded_blocks_show_the_maps_of_their_last_layers(
    strip: LayerStrip, ratio: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strip.canvas, "devicePixelRatioF", lambda: float(ratio))
    assert strip.open_block == ""
    for group in BLOCKS:
        strip.reveal((_last(group),))
        picture = strip.layer_rect(_last(group))
        assert strip.layer_rect(FIRST[group]) == picture
        assert _colours(strip, picture.center(), ratio) == {_map_colour(_last(group))}
        assert strip.cell_at(picture.center()) == (_last(group),)


def test_the_picture_comes_first_and_is_no_layer(strip: LayerStrip) -> None:
    at = strip.tile_rect(0).topLeft() + QPointF(30, 50)
    assert _colours(strip, at) == {QColor(10, 200, 30).name()}
    assert strip.cell_at(at) is None
    assert strip.tip(at) == "The picture as the network gets it"


def test_a_chosen_layer_is_unfolded_outlined_and_in_sight(strip: LayerStrip, both_themes: str) -> None:
    layer = FIRST["stage3"] + 12
    strip.set_selected(layer)
    assert strip.open_block == "stage3"
    picture = strip.layer_rect(layer)
    assert strip.canvas.rect().contains(picture.toRect())
    assert theme().accent in _colours(strip, picture.topLeft(), around=3)
    assert theme().accent not in _colours(strip, strip.layer_rect(layer - 1).topLeft(), around=3)
    assert _colours(strip, picture.center()) == {_map_colour(layer)}
    assert strip.layer_rect(FIRST["stage3"] + 11).right() < picture.left()


def test_a_click_on_a_folded_block_unfolds_it_and_says_which_layer(strip: LayerStrip, qtbot: QtBot) -> None:
    strip.set_selected(FIRST["stage2"] + 16)  # far to the right, so that folding moves what is clicked
    strip.reveal((_last("stage3"),))
    at = strip.layer_rect(_last("stage3")).center().toPoint()
    qtbot.mouseMove(strip.canvas, at)
    with qtbot.waitSignal(strip.clicked) as chosen:
        qtbot.mouseClick(strip.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert chosen.args == [("layer", (_last("stage3"),))]
    assert strip.open_block == "stage3"
    assert strip.canvas.rect().contains(strip.layer_rect(_last("stage3")).toRect())


def test_an_unfolded_block_stays_where_it_was_clicked(strip: LayerStrip) -> None:
    left = strip.layer_rect(FIRST["stem"]).left()
    strip.set_selected(FIRST["stem"])
    assert strip.layer_rect(FIRST["stem"]).left() == left
    for place in range(3):
        assert strip.cell_at(strip.layer_rect(place).center()) == (place,)
    assert strip.layer_rect(FIRST["stage1"]) == strip.layer_rect(_last("stage1"))


def test_the_block_s_name_folds_it_and_keeps_the_choice_marked(strip: LayerStrip, qtbot: QtBot) -> None:
    strip.set_selected(FIRST["stage2"] + 8)
    head = strip.bracket_rect()
    assert strip.canvas.rect().contains(head.toRect().adjusted(0, 0, -1, 0))
    assert strip.tip(head.center()) == "Fold stage2"
    assert strip.cell_at(head.center()) is None
    qtbot.mouseMove(strip.canvas, head.center().toPoint())
    with qtbot.assertNotEmitted(strip.clicked):
        qtbot.mouseClick(strip.canvas, Qt.MouseButton.LeftButton, pos=head.center().toPoint())
    assert strip.open_block == ""
    assert strip.bracket_rect().isEmpty()
    strip.leave()
    assert theme().accent in _colours(strip, strip.layer_rect(_last("stage2")).topLeft(), around=3)


def test_the_bracket_holds_the_unfolded_layers_on_a_ground_of_their_own(
    strip: LayerStrip, both_themes: str
) -> None:
    strip.set_selected(1)
    under = QPointF(strip.layer_rect(1).left() - 5, strip.layer_rect(1).center().y())
    assert _colours(strip, under) == {theme().chrome}
    folded = strip.layer_rect(_last("stage2"))
    assert _colours(strip, QPointF(folded.left() - 5, folded.center().y())) == {theme().page}


def test_scrolling_moves_what_is_under_the_pointer(strip: LayerStrip) -> None:
    strip.set_selected(0)
    at = strip.layer_rect(1).center()
    strip.point(at)
    assert strip.cursor_cell == (1,)
    assert strip.wheel(at, -3)
    assert strip.cursor_cell == strip.cell_at(at)
    assert strip.cursor_cell != (1,)
    before = strip.layer_rect(1).left()
    strip.drag(QPointF(25, 0))
    assert strip.layer_rect(1).left() == before + 25
    assert not strip.wheel(at, 100) or not strip.wheel(at, 100)  # at the end there is nothing to scroll


def test_keys_walk_over_blocks_and_layers(strip: LayerStrip, qtbot: QtBot) -> None:
    strip.canvas.setFocus()
    keys = Qt.Key
    qtbot.keyClick(strip.canvas, keys.Key_Right)
    assert strip.cursor_cell == (_last("stem"),)
    qtbot.keyClick(strip.canvas, keys.Key_Right)
    assert strip.cursor_cell == (_last("stage1"),)
    with qtbot.waitSignal(strip.clicked):
        qtbot.keyClick(strip.canvas, keys.Key_Return)
    assert strip.open_block == "stage1"
    qtbot.keyClick(strip.canvas, keys.Key_Left)
    assert strip.cursor_cell == (_last("stage1") - 1,)
    qtbot.keyClick(strip.canvas, "-")
    assert strip.open_block == ""
    for _ in range(3):
        qtbot.keyClick(strip.canvas, keys.Key_Left)
    assert strip.cursor_cell == (_last("stem"),)  # the picture is no layer
    qtbot.keyClick(strip.canvas, keys.Key_End)
    assert strip.cursor_cell == (len(LAYERS) - 1,)
    assert strip.canvas.rect().contains(strip.layer_rect(len(LAYERS) - 1).toRect())


@pytest.mark.parametrize("height", [130, 160, 200, 300])
def test_pictures_and_texts_share_the_height(strip: LayerStrip, height: int) -> None:
    strip.set_selected(0)
    strip.resize(760, height)
    picture = strip.layer_rect(0)
    assert picture.width() == picture.height() >= 36
    assert picture.bottom() + 24 < strip.tile_rect(0).bottom()
    assert strip.canvas.rect().contains(picture.toRect())
    ink = QColor(theme().text).lightness()
    image, columns = _shot(strip), range(round(picture.left()), round(picture.right()))
    below = range(round(picture.bottom()) + 2, round(strip.tile_rect(0).bottom()) - 1)
    name = [image.pixelColor(x, y).lightness() for y in below[:14] for x in columns]
    assert max(name) > 0.8 * ink
    assert {image.pixelColor(x, below[-1]).name() for x in columns} == {theme().chrome}  # no text is cut off


def test_new_thumbnails_and_pictures_are_drawn(strip: LayerStrip) -> None:
    strip.set_selected(0)
    at = strip.layer_rect(0).center()
    strip.set_thumbnails({0: _level(60)})
    assert _colours(strip, at) == {_map_colour(60)}
    assert _colours(strip, strip.layer_rect(1).center()) == {_map_colour(1)}
    strip.set_input(np.full((224, 224, 3), (255, 0, 0), np.uint8))
    assert _colours(strip, strip.tile_rect(0).topLeft() + QPointF(30, 50)) == {"#ff0000"}


def test_the_same_pictures_are_not_drawn_anew(strip: LayerStrip, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Thumbnail] = []

    def counting(thumbnail: Thumbnail, side: int, ratio: float) -> QImage:
        made.append(thumbnail)
        return drawn(thumbnail, side, ratio)

    monkeypatch.setattr("gui.panels.layer_strip.drawn", counting)
    strip.set_thumbnails({place: _level(place) for place in range(len(LAYERS))})
    _shot(strip)
    first = len(made)
    assert 0 < first < len(LAYERS)  # only what is in sight
    _shot(strip)
    strip.point(strip.layer_rect(_last("stem")).center())
    _shot(strip)
    assert len(made) == first
    strip.resize(760, 150)
    _shot(strip)
    assert len(made) > first


def test_another_network_starts_folded_at_its_beginning(strip: LayerStrip) -> None:
    strip.set_selected(len(LAYERS) - 1)
    strip.set_layers(LAYERS[:8], {}, ["a", "b"])
    assert strip.open_block == ""
    assert strip.tile_rect(0).left() == 0
    assert _colours(strip, strip.layer_rect(2).center()) == {theme().raised}  # its maps are not known yet
    assert not strip.contains((8,))
    assert strip.numbers() == (["a", "b"], [list(layer.row) for layer in LAYERS[:8]])


def test_layers_in_words(strip: LayerStrip) -> None:
    strip.set_selected(4)
    assert f"{len(LAYERS)} layers. stage1.1" in strip.canvas.accessibleDescription()
    assert strip.tip(strip.layer_rect(4).center()) == "stage1.1"
    folded = strip.layer_rect(FIRST["stem"]).center()
    strip.reveal((FIRST["stem"],))
    folded = strip.layer_rect(FIRST["stem"]).center()
    assert strip.tip(folded) == "Unfold stem: 24 × 56², 3 layers"


def test_an_enlarged_strip_comes_back(strip: LayerStrip) -> None:
    strip.enlarge()
    strip.content.window().close()
    assert strip.content.window() is strip.window()


def test_a_theme_change_repaints_the_gaps(strip: LayerStrip) -> None:
    strip.set_selected(0)
    for choice in ("dark", "light"):
        themes.choose(choice)  # ty: ignore[invalid-argument-type]
        picture = strip.layer_rect(0)
        found = {
            next(iter(_colours(strip, QPointF(x, picture.top() + 8))))
            for x in range(int(picture.left()) + 10, int(picture.center().x()))
        }
        assert theme().chrome in found  # between two maps


@pytest.mark.parametrize(("maps", "height", "width"), [((3, 3), 22, 22), ((1, 1), 25, 40), ((3, 3), 1, 1)])
@pytest.mark.parametrize("side", [20, 84, 168])
def test_a_thumbnail_fits_its_square_with_every_map_in_its_place(
    maps: tuple[int, int], height: int, width: int, side: int
) -> None:
    rows, columns = maps
    levels = np.arange(rows * columns, dtype=np.uint8).reshape(rows, columns) * 20 + 30
    image = drawn(Thumbnail(np.kron(levels, np.ones((height, width), np.uint8)), rows, columns), side, 1.0)
    assert max(image.width(), image.height()) in range(side - 5, side + 2)
    for row, column in itertools.product(range(rows), range(columns)):
        x, y = (2 * column + 1) * image.width() // (2 * columns), (2 * row + 1) * image.height() // (2 * rows)
        assert image.pixelColor(x, y).rgb() == lookup()[levels[row, column]]


# Film strip.


@pytest.fixture
def film(qtbot: QtBot) -> FilmStrip:
    panel = FilmStrip("Film strip", "Drop pictures anywhere.", "film")
    qtbot.addWidget(panel)
    panel.resize(400, 104)
    panel.show()
    panel.set_frames(_frames(), 1)
    return panel


def _frames(count: int = 20) -> list[Frame]:
    return [
        Frame(f"{place}.png", np.full((56, 56, 3), (10 * place, 120, 60), np.uint8), f"credit {place}")
        for place in range(count)
    ]


@pytest.mark.parametrize("ratio", [1, 2])
def test_pictures_are_drawn_and_the_current_one_is_marked(
    film: FilmStrip, ratio: int, monkeypatch: pytest.MonkeyPatch, both_themes: str
) -> None:
    monkeypatch.setattr(film.canvas, "devicePixelRatioF", lambda: float(ratio))
    for place in range(3):
        square = film.picture_rect(place)
        assert _colours(film, square.center(), ratio) == {QColor(10 * place, 120, 60).name()}
        marked = theme().accent in _colours(film, square.topLeft() + QPointF(2, 2), ratio, 2 * ratio)
        assert marked == (place == 1)


def test_pictures_that_are_not_square_are_cropped_to_their_middle(film: FilmStrip) -> None:
    wide = np.zeros((50, 150, 3), np.uint8)
    wide[:, 50:100] = 255
    film.set_frames([Frame("wide.png", wide)], 0)
    square = film.picture_rect(0)
    assert square.width() == square.height()
    for x in (0.1, 0.5, 0.9):
        at = QPointF(square.left() + x * square.width(), square.center().y())
        assert _colours(film, at) == {"#ffffff"}


def test_a_failed_picture_is_crossed_out_and_says_why(film: FilmStrip) -> None:
    film.set_frames([Frame("a.png", None, "a.png is cut short.", failed=True), Frame("b.png", None)], -1)
    failed, waiting = (film.picture_rect(place) for place in range(2))
    assert theme().danger in _colours(film, failed.center(), around=2)
    assert _colours(film, waiting.center(), around=2) == {theme().raised}
    assert _colours(film, failed.topLeft() + QPointF(8, 8)) == {theme().raised}
    assert film.tip(failed.center()) == "a.png\na.png is cut short."
    assert film.tip(waiting.center()) == "b.png\nNot read yet"


def test_the_current_picture_comes_into_sight(film: FilmStrip) -> None:
    film.set_frames(_frames(), 15)
    assert film.current == 15
    assert film.canvas.rect().contains(film.picture_rect(15).toRect())
    film.resize(300, 90)
    assert film.canvas.rect().contains(film.picture_rect(15).toRect())
    assert film.cell_at(film.picture_rect(15).center()) == (15,)


def test_the_pointer_and_the_keyboard_choose_pictures(film: FilmStrip, qtbot: QtBot) -> None:
    at = film.picture_rect(2).center().toPoint()
    with qtbot.waitSignal(film.hovered) as seen:
        qtbot.mouseMove(film.canvas, at)
    assert seen.args == [("film", (2,))]
    with qtbot.waitSignal(film.clicked) as chosen:
        qtbot.mouseClick(film.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert chosen.args == [("film", (2,))]
    film.leave()
    film.canvas.setFocus()
    walked = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Right, Qt.Key.Key_Home):
        qtbot.keyClick(film.canvas, key)
        walked.append(film.cursor_cell)
    assert walked == [(1,), (2,), (19,), (19,), (0,)]


def test_pictures_that_stay_are_kept_and_others_are_drawn_anew(film: FilmStrip) -> None:
    frames = _frames()
    film.set_frames(frames, 1)
    _shot(film)
    frames[2] = Frame("2.png", np.full((56, 56, 3), 255, np.uint8))
    film.set_frames(frames, 1)
    assert _colours(film, film.picture_rect(2).center()) == {"#ffffff"}
    assert _colours(film, film.picture_rect(0).center()) == {QColor(0, 120, 60).name()}
    film.move_cursor((19,))
    film.set_frames(frames[:3], 1)
    assert film.cursor_cell is None
    assert film.tile_rect(0).left() == 0


def test_an_empty_film_says_what_to_do(film: FilmStrip) -> None:
    film.set_frames([], -1)
    assert film.empty_text == "Drop a picture or a folder anywhere."
    assert film.cell_at(QPointF(20, 20)) is None


def test_film_in_numbers_and_words(film: FilmStrip) -> None:
    header, rows = film.numbers()
    assert header == ["place", "name", "note"]
    assert rows[3] == [3, "3.png", "credit 3"]
    assert "1.png, 2 of 20." in film.canvas.accessibleDescription()


def test_a_grey_picture_is_told_as_one_map(strip: LayerStrip) -> None:
    strip.set_input(np.full((28, 28, 3), 90, np.uint8), is_grey=True)
    assert strip._tiles[0].lines == ("1 × 28²", "grey")
