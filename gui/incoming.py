"""Everything that arrives from outside the window: dropped, pasted or chosen files and pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QColorSpace, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

if TYPE_CHECKING:
    import numpy as np

    from gui.memory import Memory

IS_LINK = (
    "That is a link to a page, and nothing is fetched from the network."
    " Save the picture, or copy it itself, and bring that."
)
IS_NOTHING = "There is no picture and no file on the clipboard. Copy one, then paste again."


@dataclass(frozen=True)
class Incoming:
    """What was dropped or pasted: files, else one picture, else a sentence that says why neither."""

    paths: tuple[Path, ...] = ()
    image: np.ndarray | None = None
    """(H, W, 3) uint8 sRGB, or (H, W, 4) with alpha last where the picture has transparent parts."""
    refusal: str = ""


def incoming_from_mime(data: QMimeData) -> Incoming:
    """Files where there are any, else the picture itself, else why nothing can be used."""
    paths = paths_from_mime(data)
    if paths:
        return Incoming(paths=tuple(paths))
    image = image_from_mime(data)
    if image is not None:
        return Incoming(image=image)
    return Incoming(refusal=IS_LINK if _is_link(data) else IS_NOTHING)


def incoming_from_clipboard() -> Incoming:
    """What the person copied elsewhere."""
    data = QGuiApplication.clipboard().mimeData()
    return Incoming(refusal=IS_NOTHING) if data is None else incoming_from_mime(data)


def paths_from_mime(data: QMimeData) -> list[Path]:
    """Local files and folders: dropped or copied ones, or the path of one copied as text."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []
    if not paths and data.hasText() and not data.hasImage():
        text = data.text().strip().strip("\"'")
        if os.path.isabs(text) and os.path.exists(text):
            paths = [Path(text)]
    return paths


def image_from_mime(data: QMimeData) -> np.ndarray | None:
    """The picture as a copy of its pixels, shaped as `Incoming.image`; None where there is none."""
    if not data.hasImage():
        return None
    image = data.imageData()
    if not isinstance(image, QImage) or image.isNull():
        return None
    return image_array(image)


def image_array(image: QImage) -> np.ndarray:
    """A copy of an image's pixels: (H, W, 3) uint8 sRGB, or (H, W, 4) where some are transparent."""
    import numpy as np

    if image.colorSpace().isValid():
        image = image.convertedToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    channels = 4 if image.hasAlphaChannel() else 3
    image = image.convertToFormat(
        QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
    )
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[:, : image.width() * channels].reshape(image.height(), image.width(), channels)
    if channels == 4 and pixels[..., 3].min() == 255:
        pixels = pixels[..., :3]
    return pixels.copy()


def ask_files(parent: QWidget | None, title: str, name_filters: list[str], memory: Memory) -> list[Path]:
    """The files the person chooses in the system's dialog, which opens in the folder used last."""
    dialog = QFileDialog(parent, title, memory.folders.get("open", ""))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters(name_filters)
    accepted = dialog.exec() == QFileDialog.DialogCode.Accepted
    paths = [Path(name) for name in dialog.selectedFiles()] if accepted else []
    dialog.deleteLater()
    if paths:
        memory.folders["open"] = str(paths[0].parent)
    return paths


class DropFilter(QObject):
    """Takes a drop anywhere on a window, whatever lies under the pointer there.

    It listens to the window and to its native window, where every drag arrives before any widget
    sees it. A filter on the whole application would call Python for each event of each widget, and
    wait for the interpreter lock each time while the worker holds it.
    """

    paths_dropped = Signal(list)
    """list[Path]"""
    image_dropped = Signal(object)
    """As `Incoming.image`."""
    refused = Signal(str)
    """A sentence that says why a drop could not be used."""
    hovering = Signal(bool)
    """Something that can be dropped is over the window; False when it left or was dropped."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._is_over = False
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        self._watch_native()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in _NEW_NATIVE and watched is self._window:
            self._watch_native()
        elif kind in _ARRIVING and isinstance(event, QDropEvent):
            return self._arrive(event, kind)
        elif kind == QEvent.Type.DragLeave:
            self._set_over(False)
            return True
        return False

    def _watch_native(self) -> None:
        native = self._window.windowHandle()
        if native is not None:
            native.installEventFilter(self)

    def _arrive(self, event: QDropEvent, kind: QEvent.Type) -> bool:
        """Always a copy, so that no file manager removes what it gave. Plain text is left to text fields."""
        if not _is_wanted(event.mimeData()):
            return False
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._set_over(kind != QEvent.Type.Drop)
        if kind == QEvent.Type.Drop:
            self._deliver(incoming_from_mime(event.mimeData()))
        return True

    def _deliver(self, incoming: Incoming) -> None:
        if incoming.paths:
            self.paths_dropped.emit(list(incoming.paths))
        elif incoming.image is not None:
            self.image_dropped.emit(incoming.image)
        else:
            self.refused.emit(incoming.refusal)

    def _set_over(self, is_over: bool) -> None:
        if is_over != self._is_over:
            self._is_over = is_over
            self.hovering.emit(is_over)


_NEW_NATIVE = frozenset((QEvent.Type.Show, QEvent.Type.WinIdChange))
_ARRIVING = frozenset((QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop))


def _is_wanted(data: QMimeData) -> bool:
    """Asked at every move of the pointer, so it looks at the kinds only and decodes nothing."""
    return data.hasUrls() or data.hasImage()


def _is_link(data: QMimeData) -> bool:
    if data.hasUrls() and any(not url.isLocalFile() for url in data.urls()):
        return True
    return data.hasText() and data.text().strip().lower().startswith(("http://", "https://"))
