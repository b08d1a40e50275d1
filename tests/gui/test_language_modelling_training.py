"""Training on one's own text as a person does it: the real window and worker, with small networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from language_modelling_visitor import UNITS, Visitor, model_of, opened_window, visiting
from person import LEFT, files
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from engine.ask import Cell
from engine.labs.language_modelling import LanguageModellingConfig, Training, training_run
from engine.models.character_model import CELLS
from engine.training import live
from engine.training.presets import PRESETS
from gui.labs.language_modelling import train_start
from gui.labs.language_modelling.train_charts import TrainingChart
from gui.main_window import MainWindow

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
"""Neither raising a menu nor giving it the keyboard: what the offscreen platform says of each that opens."""

IN_TRAINING = "your text"
TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 60
LEARNING = {"rnn": 20, "lstm": 10, "gru": 11}
"""Units of the networks that learn, few enough for hundreds of steps a second."""
RIGHT, KEYS = Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier


class Trainer(Visitor):
    """A person at the training tab."""

    @property
    def training(self) -> Training:
        """How the run stands, as the lab said last."""
        found = self.snapshot.training
        assert isinstance(found, Training)
        return found

    @property
    def is_playing(self) -> bool:
        return self.frames[-1].playing

    @property
    def finding(self) -> str:
        return self.page.train.run.finding.text()

    def learns_on(self, steps: int = 3) -> None:
        """Wait until it is so many steps further."""
        before = self.training.step
        self.waits_until(lambda: self.training.step >= before + steps)
        assert self.is_playing

    def begins(self, name: str = "cats.txt") -> None:
        """Wait until a run has begun and has done its first steps."""
        self.waits_until(lambda: self.frames and self.snapshot and self.snapshot.training)
        self.waits_until(lambda: self.training.text == name and self.training.step >= 3 and self.is_playing)

    def chooses(self, entry: str) -> None:
        """Open the menu of the button for another run and choose from it."""
        actions = self.page.train.run.new.menu().actions()
        self.waits_until(lambda: any(each.text().startswith(entry) for each in actions))
        next(each for each in actions if each.text().startswith(entry)).trigger()

    def pauses(self) -> None:
        """Press the button below and wait until everything is measured."""
        self.clicks(self.bench.transport.play_button)
        self.waits_until(lambda: not self.is_playing)
        self.rests()

    def surprise(self) -> dict[str, np.ndarray]:
        """(N,) what each strip shows."""
        strips = {cell: self.page.cells[cell].strip for cell in CELLS}
        return {cell: np.array([row[2] for row in strip.numbers()[1]]) for cell, strip in strips.items()}


@pytest.fixture(scope="module")
def small_networks() -> Iterator[None]:
    """New networks, and those to go on from, have a few units; what is measured now and then comes soon."""
    names = PRESETS["names"]
    with pytest.MonkeyPatch.context() as patch:
        tiny = replace(names, embedding=6, final=replace(names.final, hidden=LEARNING))
        patch.setitem(PRESETS, "tiny", tiny)
        patch.setitem(training_run.PRESET_OF, "small", "tiny")
        patch.setattr(
            training_run, "load_language_models", lambda kind: {cell: model_of(cell) for cell in CELLS}
        )
        for share in ("LISTENING", "SCORING"):
            patch.setattr(training_run, share, 0.2)
        yield


@pytest.fixture(scope="module")
def window(
    small_networks: None, qapp: QApplication, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MainWindow]:
    assert qapp is not None
    with opened_window(tmp_path_factory.mktemp("config")) as window:
        yield window


@pytest.fixture
def idle(window: MainWindow, qtbot: QtBot) -> Iterator[Trainer]:
    """Somebody at the training tab; what was learned before rests."""
    with visiting(window, qtbot, Trainer) as trainer:
        trainer.page.tabs.setCurrentWidget(trainer.page.train)
        yield trainer


@pytest.fixture
def cats(tmp_path: Path) -> Path:
    path = tmp_path / "cats.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def person(idle: Trainer, cats: Path) -> Trainer:
    """Somebody whose networks are learning."""
    idle.window.post("train_on", str(cats))
    idle.begins()
    return idle


@pytest.fixture
def choice(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """What the person chooses in the system's dialog."""

    def choose(path: Path) -> None:
        monkeypatch.setattr(train_start, "ask_file", lambda parent: str(path))

    return choose


def test_a_chosen_text_is_learned_at_once(
    small_networks: None, tmp_path: Path, cats: Path, choice: Callable[[Path], None], qtbot: QtBot
):
    with (
        opened_window(tmp_path / "config") as window,
        visiting(window, qtbot, Trainer) as person,
    ):
        person.page.tabs.setCurrentWidget(person.page.train)
        assert person.page.train.start.isVisible()
        choice(cats)
        person.clicks(person.page.train.start.file)
        person.begins()
        run = person.page.train.run
        person.waits_until(lambda: run.isVisible() and not run.loss.is_empty)
        assert not person.page.train.start.isVisible()
        person.waits_until(lambda: "cats.txt" in person.finding)
        assert (person.form.config.model, person.form.config.play) == (IN_TRAINING, "train")
        assert person.bench.transport.is_running
        assert f"LSTM {LEARNING['lstm']} units" in person.bench.subtitle.text
        assert person.text == LanguageModellingConfig().text
        assert person.bench.notice.current is None


