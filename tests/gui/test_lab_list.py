"""The list of labs: groups, the current one, mouse and keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.lab_list import LabList
from gui.theme import theme

LABS = [
    ("language", "Language", "Loop"),
    ("image-classification", "Image classification", "Grid"),
    ("train-a-cnn", "Train a CNN", "Grid"),
    ("gradient-flow", "Gradient flow", "Loop"),
]


@pytest.fixture
def labs(qtbot: QtBot) -> LabList:
    labs = LabList(LABS)
    qtbot.addWidget(labs)
    labs.resize(170, 500)
    with qtbot.waitExposed(labs):
        labs.show()
    labs.activateWindow()
    labs.set_current("image-classification")
    return labs


def item_box(labs: LabList, name: str) -> QRect:
    item = next(item for item in labs._items() if item.data(Qt.ItemDataRole.UserRole) == name)
    return labs.list.visualItemRect(item)


def picture(labs: LabList) -> QImage:
    image = labs.list.viewport().grab().toImage()
    image.setDevicePixelRatio(1)
    return image


def test_labs_stand_under_their_groups_and_empty_groups_are_left_out(labs: LabList) -> None:
    texts = [item.text() for item in labs._items()]
    assert texts == [
        "Grid",
        "Image classification",
        "Train a CNN",
        "Loop",
        "Language",
        "Gradient flow",
    ]
    assert labs.names() == ("image-classification", "train-a-cnn", "language", "gradient-flow")


def test_a_click_chooses(labs: LabList, qtbot: QtBot) -> None:
    with qtbot.waitSignal(labs.chosen) as told:
        QTest.mouseClick(
            labs.list.viewport(), Qt.MouseButton.LeftButton, pos=item_box(labs, "language").center()
        )
    assert told.args == ["language"]
    assert labs.current == "language"


def test_a_heading_cannot_be_chosen(labs: LabList, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(labs.chosen):
        QTest.mouseClick(labs.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(40, 12))
    assert labs.current == "image-classification"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_arrows_move_over_headings_and_enter_chooses(labs: LabList, qtbot: QtBot, key: Qt.Key) -> None:
    labs.setFocus()
    with qtbot.assertNotEmitted(labs.chosen):
        QTest.keyClick(labs.list, Qt.Key.Key_Down)
        QTest.keyClick(labs.list, Qt.Key.Key_Down)
    with qtbot.waitSignal(labs.chosen) as told:
        QTest.keyClick(labs.list, key)
    assert told.args == ["language"]


def test_marking_the_current_one_tells_nobody(labs: LabList, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(labs.chosen):
        labs.set_current("train-a-cnn")
    assert labs.current == "train-a-cnn"


def test_the_current_one_has_a_bar_in_the_accent_colour(labs: LabList, both_themes: str) -> None:
    image = picture(labs)
    current, other = item_box(labs, "image-classification"), item_box(labs, "train-a-cnn")
    at = current.left() + 8 + 8
    assert image.pixelColor(at, current.center().y()).name() == theme().accent
    assert image.pixelColor(current.right() - 20, current.top() + 3).name() == theme().raised
    assert image.pixelColor(at, other.center().y()).name() != theme().accent


def test_the_keys_cursor_is_seen(labs: LabList) -> None:
    labs.setFocus()
    QTest.keyClick(labs.list, Qt.Key.Key_Down)
    box = item_box(labs, "train-a-cnn")
    image = picture(labs)
    edge = {image.pixelColor(box.center().x(), y).name() for y in range(box.top(), box.top() + 3)}
    assert theme().accent in edge


def test_longest_title_has_room_and_names_are_read_out(labs: LabList) -> None:
    metrics = labs.list.fontMetrics()
    room = labs.list.viewport().width() - 2 * 8 - 9 - 8 - 6
    assert metrics.horizontalAdvance("Image classification") <= room
    item = labs._items()[1]
    assert item.data(Qt.ItemDataRole.AccessibleDescriptionRole) == "Grid, CNN"
    assert labs.list.accessibleName() == "Labs"


def test_other_labs_may_come_later(labs: LabList) -> None:
    labs.set_labs([("both", "Grid against loop", "Both")])
    assert labs.names() == ("both",)
    assert [item.text() for item in labs._items()] == ["Both", "Grid against loop"]
