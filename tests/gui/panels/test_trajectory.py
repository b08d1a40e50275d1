"""Trajectories: where points lie, limits that hold, turning, zooming, texts, and what is pointed at."""

from __future__ import annotations

import itertools
from pathlib import Path as File

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from gui.export import picture, save_picture
from gui.panels.path_labels import End, PathLabels, Room
from gui.panels.path_strokes import Placed, faded, strokes
from gui.panels.paths import on_pixels_of_their_own, thinned
from gui.panels.projection import Limits, Look, Turn, flat, limits, nearest, turned
from gui.panels.trajectory import Path, TrajectoryPanel
from gui.theme import theme, themes

NAN = float("nan")
AXES, SHARE = ("PC 1", "PC 2", "PC 3"), (0.312, 0.174, 0.004)
LOW, HIGH = (-10.0, -5.0, -4.0), (10.0, 5.0, 4.0)
STEPS = np.array([[-8.0, -4, 3], [-4, 3, -2], [0, -2, 1], [4, 4, -3], [8, -1, 2]])
WORD = tuple("state")
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def panel(qtbot: QtBot) -> TrajectoryPanel:
    panel = TrajectoryPanel("Trajectory", "The hidden state on its way.", "trajectory")
    qtbot.addWidget(panel)
    panel.resize(560, 340)
    panel.show()
    panel.set_limits(LOW, HIGH)
    _show(panel)
    return panel


def _paths(points: np.ndarray = STEPS, labels: tuple[str, ...] = WORD) -> list[Path]:
    return [Path("LSTM", "lstm", points, labels), Path("GRU", "gru", points * [1, -1, 1] * 0.9, labels)]


def _show(panel: TrajectoryPanel, paths: list[Path] | None = None) -> None:
    panel.set_paths(_paths() if paths is None else paths, AXES, SHARE)


