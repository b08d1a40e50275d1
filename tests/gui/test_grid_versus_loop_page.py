"""The page of grid and loop over hand-made snapshots: what is drawn, said, asked, chosen, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import grid_versus_loop_snapshots as made
import numpy as np
import pytest
from person import LEFT, Heard, colours, unnamed, visible_children
from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from engine.ask import Cell
from engine.labs.grid_versus_loop.config import NETWORKS, TITLES
from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot, Kept
from gui.actions import Actions
from gui.labs.grid_versus_loop import networks, table_part, wording
from gui.labs.grid_versus_loop.page import GridVersusLoopPage
from gui.labs.grid_versus_loop.part import Part
from gui.panels.panel import Panel
from gui.panels.series import series_colour

SIZES = [(752, 476), (912, 656), (2050, 1310)]


@pytest.fixture
def page(show: Callable[[QWidget], None]) -> GridVersusLoopPage:
    page = GridVersusLoopPage()
    page.resize(912, 656)
    show(page)
    return page


@pytest.fixture
def heard(page: GridVersusLoopPage) -> Heard:
    return Heard(page)


def drawn(page: GridVersusLoopPage, snapshot: GridVersusLoopSnapshot) -> GridVersusLoopSnapshot:
    page.show_snapshot(snapshot)
    QApplication.processEvents()
    return snapshot


def points(panel: Panel, at: QPointF) -> None:
    """Move the pointer to a point of a panel's canvas."""
    panel.point(at)
    QApplication.processEvents()


def inks(image: QImage) -> int:
    """How many colours there are on some lines of a picture."""
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return len(np.unique(pixels[::5]))


# What is drawn ------------------------------------------------------------------------------------


def test_all_networks_learn_on_one_axis_in_their_colours(page: GridVersusLoopPage) -> None:
    snapshot = drawn(page, made.snapshot_of())
    header, rows = page.body.curves.accuracy.numbers()
    assert header == ["update", "Logistic", "MLP", "CNN", "RNN", "GRU", "LSTM", "CNN+GRU"]
    assert rows[-1][3] == snapshot.contestants[2].accuracy
    chart = page.body.curves.accuracy
    image, at = chart.canvas.grab().toImage(), chart.place_of((0, 8)).toPoint()
    assert series_colour("reference") in {image.pixelColor(at.x(), at.y() + dy).name() for dy in (-1, 0, 1)}
    assert page.footing.finding.text == snapshot.finding
    assert page.footing.published.text == snapshot.published
    assert page.heading.question.text == snapshot.asks
    assert page.heading.progress.text() == "1,200 of 2,000"


def test_every_network_has_a_name_and_a_colour_of_its_own(both_themes: str) -> None:
    assert [network.key for network in networks.NETWORKS] == list(NETWORKS)
    assert len({series_colour(network.colour) for network in networks.NETWORKS}) == len(NETWORKS)
    assert networks.short("cnn-shuffled") == "CNN, exchanged"
    assert networks.colour("cnn-shuffled") == "convolution"


def test_maps_and_states_lie_on_the_positions_that_they_see(page: GridVersusLoopPage) -> None:
    page.resize(*SIZES[2])  # where every unit has pixels of its own
    drawn(page, made.snapshot_of())
    grid, loop = page.body.inside.grid, page.body.inside.loop
    assert [block.told for block in grid.blocks] == ["example", *(f"reading-cnn-{n}" for n in range(3))]
    assert [block.told for block in loop.blocks] == ["example", "reading-gru-0"]
    assert grid.place(0).left() == grid.place(3).left()
    assert grid.place(0).right() == grid.place(3).right()
    one, four = grid.value_rect((0, 0, 8)), grid.value_rect((3, 0, 2))
    assert four.width() == pytest.approx(4 * one.width())
    assert four.left() == pytest.approx(one.left())  # the third layer's value 2 begins at position 8
    assert loop.place(0).width() == pytest.approx(grid.place(0).width(), abs=3)
    values = loop.blocks[1].values
    row, column = np.unravel_index(values.argmax(), values.shape)
    ink = (
        loop.canvas.grab()
        .toImage()
        .pixelColor(loop.value_rect((1, int(row), int(column))).center().toPoint())
    )
    assert ink.red() > ink.blue() + 30


