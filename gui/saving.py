"""Copies and saves any panel's picture and numbers, asking where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from engine.errors import UserError
from gui import export

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.panels.panel import Panel


class Saving:
    """Connects panels' menus to clipboard and files; failures become sentences in the window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def connect_panels(self, panels: Iterable[Panel]) -> None:
        """Carry out what these panels' menus ask for."""
        for panel in panels:
            panel.copy_requested.connect(
                partial(self._tell_why_not, partial(export.copy_picture, panel.content))
            )
            panel.save_requested.connect(partial(self._save_panel, panel))
            panel.copy_numbers_requested.connect(partial(self._copy_numbers, panel))
            panel.numbers_requested.connect(partial(self.save_numbers, panel))

    def _save_panel(self, panel: Panel) -> None:
        """Under the title that it has now."""
        self.save_picture(panel.content, panel.title, vector=panel.is_vector)

    def save_picture(self, widget: QWidget, title: str, *, vector: bool) -> None:
        """Ask where, then save what the widget shows as PNG, or SVG where it is made of strokes."""
        suffixes = [".png", ".svg"] if vector else [".png"]
        path = export.ask_path(self._window, "Save picture", title, suffixes, self._window.memory)
        if path is not None:
            self._tell_why_not(partial(export.save_picture, path, widget))

    def save_numbers(self, panel: Panel) -> None:
        """Ask where, then save the panel's numbers as CSV."""
        path = export.ask_path(self._window, "Save numbers", panel.title, [".csv"], self._window.memory)
        if path is not None:
            self._tell_why_not(lambda: export.save_numbers(path, panel.numbers()))

    def _copy_numbers(self, panel: Panel) -> None:
        self._tell_why_not(lambda: export.copy_numbers(panel.numbers()))

    def _tell_why_not(self, work: Callable[[], object]) -> None:
        try:
            work()
        except UserError as error:
            self._window.tell(error.sentence)