def _drawn(panel: TrajectoryPanel, ratio: int = 1) -> QImage:
    image = QImage(panel.canvas.size() * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    panel.canvas.render(image)
    return image


def _colours(panel: TrajectoryPanel, at: QPointF, ratio: int = 1, around: int = 1) -> set[str]:
    """Colours drawn around a point of the canvas."""
    image, middle = _drawn(panel, ratio), (at * ratio).toPoint()
    places = itertools.product(range(-around, around + 1), repeat=2)
    return {image.pixelColor(middle + QPoint(x, y)).name() for x, y in places}


def _places(panel: TrajectoryPanel, path: int = 0) -> np.ndarray:
    """(N, 2) where a path's points lie."""
    found = [panel.place_of((path, point)) for point in range(len(STEPS))]
    return np.array([(at.x(), at.y()) for at in found])


# What is drawn.


@pytest.mark.parametrize("three_d", [False, True])
@pytest.mark.parametrize("ratio", [1, 2])
def test_each_path_has_its_colour_at_its_last_point(
    panel: TrajectoryPanel, ratio: int, three_d: bool, both_themes: str
) -> None:
    panel.set_three_d(three_d)
    for path, colour in enumerate((theme().lstm, theme().gru)):
        assert _colours(panel, panel.place_of((path, 4)), ratio) == {colour}


def test_points_lie_where_the_axes_say(panel: TrajectoryPanel) -> None:
    places = _places(panel)
    across, up = np.diff(places[:, 0]), -np.diff(places[:, 1])
    assert across / across[0] == pytest.approx(np.diff(STEPS[:, 0]) / 4)
    assert up / up[0] == pytest.approx(np.diff(STEPS[:, 1]) / 7)
    assert across[0] > 0
    assert up[0] > 0


def test_lines_grow_from_faint_to_full(panel: TrajectoryPanel) -> None:
    _show(panel, _paths()[:1])
    page = QColor(theme().page).green()
    middles = [
        (panel.place_of((0, point)) * 0.6 + panel.place_of((0, point + 1)) * 0.4) for point in range(4)
    ]
    strength = [
        max(abs(QColor(colour).green() - page) for colour in _colours(panel, middle)) for middle in middles
    ]
    assert strength == sorted(strength)
    assert strength[0] < 0.75 * strength[-1]
    assert strength[0] > 10


def test_the_start_is_an_open_square(panel: TrajectoryPanel) -> None:
    assert _colours(panel, panel.place_of((0, 0)), around=0) == {theme().page}
    panel.set_paths([Path("LSTM", "lstm", STEPS[:1], "s")], AXES, SHARE)
    assert _colours(panel, panel.place_of((0, 0)), around=0) == {theme().lstm}  # it is also the last one


def test_a_selected_point_is_marked_on_every_path_and_joined(panel: TrajectoryPanel) -> None:
    one, other = panel.place_of((0, 2)), panel.place_of((1, 2))
    beside = QPointF(7, 0)
    assert theme().accent not in _colours(panel, one + beside)
    panel.set_selected(2)
    for at in (one + beside, other + beside, (one + other) / 2):
        assert theme().accent in _colours(panel, at)
    panel.set_paths([_paths()[0], Path("GRU", "gru", STEPS[:2], "st")], AXES, SHARE)
    assert not panel.grab().isNull()  # the second path has no such point
    panel.set_selected(None)
    assert theme().accent not in _colours(panel, one + beside)


def test_axes_name_their_share_of_the_variance(panel: TrajectoryPanel, tmp_path: File) -> None:
    for three_d, titles in ((False, ("PC 1, 31 %", "PC 2, 17 %")), (True, ("PC 3, 0.4 %", "Drag to turn"))):
        panel.set_three_d(three_d)
        save_picture(tmp_path / "paths.svg", panel.content)
        text = (tmp_path / "paths.svg").read_text()
        assert all(title in text for title in titles)
        assert "LSTM" in text
        assert "<image" not in text


def test_colours_follow_the_theme(panel: TrajectoryPanel) -> None:
    dark = theme().gru
    assert _colours(panel, panel.place_of((1, 4))) == {dark}
    themes.choose("light")
    assert _colours(panel, panel.place_of((1, 4))) == {theme().gru}
    assert theme().gru != dark


def test_a_saved_picture_is_as_sharp_as_its_pixels(panel: TrajectoryPanel) -> None:
    once, twice = picture(panel.canvas, 1), picture(panel.canvas, 2)
    enlarged = once.scaled(twice.size())
    differing = sum(
        twice.pixel(x, y) != enlarged.pixel(x, y)
        for x, y in itertools.product(range(100, 300), range(60, 260))
    )
    assert differing > 500
    assert twice.devicePixelRatio() == 2


# Limits that hold.


def test_limits_hold_whatever_the_paths_do(panel: TrajectoryPanel) -> None:
    before = _places(panel)
    _show(panel, [Path("LSTM", "lstm", STEPS, WORD), Path("GRU", "gru", STEPS[:1] * 0.1, "x")])
    assert _places(panel) == pytest.approx(before)
    assert panel.note == ""
    _show(panel, [Path("LSTM", "lstm", STEPS * 0.1, WORD)])
    assert np.ptp(_places(panel)[:, 0]) == pytest.approx(np.ptp(before[:, 0]) * 0.1)


def test_a_point_beyond_the_limits_extends_the_view_until_it_is_reset(panel: TrajectoryPanel) -> None:
    before = _places(panel)
    far = STEPS.copy()
    far[4, 1] = 9.0
    _show(panel, _paths(far))
    assert panel.note == "View extended beyond its limits along PC 2"
    frame = QRectF(panel.canvas.rect())
    assert all(frame.contains(panel.place_of(cell)) for cell in itertools.product((0, 1), range(5)))
    assert panel.note in panel.canvas.accessibleDescription()
    extended = _places(panel)
    _show(panel)
    assert _places(panel)[:4] == pytest.approx(extended[:4])  # it does not fit itself to what is left
    panel.reset_view()
    assert panel.note == ""
    assert _places(panel) == pytest.approx(before)


def test_without_limits_those_of_the_first_paths_hold(qtbot: QtBot) -> None:
    panel = TrajectoryPanel("Trajectory")
    qtbot.addWidget(panel)
    panel.resize(400, 300)
    _show(panel)
    before = _places(panel)
    _show(panel, _paths(STEPS * 0.2))
    assert np.ptp(_places(panel), 0) == pytest.approx(np.ptp(before, 0) * 0.2)


@pytest.mark.parametrize(
    ("low", "high"), [((0, 0), (1, 1)), ((0, 0, 2), (1, 1, 1)), ((0, 0, NAN), (1, 1, 1))]
)
def test_limits_that_are_none_are_refused(
    panel: TrajectoryPanel, low: tuple[float, ...], high: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match=r"[Ll]imits|between"):
        panel.set_limits(low, high)


def test_extending_goes_in_steps_and_contains_every_point() -> None:
    held = limits(np.zeros(3), np.ones(3))
    points = np.random.default_rng(0).normal(0.5, 2, (50, 3))
    grown = held.extended(points)
    assert (grown.low <= points).all()
    assert (points <= grown.high).all()
    assert np.array([grown.low, grown.high]) * 10 == pytest.approx(
        np.round([grown.low * 10, grown.high * 10])
    )
    assert grown.extended(points).span == pytest.approx(grown.span)
    assert held.beyond(held) == []
    assert limits(np.zeros(3), np.zeros(3)).span.min() > 0
    assert (limits(np.zeros(3), np.array([1.0, 1, 0])).span > 0.1).all()


# Pointing and moving.


def test_the_nearest_point_within_reach_is_under_the_pointer(panel: TrajectoryPanel, qtbot: QtBot) -> None:
    there = panel.place_of((1, 3))
    with qtbot.waitSignal(panel.hovered) as seen:
        qtbot.mouseMove(panel.canvas, (there + QPointF(6, 5)).toPoint())
    assert seen.args == [("trajectory", (1, 3))]
    with qtbot.waitSignal(panel.clicked) as chosen:
        qtbot.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, pos=(there + QPointF(6, 5)).toPoint())
    assert chosen.args == [("trajectory", (1, 3))]
    panel.point(there + QPointF(0, 14))
    assert panel.cursor_cell is None


