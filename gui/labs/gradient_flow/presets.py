"""The experiments to choose from in a row, and the sentence of the chosen one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.labs.gradient_flow.config import PRESETS, GradientFlowConfig
from gui.form.segments import Segments
from gui.labs.gradient_flow import wording
from gui.lines import Lines
from gui.theme import GRID

NAMES = tuple(PRESETS)


class PresetRow(QWidget):
    """Segments with a sentence beneath."""

    chosen = Signal(str)
    """The preset to apply; also where it is chosen already, since its settings may have been changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.segments = Segments(NAMES)
        self.segments.setParent(self)
        for name, button in zip(NAMES, self.segments.buttons, strict=True):
            button.setAccessibleName(f"Preset: {name}")
            button.setAccessibleDescription(PRESETS[name][0])
            button.setToolTip(PRESETS[name][0])
            button.clicked.connect(lambda _=False, name=name: self.chosen.emit(name))
        self.sentence = Lines(1, muted=True, small=True, parent=self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addWidget(self.segments)
        column.addWidget(self.sentence)

    def show_preset(self, config: GradientFlowConfig) -> None:
        """Highlight the preset in force; none where there is no such one."""
        if config.preset in PRESETS:
            self.segments.show_choice(NAMES.index(config.preset))
        else:
            self._choose_none()
        self.sentence.set_text(wording.preset_line(config))

    def _choose_none(self) -> None:
        for button in self.segments.buttons:
            button.setAutoExclusive(False)
            button.setChecked(False)
            button.setAutoExclusive(True)
