"""The page goes through an update, shows batches, collects pictures, and hands its network over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from person import FakeSource, unnamed
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.labs.convnet_training import ConvnetTraining, ConvnetTrainingConfig, ConvnetTrainingSnapshot
from engine.models.designs import Design
from engine.models.designs.block import Convolution, Dense
from gui.labs.convnet_training import ConvnetTrainingPage, frames
from gui.main_window import MainWindow
from gui.memory import Memory

SMALL = Design("small", (Convolution(4, normalise="batch"), Dense(16))).to_json()
Shown = Callable[[QWidget], None]


@pytest.fixture(scope="module")
def lab() -> Iterator[ConvnetTraining]:
    found = ConvnetTraining(ConvnetTrainingConfig(design=SMALL, epochs=20), torch.device("cpu"))
    found.start()
    yield found
    found.close()


@pytest.fixture
def page(show: Shown, lab: ConvnetTraining) -> ConvnetTrainingPage:
    """A page whose commands the lab carries out at once."""
    found = ConvnetTrainingPage()
    found.resize(760, 560)
    found.command_wanted.connect(partial(carry_out, found, lab))
    show(found)
    found.show_snapshot(lab.snapshot())
    return found


def carry_out(
    page: ConvnetTrainingPage, lab: ConvnetTraining, name: str, arguments: tuple[object, ...]
) -> None:
    getattr(lab, name)(*arguments)
    page.show_snapshot(lab.snapshot())


def snapshot(lab: ConvnetTraining) -> ConvnetTrainingSnapshot:
    return lab.snapshot()


def test_an_update_is_gone_through_on_the_inside_tab(page: ConvnetTrainingPage, lab: ConvnetTraining) -> None:
    page.slow.click()
    inside = page.inside
    assert page.tabs.currentWidget() is inside
    assert page.slow.isChecked()
    assert inside.slow.bar.isVisible()
    said, cells = [], []
    inside.asked.connect(cells.append)
    while lab.can_step:
        lab.step()
        page.show_snapshot(lab.snapshot())
        said.append(inside.slow.bar.sentence.text)
        stage = lab.snapshot().stage
        if stage.phase == "backward" and not cells:
            inside.gradients.point(QPointF(5, 5))
            inside.maps.point(QPointF(5, 5))
    assert [cell[0] for cell in cells if cell][:2] == ["stage-gradients", "stage-maps"]
    assert any("convolution1.conv has computed 4 maps of 8 × 8" in line for line in said)
    assert any("costs −ln" in line for line in said)
    assert "is made" in said[-1]
    assert inside.slow.sizes.isVisible()
    assert not inside.slow.bars.isVisible()
    names = [row[1] for row in inside.slow.sizes.numbers()[1]]
    assert names == [each.layer for each in snapshot(lab).stage.updates]
    page.slow.click()
    assert not inside.slow.bar.isVisible()
    assert not page.slow.isChecked()
    assert inside.maps.title == "Feature maps"


def test_the_batch_is_seen_with_its_classes(page: ConvnetTrainingPage, lab: ConvnetTraining) -> None:
    page.tabs.setCurrentWidget(page.pictures)
    page.pictures.mode.buttons[1].setChecked(True)
    rows = page.pictures.batch.numbers()[1]
    shown = snapshot(lab)
    assert [row[1] for row in rows] == [shown.data.classes[label] for label in shown.batch.labels]
    assert page.pictures.batch.isVisible()


def test_pictures_gather_class_by_class_and_are_trained_on(
    page: ConvnetTrainingPage, lab: ConvnetTraining, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page._collect()
    own = page.pictures.collecting
    assert "Name two classes" in own.line.text
    assert not own.train.isEnabled()
    for name in ("one", "two"):
        own.name.setText(name)
        QTest.keyClick(own.name, Qt.Key.Key_Return)
        for at in (20, 40, 60):
            own.pad.stroke(QPointF(at, 20), QPointF(at + 5, 90))
            own.take()
            assert own.pad.is_blank
    collected = snapshot(lab).collected
    assert [len(each) for each in collected.pictures] == [3, 3]
    assert [row[1] for row in own.classes.numbers()[1]] == ["one", "two"]
    own.pictures.clicked.emit(("collected", (0,)))  # the newest
    kept, before = snapshot(lab).collected.pictures[1], collected.pictures[1]
    assert [np.array_equal(a, b) for a, b in zip(kept, before, strict=False)] == [True, True]
    own.undo.click()
    assert len(snapshot(lab).collected.pictures[1]) == 3
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    own.save.click()
    assert len(list(tmp_path.rglob("*.png"))) == 6
    assert own.train.isEnabled()
    own.train.click()
    assert snapshot(lab).data.title == "Your pictures"
    assert "just these" in own.line.text
    assert unnamed(own) == []


class FakeWebcam(QObject):
    pictured = Signal(object)
    failed = Signal(str)
    running = 0

    def start(self) -> None:
        FakeWebcam.running += 1

    def stop(self) -> None:
        FakeWebcam.running -= 1


def test_the_webcam_takes_pictures_while_its_button_is_held(
    page: ConvnetTrainingPage, monkeypatch: pytest.MonkeyPatch, qtbot: object
) -> None:
    monkeypatch.setattr(frames, "Webcam", FakeWebcam)
    monkeypatch.setattr(frames, "camera_problem", lambda: "")
    monkeypatch.setattr(frames, "PACE", 5)
    page._collect()
    own = page.pictures.collecting
    own.source.buttons[1].setChecked(True)
    taken: list[np.ndarray] = []
    own.frames.taken.disconnect()
    own.frames.taken.connect(taken.append)
    own.frames._held.setInterval(5)
    own.frames.switch.click()
    assert not own.frames.take.isEnabled()
    own.frames._camera.pictured.emit(np.full((48, 64, 3), 90, np.uint8))
    QTest.mousePress(own.frames.take, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(taken) >= 3)
    QTest.mouseRelease(own.frames.take, Qt.MouseButton.LeftButton)
    count = len(taken)
    QTest.qWait(30)
    assert len(taken) == count
    page.tabs.setCurrentWidget(page.learn)  # what is not seen needs no camera
    assert FakeWebcam.running == 0


def test_without_a_camera_there_is_a_sentence_in_its_place(
    page: ConvnetTrainingPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "camera_problem", lambda: "No webcam was found.")
    page._collect()
    own = page.pictures.collecting
    own.source.buttons[1].setChecked(True)
    own.frames.switch.click()
    assert own.frames.preview.is_empty
    assert own.frames.preview._empty == "No webcam was found."
    assert not own.frames.is_on


def test_one_click_opens_the_other_lab_with_the_network(
    config_dir: Path, show: Shown, lab: ConvnetTraining
) -> None:
    source = FakeSource()
    memory = Memory(config_dir)
    memory.last_lab = "convnet-training"
    window = MainWindow(memory, lambda: source)
    show(window)
    window.complete()
    page = window.page
    page.show_snapshot(lab.snapshot())
    page.classify.click()
    assert source.of("hand_over") == [()]
    assert window.lab_name == "convnet-training"
    lab.hand_over()
    handed = lab.snapshot()
    page.show_snapshot(handed)
    assert window.lab_name == "image-classification"
    assert source.of("open") == [(Path(handed.handed[1]),)]
    window.choose_lab("convnet-training")
    page.show_snapshot(handed)
    assert window.lab_name == "convnet-training"
    window.close()