def test_of_equally_near_points_the_newest_is_meant() -> None:
    places = np.array([[1.0, 1], [5, 5], [1, 1], [NAN, NAN]])
    assert nearest(places, QPointF(2, 1), 12) == 2
    assert nearest(places, QPointF(40, 40), 12) is None
    assert nearest(np.empty((0, 2)), QPointF(), 12) is None


def test_keys_move_along_and_between_paths(panel: TrajectoryPanel, qtbot: QtBot) -> None:
    panel.canvas.setFocus()
    for key, cell in (
        (Qt.Key.Key_Left, (0, 4)),  # where the first path is now
        (Qt.Key.Key_Left, (0, 3)),
        (Qt.Key.Key_Down, (1, 3)),
        (Qt.Key.Key_Down, (1, 3)),
        (Qt.Key.Key_Right, (1, 4)),
        (Qt.Key.Key_Right, (1, 4)),
        (Qt.Key.Key_Up, (0, 4)),
    ):
        qtbot.keyClick(panel.canvas, key)
        assert panel.cursor_cell == cell
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Left, SHIFT)
    assert panel.cursor_cell == (0, 0)
    with qtbot.waitSignal(panel.clicked) as chosen:
        qtbot.keyClick(panel.canvas, Qt.Key.Key_Return)
    assert chosen.args == [("trajectory", (0, 0))]


def test_up_and_down_go_to_the_nearest_place_of_a_shorter_path(panel: TrajectoryPanel) -> None:
    gap = STEPS.copy()
    gap[1] = NAN
    short_path, none = Path("GRU", "gru", STEPS[:2], "st"), Path("RNN", "vanilla_rnn", np.empty((0, 3)), "")
    _show(panel, [Path("LSTM", "lstm", gap, WORD), none, short_path])
    assert panel.neighbour((0, 4), 0, 1, False) == (2, 1)
    assert panel.neighbour((2, 1), 0, -1, False) == (0, 2)
    assert panel.neighbour((0, 0), 1, 0, False) == (0, 2)
    assert not panel.contains((0, 1))
    assert not panel.contains((1, 0))
    assert not panel.contains((5, 0))
    assert panel.neighbour(None, 1, 0, False) == (0, 4)
    panel.set_selected(1)
    assert panel.neighbour(None, 1, 0, False) == (2, 1)