def test_rows_of_a_picture_stand_beside_the_states_after_them(page: GridVersusLoopPage) -> None:
    drawn(page, made.snapshot_of("rows"))
    grid, loop = page.body.inside.grid, page.body.inside.loop
    assert {block.kind for block in grid.blocks} == {"pictures"}
    picture, state = loop.value_rect((0, 0, 11, 3)), loop.value_rect((1, 5, 11))
    assert picture.top() == pytest.approx(state.top())
    assert picture.bottom() == pytest.approx(state.bottom())
    ink = loop.canvas.grab().toImage().pixelColor(loop.value_rect((0, 0, 6, 14)).center().toPoint())
    assert ink.lightness() > 200  # the upper rim of the ring


def test_text_stands_over_maps_and_states_in_one_picture(page: GridVersusLoopPage) -> None:
    drawn(page, made.snapshot_of("text"))
    inside = page.body.inside
    assert [block.kind for block in inside.grid.blocks] == ["letters", "heat", "heat", "heat", "heat"]
    assert not inside.loop.isVisible()
    assert inside.typed.isVisible()


def test_exchanged_positions_are_drawn_below_the_series_in_order(page: GridVersusLoopPage) -> None:
    snapshot = made.snapshot_of("shuffle")
    keys = tuple(one.key for one in snapshot.contestants)
    opened = made.opened_of("shuffle", 1200, keys, exchanged=True)
    drawn(page, replace(snapshot, opened=opened))
    first, second = page.body.inside.grid.blocks[:2]
    assert np.array_equal(second.values, first.values[:, opened.order])


def test_pairs_show_order_beside_exchanged(page: GridVersusLoopPage) -> None:
    snapshot = drawn(page, made.snapshot_of("shuffle"))
    header, rows = page.body.shuffle.pairs.numbers()
    assert header == ["network", "in order", "exchanged at once", "learned exchanged"]
    by_key = {one.key: one.accuracy for one in snapshot.contestants}
    assert rows[1] == ["CNN", by_key["cnn"], snapshot.shuffled.at_once["cnn"], by_key["cnn-shuffled"]]


def test_receptive_fields_stand_on_the_axis_of_lags(page: GridVersusLoopPage) -> None:
    drawn(page, made.snapshot_of("memory"))
    chart = page.body.memory.success
    assert [(mark.x, mark.colour) for mark in chart.marks] == [
        (17, "convolution"),
        (61, "dilated_convolution"),
    ]
    assert chart.x_place(4) - chart.x_place(2) == pytest.approx(chart.x_place(64) - chart.x_place(32))
    image, at = chart.canvas.grab().toImage(), chart.x_place(17)
    inks = {image.pixelColor(round(at), down).name() for down in range(30, chart.canvas.height() - 60)}
    assert series_colour("convolution") in inks | {
        image.pixelColor(round(at) - 1, down).name() for down in range(30, chart.canvas.height() - 60)
    }


def test_counts_are_drawn_as_far_as_networks_were_built(page: GridVersusLoopPage) -> None:
    snapshot = made.snapshot_of("cost")
    some = {name: ones[:2] for name, ones in snapshot.costs.counted_by_length.items()}
    drawn(page, replace(snapshot, costs=replace(snapshot.costs, counted_by_length=some)))
    header, rows = page.body.counts.charts[3].numbers()
    assert header == ["length", "MLP", "CNN", "RNN", "GRU", "LSTM"]
    assert [row[4] for row in rows] == [17, 33]  # a step each, and the head


def test_a_loop_is_unrolled_on_request(page: GridVersusLoopPage) -> None:
    drawn(page, made.snapshot_of())
    part = page.body.architecture
    page.body.tabs.setCurrentWidget(part)
    QApplication.processEvents()
    rolled = part.drawing.canvas.grab().toImage()
    QTest.mouseClick(part.unroll, LEFT)
    QApplication.processEvents()
    assert part.unroll.isChecked()
    assert part.drawing.canvas.grab().toImage() != rolled
    header, rows = part.drawing.numbers()
    assert header == ["network", "layer", "kind", "steps", "shape", "parameters", "multiply-adds"]
    assert ["GRU", "recurrent", "recurrence", 40] in [row[:4] for row in rows]


