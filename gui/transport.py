"""The transport bar: play, step, start over, speed, cancel, and the progress of what takes long."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.jobs import JobStatus
from gui.form.combo import Combo
from gui.icons import IconButton
from gui.progress_bar import Progress
from gui.progress_text import is_long, percent, progress_text
from gui.theme import GRID

if TYPE_CHECKING:
    from engine.worker import Frame

SPEEDS: dict[str, float | None] = {
    "¼ step/s": 0.25,
    "½ step/s": 0.5,
    "1 step/s": 1.0,
    "2 steps/s": 2.0,
    "5 steps/s": 5.0,
    "10 steps/s": 10.0,
    "30 steps/s": 30.0,
    "Full speed": None,
}
"""What the speed list says to steps per second; None is as fast as the lab can."""
HEIGHT = 44


class Transport(QWidget):
    """Tells what the person wants; `show_frame` shows how the run stands.

    The space bar plays and pauses wherever in the window it is not needed for something else.
    """

    play = Signal()
    pause = Signal()
    step_once = Signal()
    reset = Signal()
    cancel = Signal()
    speed_changed = Signal(object)
    """Steps per second, or None for full speed."""

    def __init__(self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._running = False
        self._keys = {"play": "Space"}
        self._call: tuple[str, float] | None = None
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAutoFillBackground(True)
        self.setFixedHeight(HEIGHT)
        self._make_buttons()
        self._make_progress()
        self._lay_out()
        self._played_at: float | None = None
        self.set_speed(None)
        self._enable(can_step=False, has_lab=False, has_jobs=False)

    # What the window uses --------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        return self._running

    @property
    def speed(self) -> float | None:
        """Steps per second chosen, None for full speed."""
        return SPEEDS[self.speed_list.currentText()]

    def set_speed(self, steps_per_second: float | None) -> None:
        """Show a speed without telling anybody: the one offered that is nearest."""
        if steps_per_second is None:
            self.speed_list.show_entry("Full speed")
            return
        offered = {text: speed for text, speed in SPEEDS.items() if speed is not None}
        self.speed_list.show_entry(min(offered, key=lambda text: abs(offered[text] - steps_per_second)))

    def toggle(self) -> None:
        """Play or pause, whichever is next."""
        if self.play_button.isEnabled():
            (self.pause if self._running else self.play).emit()

    def name_keys(self, keys: Mapping[str, str]) -> None:
        """Say in the tips which keys the window gave to "play", "step", "reset" and "cancel"."""
        self._keys |= keys
        self._show_tips()

    def show_frame(self, frame: Frame) -> None:
        """Everything the bar shows, from a frame of the worker's."""
        if frame.speed != self._played_at:  # else a choice that is still on its way would be taken back
            self._played_at = frame.speed
            self.set_speed(frame.speed)
        running = not frame.paused and (frame.playing or bool(frame.jobs))
        if running != self._running:
            self._running = running
            self._show_running()
        self._enable(can_step=frame.can_step or running, has_lab=bool(frame.lab), has_jobs=bool(frame.jobs))
        self.show_jobs(frame.jobs)

    def show_jobs(self, jobs: tuple[JobStatus, ...]) -> None:
        """The progress of the first job, once it is known to take longer than a second."""
        job = self._timed(jobs[0]) if jobs else None
        shown = job is not None and is_long(job)
        if job is not None and shown:
            text = progress_text(job, len(jobs) - 1)
            self.progress.show_text(text, percent(job) / 100 if job.total > 0 else None)
        self.progress.setVisible(shown)

    # Building --------------------------------------------------------------------------------------

    def _make_buttons(self) -> None:
        self.play_button = _button("play", "Play", self.toggle)
        self.step_button = _button("step", "One step", self.step_once.emit)
        self.reset_button = _button("reset", "Start over", self.reset.emit)
        self.cancel_button = _button("stop", "Cancel", self.cancel.emit)
        self.speed_list = Combo()
        self.speed_list.set_entries(list(SPEEDS))
        self.speed_list.setFixedWidth(self.speed_list.sizeHint().width())
        self.speed_list.setAccessibleName("Speed")
        self.speed_list.setToolTip("How many steps a second are played")
        self.speed_list.activated.connect(lambda _: self.speed_changed.emit(self.speed))
        self._show_running()

    def _make_progress(self) -> None:
        self.progress = Progress()
        keep = self.progress.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(keep)
        self.progress.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, 0, 2 * GRID, 0)
        row.setSpacing(GRID // 2)
        for button in (self.play_button, self.step_button, self.reset_button, self.cancel_button):
            row.addWidget(button)
        row.addSpacing(GRID // 2)
        row.addWidget(self.speed_list)
        row.addSpacing(GRID)
        row.addWidget(self.progress, 1)

    # Inside ----------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.window().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The space bar plays and pauses when no control on the way up to the window wanted it."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            plain = event.modifiers() == Qt.KeyboardModifier.NoModifier and not event.isAutoRepeat()
            if event.key() == Qt.Key.Key_Space and plain:
                self.toggle()
                return True
        return super().eventFilter(watched, event)

    def _show_running(self) -> None:
        name = "Pause" if self._running else "Play"
        self.play_button.show_as(name.lower(), name)
        self._show_tips()

    def _show_tips(self) -> None:
        for key, button in self._buttons().items():
            name = button.accessibleName()
            button.setToolTip(f"{name} ({self._keys[key]})" if self._keys.get(key) else name)

    def _buttons(self) -> dict[str, IconButton]:
        return {
            "play": self.play_button,
            "step": self.step_button,
            "reset": self.reset_button,
            "cancel": self.cancel_button,
        }

    def _enable(self, *, can_step: bool, has_lab: bool, has_jobs: bool) -> None:
        for button, on in (
            (self.play_button, can_step),
            (self.step_button, can_step),
            (self.reset_button, has_lab),
            (self.cancel_button, has_jobs),
        ):
            if button.isEnabled() != on:
                button.setEnabled(on)

    def _timed(self, job: JobStatus) -> JobStatus:
        """A long call does not keep its own time: it counts from when it was first seen."""
        if job.seconds > 0 or job.name != "call":
            self._call = None
            return job
        now = self._clock()
        if self._call is None or self._call[0] != job.title:
            self._call = (job.title, now)
        return dataclasses.replace(job, seconds=now - self._call[1])


def _button(icon: str, name: str, call: Callable[[], None]) -> IconButton:
    button = IconButton(icon, name, side=32, glyph=20)
    button.clicked.connect(lambda: call())
    return button
