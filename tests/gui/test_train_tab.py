"""The training tab: where a run begins, its curves and sentences, time travel, and the samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.labs.language_modelling import (
    LanguageModellingConfig,
    LanguageModellingSnapshot,
    Learning,
    Training,
)
from gui.labs.language_modelling import train_start
from gui.labs.language_modelling.train_axes import averaged, log_range, loss_range
from gui.labs.language_modelling.train_charts import LOSS_POINTS
from gui.labs.language_modelling.train_run import timeline
from gui.labs.language_modelling.train_tab import TrainTab
from gui.labs.language_modelling.train_wording import (
    findings,
    overfits_since,
    readable,
    samples_line,
    score_at,
)
from gui.panels.samples import Sample, SamplesPanel
from gui.theme import theme
from gui.time_travel import TimeTravel

CELLS = ("rnn", "lstm", "gru")
FINALS = {"rnn": 2.1, "lstm": 1.9, "gru": 1.95}
LEFT, KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def learning_of(cell: str, step: int, **changes: Any) -> Learning:
    """A loss that falls from chance towards what the cell can do, scored every hundred steps."""
    steps, scored = np.arange(1, step + 1), np.arange(0, step + 1, 100)
    loss, held_out = (FINALS[cell] + 3.6 / (1 + at / 20) for at in (steps, scored))
    layers = np.array([0.05, 0.2, 0.4, 0.8])[:, None] / np.sqrt(steps)
    usual = Learning(
        cell, 80_000, 128, steps, loss, loss - 0.1, loss + 0.1, scored, held_out,
        ("embedding", "input weights", "recurrent weights", "output layer"), steps, layers, layers / 100,
        f"nd the {cell}\nwrote it", step,
    )  # fmt: skip
    return replace(usual, **changes)


def training_of(step: int = 400, **changes: Any) -> Training:
    """A run of so many steps, a moment of which is kept every fifty."""
    cells = tuple(learning_of(cell, step) for cell in CELLS)
    moments = tuple(range(0, step + 1, 50))
    usual = Training(
        "book.txt", 90_000, 5_000, step, step * 480, step * 480 / 90_000, moments, step, True, cells
    )
    return replace(usual, **changes)


def past(training: Training, shown: int) -> Training:
    return replace(training, shown=shown, follows=False)


def changed(training: Training, cell: str, **changes: Any) -> Training:
    """The run with something else about one network."""
    return replace(
        training, cells=tuple(replace(one, **changes) if one.cell == cell else one for one in training.cells)
    )


def snapshot_of(training: Training | None, file: str = "", **settings: Any) -> LanguageModellingSnapshot:
    return LanguageModellingSnapshot(LanguageModellingConfig(**settings), file=file, training=training)


class Heard:
    """What the tab wants, in order."""

    def __init__(self, tab: TrainTab) -> None:
        self.all: list[Any] = []
        tab.command_wanted.connect(lambda name, arguments: self.all.append((name, arguments)))
        tab.settings_wanted.connect(self.all.append)


@pytest.fixture
def tab(show: Callable[[QWidget], None]) -> TrainTab:
    outer = QWidget()
    tab = TrainTab(outer)
    row = QHBoxLayout(outer)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(tab)
    outer.resize(1100, 400)
    show(outer)
    return tab


@pytest.fixture
def heard(tab: TrainTab) -> Heard:
    return Heard(tab)


# Where a run begins -------------------------------------------------------------------------------


def test_without_a_run_it_offers_to_begin_one(tab: TrainTab, heard: Heard) -> None:
    tab.show_training(snapshot_of(None))
    assert tab.start.isVisible()
    assert not tab.run.isVisible()
    assert tab.start.begin.text() == "Learn from the reference text"
    QTest.mouseClick(tab.start.begin, LEFT)
    assert heard.all == [{"play": "train"}, ("train_on", ("",))]
    tab.show_training(snapshot_of(None, file="letters.txt", from_default=True))
    assert tab.start.begin.text() == "Learn from letters.txt"
    assert tab.start.networks.text().startswith("The networks that ship go on")


def test_a_chosen_file_or_folder_is_learned_from(
    tab: TrainTab, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab.show_training(snapshot_of(None))
    chosen = {"ask_file": "/texts/a.txt", "ask_folder": "/texts"}
    for name, path in chosen.items():
        monkeypatch.setattr(train_start, name, lambda parent, path=path: path)
    for button, path in ((tab.start.file, "/texts/a.txt"), (tab.start.folder, "/texts")):
        heard.all.clear()
        QTest.mouseClick(button, LEFT)
        assert heard.all == [{"play": "train"}, ("train_on", (path,))]
    monkeypatch.setattr(train_start, "ask_file", lambda parent: "")
    heard.all.clear()
    QTest.mouseClick(tab.start.file, LEFT)
    assert heard.all == []


def test_a_run_can_be_begun_again_with_the_settings_in_force(tab: TrainTab, heard: Heard) -> None:
    tab.show_training(snapshot_of(training_of(), size="medium"))
    assert tab.run.again.text() == "Begin again: book.txt, new medium networks"
    tab.run.again.trigger()
    assert heard.all == [{"play": "train"}, ("begin_training", ())]


# What is drawn ------------------------------------------------------------------------------------


def test_the_losses_are_on_one_axis_and_the_layers_of_the_chosen_cell_beside_them(tab: TrainTab) -> None:
    training = training_of()
    tab.show_training(snapshot_of(training, cell="gru"))
    header, rows = tab.run.loss.numbers()
    assert header == ["step", "RNN", "RNN held out", "LSTM", "LSTM held out", "GRU", "GRU held out"]
    assert [row[0] for row in rows][:2] == [0, 1]
    at_100 = next(row for row in rows if row[0] == 100)
    assert at_100[4] == training.cells[1].held_out[1]
    assert tab.run.gradients.numbers()[0] == ["step", "embedding", "input", "recurrent", "output"]
    assert tab.run.gradients.sentence == "GRU, by layer."
    assert tab.run.ratios.y_range == (2e-5, 1e-2)
    assert tab.run.samples.numbers()[1][1] == ["LSTM", "at step 400", "…nd the lstm ↵ wrote it"]


def test_only_what_changed_is_drawn_again(tab: TrainTab, monkeypatch: pytest.MonkeyPatch) -> None:
    training = training_of()
    tab.show_training(snapshot_of(training))
    drawn: list[str] = []
    for panel in (tab.run.loss, tab.run.gradients, tab.run.ratios):
        monkeypatch.setattr(panel, "set_curves", lambda *_, name=panel.name, **__: drawn.append(name))
    tab.show_training(snapshot_of(changed(training, "rnn", loss=training.cells[0].loss.copy())))
    tab.show_training(snapshot_of(past(training, 100)))
    assert drawn == []
    tab.show_training(snapshot_of(past(training, 100), cell="rnn"))
    assert drawn == ["gradient-norm", "update-ratio"]


def test_a_run_is_drawn_a_panel_at_a_time_and_the_rest_of_one_that_was_left_comes_with_the_next(
    tab: TrainTab,
) -> None:
    def drawn() -> list[str]:
        return [panel.name for panel in tab.panels() if not panel.is_empty]

    names = [panel.name for panel in tab.panels()]
    snapshot = snapshot_of(training_of(400))
    assert [drawn() for _ in tab.pieces(snapshot)] == [names[:count] for count in range(len(names) + 1)]
    assert list(tab.pieces(snapshot)) == []
    later = tab.pieces(snapshot_of(changed(training_of(401), "rnn", sample="other words")))
    next(later)
    assert tab.run.time.label.text() == "now, following: step 401"
    later.close()
    tab.show_training(snapshot_of(changed(training_of(401), "rnn", sample="other words")))
    assert tab.run.samples.numbers()[1][0][2] == "…other words"


def test_nothing_is_drawn_while_it_is_hidden(tab: TrainTab) -> None:
    tab.hide()
    tab.show_training(snapshot_of(training_of()))
    assert tab.run.loss.is_empty
    tab.show()
    assert not tab.run.loss.is_empty


def test_what_is_pointed_at_is_told_as_the_lab_knows_it(tab: TrainTab) -> None:
    tab.show_training(snapshot_of(training_of(400)))
    told: list[object] = []
    tab.asked.connect(told.append)
    stride = 2  # 400 steps on at most 256 points
    tab.run.loss.move_cursor((2, 5))
    tab.run.loss.move_cursor((3, 1))
    tab.run.gradients.move_cursor((2, 3))
    tab.run.gradients.move_cursor(None)
    first = 1 + stride * 4
    assert told[:2] == [("loss-lstm", (first, first + stride)), ("heldout-lstm", (100, 101))]
    assert told[2:] == [("gradient-lstm", (2, 9, 13)), None]


def test_a_click_on_a_sample_shows_the_layers_of_its_network(tab: TrainTab, heard: Heard) -> None:
    tab.show_training(snapshot_of(training_of()))
    at = tab.run.samples.area(2).center().toPoint()
    QTest.mouseClick(tab.run.samples.canvas, LEFT, KEYS, at)
    assert heard.all == [{"cell": "gru"}]


def test_in_little_room_one_picture_stands_beside_the_losses(tab: TrainTab) -> None:
    tab.show_training(snapshot_of(training_of()))
    assert all(panel.isVisible() for panel in tab.panels())
    tab.window().resize(560, 230)
    assert [panel.name for panel in tab.panels() if panel.isVisible()] == [
        "training-loss",
        "training-samples",
    ]
    QTest.mouseClick(tab.run.beside.buttons[2], LEFT)
    assert [panel.name for panel in tab.panels() if panel.isVisible()] == ["training-loss", "update-ratio"]
    assert not tab.run.ratios.is_empty
    assert (tab.window().width(), tab.window().height()) == (560, 230)
    finding = tab.run.finding
    assert (
        finding.height() == finding.heightForWidth(finding.width()) > 2 * finding.fontMetrics().height() - 2
    )
    for panel in (tab.run.loss, tab.run.ratios):
        assert panel.canvas.height() >= 40
        assert panel.geometry().bottom() <= tab.run.height()


# Axes ---------------------------------------------------------------------------------------------


def test_neighbours_are_averaged_and_the_axis_reaches_over_the_whole_run() -> None:
    steps, values = np.arange(1, 11), np.arange(10.0)
    values[3] = np.nan
    starts, stops, means = averaged(steps, values, 5, 12)
    np.testing.assert_array_equal(starts, [0, 1, 3, 5, 7, 9, 12])
    np.testing.assert_array_equal(stops, [0, 3, 5, 7, 9, 13, 12])
    np.testing.assert_array_equal(means, [np.nan, 0.5, 2.0, 4.5, 6.5, 8.5, np.nan])
    starts, _, means = averaged(np.empty(0, int), np.empty(0), 5, 12)
    np.testing.assert_array_equal(starts, [0, 12])
    assert np.isnan(means).all()
    for count in (1, LOSS_POINTS, LOSS_POINTS + 1, 1000):
        assert len(averaged(np.arange(count), np.zeros(count), LOSS_POINTS, count - 1)[0]) <= LOSS_POINTS


def test_the_first_steps_do_not_squeeze_the_rest_of_the_losses() -> None:
    training = training_of(2000)
    low, high = loss_range(training.cells) or (0, 0)
    assert (low, high) == (1.75, 3.0)  # from chance at 5.5
    failed = changed(training, "rnn", failed_at=9, loss=np.full(9, 1e4), steps=np.arange(9))
    assert (loss_range(failed.cells) or (0, 0))[1] < 4
    assert loss_range(training_of(20).cells) is None
    assert log_range(np.array([np.nan, 0.0, 0.03, 7.0])) == (0.02, 10.0)
    assert log_range(np.zeros(3)) is None


# Words --------------------------------------------------------------------------------------------


def test_the_finding_ranks_the_networks_by_text_they_have_not_read() -> None:
    (text,) = findings(training_of(400))
    assert text == (
        "After 400 steps (2.1 readings of book.txt) the LSTM is at 2.07 nats a character, the GRU at 2.12, "
        "the vanilla RNN at 2.27 on text they have not read, scored at step 400."
    )
    assert findings(training_of(460))[0].endswith("on text they have not read, scored at step 400.")
    ahead = changed(training_of(1000), "lstm", held_out_steps=np.array([0, 900]), held_out=np.array([5.5, 2]))
    assert findings(ahead)[0].endswith("on text they have not read, scored at steps 900 to 1,000.")
    young = replace(
        training_of(1), epochs=0.2, cells=tuple(learning_of(c, 1, held_out=np.empty(0)) for c in CELLS)
    )
    (text,) = findings(young)
    assert text.startswith("After 1 step (20 % of book.txt read) the LSTM is at 5.33 nats")
    assert text.endswith("on what is being read. Held-out text has not been scored yet.")
    (text,) = findings(replace(young, step=0))
    assert text.startswith("Nothing is learned yet of book.txt.")


def test_it_says_which_network_failed_and_who_goes_on() -> None:
    one = changed(training_of(), "rnn", failed_at=37)
    said, standing = findings(one)
    assert said == "The vanilla RNN’s loss was no number at step 37: it rests, the others go on."
    assert "vanilla RNN" not in standing
    two = changed(one, "gru", failed_at=1200)
    assert findings(two)[0] == (
        "The vanilla RNN’s loss was no number at step 37 and the GRU’s loss was no number at step 1,200: "
        "they rest, the LSTM goes on."
    )
    assert findings(two)[1].endswith("on text it has not read, scored at step 400.")
    (said,) = findings(changed(two, "lstm", failed_at=5))
    assert said.endswith("Begin again with a lower learning rate.")


def test_it_says_when_held_out_text_gets_worse_while_the_batches_get_better() -> None:
    worse = np.array([5.5, 2.4, 2.0, 2.1, 2.2])
    training = changed(training_of(), "lstm", held_out=worse)
    assert findings(training)[1] == (
        "Overfitting: the LSTM (best at step 200) gets worse on held-out text while its training loss falls."
    )
    both = changed(training, "gru", held_out=worse)
    assert "the LSTM (best at step 200) and the GRU (best at step 200) get worse" in findings(both)[1]
    flat = replace(training.cells[1], loss=np.full(400, 2.0))
    assert overfits_since(flat) is None  # nothing falls: not by heart
    assert overfits_since(replace(training.cells[1], held_out=worse[:4])) is None  # one score may be chance


def test_in_the_past_it_says_so_and_gives_the_scores_of_then() -> None:
    training = past(training_of(400), 250)
    text = findings(training)[0]
    assert text.startswith(
        "You look at the past: every view shows the networks as they were after 250 steps of 400."
    )
    then = training.cells[1].held_out[2]
    assert score_at(training.cells[1], 250) == then
    assert f"Then the LSTM was at {then:.2f} nats" in text
    assert text.endswith("on text they have not read, scored at step 200.")


def test_in_little_room_it_says_when_they_wrote_as_soon_as_they_have() -> None:
    training = training_of(40)
    assert samples_line(training, brief=True) == "At step 40."
    assert samples_line(training, brief=False).startswith("After the text on the line.")
    silent = replace(training, cells=tuple(replace(one, sample="", sample_step=0) for one in training.cells))
    assert samples_line(silent, brief=True) == ""
    assert samples_line(past(training, 20), brief=True) == "Later: at step 40."


def test_a_sample_is_told_on_one_line() -> None:
    assert readable("a\nb\x00\tc") == "…a ↵ b· c"
    assert readable("") == ""


# Time travel --------------------------------------------------------------------------------------


@pytest.fixture
def time(tab: TrainTab) -> TimeTravel:
    tab.show_training(snapshot_of(training_of()))
    return tab.run.time


def test_keys_go_back_through_the_run_and_forward_to_now(
    tab: TrainTab, time: TimeTravel, heard: Heard
) -> None:
    assert time.label.text() == "now, following: step 400"
    assert not time.back.isEnabled()
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_End):
        QTest.keyClick(time.slider, key)
    assert heard.all == [("go_to", (step,)) for step in (350, 300, 0, None)]


def test_the_past_is_plain_everywhere(tab: TrainTab, time: TimeTravel, heard: Heard) -> None:
    now = tab.run.grab().toImage().pixelColor(300, 1)
    tab.show_training(snapshot_of(past(training_of(moments=(0, 101, 400)), 101)))
    assert time.label.text() == time.slider.accessibleDescription() == "step 101 of 400"
    assert time.slider.value() == 1
    assert tab.run.finding.text().startswith("You look at the past")
    assert tab.run.samples.sentence == "Later: at step 400."
    for chart in (tab.run.loss, tab.run.gradients, tab.run.ratios):
        assert "at 101" in chart.summary()
    assert tab.run.grab().toImage().pixelColor(300, 1).name() == theme().accent != now.name()
    QTest.mouseClick(time.back, LEFT)
    assert heard.all == [("go_to", (None,))]
    tab.show_training(snapshot_of(training_of()))
    assert tab.run.grab().toImage().pixelColor(300, 1) == now
    assert "at 101" not in tab.run.loss.summary()


def test_what_was_asked_for_stays_until_the_lab_has_done_it(
    tab: TrainTab, time: TimeTravel, heard: Heard
) -> None:
    QTest.keyClick(time.slider, Qt.Key.Key_Left)
    tab.show_training(snapshot_of(training_of(401)))
    assert time.label.text() == "step 350 of 401"
    assert not tab.run.finding.text().startswith("You look at the past")  # it is not there yet
    tab.show_training(snapshot_of(past(training_of(402), 350)))
    assert time.step == 350
    tab.show_training(snapshot_of(training_of(403)))
    assert time.label.text() == "now, following: step 403"
    QTest.keyClick(time.slider, Qt.Key.Key_Home)
    tab.show_training(snapshot_of(training_of(100)))  # another run
    assert time.step is None


def test_a_moment_that_is_not_kept_any_more_is_not_waited_for(time: TimeTravel) -> None:
    QTest.keyClick(time.slider, Qt.Key.Key_Left)
    assert time.step == 350
    time.show_timeline(timeline(replace(training_of(), moments=(0, 200, 400))))
    assert time.step is None


def test_a_held_knob_keeps_its_moments_while_the_run_goes_on(time: TimeTravel) -> None:
    went: list[object] = []
    time.travelled.connect(went.append)
    slider = time.slider

    def at(notch: int) -> QPoint:
        return QPoint(round(slider.x_of(notch)), slider.height() // 2)

    QTest.mousePress(slider, LEFT, KEYS, at(2))
    time.show_timeline(timeline(training_of(800)))
    QTest.mouseMove(slider, at(3))
    assert went == [100, 150]
    assert slider.maximum() == 8
    QTest.mouseRelease(slider, LEFT, KEYS, at(3))
    assert slider.maximum() == 16
    assert slider.value() == 3


def test_without_a_past_there_is_nowhere_to_go(time: TimeTravel) -> None:
    time.show_timeline(timeline(training_of(0, moments=(0,), cells=())))
    assert not time.slider.isEnabled()
    assert time.slider.value() == time.slider.maximum()


# The samples --------------------------------------------------------------------------------------


@pytest.fixture
def samples(show: Callable[[QWidget], None]) -> SamplesPanel:
    panel = SamplesPanel("Samples", "", name="samples")
    panel.resize(900, 160)
    show(panel)
    long = "word 😀 " * 200
    panel.set_samples(
        [Sample("A", long, "lstm", "step 1"), Sample("B", "short", "gru"), Sample("C", "", note="none")]
    )
    return panel


def test_a_sample_is_wrapped_and_elided_and_an_empty_one_says_why(samples: SamplesPanel) -> None:
    lines = samples.lines(0)
    assert len(lines) > 2
    assert lines[-1].endswith("…")
    assert ("word 😀 " * 200).startswith("".join(lines[:-1]))
    assert samples.lines(1) == ["short"]
    assert samples.lines(2) == ["none"]
    assert samples.tip(samples.area(0).center()).startswith("<p>word")
    assert samples.tip(samples.area(1).center()) == ""
    samples.resize(300, 160)
    assert samples.area(1).top() > samples.area(0).bottom()
    assert len(samples.lines(0)) == 2
    samples.resize(300, 110)  # the text begins beside the name
    assert len(samples.lines(0)) == 1
    samples.resize(300, 40)  # it does not get so low that a line would be cut
    assert samples.area(2).height() >= samples.fontMetrics().height()
    assert samples.area(2).bottom() <= samples.canvas.height()


def test_samples_are_reached_by_pointer_and_keys(samples: SamplesPanel) -> None:
    seen: list[object] = []
    samples.clicked.connect(seen.append)
    assert samples.cell_at(samples.area(1).center()) == (1,)
    assert samples.cell_at(QPointF(-5, 5)) is None
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(samples.canvas, key)
    assert seen == [("samples", (2,))]
    assert "B: short" in samples.summary()
    samples.set_samples([])
    assert samples.is_empty


def test_a_sample_has_its_authors_colour(samples: SamplesPanel, both_themes: str) -> None:
    image, area = samples.canvas.grab().toImage(), samples.area(1)
    assert image.pixelColor(int(area.left()) + 1, int(area.top()) + 12).name() == theme().gru