def test_before_anything_is_measured_the_page_says_what_to_do(page: GridVersusLoopPage) -> None:
    drawn(page, made.snapshot_of(step=0))
    assert page.footing.waiting.text == wording.PLAY["mnist1d"]
    assert page.footing.waiting.isVisible()
    drawn(page, GridVersusLoopSnapshot(made.snapshot_of().config))
    assert page.entries() == []


def test_an_exploded_network_says_so(page: GridVersusLoopPage) -> None:
    snapshot = made.snapshot_of()
    first, *rest = snapshot.contestants
    drawn(page, replace(snapshot, contestants=(replace(first, exploded_at=37), *rest)))
    assert page.networks.toggles["logistic"].note == "exploded"
    assert page.body.curves.accuracy.numbers()[0][1] == "Logistic, exploded at 37"


def test_a_tick_stands_beside_what_has_run(page: GridVersusLoopPage) -> None:
    kept = {"text": Kept("text", "", 500, 1000), "cost": Kept("cost", "", 7, 7)}
    drawn(page, made.snapshot_of(kept=kept))
    buttons = page.bar.buttons
    assert [buttons[name].done for name in ("mnist1d", "text", "cost")] == [0.0, 0.5, 1.0]
    assert buttons["cost"].accessibleName() == "Experiment: Cost, has run"
    assert buttons["text"].accessibleName() == "Experiment: Text, 50 percent done"


# What is asked ------------------------------------------------------------------------------------


def test_every_value_is_asked_for_under_the_lab_s_own_name(page: GridVersusLoopPage, heard: Heard) -> None:
    drawn(page, made.snapshot_of())
    inside, curves = page.body.inside, page.body.curves
    points(curves.accuracy, curves.accuracy.place_of((1, 11)))
    assert heard.asked[-1] == Cell("accuracy-mlp", (11,))
    points(inside.grid, inside.grid.value_rect((2, 5, 7)).center())
    assert heard.asked[-1] == Cell("reading-cnn-1", (5, 7))
    points(inside.grid, inside.grid.value_rect((0, 0, 3)).center())
    assert heard.asked[-1] == Cell("example", (3, 0))
    points(inside.loop, inside.loop.value_rect((1, 30, 20)).center())
    assert heard.asked[-1] == Cell("reading-gru-0", (30, 20))
    points(inside.answers, inside.answers.value_rect((3, 7)).center())
    assert heard.asked[-1] == Cell("probability-rnn", (7,))
    page.body.tabs.setCurrentWidget(page.body.numbers)
    QApplication.processEvents()
    figures = page.body.numbers.figures
    QTest.mouseClick(figures.canvas, LEFT, pos=figures.value_rect((2, 3)).center().toPoint())
    assert heard.asked[-1] == Cell("counted-cnn", (3,))


def test_the_position_pointed_at_is_marked_in_the_other_network_too(page: GridVersusLoopPage) -> None:
    drawn(page, made.snapshot_of())
    inside = page.body.inside
    before = inside.loop.canvas.grab().toImage()
    points(inside.grid, inside.grid.value_rect((3, 0, 5)).center())
    assert inside.loop.canvas.grab().toImage() != before


@pytest.mark.parametrize(
    ("experiment", "part", "panel", "cell", "told"),
    [
        ("shuffle", "shuffle", "gvl-windows", (1, 4), Cell("window-cnn", (4,))),
        ("memory", "memory", "gvl-memory", (0, 3), Cell("memory-cnn", (3,))),
        ("memory", "memory", "gvl-influence", (2, 20), Cell("influence-rnn", (21,))),
        ("shift", "moved", "gvl-shift", (1, 12), Cell("shift-cnn", (12,))),
        ("cost", "cost", "gvl-by-length", (4, 2), Cell("forward-length-rnn", (2,))),
        ("cost", "cost", "gvl-by-width", (9, 1), Cell("backward-width-lstm", (1,))),
    ],
)
def test_curves_of_every_experiment_tell_their_points(
    page: GridVersusLoopPage, heard: Heard, experiment: str, part: str, panel: str, cell: tuple, told: Cell
) -> None:
    drawn(page, made.snapshot_of(experiment))
    chart = next(one for one in getattr(page.body, part).panels() if one.name == panel)
    chart.move_cursor(cell)
    assert heard.asked[-1] == told
    chart.choose()
    assert heard.asked[-1] == told


# What is chosen -----------------------------------------------------------------------------------