def test_the_wheel_enlarges_about_the_pointer_and_a_drag_moves(panel: TrajectoryPanel, qtbot: QtBot) -> None:
    before, still = _places(panel), panel.place_of((0, 2))
    assert panel.wheel(still, 3)
    assert panel.zoom == pytest.approx(1.25**3)
    assert panel.place_of((0, 2)).toTuple() == pytest.approx(still.toTuple(), abs=0.7)
    at = panel.place_of((0, 2))
    panel.drag(QPointF(-20, 12))
    assert (panel.place_of((0, 2)) - at).toTuple() == pytest.approx((-20, 12), abs=0.7)
    qtbot.mouseDClick(panel.canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    assert _places(panel) == pytest.approx(before)
    panel.canvas.setFocus()
    qtbot.keyClicks(panel.canvas, "+++")
    assert panel.zoom == pytest.approx(1.25**3)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Home)
    assert _places(panel) == pytest.approx(before)


@pytest.mark.parametrize("three_d", [False, True])
def test_the_keyboard_brings_points_into_sight(panel: TrajectoryPanel, three_d: bool) -> None:
    panel.set_three_d(three_d)
    panel.wheel(panel.place_of((0, 0)), 12)
    assert panel.cell_at(panel.place_of((0, 4))) is None  # not pointed at where it cannot be seen
    panel.reveal((0, 4))
    assert panel.cell_at(panel.place_of((0, 4))) == (0, 4)


def test_dragging_never_loses_the_picture(panel: TrajectoryPanel) -> None:
    for _ in range(40):
        panel.drag(QPointF(300, 300))
    frame = QRectF(panel.canvas.rect())
    assert any(frame.contains(panel.place_of((0, point))) for point in range(5))


# Three dimensions.


def test_keys_and_menu_change_the_dimensions(panel: TrajectoryPanel, qtbot: QtBot) -> None:
    flat_places = _places(panel)
    panel.canvas.setFocus()
    with qtbot.waitSignal(panel.three_d_changed) as told:
        qtbot.keyClick(panel.canvas, "3")
    assert told.args == [True]
    assert panel.three_d
    assert _places(panel) != pytest.approx(flat_places)
    action = next(action for action in panel.menu.actions() if action.isCheckable())
    assert action.isChecked()
    action.trigger()
    assert not panel.three_d
    assert _places(panel) == pytest.approx(flat_places)


def test_dragging_turns_the_box_and_keeps_distances(panel: TrajectoryPanel, qtbot: QtBot) -> None:
    panel.set_three_d(True)
    before = _places(panel)
    panel.drag(QPointF(40, 0))
    turned_places = _places(panel)
    assert turned_places != pytest.approx(before)
    panel.drag(QPointF(-40, 0))
    assert _places(panel) == pytest.approx(before)
    panel.canvas.setFocus()
    cell = panel.cursor_cell
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Right, SHIFT)
    assert panel.cursor_cell == cell
    assert _places(panel) != pytest.approx(before)
    qtbot.keyClick(panel.canvas, Qt.Key.Key_Home)
    assert _places(panel) == pytest.approx(before)


def test_a_turned_view_is_a_rotation_seen_from_the_front() -> None:
    box, frame = Limits(np.array(LOW), np.array(HIGH)), QRectF(10, 20, 400, 300)
    for turn in (Turn(0, 0), Turn(), Turn(2.1, -0.7).dragged(QPointF(30, -20))):
        assert turn.matrix @ turn.matrix.T == pytest.approx(np.eye(3))
        assert np.linalg.det(turn.matrix) == pytest.approx(1)
        view = turned(frame, box, turn, Look())
        across, down, near = view.place(STEPS)
        depth = turn.matrix[2] @ STEPS.T
        lengths = np.sum((across - 210) ** 2 + (down - 170) ** 2) / view.scale[0] ** 2 + np.sum(depth**2)
        assert lengths == pytest.approx(np.sum(STEPS**2))
        assert np.array_equal(np.argsort(near), np.argsort(depth))
    assert Turn().dragged(QPointF(0, 1e6)).pitch == pytest.approx(np.pi / 2)


def test_the_box_fits_at_every_yaw() -> None:
    box, frame = Limits(np.array(LOW), np.array(HIGH)), QRectF(10, 20, 400, 300)
    for yaw in np.linspace(0, 6, 25):
        across, down, _ = turned(frame, box, Turn(yaw), Look()).place(box.corners)
        assert frame.contains(QRectF(QPointF(across.min(), down.min()), QPointF(across.max(), down.max())))


