"""The status bar: device, threads, memory, steps per second and frames per second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from gui.process_memory import resident_bytes
from gui.progress_text import rate
from gui.theme import GRID, small_font, themes

if TYPE_CHECKING:
    from engine.device import DeviceInfo
    from engine.worker import Frame

PERIOD = 1.0
"""Seconds between two changes of the figures."""
LOADING = "Loading PyTorch…"
_KINDS = {"cpu": "CPU", "cuda": "CUDA", "mps": "MPS"}


class StatusBar(QWidget):
    """Numbers on screen change once a second at most, so that they can be read."""

    def __init__(self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._refreshed = 0.0
        self._device: DeviceInfo | None = None
        self._steps_per_second = 0.0
        self._frames_per_second = 0.0
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAutoFillBackground(True)
        self.device_name = _Elided(LOADING)
        self.threads = _figure("Threads", "Processor threads that PyTorch computes with", "88 threads")
        self.memory = _figure("Memory", "Main memory that Gridloop takes up, with PyTorch", "88.88 GB")
        self.steps = _figure("Steps per second", "Steps of the lab in the last second", "8 888 steps/s")
        self.frames = _figure("Frames per second", "Pictures drawn in the last second", "888 fps")
        self._lay_out()
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID, 0, 2 * GRID, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.device_name, 1)
        for label in (self.threads, self.memory, self.steps, self.frames):
            row.addWidget(label)
        self.setFixedHeight(3 * GRID)

    @property
    def device(self) -> DeviceInfo | None:
        """What the worker computes on; None until it is ready."""
        return self._device

    def show_frame(self, frame: Frame, frames_per_second: float) -> None:
        """Take note of device and rates. A new device and the end of a run show at once."""
        has_ended = frame.steps_per_second == 0 < self._steps_per_second
        self._steps_per_second, self._frames_per_second = frame.steps_per_second, frames_per_second
        if frame.device != self._device:
            self._device = frame.device
            self._show_device()
        if has_ended or self._clock() - self._refreshed >= PERIOD:
            self.refresh()

    def refresh(self) -> None:
        """Bring the figures up to date."""
        self._refreshed = self._clock()
        self.memory.setText(_bytes(resident_bytes()))
        if self._device is None:
            return
        steps = self._steps_per_second
        self.steps.setText(f"{rate(steps)} steps/s" if steps > 0 else "idle")
        self.frames.setText(f"{self._frames_per_second:.0f} fps" if self._frames_per_second else "")

    def _show_device(self) -> None:
        about = self._device
        if about is None:
            self.device_name.show_text(LOADING)
            self.threads.clear()
            return
        kind = _KINDS.get(about.kind, about.kind)
        self.device_name.show_text(f"{kind} · {about.title}" if about.title else kind)
        self.threads.setText("1 thread" if about.threads == 1 else f"{about.threads} threads")
        self.refresh()


def _figure(name: str, tip: str, longest: str) -> QLabel:
    """A label as wide as its longest text, so that its neighbours stand still."""
    label = QLabel()
    label.setFont(small_font(label.font()))
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    label.setMinimumWidth(label.fontMetrics().horizontalAdvance(longest))
    label.setAccessibleName(name)
    label.setToolTip(tip)
    return label


def _bytes(count: int) -> str:
    """ "412 MB", "1.25 GB" (powers of ten)."""
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


class _Elided(QWidget):
    """A line of text that ends in "…" where there is no room; its tip has all of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setFont(small_font(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.show_text(text)
        themes.changed.connect(self.update)

    @property
    def text(self) -> str:
        return self._text

    def show_text(self, text: str) -> None:
        self._text = text
        self.setToolTip(text)
        self.setAccessibleName(f"Device: {text}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._text) + 1, 3 * GRID)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, 3 * GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
