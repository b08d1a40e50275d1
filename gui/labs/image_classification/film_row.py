"""The film strip at the foot of the page, with the camera's button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from gui.panels.film_strip import FilmStrip, Frame
from gui.panels.panel import Panel
from gui.theme import GRID
from gui.webcam import Webcam, camera_problem

if TYPE_CHECKING:
    from engine.data.film import Still


class FilmRow(QWidget):
    """Choosing a picture shows it; the camera takes the strip's place while it runs."""

    command_wanted = Signal(str, tuple)
    told = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.film = FilmStrip("Film strip", "Drop pictures or a folder anywhere.", "film")
        self.film.clicked.connect(self._show)
        self._stills: tuple[Still, ...] = ()
        self._camera: Webcam | None = None
        self.camera = QPushButton("Webcam", self)
        self.camera.setCheckable(True)
        self.camera.clicked.connect(self.toggle_camera)
        self.camera.setToolTip("Classify what the camera sees (Ctrl+W)")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self.film, 1)
        row.addWidget(self.camera)

    def panels(self) -> tuple[Panel, ...]:
        """The strip."""
        return (self.film,)

    def show_film(self, stills: Sequence[Still], current: int) -> None:
        """Show the stills with their thumbnails, as far as they are read."""
        stills = tuple(stills)
        if stills == () and not self._stills:
            return
        if stills is not self._stills or current != self.film.current:
            self._stills = stills
            frames = [
                Frame(still.name, still.thumbnail, still.error or still.credit, bool(still.error))
                for still in stills
            ]
            self.film.set_frames(frames, current)

    def _show(self, at: tuple[str, tuple[int, ...]]) -> None:
        self.stop_camera()  # its next picture would take the place of the one chosen
        self.command_wanted.emit("show", (at[1][0],))

    def toggle_camera(self) -> None:
        """Start the camera, or stop it; where there is none, say so."""
        if self._camera is not None:
            self.stop_camera()
            return
        problem = camera_problem()
        if problem:
            self.camera.setChecked(False)
            self.told.emit(problem)
            return
        self._camera = Webcam(self)
        self._camera.pictured.connect(lambda rgb: self.command_wanted.emit("look_at", (rgb,)))
        self._camera.failed.connect(self._camera_failed)
        self._camera.start()
        self.camera.setChecked(True)

    def stop_camera(self) -> None:
        """Let the camera go."""
        if self._camera is not None:
            self._camera.stop()
            self._camera.deleteLater()
            self._camera = None
        self.camera.setChecked(False)

    def _camera_failed(self, sentence: str) -> None:
        self.stop_camera()
        self.told.emit(sentence)