def test_a_person_turns_to_another_experiment_and_to_the_table(
    page: GridVersusLoopPage, heard: Heard
) -> None:
    drawn(page, made.snapshot_of())
    QTest.mouseClick(page.bar.buttons["shuffle"], LEFT)
    assert heard.all == [{"experiment": "shuffle"}]
    drawn(page, made.snapshot_of("shuffle"))
    assert page.body.shuffle.isVisible()
    QTest.mouseClick(page.bar.buttons["table"], LEFT)
    QApplication.processEvents()
    assert page.table.isVisible()
    assert not page.networks.isVisible()
    assert page.table.verdict.text == "3 of 5 claims measured: 1 agree, 2 disagree."
    QTest.mouseClick(page.table.rows[1], LEFT)
    assert heard.all[-1] == {"experiment": "memory"}
    drawn(page, made.snapshot_of("memory"))
    assert page.body.memory.isVisible()


def test_the_report_goes_where_the_person_says(
    page: GridVersusLoopPage, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn(page, made.snapshot_of())
    page.show_experiment("table")
    monkeypatch.setattr(table_part, "ask_path", lambda parent: "/somewhere/report.html")
    QTest.mouseClick(page.table.save, LEFT)
    assert heard.all == [("report", ("/somewhere/report.html",))]


def test_play_plays_and_once_it_is_over_runs_again(page: GridVersusLoopPage, heard: Heard) -> None:
    drawn(page, made.snapshot_of())
    QTest.mouseClick(page.heading.play, LEFT)
    assert heard.all == [("play", ())]
    drawn(page, made.snapshot_of(step=2000))
    assert page.heading.play.text() == "Run again"
    QTest.mouseClick(page.heading.play, LEFT)
    assert heard.all[1:] == [("reset", ()), ("play", ())]


def test_what_runs_can_be_paused_and_is_drawn_a_part_at_a_time(
    page: GridVersusLoopPage, heard: Heard
) -> None:
    drawn(page, made.snapshot_of(step=1000))
    page.is_running = True
    visible = [part for part in page.body.parts if part.isVisible()]
    taken: list[Part] = []
    for part in visible:
        plain = part.pieces
        part.pieces = lambda shown, part=part, plain=plain: (taken.append(part), plain(shown))[1]
    for step in (1100, 1200, 1300, 1400):
        for _ in page.pieces(made.snapshot_of(step=step)):
            pass
    assert len(visible) == 2
    assert taken in (2 * visible, 2 * visible[::-1])
    QTest.mouseClick(page.heading.play, LEFT)
    assert heard.all == [("pause", ())]
    page.is_running = False
    drawn(page, made.snapshot_of(step=1500))
    assert page.heading.play.text() == "Play"
    assert page.body.curves.accuracy.numbers()[1][-1][0] == 1500


def test_a_network_is_taken_out_and_another_looked_into(page: GridVersusLoopPage, heard: Heard) -> None:
    drawn(page, made.snapshot_of())
    QTest.mouseClick(page.networks.toggles["lstm"], LEFT)
    assert heard.all == [{"networks": "logistic,mlp,cnn,rnn,gru,cnn+gru"}]
    page.body.two._choose(1, 2)
    QApplication.processEvents()
    assert page.body.inside.loop.blocks[1].told == "reading-rnn-0"


def test_sliders_move_the_example_and_choose_a_window(page: GridVersusLoopPage, heard: Heard) -> None:
    drawn(page, made.snapshot_of("shift"))
    page.body.moved.sliders["shift"].slider.setFocus()
    QTest.keyClick(page.body.moved.sliders["shift"].slider, Qt.Key.Key_Right)
    assert heard.all == [("move", (4.0, 1.1, 1.0))]
    drawn(page, made.snapshot_of("shuffle"))
    QTest.keyClick(page.body.shuffle.slider.slider, Qt.Key.Key_Left)
    assert heard.all[1:] == [{"window": 20}]
    assert page.body.shuffle.slider.value.text() == "within 20"
    QTest.mouseClick(page.body.shuffle.switch, LEFT, pos=page.body.shuffle.switch.rect().center())
    assert heard.all[2:] == [{"shuffled": True}]


def test_another_example_and_a_line_of_one_s_own(page: GridVersusLoopPage, heard: Heard) -> None:
    drawn(page, made.snapshot_of())
    inside = page.body.inside
    QTest.mouseClick(inside.example.next, LEFT)
    assert heard.all == [{"pinned": 13, "text": ""}]
    assert (inside.example.slider.value(), inside.example.slider.maximum()) == (12, 999)
    QTest.keyClick(inside.example.slider, Qt.Key.Key_End)
    assert heard.all[-1] == {"pinned": 999, "text": ""}
    drawn(page, made.snapshot_of("text", opened=made.opened_of("text", 900, ("cnn", "gru"), 0)))
    inside.typed.edit.setText("")
    QTest.keyClicks(inside.typed.edit, "Il")
    assert heard.all[-2:] == [{"text": "I"}, {"text": "Il"}]


def test_keys_lead_everywhere(page: GridVersusLoopPage, heard: Heard) -> None:
    drawn(page, made.snapshot_of())
    actions = Actions(page)
    actions.show_page(page)
    page.add_actions(actions)
    shown = {action.objectName(): action.shortcut().toString() for _, action in actions._active()}
    names = [*TITLES, "table"]
    assert [shown[f"experiment-{name}"] for name in names] == [f"Alt+{n}" for n in range(1, 10)]
    actions["experiment-cost"].trigger()
    actions["next-example"].trigger()
    actions["previous-example"].trigger()
    assert heard.all == [
        {"experiment": "cost"},
        {"pinned": 13, "text": ""},
        {"pinned": 12, "text": ""},
    ]
    page.show_snapshot(made.snapshot_of("text"))
    actions["type"].trigger()
    QApplication.processEvents()
    assert page.body.inside.typed.edit.hasFocus()
    assert any(entry.title.startswith("LSTM") for entry in page.entries())


# Room and cost ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("experiment", "size"),
    [*((name, SIZES[0]) for name in TITLES), ("mnist1d", SIZES[1]), ("shuffle", SIZES[2])],
)
def test_nothing_is_cut_off(page: GridVersusLoopPage, experiment: str, size: tuple[int, int]) -> None:
    page.resize(*size)
    drawn(page, made.snapshot_of(experiment))
    for place in range(page.body.tabs.count()):
        page.body.tabs.setCurrentIndex(place)
        QApplication.processEvents()
        assert (page.width(), page.height()) == size
        seen = [panel for panel in page.panels() if panel.isVisible()]
        assert seen
        for panel in seen:
            assert panel.canvas.width() >= 120, panel.title
            assert panel.canvas.height() >= 40, panel.title
            assert panel.is_empty or inks(panel.canvas.grab().toImage()) > 3, panel.title
        for label in (child for child in visible_children(page) if isinstance(child, QLabel)):
            assert label.fontMetrics().horizontalAdvance(label.text()) <= label.width(), label.text()
        assert unnamed(page) == []


