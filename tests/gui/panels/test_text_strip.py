"""The text strip: grounds have their values' colours, characters are where they say, ranges are brushed."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator, QSvgRenderer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.colour_maps import DIVERGING, SEQUENTIAL, lookup
from gui.panels.levels import grounds_and_inks
from gui.panels.text_cells import UNDERLINE
from gui.panels.text_layout import wrap
from gui.panels.text_strip import TextStripPanel
from gui.theme import LIGHT, TEXT_CONTRAST, contrast, theme, themes

SENTENCE = "It was a bright cold day in April, and the clocks struck 13."
LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def panel(show: Callable[[QWidget], None]) -> TextStripPanel:
    strip = TextStripPanel("Surprise", name="surprise")
    strip.resize(900, 180)
    show(strip)
    return strip


def _names(text: str) -> list[str]:
    return [{" ": "␣", "\n": "↵"}.get(character, character) for character in text]


def _fill(panel: TextStripPanel, text: str, seed: int = 0) -> np.ndarray:
    """Show a text with random values from 0 to 4; the values."""
    values = np.random.default_rng(seed).uniform(0, 4, len(text))
    panel.set_text(_names(text), values, 0.0, 4.0, unit="nats")
    return values


def _colour(panel: TextStripPanel, x: float, y: float) -> str:
    return panel.canvas.grab().toImage().pixelColor(int(x), int(y)).name()


def _drag(qtbot: QtBot, panel: TextStripPanel, *places: QPoint) -> None:
    qtbot.mousePress(panel.canvas, LEFT, pos=places[0])
    for place in places[1:]:
        qtbot.mouseMove(panel.canvas, place)
    qtbot.mouseRelease(panel.canvas, LEFT, pos=places[-1])


def _middle(panel: TextStripPanel, character: int) -> QPoint:
    return panel.character_rect(character).center().toPoint()


@pytest.mark.parametrize("colour_map", [SEQUENTIAL, DIVERGING])
def test_each_ground_is_the_colour_of_its_value(panel: TextStripPanel, colour_map: str) -> None:
    values = np.linspace(-1.2, 1.2, len(SENTENCE))
    panel.set_text(_names(SENTENCE), values, -1.0, 1.0, colour_map)
    image, table = panel.canvas.grab().toImage(), lookup(colour_map)
    for character, value in enumerate(values):
        corner = panel.character_rect(character).topLeft().toPoint()
        level = int(np.clip((value + 1) / 2 * 255 + 0.5, 0, 255))
        assert image.pixelColor(corner).rgb() == int(table[level])


def test_what_has_no_value_stands_on_the_page(panel: TextStripPanel) -> None:
    panel.set_text(["T", "h", "e"], np.array([np.nan, 1.0, 2.0]), 0, 4)
    image = panel.canvas.grab().toImage()
    place = panel.character_rect(0).toRect()
    found = {image.pixelColor(x, place.top()).name() for x in range(place.left(), place.right())}
    assert found == {theme().page}
    assert "without values" not in panel.summary()
    panel.move_cursor((0,))
    assert panel.canvas.grab().toImage() != image


@pytest.mark.parametrize("colour_map", [SEQUENTIAL, DIVERGING])
def test_characters_can_be_read_on_every_ground(colour_map: str) -> None:
    grounds, inks = grounds_and_inks(colour_map)
    ratios = [
        contrast(f"#{ink & 0xFFFFFF:06x}", ground.name()) for ground, ink in zip(grounds, inks, strict=True)
    ]
    assert len(ratios) == 256
    assert min(ratios) >= TEXT_CONTRAST


def test_characters_are_drawn_in_their_cells_and_spaces_are_nearly_empty(panel: TextStripPanel) -> None:
    panel.set_text(["M", "␣", "M", "↵", "M"], np.zeros(5), 0, 4)
    image = panel.canvas.grab().toImage()
    grounds, inks = grounds_and_inks(SEQUENTIAL)

    def inked(character: int, colour: int | None = None) -> int:
        place = panel.character_rect(character).toRect()
        found = (
            image.pixelColor(x, y).rgb()
            for x in range(place.left(), place.left() + place.width())
            for y in range(place.top(), place.top() + place.height())
        )
        return sum(one == colour if colour else one != grounds[0].rgb() for one in found)

    assert inked(0, inks[0]) > 15
    assert inked(0) == inked(2) == inked(4)
    assert 0 < inked(1) < inked(0) / 3
    assert panel.character_rect(4).left() == 0
    assert panel.character_rect(4).top() > panel.character_rect(3).bottom()


def test_lines_break_at_words_and_are_no_wider_than_the_room() -> None:
    random = np.random.default_rng(0)
    for room in (60, 143, 400):
        widths = random.integers(5, 15, 500)
        blanks, ends = random.random(500) < 0.15, random.random(500) < 0.01
        layout = wrap(widths, blanks, ends, room)
        assert (layout.starts[0], layout.starts[-1]) == (0, 500)
        assert (np.diff(layout.starts) > 0).all()
        for line in range(layout.line_count):
            start, stop = layout.starts[line : line + 2]
            hanging = widths[stop - 1] if blanks[stop - 1] or ends[stop - 1] else 0
            assert widths[start:stop].sum() - hanging <= room
            assert layout.lefts[start] == 0
            assert not ends[start : stop - 1].any()
            if stop < 500 and not blanks[stop - 1] and not ends[stop - 1]:
                assert not blanks[start:stop].any()  # it was broken because it is one long word
                assert widths[start : stop + 1].sum() > room


def test_the_text_keeps_beside_the_colour_bar_at_any_width(panel: TextStripPanel, qtbot: QtBot) -> None:
    for width in (900, 420, 300, 150):
        panel.resize(width, 180)
        qtbot.waitUntil(lambda: panel.canvas.width() == width)  # noqa: B023
        _fill(panel, SENTENCE * 3)
        rights = [panel.character_rect(character).right() for character in range(len(SENTENCE) * 3)]
        assert max(rights) <= width - panel._bar_width - panel._scroll_width
        assert bool(panel._bar_width) == (width > 400)


def test_every_character_is_found_where_it_is_drawn(panel: TextStripPanel) -> None:
    _fill(panel, SENTENCE + "\n" + SENTENCE)
    for character in range(len(SENTENCE) * 2 + 1):
        place = panel.character_rect(character)
        for point in (place.topLeft(), place.center(), place.bottomRight() - QPointF(0.5, 0.5)):
            assert panel.cell_at(point) == (character,)
    last = panel.character_rect(len(SENTENCE) * 2)
    assert panel.cell_at(QPointF(last.right() + 3, last.center().y())) is None
    assert panel.cell_at(QPointF(5, last.bottom() + 30)) is None
    assert panel.cell_at(QPointF(-1, 5)) is None
    assert panel.character_rect(1000).isEmpty()


def test_pointer_and_click_say_the_character_and_mark_it(panel: TextStripPanel, qtbot: QtBot) -> None:
    _fill(panel, SENTENCE)
    heard, clicks = [], []
    panel.hovered.connect(heard.append)
    panel.clicked.connect(clicks.append)
    place = panel.character_rect(7)
    plain = _colour(panel, place.left() - 1, place.center().y())
    qtbot.mouseMove(panel.canvas, _middle(panel, 7))
    assert _colour(panel, place.left() - 1, place.center().y()) == theme().text != plain
    qtbot.mouseClick(panel.canvas, LEFT, pos=_middle(panel, 7))
    assert heard == clicks == [("surprise", (7,))]


def test_the_chosen_character_has_the_accents_outline(panel: TextStripPanel) -> None:
    _fill(panel, SENTENCE)
    panel.set_selected(9)
    assert panel.selected == 9
    place = panel.character_rect(9)
    assert _colour(panel, place.left() - 1, place.center().y()) == theme().accent
    panel.set_selected(None)
    assert _colour(panel, place.left() - 1, place.center().y()) != theme().accent


def test_keys_move_by_character_and_by_line(panel: TextStripPanel, qtbot: QtBot) -> None:
    _fill(panel, "ab\ncdef\ngh")

    def press(*keys: Qt.Key) -> int:
        for key in keys:
            qtbot.keyClick(panel.canvas, key)
        assert panel.cursor_cell is not None
        return panel.cursor_cell[0]

    assert press(Qt.Key.Key_Right) == 0
    assert press(Qt.Key.Key_Right, Qt.Key.Key_Down) == 4  # from "b" to "d", under it
    assert press(Qt.Key.Key_Down, Qt.Key.Key_Down) == 9  # there is no fourth line
    assert press(Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up) == 1
    assert press(Qt.Key.Key_End) == 9
    assert press(Qt.Key.Key_Right) == 9
    assert press(Qt.Key.Key_Home) == 0
    assert press(Qt.Key.Key_Left) == 0


def test_a_drag_brushes_a_range_in_either_direction(panel: TextStripPanel, qtbot: QtBot) -> None:
    _fill(panel, SENTENCE)
    ranges, clicks = [], []
    panel.brushed.connect(lambda start, stop: ranges.append((start, stop)))
    panel.clicked.connect(clicks.append)
    _drag(qtbot, panel, _middle(panel, 9), _middle(panel, 12), _middle(panel, 14))
    assert ranges == [(9, 13), (9, 15)]
    assert panel.brush == (9, 15)
    _drag(qtbot, panel, _middle(panel, 9), _middle(panel, 3))
    assert panel.brush == (3, 10)
    assert clicks == []


def test_the_brushed_range_is_underlined_on_every_line_it_takes(panel: TextStripPanel) -> None:
    _fill(panel, SENTENCE + "\n" + SENTENCE)
    panel.set_brush(50, 70)
    image = panel.canvas.grab().toImage()
    underlined = []
    for character in range(2 * len(SENTENCE)):
        place = panel.character_rect(character)
        below = image.pixelColor(int(place.center().x()), int(place.bottom()) + UNDERLINE)
        if below.name() == theme().accent:
            underlined.append(character)
    assert underlined == list(range(50, 70))


def test_a_click_beside_the_text_and_escape_end_the_brush_once(panel: TextStripPanel, qtbot: QtBot) -> None:
    _fill(panel, SENTENCE)
    ranges = []
    panel.brushed.connect(lambda start, stop: ranges.append((start, stop)))
    panel.set_brush(3, 8)
    beside = QPoint(30, 120)
    for _ in range(2):
        qtbot.mouseClick(panel.canvas, LEFT, pos=beside)
    panel.set_brush(3, 8)
    for _ in range(2):
        qtbot.keyClick(panel.canvas, Qt.Key.Key_Escape)
    assert ranges == [(0, 0), (0, 0)]
    panel.set_brush(3, 8)
    qtbot.mouseClick(panel.canvas, LEFT, pos=_middle(panel, 5))
    assert panel.brush == (3, 8)  # choosing a character leaves it


def test_shift_and_arrows_brush_with_the_keyboard(panel: TextStripPanel, qtbot: QtBot) -> None:
    _fill(panel, SENTENCE)
    ranges = []
    panel.brushed.connect(lambda start, stop: ranges.append((start, stop)))
    for _ in range(3):
        qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left):
        qtbot.keyClick(panel.canvas, key, SHIFT)
    assert ranges == [(2, 4), (2, 5), (2, 4), (2, 3), (1, 3)]
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right, SHIFT)
    assert panel.brush == (3, 5)  # begun anew where the cursor was


def test_a_shorter_text_takes_its_end_out_of_the_brush(panel: TextStripPanel) -> None:
    _fill(panel, SENTENCE)
    ranges = []
    panel.brushed.connect(lambda start, stop: ranges.append((start, stop)))
    panel.set_brush(10, 20)
    assert ranges == []
    _fill(panel, SENTENCE[:15])
    _fill(panel, SENTENCE[:5])
    assert ranges == [(10, 15), (0, 0)]
    with pytest.raises(ValueError, match="no characters 2 to 6"):
        panel.set_brush(2, 6)


def test_a_drag_below_the_text_scrolls_on(panel: TextStripPanel, qtbot: QtBot) -> None:
    _fill(panel, SENTENCE * 10)
    _drag(qtbot, panel, _middle(panel, 2), QPoint(60, 170), QPoint(60, 230), QPoint(60, 231))
    assert panel._scroll.value() > 0
    start, stop = panel.brush
    assert start == 2
    assert panel.character_rect(stop - 1).bottom() <= panel.canvas.height()


def test_the_end_stays_in_sight_while_the_text_grows_unless_one_looked_back(panel: TextStripPanel) -> None:
    text = SENTENCE * 10
    _fill(panel, text)
    assert panel._scroll.value() == 0  # a text that is there at once is read from its beginning
    _fill(panel, text[:50])
    for length in range(60, 500, 20):
        _fill(panel, text[:length])
        last = panel.character_rect(length - 1)
        assert last.top() >= 0
        assert last.bottom() <= panel.canvas.height()
    assert panel._scroll.value() > 0
    panel.wheel(QPointF(5, 5), 1)
    before = panel._scroll.value()
    _fill(panel, text[:560])
    assert panel._scroll.value() == before
    _fill(panel, "Another")
    _fill(panel, text)
    assert panel._scroll.value() == 0


def test_scrolling_moves_what_the_pointer_rests_on_and_stops_at_the_ends(
    panel: TextStripPanel, qtbot: QtBot
) -> None:
    _fill(panel, SENTENCE * 10)
    qtbot.mouseMove(panel.canvas, QPoint(20, 8))
    first = panel.cursor_cell
    assert panel.wheel(QPointF(20, 8), -1)
    assert panel.cursor_cell != first
    assert panel.cursor_cell == panel.cell_at(QPointF(20, 8))
    panel.wheel(QPointF(20, 8), 100)
    assert not panel.wheel(QPointF(20, 8), 1)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_PageDown)
    assert panel._scroll.value() > 0


ODD = ["e", "\u0301", "ש", "ل", "م", "😀", "\u200b", "\u202e", "\x07", "你", "ﬁ", "\ud800", "", "⏎⏎"]


def test_odd_characters_each_have_a_cell_of_their_own(panel: TextStripPanel) -> None:
    panel.set_text(ODD, np.zeros(len(ODD)), 0, 1)
    image = panel.canvas.grab().toImage()
    rects = [panel.character_rect(character) for character in range(len(ODD))]
    assert all(rect.width() >= 5 for rect in rects)
    assert all(not one.intersects(other) for one, other in itertools.pairwise(rects))
    ground = grounds_and_inks(SEQUENTIAL)[0][0].name()
    assert all(image.pixelColor(rect.topLeft().toPoint()).name() == ground for rect in rects)
    assert [row[1] for row in panel.numbers()[1]] == ODD


def test_only_lines_in_sight_are_drawn(panel: TextStripPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(panel, SENTENCE * 60)
    drawn = []
    glyphs, draw_all = panel._cells._glyphs, panel._cells._glyphs.draw_all

    def noting(painter: QPainter, cells: list[tuple[str, float, float, float]]) -> None:
        drawn.extend(cells)
        draw_all(painter, cells)

    monkeypatch.setattr(glyphs, "draw_all", noting)
    panel.canvas.grab()
    seen = [n for n in range(60 * len(SENTENCE)) if panel.character_rect(n).top() < panel.canvas.height()]
    assert len(drawn) == len(seen) < 400
    drawn.clear()
    image = QImage(900, 180, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    panel._cells.paint(painter, QRect(0, panel._cells.pitch, 900, 5))
    panel._cells.paint(painter, QRect(0, panel._cells.height + 100, 900, 5))
    painter.end()
    assert len(drawn) == np.count_nonzero(panel._cells.layout.lines == 1)


def test_a_saved_drawing_looks_like_the_panel(panel: TextStripPanel) -> None:
    _fill(panel, SENTENCE)
    buffer, generator = QBuffer(), QSvgGenerator()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator.setOutputDevice(buffer)
    generator.setViewBox(panel.canvas.rect())
    painter = QPainter(generator)
    panel.canvas.render(painter, QPoint())
    painter.end()
    again = QImage(panel.canvas.size(), QImage.Format.Format_RGB32)
    painter = QPainter(again)
    QSvgRenderer(buffer.data()).render(painter)
    painter.end()
    text = panel.character_rect(0).united(panel.character_rect(len(SENTENCE) - 1)).toRect()
    drawn, seen = (_greys(image.copy(text)) for image in (again, panel.canvas.grab().toImage()))
    assert np.corrcoef(drawn, seen)[0, 1] > 0.9


def _greys(image: QImage) -> np.ndarray:
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    return np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), -1)[:, : grey.width()].ravel()


def test_numbers_and_summary_say_what_is_shown(panel: TextStripPanel) -> None:
    panel.set_text(["a", "␣", "b"], np.array([np.nan, 0.5, 2.25]), 0, 4, unit="nats")
    assert panel.numbers()[0] == ["position", "character", "value (nats)"]
    assert panel.numbers()[1][1:] == [[1, "␣", 0.5], [2, "b", 2.25]]
    assert panel.summary() == "3 characters, “a b”: 0.5 nats to 2.25 nats, highest at character 2, “b”."
    panel.set_text(["a"], np.array([np.nan]), 0, 4)
    assert panel.summary() == "1 character, “a”, without values."
    panel.set_text([], np.empty(0), 0, 4)
    assert panel.is_empty
    assert panel.cell_at(QPointF(5, 5)) is None


def test_what_does_not_fit_is_refused(panel: TextStripPanel) -> None:
    with pytest.raises(ValueError, match="2 characters for values of shape"):
        panel.set_text(["a", "b"], np.zeros(3), 0, 1)
    with pytest.raises(ValueError, match="has no ends"):
        panel.set_text(["a"], np.zeros(1), 0, float("nan"))


def test_the_page_follows_the_theme_and_widgets_are_reused(panel: TextStripPanel) -> None:
    _fill(panel, SENTENCE)
    children = len(panel.findChildren(QWidget))
    _fill(panel, SENTENCE, seed=1)
    assert len(panel.findChildren(QWidget)) == children
    themes.choose("light")
    assert _colour(panel, 300, panel.canvas.height() - 3) == LIGHT.page
