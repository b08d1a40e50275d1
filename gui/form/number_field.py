"""A number to type, or to step through with the arrow keys."""

from __future__ import annotations

import re

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox

from gui.form.drawing import HEIGHT, draw_ground, make_clear, quiet_wheel
from gui.form.scale import Scale
from gui.theme import themes

ENDLESS = 2.0**53
"""Stands for a missing end of a range: up to here every whole number is exact."""
_WHOLE = re.compile(r"[+-]?\d*")
_REAL = re.compile(r"[+-]?\d*\.?\d*(e[+-]?\d*)?")


class NumberField(QDoubleSpinBox):
    """Written by a `Scale`; a decimal comma and a true minus sign are understood.

    What is typed counts with Enter or when the focus leaves; a number outside the range becomes the
    nearest inside it.
    """

    def __init__(self, scale: Scale, unit: str = "") -> None:
        super().__init__()
        self._scale, self._suffix = scale, _suffix(unit)
        self.setDecimals(0 if scale.whole else 12)
        self.setRange(
            -ENDLESS if scale.low is None else scale.low, ENDLESS if scale.high is None else scale.high
        )
        self.setSingleStep(scale.step)
        self.setKeyboardTracking(False)
        self.setFrame(False)
        quiet_wheel(self)
        self.setFixedHeight(HEIGHT)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        make_clear(self.lineEdit())
        themes.changed.connect(self.update)

    @property
    def is_being_typed(self) -> bool:
        """Whether it shows something that does not count yet."""
        return self.hasFocus() and self.lineEdit().text() != self.textFromValue(self.value())

    def stepBy(self, steps: int) -> None:
        if not self._scale.has_slider:
            super().stepBy(steps)
            return
        self.interpretText()
        self.setValue(self._scale.value(self._scale.notch(self.value()) + steps))
        self.selectAll()

    def textFromValue(self, value: float) -> str:
        return self._scale.text(value) + self._suffix

    def valueFromText(self, text: str) -> float:
        try:
            return float(self._scale.clamped(float(self._bare(text))))
        except ValueError:
            return self.value()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        bare = self._bare(text)
        state = QValidator.State.Intermediate
        if not (_WHOLE if self._scale.whole else _REAL).fullmatch(bare):
            state = QValidator.State.Invalid
        elif _is_number(bare) and self.minimum() <= float(bare) <= self.maximum():
            state = QValidator.State.Acceptable
        return state, text, position

    def fixup(self, text: str) -> str:
        return self.textFromValue(self.valueFromText(text))

    def sizeHint(self) -> QSize:
        """As wide as the longest number of the range."""
        metrics = self.fontMetrics()
        widths = (metrics.horizontalAdvance(text + self._suffix) for text in self._scale.samples())
        return QSize(max(widths) + 14, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_ground(QPainter(self), self, self.hasFocus())

    def _bare(self, text: str) -> str:
        if self._suffix:
            text = text.removesuffix(self._suffix).removesuffix(self._suffix.strip())
        return text.strip().replace("−", "-").replace(",", ".").lower()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _suffix(unit: str) -> str:
    """A short unit stands behind the number; a long one is left to the tip."""
    if len(unit) > 3:
        return ""
    return unit if unit in ("", "°") else f" {unit}"