def test_after_a_pause_everything_is_measured_on_the_last_weights(person: Trainer):
    person.learns_on()
    person.pauses()
    step = person.training.step
    assert (person.training.shown, person.training.follows) == (step, True)
    assert all(each.sample_step == step and each.sample for each in person.training.cells)
    run = person.page.train.run
    person.waits_until(lambda: run.time.label.text() == f"now, following: step {step:,}")
    person.waits_until(lambda: run.samples.numbers()[1][0][1] == f"at step {step:,}")  # as drawn last
    unseen = (*person.page.phrase.panels(), run.gradients, run.ratios)  # nothing is brushed; no room
    tabs = person.page.tabs
    for place in (*range(tabs.count()), tabs.currentIndex()):  # what is in front is drawn
        tabs.setCurrentIndex(place)
    assert [panel.name for panel in person.page.panels() if panel.is_empty and panel not in unseen] == []
    measured = person.surprise()
    person.chooses("Begin again")
    person.waits_until(lambda: person.training.step < step)
    person.waits_until(lambda: not person.snapshot.unread)
    assert all((person.surprise()[cell] != measured[cell]).any() for cell in CELLS)


def test_the_slider_leads_back_and_a_button_to_now(person: Trainer):
    person.learns_on(30)
    person.pauses()
    now, time = person.surprise(), person.page.train.run.time
    person.waits_until(lambda: time.slider.isEnabled() and time.step is None)
    knob = QPoint(round(time.slider.x_of(time.slider.maximum())), time.slider.height() // 2)
    first = QPoint(round(time.slider.x_of(0)), knob.y())
    QTest.mousePress(time.slider, LEFT, KEYS, knob)
    QTest.mouseMove(time.slider, first)
    person.waits_until(lambda: person.training.shown == 0)
    QTest.mouseRelease(time.slider, LEFT, KEYS, first)
    person.rests()
    assert not person.training.follows
    assert person.finding.startswith("You look at the past: every view shows the networks as they were")
    then = person.surprise()
    for cell in CELLS:
        assert then[cell].mean() > now[cell].mean() + 0.3  # it has not learned anything yet
        assert f"{then[cell].mean():.2f} nats" in person.page.cells[cell].strip.sentence
    assert [each.sample_step for each in person.training.cells] == [0, 0, 0]
    person.clicks(time.back)
    person.waits_until(lambda: person.training.follows)
    person.rests()
    assert not person.finding.startswith("You look at the past")
    for cell in CELLS:
        np.testing.assert_array_equal(person.surprise()[cell], now[cell])


def test_the_past_stays_while_the_run_goes_on(person: Trainer):
    person.window.post("go_to", 1)
    person.waits_until(lambda: not person.training.follows)
    then = person.surprise()
    person.learns_on(10)
    assert person.training.shown == 1
    for cell in CELLS:
        np.testing.assert_array_equal(person.surprise()[cell], then[cell])


def test_a_key_appears_at_once_while_it_learns(person: Trainer):
    person.goes_to_the_line()
    typed = person.text
    for key in " cat sat":
        person.types(key)
        typed += key
        assert person.text == typed
        QApplication.processEvents()
    person.waits_until(lambda: person.snapshot.typed == typed)
    assert person.is_playing
    person.waits_until(lambda: len(person.page.cells["gru"].strip.numbers()[1]) == len(typed))
    person.learns_on()
    assert person.text == typed


def test_other_networks_are_looked_at_while_it_goes_on(person: Trainer):
    def units() -> set[int]:
        return {each.hidden for each in person.snapshot.readings}

    person.form.change({"model": "prose"})
    person.waits_until(lambda: units() == {UNITS})
    person.learns_on()
    assert units() == {UNITS}
    before = person.surprise()
    person.learns_on(10)
    assert all((person.surprise()[cell] == before[cell]).all() for cell in CELLS)
    person.form.change({"model": IN_TRAINING})
    person.waits_until(lambda: units() == set(LEARNING.values()))
    person.learns_on()
    shown = person.training.shown
    person.waits_until(lambda: person.training.shown > shown)


def test_a_text_too_short_is_told_and_changes_nothing(
    person: Trainer, tmp_path: Path, choice: Callable[[Path], None]
):
    short = tmp_path / "short.txt"
    short.write_text("a few words")
    choice(short)
    person.chooses("Choose a text")
    person.waits_until(lambda: person.bench.notice.current is not None)
    assert "too short to train on" in person.bench.notice.current.sentence
    step = person.training.step
    person.chooses("Begin again: cats.txt")
    person.waits_until(lambda: person.training.step < step)
    person.begins()


def test_a_text_too_short_does_not_stop_the_former_run(person: Trainer, tmp_path: Path):
    short = tmp_path / "short.txt"
    short.write_text("a few words")
    person.window.post("train_on", str(short))
    person.waits_until(lambda: person.bench.notice.current is not None)
    assert person.is_playing


def test_it_begins_again_with_the_settings_in_force(person: Trainer):
    person.learns_on(20)
    step = person.training.step
    person.form.change({"from_default": True})
    person.chooses("Begin again: cats.txt, the networks that ship")
    person.waits_until(lambda: person.training.step < step)
    person.begins()
    assert {each.hidden for each in person.training.cells} == {UNITS}


def test_one_may_meddle_with_a_network_while_it_learns(person: Trainer):
    inside = person.page.inside
    person.page.tabs.setCurrentWidget(inside)
    person.waits_until(lambda: inside.states.isVisible() and not inside.states.is_empty)
    at = inside.states.value_rect((2, 15)).center().toPoint()
    native, place = person.window.windowHandle(), inside.states.canvas.mapTo(person.window, at)
    QTest.mouseMove(native, place)
    QTest.mouseClick(native, RIGHT, KEYS, place)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    off = next(action for action in menu.actions() if " off from " in action.text())
    QTest.mouseClick(menu, LEFT, KEYS, menu.actionGeometry(off).center())
    person.waits_until(lambda: person.snapshot.meddling)
    (done,) = person.snapshot.meddling
    unit = int(person.snapshot.states.units[2])
    assert (done.cell, done.kind, done.place, done.unit) == ("lstm", "off", 15, unit)
    assert person.page.meddled.isVisible()
    person.learns_on()
    reading = person.snapshot.readings[1]
    assert reading.untouched_nats is not None
    shown = person.snapshot.states
    assert (shown.values[shown.units.tolist().index(unit), 15:] == 0).all()
    person.clicks(person.page.meddled.chips[0].button)
    person.waits_until(lambda: not person.snapshot.meddling)
    person.waits_until(lambda: not person.page.meddled.isVisible())
    person.learns_on()
    inside.states.leave()
    menu.aboutToShow.emit()  # empties it, and lets go of a menu inside it


def test_a_dropped_folder_can_be_learned_from(person: Trainer, tmp_path: Path):
    folder = tmp_path / "tales"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.txt").write_text(f"Chapter {name}. " + TEXT)
    assert person.drags(files(folder), person.page.tabs)
    person.waits_until(lambda: person.snapshot.file == "tales")
    assert person.text.startswith("Chapter one. the cat")
    assert person.training.text == "cats.txt"
    person.waits_until(lambda: person.page.train.run.opened.text() == "Learn from tales")
    person.chooses("Learn from tales")
    person.begins("tales")
    assert person.training.characters > 1.5 * len(TEXT)


def test_a_point_of_a_chart_is_explained_with_the_value_that_is_drawn(person: Trainer):
    person.waits_until(lambda: all(len(each.held_out) for each in person.training.cells))
    person.learns_on(10)
    person.pauses()
    run = person.page.train.run
    explains(person, run.loss, "LSTM")
    explains(person, run.loss, "LSTM held out")
    for button, chart, layer in ((1, run.gradients, "recurrent"), (2, run.ratios, "embedding")):
        person.clicks(run.beside.buttons[button])
        explains(person, chart, layer)


def explains(person: Trainer, chart: TrainingChart, curve: str) -> None:
    """A point in the middle of a curve is asked about, and the answer ends in the value there."""
    header, rows = chart.numbers()
    assert chart.isVisible()
    column = header.index(curve)
    places = [place for place in range(len(rows)) if chart.contains((column - 1, place))]
    cell = (column - 1, places[len(places) // 2])
    asked: list[object] = []
    chart.asked.connect(asked.append)
    chart.move_cursor(cell)
    array, index = asked[-1]
    person.waits_until(lambda: person.snapshot.question == Cell(array, index))
    drawn = next(row[column] for row in rows if row[0] == index[-2])
    assert person.bench.ask.answer.value == pytest.approx(drawn)
    assert person.bench.ask.answer.title.startswith("LSTM · ")


def test_a_network_that_fails_rests_and_the_others_go_on(person: Trainer, monkeypatch: pytest.MonkeyPatch):
    failing, read = {"rnn"}, live._Learner._read

    def fails(learner: live._Learner, batch: torch.Tensor) -> torch.Tensor:
        return read(learner, batch) * (math.nan if learner.model.config.cell in failing else 1.0)

    monkeypatch.setattr(live._Learner, "_read", fails)
    person.waits_until(lambda: person.training.cells[0].failed_at is not None)
    person.learns_on()
    person.waits_until(lambda: "it rests, the others go on" in person.finding)
    assert [each.failed_at for each in person.training.cells[1:]] == [None, None]
    assert person.bench.notice.current is None
    failing.clear()
    person.chooses("Begin again")
    person.waits_until(lambda: person.training.cells[0].failed_at is None)  # another run is shown by and by
    person.learns_on()
    assert person.training.cells[0].failed_at is None


def test_the_window_closes_in_the_middle_of_training(
    small_networks: None, tmp_path: Path, cats: Path, qtbot: QtBot
):
    with opened_window(tmp_path / "config") as window:
        person = Trainer(window, qtbot)
        window.post("train_on", str(cats))
        person.begins()
        assert person.is_playing
        window.close()
        assert window.worker_ended
