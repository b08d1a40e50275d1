"""The status bar: before and after the worker is ready, calm numbers, and the memory it names."""

from __future__ import annotations

from typing import Any

import psutil
import pytest
from pytestqt.qtbot import QtBot

from engine.device import DeviceInfo
from engine.worker import Frame
from gui.process_memory import resident_bytes
from gui.status_bar import LOADING, StatusBar
from gui.theme import contrast, theme

CPU = DeviceInfo("cpu", "Some Processor with a Long Name, 64 Cores at 2.45 GHz", 1)


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def frame(steps_per_second: float = 0.0, device: DeviceInfo | None = CPU) -> Frame:
    return Frame(
        lab="a-lab",
        snapshot=None,
        playing=False,
        paused=False,
        can_step=True,
        jobs=(),
        steps=0,
        steps_per_second=steps_per_second,
        device=device,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bar(qtbot: QtBot, clock: Clock) -> StatusBar:
    bar = StatusBar(clock=clock)
    qtbot.addWidget(bar)
    bar.resize(900, 24)
    bar.show()
    return bar


def test_until_the_worker_is_ready_it_says_what_is_loading(bar: StatusBar) -> None:
    assert bar.device_name.text == LOADING
    bar.show_frame(frame(device=None), 0.0)
    assert bar.device_name.text == LOADING
    assert bar.device is None
    assert bar.threads.text() == ""


def test_the_device_is_named_at_once(bar: StatusBar) -> None:
    bar.show_frame(frame(), 0.0)
    assert bar.device is CPU
    assert bar.device_name.text == f"CPU · {CPU.title}"
    assert bar.threads.text() == "1 thread"
    assert bar.steps.text() == "idle"
    bar.show_frame(frame(device=DeviceInfo("cuda", "A GPU", 3)), 0.0)
    assert bar.device_name.text == "CUDA · A GPU"
    assert bar.threads.text() == "3 threads"


def test_numbers_change_once_a_second_but_the_end_shows_at_once(bar: StatusBar, clock: Clock) -> None:
    bar.show_frame(frame(), 60.0)
    clock.now += 0.5
    bar.show_frame(frame(41.2), 60.0)
    assert bar.steps.text() == "idle"
    clock.now += 0.5
    bar.show_frame(frame(41.2), 60.0)
    assert (bar.steps.text(), bar.frames.text()) == ("41 steps/s", "60 fps")
    clock.now += 0.1
    bar.show_frame(frame(39.0), 55.0)
    assert (bar.steps.text(), bar.frames.text()) == ("41 steps/s", "60 fps")
    bar.show_frame(frame(0.0), 55.0)
    assert bar.steps.text() == "idle"


def test_memory_is_the_systems_own_count(bar: StatusBar) -> None:
    ours, systems = resident_bytes(), psutil.Process().memory_info().rss
    assert ours == pytest.approx(systems, rel=0.02)
    bar.refresh()
    amount, unit = bar.memory.text().split()
    assert float(amount) * {"MB": 1e6, "GB": 1e9}[unit] == pytest.approx(systems, rel=0.05)


def test_neighbours_stand_still_when_numbers_change(bar: StatusBar, clock: Clock) -> None:
    places: list[Any] = []
    for steps in (0.4, 41.0, 1234.0, 0.0):
        clock.now += 2
        bar.show_frame(frame(steps), 9.0 + steps / 20)
        bar.layout().activate()
        places.append([label.geometry() for label in (bar.threads, bar.memory, bar.steps, bar.frames)])
    assert all(place == places[0] for place in places)


@pytest.mark.parametrize("width", [420, 900])
def test_a_long_name_gives_way_and_stays_in_the_tip(bar: StatusBar, width: int) -> None:
    bar.show_frame(frame(), 0.0)
    bar.resize(width, 24)
    bar.layout().activate()
    assert bar.device_name.toolTip() == f"CPU · {CPU.title}"
    assert bar.frames.geometry().right() <= width
    assert bar.memory.width() >= bar.memory.fontMetrics().horizontalAdvance(bar.memory.text())


def test_it_is_drawn_in_the_theme(bar: StatusBar, both_themes: str) -> None:
    image = bar.grab().toImage()
    colours = {image.pixelColor(x, y).name() for x in range(120) for y in range(image.height())}
    assert theme().chrome in colours
    assert max(contrast(colour, theme().chrome) for colour in colours) >= 4.5, "the words are there"
