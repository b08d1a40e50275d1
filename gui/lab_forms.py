"""The form of every lab, and what is remembered of its settings: none of them reaches another lab."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from engine.settings import Config
    from gui.form import Form
    from gui.memory import Memory


class LabForms(QObject):
    """Forms by lab, made when they are needed and filled with the settings of last time."""

    configured = Signal(object)
    """Settings for the lab that is shown."""
    remembered = Signal()
    """There is something new to be written down."""
    history_changed = Signal()
    """A form can undo or redo something else."""

    def __init__(self, memory: Memory, parent: QObject) -> None:
        super().__init__(parent)
        self._memory = memory
        self._forms: dict[str, Form] = {}
        self._kept: dict[str, Config] = {}
        self._unsent: set[str] = set()
        """Labs whose settings changed while another was shown."""
        self._shown = ""

    def show(self, name: str) -> None:
        """Another lab is shown; what changed meanwhile of its settings is for it."""
        self._shown = name
        if name in self._unsent:
            self._send(name, self.of(name).config)

    def known(self, name: str) -> Form | None:
        """A lab's form, where it was made."""
        return self._forms.get(name)

    def of(self, name: str, rows: int = 1000) -> Form:
        """A lab's form; as many more rows are made of a new one."""
        if name not in self._forms:
            from engine.registry import lab_named
            from gui.form import Form

            self._kept[name] = lab_named(name).config_type.restore(self._memory.config_of(name))
            form = self._forms[name] = Form(type(self._kept[name]), filled=False)
            form.config_changed.connect(partial(self._configure, name))
            form.history_changed.connect(self.history_changed)
        form = self._forms[name]
        if not form.is_filled:
            form.fill(rows)
            form.set_config(self._kept[name])
        return form

    def keep(self, name: str, config: Config) -> None:
        """Remember a lab's settings: the person's, and what it completed or refused of them."""
        if config != self._kept[name]:
            self._kept[name] = config
            self._memory.remember_config(name, config.as_dict())
            self.remembered.emit()

    def _configure(self, name: str, config: Config) -> None:
        self.keep(name, config)
        self._send(name, config)

    def _send(self, name: str, config: Config) -> None:
        if name == self._shown:
            self._unsent.discard(name)
            self.configured.emit(config)
        else:
            self._unsent.add(name)