def test_the_plane_fills_its_frame_within_reason() -> None:
    box = Limits(np.array(LOW), np.array(HIGH))
    wide = flat(QRectF(0, 0, 500, 300), box, Look())
    across, down, _ = wide.place(box.corners)
    assert (np.ptp(across), np.ptp(down)) == pytest.approx((472, 272))
    narrow = flat(QRectF(0, 0, 2000, 100), box, Look())
    assert narrow.scale[0] == pytest.approx(2 * narrow.scale[1])
    x, y = narrow.scales()
    (across,), (down,), _ = narrow.place(np.array([[x.low, y.high, 0.0]]))
    assert (across, down) == pytest.approx((0, 0))
    assert x.high == pytest.approx(1000 / narrow.scale[0])


# Texts.


def test_labels_stand_where_nothing_else_does(panel: TrajectoryPanel) -> None:
    rng = np.random.default_rng(3)
    frame = QRectF(0, 0, 300, 200)
    across, down = rng.uniform(-20, 320, 60), rng.uniform(-20, 220, 60)
    room = Room(frame)
    room.take_points(across, down)
    texts = PathLabels(panel.font())
    labels = [f"w{number}" for number in range(60)]
    written = texts.label_points([Placed(across, down)], [labels], [60], ["lstm"], room)
    assert 5 < len(written) < 60
    for one, other in itertools.combinations(written, 2):
        assert not one.rect.intersects(other.rect)
    for one in written:
        assert frame.contains(one.rect)
        assert not any(one.rect.contains(QPointF(x, y)) for x, y in zip(across, down, strict=True))
    numbers = [int(one.text[1:]) for one in written]
    assert numbers == sorted(numbers, reverse=True)  # the newest had the first choice


def test_names_move_out_of_each_others_way(panel: TrajectoryPanel) -> None:
    room, crossed = Room(QRectF(0, 0, 300, 200)), Room(QRectF(0, 0, 300, 200))
    texts = PathLabels(panel.font())
    ends = [End(name, "a", "muted", QPointF(150, 100)) for name in ("LSTM", "GRU", "vanilla RNN", "one more")]
    written = texts.name_ends(ends, room, crossed)
    assert [one.text for one in written] == [end.name for end in ends]
    assert [one.leads_to is None for one in written] == [True, True, False, False]
    for one, other in itertools.combinations(written, 2):
        assert not one.rect.intersects(other.rect)


def test_the_cursor_shows_its_components(panel: TrajectoryPanel, tmp_path: File) -> None:
    values = np.array([NAN, 0.5, 1.5, 2.5, 3.25])
    _show(panel, [Path("LSTM", "lstm", STEPS, WORD, values)])
    panel.move_cursor((0, 4))
    panel.set_value_text("h after “e”")
    save_picture(tmp_path / "paths.svg", panel.content)
    text = (tmp_path / "paths.svg").read_text()
    assert all(part in text for part in ("LSTM, “e” at 4", "−1", "3.25", "h after “e”"))


def test_numbers_have_a_row_for_every_point(panel: TrajectoryPanel) -> None:
    header, rows = panel.numbers()
    assert header == ["path", "position", "label", "PC 1", "PC 2", "PC 3"]
    assert len(rows) == 10
    assert rows[1] == ["LSTM", 1, "t", -4.0, 3.0, -2.0]
    assert rows[9][:3] == ["GRU", 4, "e"]
    _show(panel, [Path("LSTM", "lstm", STEPS, WORD, np.arange(5.0)), _paths()[1]])
    header, rows = panel.numbers()
    assert header[-1] == "value"
    assert rows[3][-1] == 3.0
    assert np.isnan(rows[8][-1])


def test_words_for_a_screen_reader(panel: TrajectoryPanel) -> None:
    told = panel.canvas.accessibleDescription()
    assert "PC 1, 31 percent of the variance, PC 2, 17 percent of the variance" in told
    assert "LSTM: 5 points, now after “e” at PC 1 8, PC 2 −1, PC 3 2." in told


# Odd data, and much of it.


