"""The webcam as a source of pictures, where Qt's multimedia library and a camera are there."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QObject, Signal

from gui.incoming import image_array

INTERVAL = 1 / 15
"""Seconds between two pictures: more than a network on one core can classify anyway."""


def camera_problem() -> str:
    """One sentence where there is no camera to be had, else empty."""
    try:
        from PySide6.QtMultimedia import QMediaDevices
    except ImportError as error:
        return f"The webcam cannot be used: a system library is missing ({error}). All else works without it."
    if not QMediaDevices.videoInputs():
        return "No webcam was found. Plug one in and press the button again, or drop a picture."
    return ""


class Webcam(QObject):
    """Hands on the default camera's pictures, at most one every INTERVAL."""

    pictured = Signal(object)
    """(H, W, 3) uint8"""
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        from PySide6.QtMultimedia import QCamera, QMediaCaptureSession, QVideoSink

        self._camera = QCamera(self)
        self._sink = QVideoSink(self)
        self._session = QMediaCaptureSession(self)
        self._session.setCamera(self._camera)
        self._session.setVideoSink(self._sink)
        self._sink.videoFrameChanged.connect(self._take)
        self._camera.errorOccurred.connect(lambda _, text: self.failed.emit(f"The webcam stopped: {text}."))
        self._last = 0.0

    def start(self) -> None:
        """Switch the camera on."""
        self._camera.start()

    def stop(self) -> None:
        """Switch it off."""
        self._camera.stop()

    def _take(self, frame: Any) -> None:
        now = time.monotonic()
        if now - self._last < INTERVAL or not frame.isValid():
            return
        image = frame.toImage()
        if not image.isNull():
            self._last = now
            self.pictured.emit(image_array(image)[..., :3].copy())
