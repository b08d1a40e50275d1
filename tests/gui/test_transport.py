"""The transport bar: what it tells when pressed, and what it shows of a frame."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from engine.jobs import JobStatus
from engine.worker import Frame
from gui.progress_text import duration, is_long, percent, progress_text, rate
from gui.theme import theme
from gui.transport import SPEEDS, Transport

LEFT = Qt.MouseButton.LeftButton


def frame(**changes: Any) -> Frame:
    usual = {
        "lab": "a-lab",
        "snapshot": None,
        "playing": False,
        "paused": False,
        "can_step": True,
        "jobs": (),
        "steps": 0,
        "steps_per_second": 0.0,
        "device": None,
    }
    return Frame(**(usual | changes))


def occlusion(done: int = 124, seconds: float = 3.1) -> JobStatus:
    return JobStatus("occlusion", "Occlusion", done, 200, seconds)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    """A window with a bar, a button and a line to type into."""
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    window.button = QPushButton("Button")
    window.line = QLineEdit()
    window.clock = Clock()
    window.bar = Transport(clock=window.clock)
    for widget in (window.button, window.line, window.bar):
        layout.addWidget(widget)
    window.resize(900, 150)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    return window


@pytest.fixture
def bar(window: Any) -> Transport:
    return window.bar


def told(bar: Transport) -> list[str]:
    """Names of the signals that come, in order, from now on."""
    names: list[str] = []
    for name in ("play", "pause", "step_once", "reset", "cancel"):
        getattr(bar, name).connect(lambda name=name: names.append(name))
    return names


def test_before_the_worker_is_ready_nothing_can_be_pressed(bar: Transport) -> None:
    names = told(bar)
    for button in (bar.play_button, bar.step_button, bar.reset_button, bar.cancel_button):
        QTest.mouseClick(button, LEFT)
    bar.toggle()
    assert names == []
    assert not bar.progress.isVisible()


def test_each_button_tells_its_own(bar: Transport) -> None:
    bar.show_frame(frame(jobs=(occlusion(),)))
    names = told(bar)
    for button in (bar.play_button, bar.step_button, bar.reset_button, bar.cancel_button):
        QTest.mouseClick(button, LEFT)
    assert names == ["pause", "step_once", "reset", "cancel"]


@pytest.mark.parametrize(
    ("changes", "running"),
    [
        ({}, False),
        ({"playing": True}, True),
        ({"jobs": (occlusion(),)}, True),
        ({"jobs": (occlusion(),), "paused": True}, False),
    ],
)
def test_one_button_plays_and_pauses(bar: Transport, changes: dict[str, Any], running: bool) -> None:
    bar.show_frame(frame(**changes))
    names = told(bar)
    QTest.mouseClick(bar.play_button, LEFT)
    assert bar.is_running is running
    assert names == ["pause" if running else "play"]
    assert bar.play_button.accessibleName() == ("Pause" if running else "Play")
    assert bar.play_button.icon_name == ("pause" if running else "play")


def test_cancel_only_while_a_job_runs(bar: Transport) -> None:
    bar.show_frame(frame())
    assert not bar.cancel_button.isEnabled()
    bar.show_frame(frame(jobs=(occlusion(),)))
    assert bar.cancel_button.isEnabled()


def test_what_cannot_step_has_no_step(bar: Transport) -> None:
    bar.show_frame(frame(can_step=False))
    assert not bar.step_button.isEnabled()
    assert not bar.play_button.isEnabled()
    assert bar.reset_button.isEnabled()


def test_space_plays_unless_the_focused_control_wants_it(window: Any) -> None:
    bar, clicks = window.bar, []
    window.button.clicked.connect(lambda: clicks.append("button"))
    bar.show_frame(frame())
    names = told(bar)
    window.line.setFocus()
    QTest.keyClicks(window.line, "a b")
    assert (window.line.text(), names) == ("a b", [])
    window.button.setFocus()
    QTest.keyClick(window.button, Qt.Key.Key_Space)
    assert (clicks, names) == (["button"], [])
    window.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert names == ["play"]
    bar.show_frame(frame(playing=True))
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert names == ["play", "pause"]


def test_speeds_by_key(bar: Transport) -> None:
    speeds: list[float | None] = []
    bar.speed_changed.connect(speeds.append)
    bar.set_speed(1.0)
    assert speeds == []
    assert bar.speed == 1.0
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_End):
        QTest.keyClick(bar.speed_list, key)
    assert speeds == [0.5, 0.25, None]
    bar.set_speed(27.0)
    assert bar.speed == 30.0
    assert sorted(speed for speed in SPEEDS.values() if speed) == [0.25, 0.5, 1, 2, 5, 10, 30]


def test_the_speed_of_the_run_is_shown_unless_another_was_just_chosen(bar: Transport) -> None:
    bar.show_frame(frame(speed=10.0))
    assert bar.speed == 10.0
    QTest.keyClick(bar.speed_list, Qt.Key.Key_End)
    bar.show_frame(frame(speed=10.0))  # sent before the choice arrived
    assert bar.speed is None
    bar.show_frame(frame(speed=None))
    bar.show_frame(frame(speed=2.0))
    assert bar.speed == 2.0


def test_progress_is_shown_once_a_job_takes_longer_than_a_second(bar: Transport) -> None:
    bar.show_frame(frame(jobs=(JobStatus("x", "Brief", 5, 10, 0.1),)))
    assert not bar.progress.isVisible()
    bar.show_frame(frame(jobs=(occlusion(), occlusion(), occlusion())))
    assert bar.progress.isVisible()
    assert bar.progress.text == "Occlusion 62 %, 2 s left, 40/s, +2 more"
    assert bar.progress.fraction == 0.62
    bar.show_frame(frame())
    assert not bar.progress.isVisible()


def test_the_bar_is_as_long_as_what_is_done(bar: Transport, both_themes: str) -> None:
    bar.show_frame(frame(jobs=(occlusion(),)))
    strip = bar.progress._bar
    image = strip.grab().toImage()
    scale = image.width() / strip.width()
    middle = image.height() // 2
    colours = [
        image.pixelColor(round(strip.width() * at * scale), middle).name() for at in (0.3, 0.58, 0.66, 0.9)
    ]
    assert colours == [theme().accent, theme().accent, theme().raised, theme().raised]


def test_a_long_call_is_timed_from_when_it_was_first_seen(window: Any) -> None:
    bar = window.bar

    def call(done: int) -> Frame:
        return frame(jobs=(JobStatus("call", "Fetching ResNet", done, 100, 0.0),))

    bar.show_frame(call(0))
    assert not bar.progress.isVisible()
    window.clock.now = 2.0
    bar.show_frame(call(20))
    assert bar.progress.text == "Fetching ResNet 20 %, 8 s left, 10/s"


def test_a_job_of_unknown_length_has_words_but_no_bar(bar: Transport) -> None:
    bar.show_frame(frame(jobs=(JobStatus("x", "Reading", 0, 0, 2.0),)))
    assert bar.progress.isVisible()
    assert (bar.progress.text, bar.progress.fraction) == ("Reading", None)


def test_a_narrow_bar_keeps_all_its_words_in_the_tip(window: Any, bar: Transport) -> None:
    window.resize(480, 150)
    bar.show_frame(frame(jobs=(occlusion(),)))
    assert bar.progress.toolTip() == "Occlusion 62 %, 2 s left, 40/s"
    assert bar.progress._words.text().endswith("…")


def test_tips_name_the_keys(bar: Transport) -> None:
    assert bar.play_button.toolTip() == "Play (Space)"
    bar.name_keys({"step": "Ctrl+.", "play": "Ctrl+Space"})
    assert bar.step_button.toolTip() == "One step (Ctrl+.)"
    bar.show_frame(frame(playing=True))
    assert bar.play_button.toolTip() == "Pause (Ctrl+Space)"


def test_an_icon_is_crisp_at_any_resolution(bar: Transport) -> None:
    bar.show_frame(frame(playing=True))
    button = bar.play_button
    from PySide6.QtGui import QPixmap

    for factor in (1, 2, 3):
        picture = QPixmap(button.size() * factor)
        picture.setDevicePixelRatio(factor)
        picture.fill(theme().chrome)
        button.render(picture)
        image = picture.toImage()
        row = [image.pixelColor(x, image.height() // 2).name() for x in range(image.width())]
        solid = row.count(theme().muted)
        assert solid >= 4 * factor, "two bars, each a few pixels wide"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (3.4, "3 s"), (59.6, "1 min"), (250, "4 min 10 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_words_of_progress() -> None:
    assert [rate(x) for x in (0.42, 4.24, 40.4, 1234.0)] == ["0.4", "4.2", "40", "1\u202f234"]
    assert percent(JobStatus("x", "X", 199, 200, 1.0)) == 99
    assert percent(JobStatus("x", "X", 200, 200, 1.0)) == 100
    assert is_long(JobStatus("x", "X", 1, 100, 0.1))
    assert not is_long(JobStatus("x", "X", 0, 100, 0.5))
    assert progress_text(JobStatus("x", "X", 0, 10, 2.0)) == "X 0 %"