@pytest.mark.parametrize("paths", [[], [Path("LSTM", "lstm", np.empty((0, 3)), "")]])
def test_nothing_to_show_says_so(panel: TrajectoryPanel, paths: list[Path]) -> None:
    panel.point(panel.place_of((0, 2)))
    _show(panel, paths)
    assert panel.is_empty
    assert "first character" in panel.empty_text
    assert panel.cursor_cell is None
    panel.point(QPointF(100, 100))
    panel.drag(QPointF(3, 3))
    assert panel.cursor_cell is None
    assert panel.numbers()[1] == []
    _show(panel)
    assert not panel.is_empty


def test_what_does_not_fit_together_is_refused(panel: TrajectoryPanel) -> None:
    for path in (
        Path("LSTM", "lstm", STEPS[:, :2], WORD),
        Path("LSTM", "lstm", STEPS, "four"),
        Path("LSTM", "lstm", STEPS, WORD, np.zeros(3)),
    ):
        with pytest.raises(ValueError, match="'LSTM'"):
            _show(panel, [path])
    with pytest.raises(ValueError, match="three"):
        panel.set_paths(_paths(), AXES[:2], SHARE)


@pytest.mark.parametrize("three_d", [False, True])
@pytest.mark.parametrize("size", [(60, 60), (150, 100), (300, 120), (1600, 900)])
def test_every_size_is_drawn(panel: TrajectoryPanel, size: tuple[int, int], three_d: bool) -> None:
    panel.resize(*size)
    panel.set_three_d(three_d)
    assert theme().gru in _colours(panel, panel.place_of((1, 4)))
    panel.move_cursor((0, 2))
    assert not panel.grab().isNull()


@pytest.mark.parametrize("three_d", [False, True])
def test_single_points_gaps_and_strange_labels_are_drawn(panel: TrajectoryPanel, three_d: bool) -> None:
    panel.set_three_d(three_d)
    gap = STEPS.copy()
    gap[[1, 4]] = NAN
    labels = ("␣", "", "\u0301", "\U0001f600", "ж")
    _show(panel, [Path("LSTM", "lstm", gap, labels), Path("GRU", "gru", np.full((2, 3), NAN), "ab")])
    assert theme().lstm in _colours(panel, panel.place_of((0, 3)))  # the last one that there is
    _show(panel, [Path("LSTM", "lstm", STEPS[:1], "s")])
    assert theme().lstm in _colours(panel, panel.place_of((0, 0)))


def test_a_shorter_second_set_lets_the_cursor_go(panel: TrajectoryPanel) -> None:
    panel.move_cursor((1, 4))
    _show(panel, _paths()[:1])
    assert panel.cursor_cell is None


def test_what_lies_on_one_pixel_is_drawn_once() -> None:
    across = np.array([0.1, 0.2, 5.0, 5.1, NAN, 0.0])
    down = np.zeros(6)
    assert thinned(across, down).tolist() == [1, 3, 4, 5]
    assert on_pixels_of_their_own(across, down).tolist() == [3, 5]
    assert thinned(across[:0], down[:0]).tolist() == []
    crowd = Placed(np.repeat([10.0, 50.0], 1000), np.full(2000, 20.0))
    drawn = strokes([crowd], QRectF(0, 0, 100, 100))
    assert sum(len(stroke.lines) for stroke in drawn) == 1
    assert sum(len(dots) for stroke in drawn for dots in stroke.dots) == 2


def test_far_points_are_smaller_and_fainter() -> None:
    across, down = np.array([10.0, 40, 70]), np.full(3, 20.0)
    drawn = strokes([Placed(across, down, np.array([0.9, 0.1, 0.5]))], QRectF(0, 0, 100, 100))
    sizes = {
        dot.x(): (size, stroke.level)
        for stroke in drawn
        for size, dots in enumerate(stroke.dots)
        for dot in dots
    }
    assert sizes[10][0] > sizes[70][0] > sizes[40][0]
    assert sizes[40][1] == min(level for _, level in sizes.values())
    assert faded(theme().lstm, 1).name() == theme().lstm
    assert faded(theme().lstm, 0).name() == theme().page


def test_it_enlarges_and_comes_back(panel: TrajectoryPanel) -> None:
    panel.enlarge()
    assert panel.content.window() is not panel.window()
    panel.content.window().close()
    assert panel.content.window() is panel.window()
