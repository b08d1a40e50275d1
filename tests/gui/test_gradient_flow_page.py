"""The gradient flow page over hand-made snapshots: what is drawn, said, asked, chosen, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import flow_snapshots as made
import numpy as np
import pytest
from person import LEFT, Heard, colours, unnamed
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.ask import Cell
from engine.labs.gradient_flow.config import NETWORKS, PRESETS
from engine.labs.gradient_flow.snapshot import GradientFlowSnapshot
from gui.labs.gradient_flow import wording
from gui.labs.gradient_flow.charts import log_range, loss_top
from gui.labs.gradient_flow.networks import COLOURS, FULL, SHORT, chosen
from gui.labs.gradient_flow.over_training import scale
from gui.labs.gradient_flow.page import GradientFlowPage
from gui.lines import Lines
from gui.panels.flow_plot import TRAILS_AT_ONCE
from gui.panels.heat_maps import MAPS_AT_ONCE
from gui.panels.series import series_colour
from gui.theme import theme

SIZES = [(752, 476), (912, 656), (1100, 780), (2050, 1310)]
STATES: dict[str, Callable[[], GradientFlowSnapshot]] = {
    "empty": lambda: made.snapshot_of(step=0),
    "running": made.snapshot_of,
    "exploded": made.exploded_snapshot,
    "sentence": made.sentence_snapshot,
    "finished": made.finished_snapshot,
}


@pytest.fixture
def page(show: Callable[[QWidget], None]) -> GradientFlowPage:
    page = GradientFlowPage()
    page.resize(1100, 780)
    show(page)
    return page


@pytest.fixture
def heard(page: GradientFlowPage) -> Heard:
    return Heard(page)


def drawn(page: GradientFlowPage, snapshot: GradientFlowSnapshot) -> None:
    page.show_snapshot(snapshot)
    QApplication.processEvents()


# What is drawn ------------------------------------------------------------------------------------


def test_the_newest_gradient_is_drawn_for_every_network(page: GradientFlowPage) -> None:
    snapshot = made.snapshot_of()
    drawn(page, snapshot)
    header, rows = page.chart.numbers()
    assert header == ["step t of the sequence", "RNN", "LSTM", "LSTM, no bias", "GRU"]
    assert len(rows) == snapshot.length + 1
    assert rows[7][2] == snapshot.runners[1].flow.log10_norms[7]
    assert page.chart.strokes > 40
    image, at = page.chart.canvas.grab().toImage(), page.chart.place_of((1, 20)).toPoint()
    assert series_colour("lstm") in {image.pixelColor(at.x(), at.y() + dy).name() for dy in (-1, 0, 1)}
    header, rows = page.maps.numbers()
    assert len(rows) == 4 * 200
    assert page.finding.text == snapshot.finding


def test_every_network_has_a_name_and_a_colour_of_its_own(both_themes: str) -> None:
    assert set(SHORT) == set(FULL) == set(COLOURS) == set(NETWORKS)
    assert len({series_colour(colour) for colour in COLOURS.values()}) == len(NETWORKS)


def test_where_float32_would_write_0_there_is_a_line_once_the_axis_reaches_it(page: GradientFlowPage) -> None:
    assert pytest.approx(-149 * np.log10(2)) == wording.FLOAT32_ZERO
    drawn(page, made.finished_snapshot())
    assert page.chart.y_range[0] < wording.FLOAT32_ZERO
    image = page.chart.canvas.grab().toImage()
    axes = page.chart._axes
    assert axes is not None
    across, down = axes.place(np.array([198.0]), np.array([wording.FLOAT32_ZERO]))
    lines = {image.pixelColor(int(across[0]), int(down[0]) + dy).name() for dy in (-1, 0, 1)}
    assert theme().reference in lines
    drawn(page, made.snapshot_of())
    assert page.chart.y_range[0] > wording.FLOAT32_ZERO


def test_an_exploded_network_is_marked_and_its_curves_end(page: GradientFlowPage) -> None:
    snapshot = made.exploded_snapshot()
    drawn(page, snapshot)
    assert page.networks.toggles["rnn"].note == "exploded at 37"
    assert page.networks.toggles["rnn"].toolTip().endswith("exploded at step 37, largest gradient 1.6·10²⁴")
    assert page.chart.numbers()[0][1] == "RNN, exploded at 37"
    _, rows = page.learning.loss.numbers()
    shown = np.array([row[1] for row in rows], float)
    top = page.learning.loss.y_range[1]
    assert np.nanmax(shown) <= top < 4 * snapshot.baseline_loss
    assert np.isnan(shown[37:]).all()
    place = page.maps.place(0)
    below = page.maps.canvas.grab().toImage().pixelColor(place.center().toPoint())
    assert below.name() == theme().chrome  # its map ends at step 37 of 400


def test_a_network_without_any_gradient_says_so(page: GradientFlowPage) -> None:
    snapshot = made.snapshot_of(("rnn", "relu"))
    dead = replace(snapshot.runners[1].flow, log10_norms=np.append(np.full(60, -np.inf), 0.1))
    drawn(page, replace(snapshot, runners=(snapshot.runners[0], replace(snapshot.runners[1], flow=dead))))
    assert page.networks.toggles["relu"].note == "no gradient"


def test_before_anything_is_measured_every_picture_says_what_to_do(page: GradientFlowPage) -> None:
    drawn(page, made.snapshot_of(length=100, step=0))
    assert all(panel.empty_text for panel in page.panels())
    assert page.finding.text == ""
    assert page.presets.sentence.text == PRESETS["gates keep it"][0]


def test_mechanism_parameters_and_gates_are_drawn_where_they_are_looked_at(page: GradientFlowPage) -> None:
    snapshot = made.snapshot_of()
    drawn(page, snapshot)
    assert page.mechanism.jacobian.is_empty
    page.tabs.setCurrentWidget(page.mechanism)
    assert page.mechanism.jacobian.numbers()[1][0][2] == pytest.approx(
        snapshot.runners[1].mechanism.middle[0]  # ty: ignore
    )
    assert page.mechanism.bound.numbers()[0][1:3] == ["RNN", "RNN bound"]
    page.tabs.setCurrentWidget(page.gates)
    assert page.gates.gates.numbers()[0][1:] == ["LSTM forget", "LSTM, no bias forget", "GRU update"]
    page.tabs.setCurrentWidget(page.parameters)
    assert page.parameters.gradients.numbers()[0][1:3] == ["W_ih", "W_hh"]


def test_what_could_not_be_measured_is_left_out(page: GradientFlowPage) -> None:
    snapshot = made.snapshot_of(("rnn", "gru"))
    none = np.empty(0)
    poor = replace(snapshot.runners[0].mechanism, log10_bound=none, middle=none, largest=none, smallest=none)  # ty: ignore
    page.tabs.setCurrentWidget(page.mechanism)
    drawn(
        page, replace(snapshot, runners=(replace(snapshot.runners[0], mechanism=poor), snapshot.runners[1]))
    )
    assert page.mechanism.bound.numbers()[0][1:] == ["RNN", "GRU", "GRU bound"]
    assert page.mechanism.jacobian.numbers()[0][1:] == ["GRU"]


def test_of_a_wide_network_the_largest_alone_is_drawn_and_it_says_why(page: GradientFlowPage) -> None:
    snapshot = made.snapshot_of(("rnn", "lstm"))
    wide, narrow = snapshot.runners
    none = np.full_like(wide.mechanism.middle, np.nan)  # ty: ignore
    radius = np.full_like(wide.mechanism.spectral_radius, np.nan)  # ty: ignore
    known = replace(wide.mechanism, middle=none, smallest=none, spectral_radius=radius)  # ty: ignore
    drawn(page, replace(snapshot, runners=(replace(wide, mechanism=known), narrow)))
    page.tabs.setCurrentWidget(page.gates)
    assert page.gates.weights.numbers()[0][1:] == ["singular value"]
    assert "eigenvalues take seconds" in page.gates.weights.sentence
    page.tabs.setCurrentWidget(page.mechanism)
    assert page.mechanism.jacobian.numbers()[0][1:] == ["RNN, largest", "LSTM"]
    assert "too wide: the largest alone" in page.mechanism.jacobian.sentence


def test_the_bound_stands_beside_the_gradient_that_it_is_of(page: GradientFlowPage) -> None:
    snapshot = made.snapshot_of(("rnn", "gru"))
    first, other = snapshot.runners
    later = replace(first.flow, step=first.flow.step + 9, log10_norms=first.flow.log10_norms + 20)
    page.tabs.setCurrentWidget(page.mechanism)
    drawn(page, replace(snapshot, runners=(replace(first, flow=later), other)))
    measured = [row[1] for row in page.mechanism.bound.numbers()[1]]
    assert measured == list(first.mechanism.log10_norms)  # ty: ignore


def test_of_relu_the_dead_units_are_shown_and_of_tanh_the_saturated(page: GradientFlowPage) -> None:
    page.tabs.setCurrentWidget(page.parameters)
    drawn(page, made.snapshot_of(("rnn", "relu", "gru")))
    assert page.parameters.units.numbers()[0][1:] == ["RNN", "ReLU RNN", "GRU"]
    assert page.parameters.units.numbers()[1][-1][2] > 0.1  # dead, of which relu has some


def test_the_meter_shows_what_is_done_and_what_is_to_come(page: GradientFlowPage) -> None:
    snapshot = made.finished_snapshot()
    page.tabs.setCurrentWidget(page.meter)
    meter = snapshot.meter
    assert meter is not None
    half = {cell: scores[:2] for cell, scores in meter.accuracy.items()}
    drawn(page, replace(snapshot, meter=replace(meter, accuracy=half)))
    row = page.meter.success.numbers()[1][3]
    assert row[0] == "100"
    assert np.isnan(row[1:]).all()
    assert "GRU 200" in page.meter.longest.text
    assert page.meter.reach.numbers()[1][0][1:] == [0.0] * 6
    drawn(page, replace(snapshot, meter=None))
    assert page.meter.success.empty_text.startswith("Press Measure")


# What is asked ------------------------------------------------------------------------------------


def test_what_is_pointed_at_is_told_as_the_lab_knows_it(page: GradientFlowPage, heard: Heard) -> None:
    drawn(page, made.finished_snapshot())
    for tab in page._tabs:
        page.tabs.setCurrentWidget(tab)
    page.whose.activated.emit(page.whose.entries.index("LSTM"))
    page.tabs.setCurrentWidget(page.gates)
    page.tabs.setCurrentWidget(page.parameters)
    expected = {
        (page.chart, (1, 40)): ("flow-relu", (40,)),
        (page.maps, (3, 7, 30)): ("map-lstm", (7, 30)),
        (page.learning.loss, (5, 9)): ("loss-gru", (9,)),
        (page.learning.accuracy, (0, 9)): ("accuracy-rnn", (9,)),
        (page.mechanism.jacobian, (3, 2)): ("jacobian-lstm", (2,)),
        (page.mechanism.bound, (7, 11)): ("bound-lstm", (11,)),
        (page.mechanism.bound, (6, 11)): ("measured-lstm", (11,)),
        (page.gates.gates, (2, 5)): ("gate-gru", (5,)),
        (page.gates.weights, (2, 3)): ("radius-lstm", (1, 3)),
        (page.gates.weights, (3, 3)): ("singular-lstm", (1, 3)),
        (page.parameters.gradients, (4, 6)): ("gradient-lstm", (4, 6)),
        (page.parameters.updates, (1, 6)): ("update-lstm", (1, 6)),
        (page.meter.success, (3, 4)): ("meter-lstm", (4,)),
        (page.meter.reach, (3, 0)): ("flow-lstm", (200,)),
    }
    for (panel, at), (array, index) in expected.items():
        heard.asked.clear()
        panel.move_cursor(at)
        panel.choose()
        panel.move_cursor(None)
        assert heard.asked == [Cell(array, index), Cell(array, index), None]


# What is chosen -----------------------------------------------------------------------------------


def test_a_preset_is_applied_again_too_and_its_changes_are_named(
    page: GradientFlowPage, heard: Heard
) -> None:
    drawn(page, made.snapshot_of(length=100, step=0, clip=5.0))
    assert page.presets.sentence.text.endswith("Changed since: clip the norm.")
    for name in ("it explodes", "gates keep it"):
        QTest.mouseClick(page.presets.segments.buttons[list(PRESETS).index(name)], LEFT)
    assert heard.all == [("choose", ("it explodes",)), ("choose", ("gates keep it",))]
    own = made.snapshot_of(step=0)
    drawn(page, replace(own, config=replace(own.config, preset="")))
    assert not any(button.isChecked() for button in page.presets.segments.buttons)


def test_networks_are_turned_on_and_off_but_never_all_off(page: GradientFlowPage, heard: Heard) -> None:
    drawn(page, made.snapshot_of(("rnn", "gru")))
    toggles = page.networks.toggles
    QTest.mouseClick(toggles["lstm"], LEFT)
    QTest.keyClick(toggles["rnn"], Qt.Key.Key_Space)
    assert heard.all == [{"cells": "rnn,lstm,gru"}, {"cells": "lstm,gru"}]
    drawn(page, made.snapshot_of(("gru",)))
    QTest.mouseClick(toggles["gru"], LEFT)
    assert toggles["gru"].isChecked()
    assert len(heard.all) == 2
    assert chosen("gru, rnn,nobody") == ("rnn", "gru")


def test_a_sentence_is_typed_and_stands_under_the_curves(page: GradientFlowPage, heard: Heard) -> None:
    page.tabs.setCurrentWidget(page.gates)
    drawn(page, made.snapshot_of())
    assert page.gates.weights.sentence.startswith("Of the RNN")
    page.tabs.setCurrentWidget(page.learning)
    assert not page.sentence.isVisible()
    snapshot = made.sentence_snapshot("He is")
    drawn(page, snapshot)
    assert page.sentence.edit.text() == "He is"
    assert not page.networks.toggles["relu"].isEnabled()
    assert page.learning.loss.empty_text == wording.NOTHING_LEARNED
    for tab, chart in (
        (page.parameters, page.parameters.gradients),
        (page.parameters, page.parameters.units),
        (page.gates, page.gates.weights),
    ):
        page.tabs.setCurrentWidget(tab)
        assert chart.empty_text == wording.NOTHING_LEARNED
    assert page.gates.weights.sentence == ""  # nothing of the weights that were shown before
    page.sentence.focus()
    QTest.keyClicks(page.sentence.edit, "n")
    assert heard.all == [{"text": "He isn"}]
    drawn(page, snapshot)  # an answer to an older text does not take the key back
    assert page.sentence.edit.text() == "He isn"


def test_the_memory_is_measured_at_the_lengths_that_are_typed(page: GradientFlowPage, heard: Heard) -> None:
    page.tabs.setCurrentWidget(page.meter)
    page.meter.lengths.edit.setText("10, 30")
    QTest.mouseClick(page.meter.measure, LEFT)
    QTest.keyClick(page.meter.lengths.edit, Qt.Key.Key_Return)
    assert heard.all == [("sweep", ("10,30",))] * 2


# How often ----------------------------------------------------------------------------------------


def test_the_newest_curves_come_at_once_and_the_rest_in_turns(page: GradientFlowPage) -> None:
    drawn(page, made.snapshot_of(step=100))
    page.is_running = True
    for turn in range(1, 6):
        later = made.snapshot_of(step=300 * turn)
        page.show_snapshot(later)
        assert page.chart.numbers()[1][0][1] == later.runners[0].flow.log10_norms[0]
        assert (page.maps.numbers()[1][-1][1] > 290) == (turn >= 1)
        assert (page.learning.loss.numbers()[1][-1][0] > 290) == (turn >= 2)
        assert (page.learning.accuracy.numbers()[1][-1][0] > 290) == (turn >= 3)


def test_what_had_no_turn_comes_when_the_run_rests(page: GradientFlowPage) -> None:
    drawn(page, made.snapshot_of(step=100))
    page.is_running = True
    page.show_snapshot(made.snapshot_of(step=300))
    assert page.learning.loss.numbers()[1][-1][0] == 100
    page.is_running = False
    page.show_snapshot(made.snapshot_of(step=300))
    assert page.learning.accuracy.numbers()[1][-1][0] >= 299
    assert page.maps.numbers()[1][-1][1] >= 298
    assert page.learning.loss.numbers()[1][-1][0] >= 299


def test_maps_wait_until_a_difference_can_be_seen_or_a_network_explodes(page: GradientFlowPage) -> None:
    drawn(page, made.snapshot_of(step=1000))
    assert not page.maps.show_training(made.snapshot_of(step=1003), at_once=False)
    assert page.maps.show_training(made.snapshot_of(step=1006), at_once=False)
    assert page.maps.show_training(made.snapshot_of(step=1007))
    later = made.snapshot_of(step=1008)
    gone = replace(later, runners=(replace(later.runners[0], exploded_at=1008), *later.runners[1:]))
    assert page.maps.show_training(gone, at_once=False)
    assert page.maps.show_training(made.snapshot_of(step=3), at_once=False)  # begun anew


def test_a_snapshot_is_drawn_in_short_pieces_and_nothing_again(page: GradientFlowPage) -> None:
    drawn(page, made.snapshot_of(step=100))
    page.is_running = True
    later = made.snapshot_of(step=300)
    trails = len(later.runners)
    # The newest curves with their trails, a few at a time, and the first of what is due, the maps.
    first = (1 + trails // TRAILS_AT_ONCE + 1) + (1 + trails // MAPS_AT_ONCE + 1)
    assert len(list(page.pieces(later))) == first
    assert len(list(page.pieces(later))) == 1
    assert len(list(page.pieces(later))) == 1
    assert list(page.pieces(later)) == []


def test_what_is_left_half_drawn_is_painted_all_the_same(page: GradientFlowPage) -> None:
    drawn(page, made.snapshot_of(step=100))
    page.is_running = True
    pieces = page.pieces(made.snapshot_of(step=300))
    before = page.chart.canvas.grab().toImage()
    next(pieces)
    assert page.chart.canvas.grab().toImage() == before
    pieces.close()
    half = page.chart.canvas.grab().toImage()
    page.is_running = False
    drawn(page, made.snapshot_of(step=300))
    assert page.chart.canvas.grab().toImage() == half != before


def test_nothing_is_drawn_while_it_is_hidden(page: GradientFlowPage) -> None:
    page.hide()
    page.show_snapshot(made.snapshot_of())
    assert all(panel.is_empty for panel in page.panels())
    page.show()
    assert not page.chart.is_empty


def test_the_same_again_draws_nothing_again(page: GradientFlowPage, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = made.finished_snapshot()
    drawn(page, snapshot)
    calls: list[str] = []
    for panel in page.panels():
        name = "set_maps" if panel is page.maps else "set_curves"
        monkeypatch.setattr(panel, name, lambda *_, which=panel.name, **__: calls.append(which))
    assert not any(part(snapshot) for part in page._parts)
    assert calls == []


# Room ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("state", STATES)
def test_everything_has_room(page: GradientFlowPage, size: tuple[int, int], state: str) -> None:
    page.resize(*size)
    drawn(page, STATES[state]())
    assert (page.width(), page.height()) == size
    for place in range(page.tabs.count()):
        page.tabs.setCurrentIndex(place)
        QApplication.processEvents()
        for panel in page.panels():
            if panel.isVisible():
                assert panel.canvas.width() >= 120, panel.title
                assert panel.canvas.height() >= 40, panel.title
        bottom = page.tabs.geometry().bottom()
        assert bottom <= page.height()
        assert page.finding.geometry().bottom() < page.tabs.geometry().top()
        assert page.finding.text == " ".join(page.finding.lines)
    assert unnamed(page) == []


def test_in_little_room_the_maps_are_a_tab(page: GradientFlowPage) -> None:
    drawn(page, made.snapshot_of())
    assert page.maps.isVisible()
    page.resize(752, 476)
    QApplication.processEvents()
    assert not page.maps.isVisible()
    assert page.tabs.tabText(1) == "Training"
    page.tabs.setCurrentIndex(1)
    assert page.maps.isVisible()
    page.resize(1100, 780)
    QApplication.processEvents()
    assert page.maps.isVisible()
    assert page.tabs.count() == 5


def test_it_is_not_blank(page: GradientFlowPage, both_themes: str) -> None:
    drawn(page, made.finished_snapshot())
    assert len(colours(page.grab().toImage())) > 200


# Axes and words -----------------------------------------------------------------------------------


def test_the_common_scale_is_round_and_ends_where_float32_does() -> None:
    low, high, bar = scale([np.linspace(-13, -0.5, 100)[None], np.full((1, 5), 0.2)])
    assert (low, high, bar.low, bar.high) == (-15.0, 1.0, "10⁻¹⁵", "10")
    low, _, bar = scale([np.linspace(-300, 0, 100)[None]])
    assert (low, bar.low) == (-45.0, "≤ 10⁻⁴⁵")
    assert scale([np.full((2, 2), -np.inf)])[0] < scale([])[1]


def test_one_network_that_goes_astray_does_not_flatten_the_others() -> None:
    assert loss_top([np.array([9.0] + [2.0] * 99)], 2.08) == 2.25
    assert loss_top([np.full(10, 1e9)], 2.0) == 6.25
    assert loss_top([np.empty(0)], 0.0) > 0
    assert log_range([np.array([0.03, 7.0, np.nan, 0.0])]) == (0.01, 10.0)
    assert log_range([np.zeros(2)]) is None


def test_lines_keep_their_height_and_say_the_rest_in_the_tooltip(qtbot: QtBot) -> None:
    lines = Lines(2, muted=True)
    qtbot.addWidget(lines)
    lines.resize(200, lines.height())
    lines.show()
    height = lines.height()
    lines.set_text("short")
    assert (lines.lines, lines.height(), lines.toolTip()) == (["short"], height, "")
    lines.set_text("word " * 40)
    assert len(lines.lines) == 2
    assert lines.lines[1].endswith("…")
    assert lines.toolTip() == "word " * 40


def test_a_run_that_begins_anew_leaves_nothing_of_the_last_one(page: GradientFlowPage) -> None:
    drawn(page, made.finished_snapshot())
    for tab in page._tabs:
        page.tabs.setCurrentWidget(tab)
    drawn(page, made.snapshot_of(step=0))
    for tab in page._tabs:
        page.tabs.setCurrentWidget(tab)
    assert [panel.title for panel in page.panels() if not panel.is_empty] == []
