"""Dropped, pasted and chosen files and pictures, brought in as the system brings them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QMimeData, QObject, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QColor,
    QColorSpace,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
)
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMainWindow, QVBoxLayout, QWidget

from gui import incoming
from gui.incoming import DropFilter, image_array, incoming_from_clipboard, incoming_from_mime, paths_from_mime
from gui.memory import Memory

FORMATS = QImage.Format


def urls(*texts: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(text) for text in texts])
    return data


def files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def text(words: str) -> QMimeData:
    data = QMimeData()
    data.setText(words)
    return data


def picture(*, alpha: bool = False) -> QImage:
    """3 pixels wide, so that its rows are padded; red, green, blue over grey."""
    image = QImage(3, 2, FORMATS.Format_ARGB32 if alpha else FORMATS.Format_RGB32)
    image.fill(QColor(128, 128, 128))
    for x, colour in enumerate(("#ff0000", "#00ff00", "#0000ff")):
        image.setPixelColor(x, 0, QColor(colour))
    if alpha:
        image.setPixelColor(0, 0, QColor(255, 0, 0, 51))
    return image


PIXELS = np.array(
    [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[128, 128, 128]] * 3],
    np.uint8,
)


def test_local_files_are_taken_and_links_are_left(tmp_path: Path) -> None:
    odd = tmp_path / "a b #1 100% é.png"
    data = files(odd, tmp_path)
    data.setUrls([*data.urls(), QUrl("https://example.org/cat.jpg")])
    assert paths_from_mime(data) == [odd, tmp_path]
    assert incoming_from_mime(data).paths == (odd, tmp_path)


def test_a_link_is_refused_in_a_sentence() -> None:
    for data in (urls("https://example.org/cat.jpg"), text("http://example.org"), urls("ftp://host/cat.png")):
        brought = incoming_from_mime(data)
        assert (brought.paths, brought.image) == ((), None)
        assert brought.refusal == incoming.IS_LINK


def test_a_picture_that_comes_with_its_link_is_taken() -> None:
    data = urls("https://example.org/cat.jpg")
    data.setImageData(picture())
    brought = incoming_from_mime(data)
    np.testing.assert_array_equal(brought.image, PIXELS)
    assert brought.refusal == ""


def test_a_copied_path_is_a_file_only_where_it_exists(tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").touch()
    assert paths_from_mime(text(f' "{tmp_path / "cat.jpg"}"\n')) == [tmp_path / "cat.jpg"]
    for words in (str(tmp_path / "dog.jpg"), "cat.jpg", "", "/\0", "x" * 100_000):
        assert paths_from_mime(text(words)) == []
        assert incoming_from_mime(text(words)).refusal == incoming.IS_NOTHING


@pytest.mark.parametrize(
    "format",
    [
        FORMATS.Format_RGB32,
        FORMATS.Format_RGB888,
        FORMATS.Format_RGBA64,
        FORMATS.Format_BGR888,
    ],
)
def test_pixels_are_those_of_the_picture(format: QImage.Format) -> None:
    array = image_array(picture().convertToFormat(format))
    assert array.dtype == np.uint8
    assert array.flags.owndata or array.base is None
    np.testing.assert_array_equal(array, PIXELS)


def test_grey_and_palette_pictures_become_colour() -> None:
    grey = picture().convertToFormat(FORMATS.Format_Grayscale8)
    assert image_array(grey).shape == (2, 3, 3)
    assert image_array(grey)[1, 0].tolist() == [128, 128, 128]
    palette = picture().convertToFormat(FORMATS.Format_Indexed8)
    np.testing.assert_array_equal(image_array(palette), PIXELS)


def test_alpha_is_kept_only_where_something_is_transparent() -> None:
    array = image_array(picture(alpha=True))
    assert array.shape == (2, 3, 4)
    assert array[0, 0].tolist() == [255, 0, 0, 51]
    assert image_array(picture().convertToFormat(FORMATS.Format_ARGB32_Premultiplied)).shape == (
        2,
        3,
        3,
    )


def test_a_wide_colour_space_becomes_srgb() -> None:
    image = picture()
    image.setColorSpace(QColorSpace(QColorSpace.NamedColorSpace.DisplayP3))
    red, grey = image_array(image)[0, 1], image_array(image)[1, 0]
    assert red.tolist() == [0, 255, 0]  # P3's green is outside sRGB and is clipped
    assert np.abs(grey.astype(int) - 128).max() <= 1


def test_the_array_outlives_the_image() -> None:
    image = picture()
    array = image_array(image)
    image.fill(QColor("#ffffff"))
    del image
    np.testing.assert_array_equal(array, PIXELS)


def test_what_was_copied_is_pasted(tmp_path: Path, qapp: QApplication) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setImage(picture())
    np.testing.assert_array_equal(incoming_from_clipboard().image, PIXELS)
    clipboard.setMimeData(files(tmp_path))
    assert incoming_from_clipboard().paths == (tmp_path,)
    clipboard.clear()
    assert incoming_from_clipboard().refusal == incoming.IS_NOTHING


class Dragging:
    """A window whose drops are recorded, and a hand that drags over it."""

    def __init__(self, show: Callable[[QWidget], None]) -> None:
        self.window = QMainWindow()
        page = QWidget()
        self.line = QLineEdit()
        self.plain = QWidget()
        layout = QVBoxLayout(page)
        layout.addWidget(self.line)
        layout.addWidget(self.plain, 1)
        self.window.setCentralWidget(page)
        self.window.resize(300, 200)
        self.filter = DropFilter(self.window)
        self.seen: list[tuple[str, object]] = []
        self.filter.paths_dropped.connect(lambda value: self.seen.append(("paths", value)))
        self.filter.image_dropped.connect(lambda value: self.seen.append(("image", value.shape)))
        self.filter.refused.connect(lambda value: self.seen.append(("refused", value)))
        self.filter.hovering.connect(lambda value: self.seen.append(("over", value)))
        show(self.window)

    def drag(self, receiver: QObject, data: QMimeData, at: QPoint, *, drop: bool = True) -> QDropEvent | None:
        """Enter, move and drop (or leave) as the window system sends them."""
        self.data = data  # the events only point to it
        action, actions = Qt.DropAction.MoveAction, Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
        button, key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(at, actions, data, button, key)
        enter.setDropAction(action)
        enter.ignore()
        QCoreApplication.sendEvent(receiver, enter)
        if not enter.isAccepted():
            return None
        QCoreApplication.sendEvent(receiver, QDragMoveEvent(at, actions, data, button, key))
        if not drop:
            QCoreApplication.sendEvent(receiver, QDragLeaveEvent())
            return None
        event = QDropEvent(QPointF(at), actions, data, button, key)
        QCoreApplication.sendEvent(receiver, event)
        return event


@pytest.fixture
def dragging(show: Callable[[QWidget], None]) -> Dragging:
    return Dragging(show)


def test_a_drop_is_taken_anywhere_even_over_a_text_field(dragging: Dragging, tmp_path: Path) -> None:
    two = [tmp_path / "a.png", tmp_path / "b.png"]
    for over in (dragging.line, dragging.plain):
        at = over.mapTo(dragging.window, over.rect().center())
        data = files(*two)
        data.setText("\n".join(map(str, two)))  # as file managers add, and a text field would take
        event = dragging.drag(dragging.window.windowHandle(), data, at)
        assert event is not None
        assert event.isAccepted()
        assert event.dropAction() == Qt.DropAction.CopyAction  # never a move: the file stays where it was
        assert dragging.seen == [("over", True), ("over", False), ("paths", two)]
        dragging.seen.clear()
    assert dragging.line.text() == ""


def test_a_drop_sent_to_a_widget_is_taken(dragging: Dragging, tmp_path: Path) -> None:
    for receiver in (dragging.plain, dragging.window):
        dragging.drag(receiver, files(tmp_path), QPoint(5, 5))
        assert dragging.seen[-1] == ("paths", [tmp_path])
        dragging.seen.clear()


def test_pictures_and_links_are_told_apart(dragging: Dragging) -> None:
    data = QMimeData()
    data.setImageData(picture())
    dragging.drag(dragging.window.windowHandle(), data, QPoint(5, 5))
    assert dragging.seen[-1] == ("image", (2, 3, 3))
    dragging.drag(dragging.window.windowHandle(), urls("https://example.org"), QPoint(5, 5))
    assert dragging.seen[-1] == ("refused", incoming.IS_LINK)


def test_leaving_ends_the_highlight_and_brings_nothing(dragging: Dragging, tmp_path: Path) -> None:
    dragging.drag(dragging.window.windowHandle(), files(tmp_path), QPoint(5, 5), drop=False)
    assert dragging.seen == [("over", True), ("over", False)]


def test_words_are_left_to_text_fields(dragging: Dragging) -> None:
    at = dragging.line.mapTo(dragging.window, dragging.line.rect().center())
    dragging.drag(dragging.window.windowHandle(), text("forty-two"), at)
    assert dragging.seen == []
    assert dragging.line.text() == "forty-two"


def test_drops_still_come_after_the_native_window_changed(
    dragging: Dragging, tmp_path: Path, show: Callable[[QWidget], None]
) -> None:
    dragging.window.hide()
    dragging.window.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
    show(dragging.window)
    dragging.drag(dragging.window.windowHandle(), files(tmp_path), QPoint(5, 5))
    assert dragging.seen[-1] == ("paths", [tmp_path])


def test_the_open_dialog_starts_where_the_last_one_was(dragging: Dragging, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "config")
    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
    memory.folders["open"] = str(tmp_path)
    seen: list[str] = []

    def dialog_now() -> QFileDialog:
        return next(one for one in QApplication.topLevelWidgets() if isinstance(one, QFileDialog))

    def choose() -> None:
        dialog = dialog_now()
        seen.append(dialog.directory().absolutePath())
        dialog.findChild(QLineEdit, "fileNameEdit").setText('"a.png" "b.png"')
        dialog.accept()

    QTimer.singleShot(0, choose)
    chosen = incoming.ask_files(dragging.window, "Open", ["Pictures (*.png)"], memory)
    assert chosen == [tmp_path / "a.png", tmp_path / "b.png"]
    assert seen == [str(tmp_path)]
    QTimer.singleShot(
        0,
        lambda: next(one for one in QApplication.topLevelWidgets() if isinstance(one, QFileDialog)).reject(),
    )
    assert incoming.ask_files(dragging.window, "Open", ["Pictures (*.png)"], memory) == []