def test_the_table_fits_and_can_be_reached_by_keys(page: GridVersusLoopPage, both_themes: str) -> None:
    page.resize(*SIZES[0])
    drawn(page, made.snapshot_of())
    page.show_experiment("table")
    QApplication.processEvents()
    rows = [row for row in page.table.rows if row.isVisible()]
    assert len(rows) == len(made.TABLE)
    assert all(row.height() >= row.heightForWidth(row.width()) for row in rows)
    assert "disagrees" in rows[1].accessibleName()
    assert len(colours(page.table.grab().toImage())) > 60


@pytest.mark.parametrize("experiment", list(TITLES))
def test_the_same_snapshot_again_draws_nothing(page: GridVersusLoopPage, experiment: str) -> None:
    snapshot = drawn(page, made.snapshot_of(experiment))
    widgets = len(page.findChildren(QObject))
    assert len(list(page.pieces(snapshot))) <= 3
    assert len(page.findChildren(QObject)) == widgets


def test_only_what_is_in_front_is_drawn(page: GridVersusLoopPage) -> None:
    drawn(page, made.snapshot_of())
    page.body.tabs.setCurrentWidget(page.body.numbers)
    QApplication.processEvents()
    before = page.body.inside.answers.numbers()
    drawn(page, made.snapshot_of(opened=made.opened_of("mnist1d", 0, ("cnn", "gru"), 5)))
    assert page.body.inside.answers.numbers() == before
    page.body.tabs.setCurrentWidget(page.body.inside)
    QApplication.processEvents()
    assert len(page.body.inside.answers.numbers()[1]) == 2
