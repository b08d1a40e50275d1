"""The window around any lab, as a person uses it, with a worker that says only what the test gives it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from person import CONTROL, FakeSource, Person, controls, files, frame, pixels, unnamed
from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QColor, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QMenu,
    QWidget,
)
from pytestqt.qtbot import QtBot

from engine.ask import Answer, Cell
from engine.device import DeviceInfo
from engine.jobs import JobStatus
from engine.labs.image_classification import ImageClassificationConfig, ImageClassificationSnapshot
from engine.registry import labs
from engine.worker import Failure, Opened
from gui import main_window, window_actions
from gui.main_window import MainWindow
from gui.memory import FILE_NAME, Memory, Placement
from gui.theme import theme, themes

LAB = "image-classification"
OCCLUSION = JobStatus("explanation", "Occlusion", 40, 400, 3.0)


class Somebody(Person):
    """A person at a window whose worker is a test's."""

    def __init__(self, window: MainWindow, qtbot: QtBot, source: FakeSource) -> None:
        super().__init__(window, qtbot)
        self.source = source
        assert window.bench is not None
        assert window.form is not None
        self.bench, self.form = window.bench, window.form

    def is_shown(self, **changes: Any) -> None:
        """Give the window a frame and wait until it is drawn."""
        seen: list[object] = []
        self.window.shown.connect(seen.append)
        given = frame(**changes)
        self.source.give(given)
        self.waits_until(lambda: given in seen)
        self.window.shown.disconnect(seen.append)

    @property
    def told(self) -> list[str]:
        """The commands that the worker got, but for those that say how large the page is."""
        return [name for name, _ in self.source.posted if name not in ("select", "arrange")]

    def is_shown_a_lab(self, config: ImageClassificationConfig | None = None, **changes: Any) -> None:
        """A snapshot without a picture: the page is there and says what it waits for."""
        self.is_shown(snapshot=ImageClassificationSnapshot(config or ImageClassificationConfig(), **changes))


Open = Callable[..., Somebody]


