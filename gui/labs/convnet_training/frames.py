"""Pictures from the webcam: a preview, and a button that takes one, or several while it is held."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.panels.picture import PicturePanel
from gui.theme import GRID
from gui.webcam import Webcam, camera_problem

PACE = 250
"""Milliseconds between two pictures while the button is held: long enough to turn what is shown a little."""
OFF = "The camera is off."


class Frames(QWidget):
    """`taken` tells each picture. The camera runs only while the person has switched it on."""

    taken = Signal(object)
    """(H, W, 3) uint8"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.preview = PicturePanel("Webcam", name="webcam")
        self.preview.nothing_yet = OFF
        self.preview.set_empty(OFF)
        self.switch = QPushButton("Camera on", self)
        self.switch.setToolTip("Switch the webcam on; its pictures stay on this computer.")
        self.take = QPushButton("Hold to take", self)
        self.take.setToolTip("Take the picture into the chosen class; hold to take several (Space held).")
        self.take.setEnabled(False)
        self._camera: Webcam | None = None
        self._newest: np.ndarray | None = None
        self._held = QTimer(self)
        self._held.setInterval(PACE)
        self._held.timeout.connect(self._take)
        row, column = QHBoxLayout(), QVBoxLayout(self)
        row.addWidget(self.switch)
        row.addWidget(self.take)
        row.addStretch(1)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(row)
        column.addWidget(self.preview, 1)
        self.switch.clicked.connect(self.toggle)
        self.take.pressed.connect(self._begin)  # a click presses, too
        self.take.released.connect(self._held.stop)

    @property
    def is_on(self) -> bool:
        """Whether the camera runs."""
        return self._camera is not None

    def toggle(self) -> None:
        """Switch the camera on, or off; where there is none, say so in the picture's place."""
        if self._camera is not None:
            self.stop()
            return
        problem = camera_problem()
        if problem:
            self.preview.set_empty(problem)
            return
        self._camera = Webcam(self)
        self._camera.pictured.connect(self._see)
        self._camera.failed.connect(self._fail)
        self._camera.start()
        self.switch.setText("Camera off")
        self.preview.set_empty("The camera is starting.")

    def stop(self) -> None:
        """Let the camera go."""
        self._held.stop()
        if self._camera is not None:
            self._camera.stop()
            self._camera.deleteLater()
            self._camera, self._newest = None, None
            self.switch.setText("Camera on")
            self.take.setEnabled(False)
            self.preview.set_empty(OFF)

    def _see(self, rgb: np.ndarray) -> None:
        self._newest = rgb
        self.preview.set_picture(rgb)
        self.take.setEnabled(True)

    def _fail(self, sentence: str) -> None:
        self.stop()
        self.preview.set_empty(sentence)

    def _begin(self) -> None:
        self._take()
        self._held.start()

    def _take(self) -> None:
        if self._newest is not None:
            self.taken.emit(self._newest)
