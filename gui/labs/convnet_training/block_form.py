"""The settings of the chosen block, with the rows that the window's form is made of."""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.models.designs.block import Block
from engine.settings import Config, Setting
from gui.form.row import GAP, GUTTER, Row
from gui.labs.convnet_training import block_words as words
from gui.lines import Lines
from gui.theme import GRID

NO_BLOCK = "No block yet. Add one, or begin with a preset."


@cache
def as_config(kind: type[Block]) -> type[Config]:
    """A `Config` with the fields of a kind of block, from which rows can be made.

    A field that takes a number or one word ("same") becomes a number that may be left out for the word.
    """
    fields = []
    for field in dataclasses.fields(kind):
        about: Setting = field.metadata["setting"]
        hint, default = typing.get_type_hints(kind)[field.name], field.default
        if word := _word_of(kind, field.name):
            label = words.left_out(word)
            about = dataclasses.replace(about, choices=(), optional=True, none_label=label)
            hint, default = int | None, None if default == word else default
        fields.append((field.name, hint, dataclasses.field(default=default, metadata={"setting": about})))
    made = dataclasses.make_dataclass(f"{kind.__name__}Config", fields, bases=(Config,), frozen=True)
    return typing.cast("type[Config]", made)


def _word_of(kind: type[Block], name: str) -> str:
    """The word that may stand in the place of a number, if there is one."""
    hint = typing.get_type_hints(kind)[name]
    both = isinstance(hint, types.UnionType) and {int, str} <= {*typing.get_args(hint)}
    return kind.settings()[name].choices[0] if both else ""


class KindForm(QWidget):
    """A row for each field of one kind of block."""

    changed = Signal(dict)
    drag_started = Signal()
    drag_ended = Signal()

    def __init__(self, kind: type[Block]) -> None:
        super().__init__()
        self._kind, self._config = kind, as_config(kind)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, GRID, 0)
        column.setSpacing(GRID // 2)
        self.rows = {name: Row(self._config, name) for name in kind.settings()}
        for name, row in self.rows.items():
            column.addWidget(row)
            row.field.changed.connect(lambda value, name=name: self._change(name, value))
            row.field.drag_started.connect(self.drag_started)
            row.field.drag_ended.connect(self.drag_ended)
            row.reset_wanted.connect(lambda name=name: self._reset(name))
        column.addStretch(1)

    def show_block(self, block: Block) -> None:
        """Show its values; a field that is being dragged or typed in is left alone."""
        for name, row in self.rows.items():
            value = self._in_form(name, getattr(block, name))
            if row.field.is_busy:
                row.mark(value)
            else:
                row.show_value(value)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.rows:
            width = self.width() - GRID
            half = (width - GUTTER - 2 * GAP) * 46 // 100
            labels = min(max(row.label_width for row in self.rows.values()), half)
            for row in self.rows.values():
                row.arrange(labels, width)

    def _in_form(self, name: str, value: Any) -> Any:
        word = _word_of(self._kind, name)
        return None if word and value == word else value

    def _change(self, name: str, value: Any) -> None:
        word = _word_of(self._kind, name)
        self.changed.emit({name: word if word and value is None else value})

    def _reset(self, name: str) -> None:
        self.changed.emit({name: getattr(self._kind(), name)})


class BlockForm(QWidget):
    """What the chosen block is, its settings, and buttons to move, double and remove it."""

    changed = Signal(dict)
    """New values of some of its fields, also while a slider is dragged."""
    drag_started = Signal()
    drag_ended = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(self)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.help = Lines(2, muted=True, small=True, parent=self)
        self.up, self.down = _button("↑", "Move up", "Alt+Up"), _button("↓", "Move down", "Alt+Down")
        self.double = _button("Duplicate", "Put the same block after it", "Ctrl+D")
        self.remove = _button("Remove", "Remove this block", "Delete")
        self.forms: dict[type[Block], KindForm] = {}
        self._pages = QStackedWidget()
        self._pages.addWidget(QWidget())
        self._lay_out()

    def _lay_out(self) -> None:
        scroll = QScrollArea()
        scroll.setWidget(self._pages)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.verticalScrollBar().setAccessibleName("Scroll the block’s settings")
        tools = QHBoxLayout()
        tools.setSpacing(GRID // 2)
        for button in (self.up, self.down, self.double, self.remove):
            tools.addWidget(button)
        tools.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addWidget(self.title)
        column.addWidget(self.help)
        column.addWidget(scroll, 1)
        column.addLayout(tools)

    @property
    def form(self) -> KindForm | None:
        """The rows that are shown."""
        shown = self._pages.currentWidget()
        return shown if isinstance(shown, KindForm) else None

    def show_block(self, block: Block | None, place: int = 0, count: int = 0) -> None:
        """Show the block at `place` of so many, or that there is none."""
        self.up.setEnabled(block is not None and place > 0)
        self.down.setEnabled(block is not None and place < count - 1)
        for button in (self.double, self.remove):
            button.setEnabled(block is not None)
        if block is None:
            self.title.setText("Block")
            self.help.set_text(NO_BLOCK)
            self._pages.setCurrentIndex(0)
            return
        kind = type(block)
        self.title.setText(f"{kind.title}, block {place + 1}")
        self.help.set_text(words.help_of(kind))
        form = self._form(kind)
        self._pages.setCurrentWidget(form)
        form.show_block(block)

    def enter(self) -> None:
        """Give the keyboard to the first field, or where there is none to the buttons."""
        rows = list(self.form.rows.values()) if self.form is not None else []
        (rows[0].field if rows else self.remove).setFocus(Qt.FocusReason.TabFocusReason)

    def _form(self, kind: type[Block]) -> KindForm:
        if kind not in self.forms:
            form = self.forms[kind] = KindForm(kind)
            form.changed.connect(self.changed)
            form.drag_started.connect(self.drag_started)
            form.drag_ended.connect(self.drag_ended)
            self._pages.addWidget(form)
        return self.forms[kind]


def _button(text: str, name: str, key: str) -> QPushButton:
    button = QPushButton(text)
    button.setAccessibleName(name)
    button.setToolTip(f"{name} ({key} in the list)")
    return button