@pytest.fixture
def open_window(
    show: Callable[[QWidget], None], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """Opens a window on what a memory holds, a new one if none is given."""
    monkeypatch.setattr(main_window, "SAVE_AFTER", 0)

    def open_it(memory: Memory | None = None) -> Somebody:
        source = FakeSource()
        window = MainWindow(memory or Memory(tmp_path / "config"), lambda: source)
        done: list[bool] = []
        window.completed.connect(lambda: done.append(True))
        show(window)
        qtbot.waitUntil(lambda: bool(done))
        return Somebody(window, qtbot, source)

    return open_it


@pytest.fixture
def person(open_window: Open) -> Somebody:
    return open_window()


# Coming up ---------------------------------------------------------------------------------------


def test_it_paints_itself_before_it_starts_a_worker(qtbot: QtBot, show: Callable, tmp_path: Path) -> None:
    order: list[str] = []

    def start() -> FakeSource:
        order.append("worker")
        return FakeSource()

    window = MainWindow(Memory(tmp_path), start)
    window.painted.connect(lambda: order.append("painted"))
    window.completed.connect(lambda: order.append("completed"))
    show(window)
    qtbot.waitUntil(lambda: len(order) == 3)
    assert order == ["painted", "worker", "completed"]


def test_it_starts_with_the_only_lab_on_its_defaults(person: Somebody) -> None:
    assert person.source.posted[0] == ("select", (LAB, ImageClassificationConfig()))
    assert person.window.labs.current == LAB
    assert person.window.labs.names() == tuple(labs())
    assert person.bench.pages.currentWidget() is person.bench.loading
    assert person.bench.question.text() == labs()[LAB].question
    person.is_shown(device=DeviceInfo("cpu", "A Processor", 3))
    assert person.bench.status.device_name.text == "CPU · A Processor"
    assert person.bench.status.threads.text() == "3 threads"
    person.is_shown_a_lab()
    assert person.bench.pages.currentWidget() is person.window.page


class Windows(QObject):
    """Notes every window that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.append(type(watched).__name__)
        return False


def test_no_other_window_flashes_up(qapp: QApplication, open_window: Open) -> None:
    windows = Windows()
    qapp.installEventFilter(windows)
    person = open_window()
    person.is_shown_a_lab()
    qapp.removeEventFilter(windows)
    assert windows.shown == ["MainWindow"]
    assert person.window.isActiveWindow()


def test_the_loading_line_gives_way_where_nothing_could_be_loaded(person: Somebody) -> None:
    person.is_shown(lab="", failures=(Failure("There is no torch.", "ImportError"),))
    assert person.bench.notice.current.sentence == "There is no torch."
    assert "Loading" not in person.bench.loading.text()


def test_a_window_closed_at_its_first_paint_starts_nothing(
    qtbot: QtBot, show: Callable, tmp_path: Path
) -> None:
    started: list[FakeSource] = []

    def start() -> FakeSource:
        started.append(FakeSource())
        return started[-1]

    window = MainWindow(Memory(tmp_path), start)
    window.painted.connect(window.close)
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.painted):
        window.show()
    QTest.qWait(50)
    assert not window.isVisible()
    assert started == []


def test_closing_between_two_stages_ends_the_worker(qtbot: QtBot, tmp_path: Path) -> None:
    sources: list[FakeSource] = []

    def start() -> FakeSource:
        QTimer.singleShot(0, window.close)
        sources.append(FakeSource())
        return sources[-1]

    window = MainWindow(Memory(tmp_path), start)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(sources) and not window.isVisible())
    QTest.qWait(50)
    assert [source.closed for source in sources] == [1]
    assert window.page is None


# What is brought in ------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["pages", "forms", "ask", "transport", "status"])
def test_files_dropped_anywhere_are_opened(person: Somebody, tmp_path: Path, where: str) -> None:
    paths = [tmp_path / "a.png", tmp_path / "b.jpg"]
    for path in paths:
        path.touch()
    assert person.drags(files(*paths), getattr(person.bench, where))
    assert person.source.of("open") == [(path,) for path in paths]


def opened(path: Path, lab: str = LAB, **settings: Any) -> Opened:
    """What the worker tells of a file that a lab has taken, and what that did to the usual settings."""
    before = labs()[lab].config_type()
    return Opened(lab, path, before, replace(before, **settings))


def test_only_what_a_lab_has_taken_and_the_person_has_brought_is_a_recent_file(
    person: Somebody, tmp_path: Path
) -> None:
    first, refused, last, ours = (tmp_path / name for name in ("a.png", "b.png", "c.png", "ours.png"))
    for path in (first, refused, last, ours):
        path.touch()
    person.drags(files(first, refused, last), person.bench.pages)
    person.is_shown_a_lab()
    assert person.window.memory.recent_files() == []
    told = tuple(map(opened, (first, last, ours)))
    person.is_shown(opened=told, failures=(Failure("b.png cannot be read.", ""),))
    assert person.window.memory.recent_files() == [last, first]


def test_a_veil_says_that_it_may_be_dropped(person: Somebody, tmp_path: Path) -> None:
    hint = person.window.window_actions._hint
    assert not hint.isVisible()
    person.drags(files(tmp_path), person.bench.pages, drop=False)
    assert hint.isVisible()
    assert hint.size() == person.window.size()
    person.window.resize(person.window.width() - 100, person.window.height())
    assert hint.size() == person.window.size()
    person.drags_away()
    assert not hint.isVisible()
    person.drags(files(tmp_path), person.bench.pages)
    assert not hint.isVisible()


def test_a_link_or_sound_is_refused_in_one_sentence(person: Somebody, tmp_path: Path) -> None:
    link = QMimeData()
    link.setUrls([QUrl("https://example.org/cat.jpg")])
    person.drags(link, person.bench.pages)
    assert "network" in person.bench.notice.current.sentence
    person.bench.notice.close_current()
    sound = tmp_path / "song.mp3"
    sound.touch()
    person.drags(files(sound), person.bench.pages)
    assert "song.mp3" in person.bench.notice.current.sentence
    assert person.source.of("open") == []
    assert person.window.memory.recent_files() == []


def test_pasting(person: Somebody, tmp_path: Path) -> None:
    clipboard = QGuiApplication.clipboard()
    red = np.zeros((2, 3, 3), np.uint8)
    red[..., 0] = 255
    clipboard.setImage(pixels(red))
    person.presses(Qt.Key.Key_V, CONTROL)
    ((rgb, name),) = person.source.of("open_picture")
    np.testing.assert_array_equal(rgb, red)
    assert name == "Pasted picture"
    clipboard.setMimeData(files(tmp_path))
    person.presses(Qt.Key.Key_V, CONTROL)
    assert person.source.of("open") == [(tmp_path,)]
    clipboard.clear()
    person.presses(Qt.Key.Key_V, CONTROL)
    assert "clipboard" in person.bench.notice.current.sentence


def test_dialogs_remember_their_folder_and_may_be_left(
    person: Somebody, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photograph = tmp_path / "photo.jpg"
    photograph.touch()
    monkeypatch.setattr(window_actions, "ask_files", lambda *_: [photograph])
    person.presses(Qt.Key.Key_O, CONTROL)
    assert person.source.of("open") == [(photograph,)]
    started_in: list[str] = []

    def choose(parent: QWidget, title: str, folder: str) -> str:
        started_in.append(folder)
        return str(tmp_path) if len(started_in) == 1 else ""

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choose)
    for _ in range(2):
        person.presses(Qt.Key.Key_O, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert started_in == ["", str(tmp_path)]
    assert person.source.of("open") == [(photograph,), (tmp_path,)]


@pytest.fixture
def menus(monkeypatch: pytest.MonkeyPatch) -> list[QMenu]:
    """Menus that would have popped up, which an offscreen window system cannot show."""
    popped: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, at: popped.append(menu))
    return popped


def test_recent_files_are_in_menu_and_palette_until_they_are_forgotten(
    person: Somebody, tmp_path: Path, menus: list[QMenu]
) -> None:
    photograph = tmp_path / "holiday.jpg"
    photograph.touch()
    person.drags(files(photograph), person.bench.pages)
    person.is_shown(opened=(opened(photograph),))
    person.presses(Qt.Key.Key_F10)
    (recent,) = (action for action in actions_in(menus[-1]) if action.text() == "holiday.jpg")
    recent.trigger()
    assert person.source.of("open") == [(photograph,)] * 2
    person.presses(Qt.Key.Key_K, CONTROL)
    person.types("holiday")
    person.presses(Qt.Key.Key_Return)
    assert person.source.of("open") == [(photograph,)] * 3
    person.window.window_actions.table["forget"].trigger()
    person.clicks(person.window.menu_button)
    assert "holiday.jpg" not in [action.text() for action in actions_in(menus[-1])]
    person.presses(Qt.Key.Key_K, CONTROL)
    person.types("holiday")
    person.presses(Qt.Key.Key_Return)
    assert len(person.source.of("open")) == 3
    person.presses(Qt.Key.Key_Escape)
    assert not person.window.window_actions.palette.isVisible()


def test_the_menu_holds_every_action(person: Somebody, menus: list[QMenu]) -> None:
    person.is_shown_a_lab()
    person.clicks(person.window.menu_button)
    assert set(person.window.actions()) <= set(actions_in(menus[-1]))


def actions_in(menu: QMenu) -> list[QAction]:
    """Every line of a menu's submenus."""
    return [action for sub in menu.actions() for action in sub.menu().actions()]


# Settings ----------------------------------------------------------------------------------------


def test_a_changed_setting_is_sent_undone_and_done_again(person: Somebody) -> None:
    undo, redo = (person.window.window_actions.table[name] for name in ("undo", "redo"))
    assert not undo.isEnabled()
    person.is_shown_a_lab()
    person.form.change({"rotate": 30.0})
    assert person.source.of("configure")[-1][0].rotate == 30.0
    assert undo.isEnabled()
    person.presses(Qt.Key.Key_Z, CONTROL)
    assert person.source.of("configure")[-1][0].rotate == 0.0
    assert not undo.isEnabled()
    assert redo.isEnabled()
    person.presses(Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert person.source.of("configure")[-1][0].rotate == 30.0
    person.presses(Qt.Key.Key_Backspace, CONTROL)
    assert person.source.of("configure")[-1][0] == ImageClassificationConfig()


def test_what_a_file_sets_is_undone_and_done_again_and_what_the_lab_completes_is_not(
    person: Somebody, tmp_path: Path
) -> None:
    model = str(tmp_path / "mine.safetensors")
    person.is_shown_a_lab(ImageClassificationConfig(layer="stem.conv", channel=3, rotate=5.0))
    assert not person.form.can_undo()
    before = person.form.config
    after = replace(before, model=model, layer=None, channel=None)
    snapshot = ImageClassificationSnapshot(replace(after, order="mean"))  # and the lab's own word beside it
    person.is_shown(snapshot=snapshot, opened=(Opened(LAB, Path(model), before, after),))
    assert (person.form.config.model, person.form.config.order) == (model, "mean")
    assert person.source.of("configure") == []
    person.presses(Qt.Key.Key_Z, CONTROL)
    assert person.source.of("configure")[-1][0] == replace(before, order="mean")
    assert not person.form.can_undo()
    person.presses(Qt.Key.Key_Y, CONTROL)
    assert person.source.of("configure")[-1][0] == replace(after, order="mean")


def test_a_picture_that_is_opened_and_a_text_that_is_typed_are_no_steps(
    person: Somebody, tmp_path: Path
) -> None:
    person.is_shown_a_lab()
    reader = "language-modelling"
    told = opened(tmp_path / "a.png"), opened(tmp_path / "a.txt", reader, text="It was")
    person.window.choose_lab(reader)
    person.is_shown(opened=told)
    assert not person.form.can_undo()
    assert not person.window.form.can_undo()
    person.is_shown(opened=(opened(tmp_path / "a.pt", reader, text="It was", model="names"),))
    person.window.form.undo()
    assert person.source.of("configure")[-1][0].model == "prose"


def test_undo_leaves_what_is_typed_to_the_text_field(person: Somebody) -> None:
    person.is_shown_a_lab()
    person.form.change({"rotate": 30.0})
    number = person.form.row("wanted_steps").field.number
    number.setFocus()
    number.selectAll()
    person.types("99")
    person.presses(Qt.Key.Key_Z, CONTROL)
    assert person.form.config.rotate == 30.0


def test_what_the_lab_completes_is_shown_and_remembered(person: Somebody) -> None:
    person.is_shown_a_lab(ImageClassificationConfig(layer="stem.conv"), choices={"layer": ("stem.conv",)})
    assert person.form.config.layer == "stem.conv"
    assert person.window.memory.config_of(LAB)["layer"] == "stem.conv"


def test_defaults_are_not_written_down(person: Somebody) -> None:
    person.is_shown_a_lab()
    assert person.window.memory.config_of(LAB) == {}


def test_what_the_lab_refuses_goes_back_on_screen_and_in_memory(person: Somebody) -> None:
    person.is_shown_a_lab()
    person.form.change({"target": 5000})
    assert person.window.memory.config_of(LAB)["target"] == 5000
    person.is_shown(
        snapshot=ImageClassificationSnapshot(ImageClassificationConfig()),
        failures=(Failure("There is no class 5000.", ""),),
    )
    assert person.form.config.target is None
    assert person.window.memory.config_of(LAB)["target"] is None


# Asking ------------------------------------------------------------------------------------------


def answered(person: Somebody, title: str) -> None:
    person.is_shown_a_lab(answer=Answer(title, "A value.", 1.5))


def test_pointing_asks_and_a_pin_keeps_asking_for_one(person: Somebody) -> None:
    person.is_shown_a_lab()
    page, first, second = person.window.page, Cell("maps", (0, 1, 2)), Cell("maps", (3, 4, 5))
    page.asked.emit(first)
    page.asked.emit(None)
    assert person.source.of("ask") == [(first,)]
    answered(person, "First")
    assert person.bench.ask.answer.title == "First"
    page.pinned.emit(first)
    assert person.bench.ask.is_pinned
    page.asked.emit(second)
    assert person.source.of("ask") == [(first,), (first,)]
    person.presses(Qt.Key.Key_Escape)
    assert not person.bench.ask.is_pinned
    assert person.source.of("ask")[-1] == (second,)


def test_the_pin_button_pins_what_was_pointed_at_last(person: Somebody) -> None:
    person.is_shown_a_lab()
    cell = Cell("maps", (0, 1, 2))
    person.window.page.asked.emit(cell)
    answered(person, "First")
    person.clicks(person.bench.ask.pin_button)
    assert person.bench.ask.is_pinned
    person.window.page.asked.emit(Cell("maps", (9, 9, 9)))
    assert person.source.of("ask") == [(cell,), (cell,)]
    answered(person, "First, of another picture")
    assert person.bench.ask.answer.title == "First, of another picture"


# The run -----------------------------------------------------------------------------------------


def test_the_transport_sends_what_is_pressed(person: Somebody) -> None:
    person.is_shown_a_lab()
    person.is_shown()
    transport = person.bench.transport
    person.clicks(transport.play_button)
    person.is_shown(playing=True)
    person.clicks(transport.play_button)
    person.is_shown()
    person.clicks(transport.step_button)
    person.clicks(transport.reset_button)
    assert person.told == ["play", "pause", "step_once", "reset"]
    transport.speed_list.setFocus()
    person.presses(Qt.Key.Key_Home)
    person.presses(Qt.Key.Key_End)
    assert person.source.of("set_speed") == [(0.25,), (None,)]


def test_keys_run_it_too(person: Somebody) -> None:
    person.is_shown_a_lab()
    person.is_shown()
    person.bench.pages.setFocus()
    person.presses(Qt.Key.Key_Space, CONTROL)
    person.presses(Qt.Key.Key_Period, CONTROL)
    person.presses(Qt.Key.Key_R, CONTROL)
    assert person.told == ["play", "step_once", "reset"]
    person.presses(Qt.Key.Key_Escape, CONTROL)
    assert person.source.cancelled == 1


def test_long_work_shows_its_progress_and_can_be_cancelled(person: Somebody) -> None:
    transport = person.bench.transport
    person.is_shown_a_lab()
    assert not transport.progress.isVisible()
    person.is_shown(jobs=(OCCLUSION,))
    assert transport.progress.isVisible()
    person.clicks(transport.cancel_button)
    assert person.source.cancelled == 1
    person.is_shown()
    assert not transport.progress.isVisible()
    assert not transport.cancel_button.isEnabled()


def test_a_failure_is_shown_with_details_to_copy(person: Somebody) -> None:
    person.is_shown_a_lab()
    failures = Failure("It was too large.", "Traceback: one"), Failure("And too wide.", "Traceback: two")
    person.is_shown(failures=failures)
    notice = person.bench.notice
    assert notice.current.sentence == "It was too large."
    assert notice.waiting == 1
    person.clicks(notice.copy_button)
    assert QGuiApplication.clipboard().text() == "It was too large.\n\nTraceback: one"
    person.clicks(notice.close_button)
    assert notice.current.sentence == "And too wide."
    person.clicks(notice.close_button)
    assert not notice.isVisible()


def test_a_fault_of_the_window_is_told_with_its_trace(person: Somebody) -> None:
    try:
        raise RuntimeError("nobody foresaw this")
    except RuntimeError as error:
        person.window.tell_fault(error)
    person.clicks(person.bench.notice.copy_button)
    assert "RuntimeError" in person.bench.notice.current.sentence
    assert "nobody foresaw this" in QGuiApplication.clipboard().text()


def test_a_frame_of_another_lab_does_not_reach_the_page(person: Somebody) -> None:
    person.is_shown(
        lab="another", snapshot=ImageClassificationSnapshot(ImageClassificationConfig(rotate=9.0))
    )
    assert person.bench.pages.currentWidget() is person.bench.loading
    assert person.form.config.rotate == 0.0


# The view ----------------------------------------------------------------------------------------


def page_colour(person: Somebody) -> str:
    """The ground of the page, where nothing is drawn."""
    image = person.window.grab().toImage()
    at = person.bench.pages.mapTo(person.window, QPoint(-4, 20))
    return image.pixelColor(at).name()


def test_the_theme_is_swapped_and_remembered(person: Somebody) -> None:
    person.is_shown_a_lab()
    assert themes.current.name == "dark"
    dark = page_colour(person)
    assert dark == QColor(theme().page).name()
    person.presses(Qt.Key.Key_T, CONTROL)
    light = page_colour(person)
    assert light == QColor(theme().page).name() != dark
    assert Memory.load(person.window.memory.folder).theme == "light"
    person.presses(Qt.Key.Key_T, CONTROL)
    assert page_colour(person) == dark


def test_the_palette_finds_actions_by_name(person: Somebody) -> None:
    palette = person.window.window_actions.palette
    person.presses(Qt.Key.Key_K, CONTROL)
    assert palette.isVisible()
    person.types("light theme")
    person.presses(Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert themes.current.name == "light"
    person.presses(Qt.Key.Key_K, CONTROL)
    person.presses(Qt.Key.Key_K, CONTROL)
    assert not palette.isVisible()


def test_the_sheet_of_shortcuts(person: Somebody) -> None:
    sheet = person.window.window_actions.sheet
    person.presses(Qt.Key.Key_F1)
    assert sheet.isVisible()
    person.presses(Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_the_side_column_can_be_put_away(person: Somebody) -> None:
    wide = person.bench.pages.width()
    person.presses(Qt.Key.Key_B, CONTROL)
    QApplication.processEvents()
    assert not person.bench.side.isVisible()
    assert person.bench.pages.width() > wide
    person.presses(Qt.Key.Key_B, CONTROL)
    assert person.bench.side.isVisible()


def test_the_about_line_names_versions_and_device(person: Somebody) -> None:
    person.is_shown(device=DeviceInfo("cpu", "A Processor", 3))
    person.presses(Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)
    sentence = person.bench.notice.current.sentence
    assert all(part in sentence for part in ("gridloop", "torch", "PySide6", "A Processor"))
    assert not person.bench.notice.copy_button.isVisible()


def test_full_screen_and_back(person: Somebody) -> None:
    person.presses(Qt.Key.Key_F11)
    assert person.window.isFullScreen()
    person.presses(Qt.Key.Key_F11)
    assert not person.window.isFullScreen()


# Keyboard and screen readers ---------------------------------------------------------------------


def test_every_control_has_a_name(person: Somebody) -> None:
    person.is_shown_a_lab()
    assert len(controls(person.window)) > 50
    assert unnamed(person.window) == []


def test_every_control_that_takes_the_keyboard_is_reached_by_tab(person: Somebody) -> None:
    person.is_shown_a_lab()
    tabbed = Qt.FocusPolicy.TabFocus
    wanted = {control for control in controls(person.window) if control.focusPolicy() & tabbed}
    reached: set[QWidget] = set()
    person.window.menu_button.setFocus()
    for _ in range(3 * len(wanted)):
        person.presses(Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        reached |= {focus, *([focus.parentWidget()] if focus is not None else [])}
    # Of a group of radio buttons Tab reaches the chosen one; the arrow keys reach the others.
    left = {one for one in wanted - reached if not _is_other_choice(one)}
    assert left == set()


def _is_other_choice(control: QWidget) -> bool:
    return isinstance(control, QAbstractButton) and control.autoExclusive() and not control.isChecked()


def test_no_shortcut_is_given_twice_and_every_action_has_one(person: Somebody) -> None:
    person.is_shown_a_lab()
    actions = person.window.actions()
    keys = [key.toString() for action in actions for key in action.shortcuts()]
    assert len(actions) > 20
    assert len(set(keys)) == len(keys)
    assert [action.objectName() for action in actions if not action.shortcuts()] == []


def test_every_key_does_what_its_action_says(person: Somebody) -> None:
    """A shortcut that two widgets claim, or that a control swallows, would do nothing."""
    person.is_shown_a_lab()
    person.window.setFocus()
    for action in person.window.actions():
        for key in action.shortcuts():
            assert _runs(person, action, key), f"{key.toString()} does not run {action.text()}"


def _runs(person: Somebody, action: QAction, key: QKeySequence) -> bool:
    """Whether a key reaches whoever holds it; a stand-in does, because a dialog would wait for an answer."""
    heard: list[bool] = []
    kept = action.shortcuts()
    stand_in = QAction(person.window)
    stand_in.triggered.connect(lambda: heard.append(True))
    action.setShortcuts([])
    stand_in.setShortcut(key)
    person.window.addAction(stand_in)
    QTest.keySequence(person.window, key)
    person.window.removeAction(stand_in)
    stand_in.deleteLater()
    action.setShortcuts(kept)
    return heard == [True]


# Being remembered, and going ---------------------------------------------------------------------


def test_window_settings_and_splitters_are_found_again(
    open_window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_window, "SMALLEST_SIZE", (300, 200))  # the offscreen screen is small
    first = open_window()
    first.is_shown_a_lab()
    first.form.change({"rotate": 45.0, "layer": "stem.conv"})
    first.window.setGeometry(20, 30, 760, 700)
    first.bench.columns.setSizes([500, 420])
    first.bench.side.setSizes([200, 380])
    sizes = first.bench.columns.sizes(), first.bench.side.sizes()
    first.window.close()
    assert first.source.closed == 1
    second = open_window(Memory.load(tmp_path / "config"))
    assert second.source.posted[0] == (
        "select",
        (LAB, ImageClassificationConfig(rotate=45.0, layer="stem.conv")),
    )
    assert second.form.config.rotate == 45.0
    assert second.window.geometry().getRect() == (20, 30, 760, 700)
    assert (second.bench.columns.sizes(), second.bench.side.sizes()) == sizes


def test_settings_are_written_soon_after_they_change(person: Somebody) -> None:
    person.form.change({"rotate": 45.0})
    path = person.window.memory.folder / FILE_NAME
    person.waits_until(path.exists)
    assert json.loads(path.read_text())["configs"][LAB]["rotate"] == 45.0


@pytest.mark.parametrize(
    "damage",
    [
        b"not json",
        b'{"version": 1, "configs": {"image-classification": {"rotate": "up", "zoom": 9000, "gone": 1}},'
        b' "splitters": {"columns": [0, 5], "side": [1]}, "last_lab": "no-such-lab", "theme": "pink"}',
    ],
)
def test_a_damaged_memory_starts_with_defaults(open_window: Open, tmp_path: Path, damage: bytes) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(damage)
    person = open_window(Memory.load(folder))
    assert person.source.posted[0] == ("select", (LAB, ImageClassificationConfig()))
    assert all(size > 0 for size in person.bench.columns.sizes())
    assert (folder / "memory.bak").read_bytes() == damage


def test_a_placement_on_a_screen_that_is_gone_is_pulled_back(open_window: Open, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "config")
    memory.placement = Placement(9000, 9000, 700, 500)
    person = open_window(memory)
    assert person.window.screen().availableGeometry().intersects(person.window.geometry())


def test_it_closes_twice(person: Somebody) -> None:
    person.is_shown_a_lab()
    person.source.give(frame())
    assert person.window.close()
    assert person.window.close()
    assert person.source.closed >= 1
    assert not person.window.isVisible()
    QTest.qWait(30)
    assert person.source.take() is not None  # nobody asked any more


def test_it_closes_while_a_frame_is_drawn(person: Somebody) -> None:
    person.window.shown.connect(person.window.close)
    person.is_shown_a_lab()
    assert not person.window.isVisible()
    assert person.source.closed == 1


# Drawing in pieces -------------------------------------------------------------------------------


def test_what_is_being_typed_belongs_to_the_lab_that_is_left(person: Somebody) -> None:
    person.is_shown_a_lab()
    other = next(name for name in labs() if name != LAB)
    number = person.form.row("wanted_steps").field.number
    number.setFocus()
    number.selectAll()
    person.types("99")
    person.window.choose_lab(other)
    told = [(name, args[0]) for name, args in person.source.posted if name in ("select", "configure")]
    assert [name for name, _ in told][-2:] == ["configure", "select"]
    assert told[-2][1].wanted_steps == 99
    assert told[-1][1] == other
    assert person.window.memory.config_of(LAB)["wanted_steps"] == 99
    assert not person.window.memory.config_of(other)


def test_a_form_or_page_that_is_not_shown_changes_no_other_lab(person: Somebody) -> None:
    person.is_shown_a_lab()
    form, page = person.form, person.window.page
    other = next(name for name in labs() if name != LAB)
    person.window.choose_lab(other)
    form.change({"rotate": 30.0})
    page.settings_wanted.emit({"rotate": 60.0})
    assert person.source.of("configure") == []
    assert form.config.rotate == 60.0
    assert person.window.memory.config_of(LAB)["rotate"] == 60.0
    assert not person.window.memory.config_of(other)
    person.window.choose_lab(LAB)
    assert person.source.of("configure")[-1][0].rotate == 60.0


def test_a_page_that_is_left_while_it_is_drawn_draws_no_more(
    person: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.is_shown_a_lab()
    other = next(name for name in labs() if name != LAB)
    drawn: list[int] = []

    def pieces(_: object) -> Iterator[None]:
        for piece in range(3):
            drawn.append(piece)
            yield
            if piece == 1:
                person.window.choose_lab(other)

    page = person.window.page
    monkeypatch.setattr(page, "pieces", pieces)
    person.is_shown_a_lab()
    assert drawn == [0, 1, 2]
    assert person.window.page is not page
    person.is_shown_a_lab()  # late, and of the lab that was left
    assert drawn == [0, 1, 2]


def test_what_a_piece_has_drawn_is_painted_before_the_next(
    person: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.is_shown_a_lab()
    page, order = person.window.page, []

    class Paints(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                order.append("painted")
            return False

    def pieces(_: object) -> Iterator[None]:
        for _ in range(3):
            order.append("drawn")
            page.panels()[0].canvas.update()
            yield

    paints = Paints()
    QApplication.processEvents()
    page.panels()[0].canvas.installEventFilter(paints)
    monkeypatch.setattr(page, "pieces", pieces)
    person.is_shown_a_lab()
    page.panels()[0].canvas.removeEventFilter(paints)
    assert order == ["drawn", "painted"] * 3
