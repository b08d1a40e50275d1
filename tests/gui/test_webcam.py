"""The webcam: its sentences where there is none, its pictures, and the button that starts it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from person import pixels
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from gui import webcam
from gui.labs.image_classification import film_row
from gui.labs.image_classification.film_row import FilmRow
from gui.webcam import Webcam, camera_problem

LEFT = Qt.MouseButton.LeftButton


class VideoFrame:
    """One frame as Qt hands it out."""

    def __init__(self, image: QImage, *, valid: bool = True) -> None:
        self._image, self._valid = image, valid

    def isValid(self) -> bool:
        return self._valid

    def toImage(self) -> QImage:
        return self._image


class Camera(QObject):
    errorOccurred = Signal(int, str)  # noqa: N815 - Qt's name

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_on = False

    def start(self) -> None:
        self.is_on = True

    def stop(self) -> None:
        self.is_on = False


class Sink(QObject):
    videoFrameChanged = Signal(object)  # noqa: N815 - Qt's name


class Session(QObject):
    def setCamera(self, camera: Camera) -> None:
        self.camera = camera

    def setVideoSink(self, sink: Sink) -> None:
        self.sink = sink


class Devices:
    inputs: tuple[str, ...] = ("a camera",)

    @classmethod
    def videoInputs(cls) -> list[str]:
        return list(cls.inputs)


@pytest.fixture
def multimedia(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for Qt's multimedia library, whose own needs system libraries and a camera."""
    module: Any = ModuleType("PySide6.QtMultimedia")
    module.QCamera, module.QVideoSink = Camera, Sink
    module.QMediaCaptureSession, module.QMediaDevices = Session, Devices
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", module)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as a test sets it."""
    now = [100.0]
    monkeypatch.setattr(webcam.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def grey() -> np.ndarray:
    return np.full((4, 6, 3), 77, np.uint8)


@pytest.mark.usefixtures("multimedia")
def test_no_problem_where_there_is_a_camera() -> None:
    assert camera_problem() == ""


@pytest.mark.usefixtures("multimedia")
def test_no_camera_is_one_sentence_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Devices, "inputs", ())
    assert camera_problem().startswith("No webcam was found.")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)  # importing it now fails
    assert "cannot be used" in camera_problem()
    assert "PySide6.QtMultimedia" in camera_problem()


@pytest.mark.usefixtures("multimedia", "qapp")
def test_pictures_come_no_faster_than_they_can_be_classified(clock: list[float], grey: np.ndarray) -> None:
    camera = Webcam()
    seen: list[np.ndarray] = []
    camera.pictured.connect(seen.append)
    camera.start()
    assert camera._camera.is_on
    frame = VideoFrame(pixels(grey))
    for moment in (101.0, 101.01, 101.05, 101.1):
        clock[0] = moment
        camera._sink.videoFrameChanged.emit(frame)
    assert len(seen) == 2
    np.testing.assert_array_equal(seen[0], grey)
    assert seen[0].flags.owndata
    camera.stop()
    assert not camera._camera.is_on


@pytest.mark.usefixtures("multimedia", "qapp")
def test_broken_frames_are_left_out(clock: list[float], grey: np.ndarray) -> None:
    camera = Webcam()
    seen: list[np.ndarray] = []
    camera.pictured.connect(seen.append)
    clock[0] += 1
    camera._sink.videoFrameChanged.emit(VideoFrame(pixels(grey), valid=False))
    camera._sink.videoFrameChanged.emit(VideoFrame(QImage()))
    camera._sink.videoFrameChanged.emit(VideoFrame(pixels(grey)))
    assert len(seen) == 1


@pytest.mark.usefixtures("multimedia", "qapp")
def test_a_camera_that_fails_says_so() -> None:
    camera = Webcam()
    told: list[str] = []
    camera.failed.connect(told.append)
    camera._camera.errorOccurred.emit(1, "it was unplugged")
    assert told == ["The webcam stopped: it was unplugged."]


class Row:
    """The film strip's row, and what it asks for."""

    def __init__(self, qtbot: QtBot) -> None:
        self.row = FilmRow()
        qtbot.addWidget(self.row)
        self.commands: list[tuple[str, tuple[Any, ...]]] = []
        self.told: list[str] = []
        self.row.command_wanted.connect(lambda name, arguments: self.commands.append((name, arguments)))
        self.row.told.connect(self.told.append)

    @property
    def camera(self) -> Webcam | None:
        return self.row._camera


@pytest.fixture
def row(qtbot: QtBot) -> Row:
    return Row(qtbot)


@pytest.mark.usefixtures("multimedia")
def test_the_button_starts_and_stops_it(row: Row, qtbot: QtBot, clock: list[float], grey: np.ndarray) -> None:
    qtbot.mouseClick(row.row.camera, LEFT)
    assert row.row.camera.isChecked()
    camera = row.camera
    clock[0] += 1
    camera._sink.videoFrameChanged.emit(VideoFrame(pixels(grey)))
    ((name, (picture,)),) = row.commands
    assert name == "look_at"
    np.testing.assert_array_equal(picture, grey)
    qtbot.mouseClick(row.row.camera, LEFT)
    assert not row.row.camera.isChecked()
    assert row.camera is None
    assert not camera._camera.is_on


@pytest.mark.usefixtures("multimedia")
def test_choosing_a_picture_stops_it(row: Row, qtbot: QtBot) -> None:
    qtbot.mouseClick(row.row.camera, LEFT)
    row.row.film.clicked.emit(("film", (3,)))
    assert row.camera is None
    assert row.commands == [("show", (3,))]


@pytest.mark.usefixtures("multimedia")
def test_a_failure_lets_the_button_up_and_is_told(row: Row, qtbot: QtBot) -> None:
    qtbot.mouseClick(row.row.camera, LEFT)
    row.camera._camera.errorOccurred.emit(1, "it was unplugged")
    assert row.told == ["The webcam stopped: it was unplugged."]
    assert not row.row.camera.isChecked()
    assert row.camera is None


def test_without_a_camera_the_button_stays_up(
    row: Row, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_row, "camera_problem", lambda: "No webcam was found.")
    qtbot.mouseClick(row.row.camera, LEFT)
    assert row.told == ["No webcam was found."]
    assert not row.row.camera.isChecked()
    row.row.stop_camera()
    assert row.camera is None
