"""One row of the form: a label, its field, and an arrow that leads back to the default."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from engine.settings import Config, Setting
from gui.form.choice_fields import BoolField
from gui.form.drawing import HEIGHT
from gui.form.field import Field
from gui.form.fields import make_field
from gui.form.scale import scale_of
from gui.form.wording import choice_names, on_screen
from gui.icons import IconButton

GAP = 8
GUTTER = 20
"""Room at the right for the arrow."""


class Row(QWidget):
    """`reset_wanted` when the arrow is pressed or the label or slider double-clicked."""

    reset_wanted = Signal()

    def __init__(self, config_type: type[Config], name: str) -> None:
        super().__init__()
        about = config_type.settings()[name]
        self._default = getattr(config_type(), name)
        self._names = choice_names(config_type, name)
        self.field: Field = make_field(config_type, name)
        self.label = QLabel(about.label)
        self.label.setWordWrap(True)
        self.label.setMinimumHeight(HEIGHT)
        self.label.setBuddy(self.field)
        self.label.installEventFilter(self)
        self.arrow = IconButton("reset", f"Reset {about.label}", side=GUTTER, glyph=14)
        self.arrow.setFixedSize(GUTTER, HEIGHT)
        self._lay_out()
        self._explain(about, config_type.type_of(name))
        self.arrow.clicked.connect(self.reset_wanted)
        self.field.reset_wanted.connect(self.reset_wanted)

    def _lay_out(self) -> None:
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)
        keep = self.arrow.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.arrow.setSizePolicy(keep)
        self.arrow.hide()
        self.field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._stacked: bool | None = None
        self.arrange(self.label.sizeHint().width(), 10_000)

    def _explain(self, about: Setting, kind: type) -> None:
        """Tip and accessible description: the help, the range with its unit, and the default."""
        facts = [about.help]
        if kind in (int, float) and (about.low is not None or about.high is not None):
            scale = scale_of(about, kind, self._default or 0)
            facts.append(_range(scale.text, about))
        facts.append(f"Default: {self._default_text(about, kind)} (double-click the label to go back to it).")
        tip = "\n".join(facts)
        self.setToolTip(f"<p>{'<br>'.join(facts)}</p>")
        self.field.name_parts(about.label, tip)
        self.arrow.setToolTip(f"Back to {self._default_text(about, kind)}")

    def _default_text(self, about: Setting, kind: type) -> str:
        if self._default is None:
            return about.none_label or "none"
        if kind is bool:
            return "on" if self._default else "off"
        if kind is str:
            return self._names.get(self._default) or on_screen(self._default) or "empty"
        return f"{scale_of(about, kind, self._default).text(self._default)} {about.unit}".rstrip()

    @property
    def label_width(self) -> int:
        """Width of the label on one line."""
        return self.label.fontMetrics().horizontalAdvance(self.label.text()) + 2

    def arrange(self, label_width: int, width: int) -> None:
        """Field beside the label where both have room, else below it."""
        self.label.setFixedWidth(label_width)
        stacked = self.field.needed_width() > width - label_width - 2 * GAP - GUTTER
        if stacked:
            self.label.setFixedWidth(max(label_width, width - 2 * GAP - GUTTER - 1))
        if stacked == self._stacked:
            return
        self._stacked = stacked
        top = Qt.AlignmentFlag.AlignTop
        for widget in (self.label, self.field, self.arrow):
            self._grid.removeWidget(widget)
        self._grid.addWidget(self.label, 0, 0, 1, 2 if stacked else 1, top)
        self._grid.addWidget(self.field, *((1, 0, 1, 2) if stacked else (0, 1)), top)
        self._grid.addWidget(self.arrow, 1 if stacked else 0, 2, top)

    def show_value(self, value: Any) -> None:
        """Show a value without telling anybody."""
        self.field.show_value(value)
        self.mark(value)

    def mark(self, value: Any) -> None:
        """Show the arrow where the value is not the default."""
        self.arrow.setVisible(value != self._default)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The label: a double-click resets, a click ticks or focuses the field."""
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.reset_wanted.emit()
            return True
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            if event.button() == Qt.MouseButton.LeftButton:
                self.field.setFocus(Qt.FocusReason.MouseFocusReason)
                if isinstance(self.field, BoolField):
                    self.field.box.toggle()
            return True
        return super().eventFilter(watched, event)


def _range(write: Any, about: Setting) -> str:
    unit = f" {about.unit}" if about.unit else ""
    if about.low is None:
        return f"At most {write(about.high)}{unit}."
    if about.high is None:
        return f"At least {write(about.low)}{unit}."
    return f"{write(about.low)} to {write(about.high)}{unit}."
