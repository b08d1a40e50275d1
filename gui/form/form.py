"""The form itself: every setting of a `Config`, live, with undo."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from engine.settings import Config
from gui.form.history import History, Values
from gui.form.row import GAP, GUTTER, Row
from gui.form.section import Section
from gui.icons import IconButton
from gui.theme import GRID

ANSWER_TIME = 1.0
"""Seconds within which a lab is given time to take up a change before its own word counts again."""


class Form(QWidget):
    """The settings of one lab.

    Every change emits `config_changed` with a new frozen config, also while a slider is dragged.
    `set_config` shows what the lab has in force. A field that the person is dragging or typing in is
    left alone, and so is one whose change the lab has not had time to take up.
    """

    config_changed = Signal(object)
    history_changed = Signal()
    """`can_undo` or `can_redo` may have changed."""

    def __init__(
        self,
        config_type: type[Config],
        parent: QWidget | None = None,
        *,
        filled: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._config = config_type()
        self._clock = clock
        self._history = History(clock)
        self._sent: dict[str, float] = {}
        self._choices: dict[str, Sequence[str]] = {}
        self._rows: dict[str, Row] = {}
        self._sections: dict[str, Section] = {}
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.setAutoFillBackground(True)
        self._lay_out()
        settings = config_type.settings()
        self._on_page = [name for name, about in settings.items() if about.on_page]
        self._missing = [(name, about) for name, about in settings.items() if not about.on_page]
        self._tell_history()
        if filled:
            self.fill(len(self._missing))

    # What the window uses --------------------------------------------------------------------------

    @property
    def is_filled(self) -> bool:
        """Whether every setting has its row; until then the form is not for use."""
        return not self._missing

    def fill(self, rows: int) -> None:
        """Make the next rows. All at once would hold the window up for 0.1 s."""
        now, self._missing = self._missing[:rows], self._missing[rows:]
        for name, about in now:
            self._add(name, about.group)
        self._show([name for name, _ in now])

    @property
    def config(self) -> Config:
        """The settings as the form shows them."""
        return self._config

    def set_config(self, config: Config, *, final: bool = False) -> None:
        """Show the lab's config without emitting. `final` (after an error, say): nothing of the

        person's is on its way any more, so that the lab's word counts for every field.
        """
        if final:
            self._sent.clear()
        for name in [name for name in self._on_page if getattr(config, name) == getattr(self._config, name)]:
            self._sent.pop(name, None)
        values = {name: getattr(config, name) for name in self._on_page if not self._is_due(name)}
        self._config = dataclasses.replace(self._config, **values)
        values = {}
        for name, row in self._rows.items():
            value = getattr(config, name)
            if value != getattr(self._config, name) and not row.field.is_busy and not self._is_due(name):
                values[name] = value
            elif value == getattr(self._config, name):
                self._sent.pop(name, None)
        if values:
            self._config = dataclasses.replace(self._config, **values)
            self._show(values)

    def change(self, values: Values) -> None:
        """Change some fields as the person would (a click in a picture): remembered, shown and told."""
        self._change(values)

    def note_step(self, before: Config, after: Config) -> None:
        """Remember what the lab set by itself because a file was opened, as a change that can be undone."""
        names = [
            name
            for name, about in type(self._config).settings().items()
            if getattr(before, name) != getattr(after, name) and not about.by_command
        ]
        if names:
            old, new = ({name: getattr(config, name) for name in names} for config in (before, after))
            self._history.add(old, new)
            self._tell_history()

    def set_choices(self, name: str, values: Sequence[str]) -> None:
        """Offer `values` for a field with `open_choices`. Raises KeyError for an unknown field."""
        if self._choices.get(name) != values:
            self._rows[name].field.set_choices(values)
            self._choices[name] = values
            self._arrange()

    def can_undo(self) -> bool:
        return self._history.can_undo

    def can_redo(self) -> bool:
        return self._history.can_redo

    def undo(self) -> None:
        """Take the last change back, if there is one."""
        if self.can_undo():
            self._put(self._history.undo())

    def redo(self) -> None:
        """Do again what was undone last, if there is something."""
        if self.can_redo():
            self._put(self._history.redo())

    def reset(self) -> None:
        """Every setting back to its default, as one change."""
        self._change(self._defaults(self._rows))

    def open_groups(self) -> tuple[str, ...]:
        """Titles of the sections that are unfolded."""
        return tuple(title for title, section in self._sections.items() if section.is_open)

    def set_open_groups(self, titles: Iterable[str]) -> None:
        """Unfold exactly these sections."""
        wanted = set(titles)
        for title, section in self._sections.items():
            section.set_open(title in wanted or not title)

    def row(self, name: str) -> Row:
        """The row of a field. Raises KeyError for an unknown one."""
        return self._rows[name]

    # Building --------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        content = QWidget()
        self._content = QVBoxLayout(content)
        self._content.setContentsMargins(2 * GRID, 0, 0, GRID)
        self._content.setSpacing(GRID // 2)
        self._content.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(content)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.verticalScrollBar().setAccessibleName("Scroll the settings")
        self._scroll.viewport().setAutoFillBackground(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._header())
        layout.addWidget(self._scroll)
        self.setMinimumWidth(220)

    def _header(self) -> QHBoxLayout:
        title = QLabel("Settings")
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        self._undo = _header_button("undo", "Undo", QKeySequence.StandardKey.Undo, "the last change")
        self._redo = _header_button("redo", "Redo", QKeySequence.StandardKey.Redo, "what was undone")
        self._reset = IconButton("reset", "Reset all settings", "Every setting back to its default")
        header = QHBoxLayout()
        header.setContentsMargins(2 * GRID, 0, GRID, GRID // 2)
        header.setSpacing(0)
        header.addWidget(title, 1)
        for button, call in ((self._undo, self.undo), (self._redo, self.redo), (self._reset, self.reset)):
            header.addWidget(button)
            button.clicked.connect(call)
        return header

    def _add(self, name: str, group: str) -> None:
        if group not in self._sections:
            section = self._sections[group] = Section(group)
            self._content.insertWidget(self._content.count() - 1, section)
        row = self._rows[name] = Row(type(self._config), name)
        self._sections[group].add(row)
        row.field.changed.connect(lambda value: self._change({name: value}))
        row.field.drag_started.connect(self._history.start_drag)
        row.field.drag_ended.connect(self._end_drag)
        row.reset_wanted.connect(lambda: self._change(self._defaults([name])))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """One column of labels for all sections, never more than about half of the form."""
        width = self.width() - 2 * GRID - self._scroll.verticalScrollBar().sizeHint().width()
        half = (width - GUTTER - 2 * GAP) * 46 // 100
        labels = min(max(row.label_width for row in self._rows.values()), half)
        for row in self._rows.values():
            row.arrange(labels, width)

    # Changing --------------------------------------------------------------------------------------

    def _change(self, values: Values) -> None:
        """The person's change: remembered, shown, told."""
        before = {name: getattr(self._config, name) for name in values}
        if before == values:
            return
        rows = [self._rows.get(name) for name in values]
        continuous = all(row is not None and row.field.continuous for row in rows)
        self._history.record(before, values, continuous=continuous)
        self._put(values)

    def _put(self, values: Values) -> None:
        self._config = dataclasses.replace(self._config, **values)
        self._sent.update(dict.fromkeys(values, self._clock()))
        self._show(values)
        self._tell_history()
        self.config_changed.emit(self._config)

    def _show(self, names: Iterable[str]) -> None:
        """Show these values; the page shows those that have no row here."""
        for name in (name for name in names if name in self._rows):
            row, value = self._rows[name], getattr(self._config, name)
            if row.field.is_busy:
                row.mark(value)
            else:
                row.show_value(value)
        self._reset.setEnabled(bool(self._defaults(self._rows)))

    def _defaults(self, names: Iterable[str]) -> Values:
        """The defaults of those fields that differ from them."""
        default = type(self._config)()
        return {
            name: getattr(default, name)
            for name in names
            if getattr(default, name) != getattr(self._config, name)
        }

    def _end_drag(self) -> None:
        self._history.end_drag()
        self._tell_history()

    def _tell_history(self) -> None:
        self._undo.setEnabled(self.can_undo())
        self._redo.setEnabled(self.can_redo())
        self.history_changed.emit()

    def _is_due(self, name: str) -> bool:
        """Whether a change of this field may still be on its way through the lab."""
        sent = self._sent.get(name)
        if sent is not None and self._clock() - sent >= ANSWER_TIME:
            del self._sent[name]
            return False
        return sent is not None


def _header_button(icon: str, name: str, key: QKeySequence.StandardKey, what: str) -> IconButton:
    shortcut = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
    return IconButton(icon, name, f"{name} {what} ({shortcut})" if shortcut else f"{name} {what}")
