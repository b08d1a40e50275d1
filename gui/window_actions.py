"""Everything that can be done from menu, shortcut or palette, wherever one is in the window."""

# ruff: noqa: E501 - a table reads best with one row a line
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QFileDialog, QMenu

from engine import registry
from engine.data.kinds import SUFFIXES, kind_of
from gui import export
from gui.about import about_text
from gui.actions import Actions, Entry, shown
from gui.command_palette import CommandPalette
from gui.drop_hint import DropHint
from gui.incoming import DropFilter, Incoming, ask_files, incoming_from_clipboard
from gui.saving import Saving
from gui.shortcuts_sheet import ShortcutsSheet
from gui.theme import CHOICES, themes

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.view import View

KINDS = ("image", "text", "model")
"""Kinds of files that some lab opens."""


class WindowActions(QObject):
    """The window's table of actions, with palette, sheet, menu and drops built on it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.table = Actions(window)
        self._saving = Saving(window)
        self._brought: set[Path] = set()
        """What the person has brought and no lab has taken yet."""
        self._fill()
        self.palette = CommandPalette(window, self._entries)
        self.sheet = ShortcutsSheet(window, self.table)
        self._hint = DropHint(window, "Drop it anywhere")
        self._drops = DropFilter(window)
        self._drops.paths_dropped.connect(self.open_paths)
        self._drops.image_dropped.connect(self._open_picture)
        self._drops.refused.connect(window.tell)
        self._drops.hovering.connect(self._hint.show_while)
        window.menu_button.clicked.connect(self.show_menu)
        if window.bench is not None:
            keys = {name: shown(self.table[name]) for name in ("step", "reset", "cancel")}
            window.bench.transport.name_keys(keys)
        self.update_history()

    def _fill(self) -> None:
        window = self._window
        # fmt: off
        rows: list[tuple[str, str, str, str | list[str], Callable[[], object], str]] = [
            ("File", "open", "Open…", "Ctrl+O", self._open, "Open pictures or a model file"),
            ("File", "open-folder", "Open folder…", "Ctrl+Shift+O", self._open_folder, "Go through its pictures"),
            ("File", "paste", "Paste", "Ctrl+V", self._paste, "Take the picture or file on the clipboard"),
            ("File", "save", "Save page as picture…", "Ctrl+S", self._save_page, "Save what the page shows"),
            ("File", "copy", "Copy page as picture", "Ctrl+Shift+C", self._copy_page, "Copy what the page shows"),
            ("File", "forget", "Clear recent files", "Ctrl+Shift+Delete", self._forget_files, "Empty the list of recent files"),
            ("File", "quit", "Quit", "Ctrl+Q", window.close, "Close Gridloop"),
            ("Settings", "undo", "Undo setting", "Ctrl+Z", self._undo, "Take the last change of a setting back"),
            ("Settings", "redo", "Redo setting", ["Ctrl+Shift+Z", "Ctrl+Y"], self._redo, "Do the change again"),
            ("Settings", "defaults", "All settings to their defaults", "Ctrl+Backspace", self._defaults, "Put all back"),
            ("Run", "play", "Play or pause", "Ctrl+Space", self._toggle_play, "Let it run, or hold it"),
            ("Run", "step", "One step", "Ctrl+.", partial(window.post, "step_once"), "Do a single step"),
            ("Run", "reset", "Start over", "Ctrl+R", partial(window.post, "reset"), "Back to the beginning"),
            ("Run", "cancel", "Cancel", "Ctrl+Esc", window.cancel, "Stop what is being computed"),
            ("View", "palette", "Command palette", ["Ctrl+K", "Ctrl+Shift+P"], self._toggle_palette,
             "Find any action, lab, layer or class by its name"),
            ("View", "menu", "Menu", "F10", self.show_menu, "Everything that can be done here"),
            ("View", "unpin", "Let go of the pinned answer", "Esc", window.unpin, "Let questions follow the pointer"),
            ("View", "side", "Settings and questions", "Ctrl+B", self._toggle_side, "Show or hide the side column"),
            ("View", "full-screen", "Full screen", "F11", self._toggle_full_screen, "Fill the whole screen"),
            ("View", "next-theme", "Dark or light", "Ctrl+T", self._swap_theme, "Swap dark and light"),
            *(("View", f"theme-{choice}", f"{choice.capitalize()} theme", f"Ctrl+Alt+{key}", partial(self._choose_theme, choice),
               "Follow the system" if choice == "system" else f"Always {choice}") for key, choice in enumerate(CHOICES)),
            ("Help", "shortcuts", "Keyboard shortcuts", ["F1", "Ctrl+/"], self._toggle_sheet, "All on one page"),
            ("Help", "about", "About this Gridloop", "Shift+F1", self._about, "Versions and device"),
        ]
        # fmt: on
        for group, name, text, keys, slot, tip in rows:
            self.table.add(name, text, keys, slot, group=group, tip=tip)

    def _undo(self) -> None:
        if self._window.form is not None:
            self._window.form.undo()

    def _redo(self) -> None:
        if self._window.form is not None:
            self._window.form.redo()

    def _defaults(self) -> None:
        if self._window.form is not None:
            self._window.form.reset()

    def _toggle_palette(self) -> None:
        self.palette.toggle()

    def _toggle_sheet(self) -> None:
        self.sheet.toggle()

    def adopt(self, page: View) -> None:
        """Take a new page's actions and panels into the table."""
        self.table.show_page(page)
        page.add_actions(self.table)
        self._saving.connect_panels(page.panels())
        page.elsewhere_wanted.connect(self.open_elsewhere)

    def show_page(self, page: View | None) -> None:
        """Offer what can be done on this page, and nothing of the others'."""
        self.table.show_page(page)

    def update_history(self) -> None:
        """Enable undo and redo as the shown form can."""
        form = self._window.form
        self.table["undo"].setEnabled(form is not None and form.can_undo())
        self.table["redo"].setEnabled(form is not None and form.can_redo())

    # What arrives -----------------------------------------------------------------------------------

    def open_paths(self, paths: list[Path]) -> None:
        """Give files and folders to the lab that understands them, the shown one if it does."""
        window = self._window
        for path in paths:
            kind = kind_of(path)
            lab = registry.lab_for("image" if kind == "unknown" else kind, window.lab_name)
            if lab is None:
                window.tell(
                    f"No lab opens {path.name} yet. Drop a picture, a folder of pictures, a text or a model."
                )
                continue
            window.choose_lab(lab)
            self._make_way()
            self._brought.add(path.absolute())
            window.post("open", path.absolute())

    def remember(self, path: Path) -> None:
        """A lab has taken this: among the recent files it goes, where the person had brought it."""
        if path in self._brought:
            self._brought.remove(path)
            self._window.memory.remember_file(path)

    def open_elsewhere(self, lab: str, path: str) -> None:
        """Show another lab and have it open a file, which is of our own making and not remembered."""
        self._window.choose_lab(lab)
        self._make_way()
        self._window.post("open", Path(path))

    def _open_picture(self, rgb: object) -> None:
        window = self._window
        lab = registry.lab_with("open_picture", window.lab_name)
        if lab is None:
            return
        window.choose_lab(lab)
        self._make_way()
        window.post("open_picture", rgb, "Pasted picture")

    def _make_way(self) -> None:
        """Stop a camera, whose next picture would take the place of what was brought in."""
        if self._window.page is not None:
            self._window.page.close_page()

    def _take(self, incoming: Incoming) -> None:
        if incoming.paths:
            self.open_paths(list(incoming.paths))
        elif incoming.image is not None:
            self._open_picture(incoming.image)
        else:
            self._window.tell(incoming.refusal)

    def _paste(self) -> None:
        self._take(incoming_from_clipboard())

    def _open(self) -> None:
        endings = (" ".join(f"*{end}" for end in sorted(SUFFIXES[kind])) for kind in KINDS)
        filters = [f"Pictures, texts and models ({' '.join(endings)})", "All files (*)"]
        self.open_paths(ask_files(self._window, "Open", filters, self._window.memory))

    def _open_folder(self) -> None:
        memory = self._window.memory
        chosen = QFileDialog.getExistingDirectory(self._window, "Open folder", memory.folders.get("open", ""))
        if chosen:
            memory.folders["open"] = chosen
            self.open_paths([Path(chosen)])

    def _forget_files(self) -> None:
        self._window.memory.forget_files()

    # What leaves ------------------------------------------------------------------------------------

    def _save_page(self) -> None:
        if self._window.page is not None:
            self._saving.save_picture(self._window.page, self._window.lab_name, vector=False)

    def _copy_page(self) -> None:
        if self._window.page is not None:
            export.copy_picture(self._window.page)

    # The run and the view ---------------------------------------------------------------------------

    def _toggle_play(self) -> None:
        if self._window.bench is not None:
            self._window.bench.transport.toggle()

    def _choose_theme(self, choice: str) -> None:
        found = next(known for known in CHOICES if known == choice)
        self._window.memory.theme = found
        themes.choose(found)
        self._window.memory.save()

    def _swap_theme(self) -> None:
        self._choose_theme("light" if themes.current.name == "dark" else "dark")

    def _toggle_side(self) -> None:
        if self._window.bench is not None:
            side = self._window.bench.side
            side.setVisible(not side.isVisible())

    def _toggle_full_screen(self) -> None:
        window = self._window
        window.showNormal() if window.isFullScreen() else window.showFullScreen()

    def _about(self) -> None:
        bench = self._window.bench
        if bench is not None:
            bench.notice.info(about_text(bench.status.device))

    # Palette and menu -------------------------------------------------------------------------------

    def _entries(self) -> list[Entry]:
        window = self._window
        labs = [
            Entry(lab.title, f"Lab · {lab.group}", partial(window.choose_lab, name))
            for name, lab in registry.labs().items()
        ]
        recent = [
            Entry(path.name, "Recent file", partial(self.open_paths, [path]))
            for path in window.memory.recent_files()
        ]
        own = window.page.entries() if window.page is not None else []
        return [*self.table.entries(), *labs, *recent, *own]

    def show_menu(self) -> None:
        """Open the menu of all actions at its button."""
        button = self._window.menu_button
        menu = QMenu(button)
        for title, actions in self.table.groups.items():
            sub = menu.addMenu(title)
            sub.addActions(actions)
            if title == "File":
                self._add_recent(sub)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(button.mapToGlobal(QPoint(0, -menu.sizeHint().height())))

    def _add_recent(self, menu: QMenu) -> None:
        files = self._window.memory.recent_files()
        if files:
            menu.addSeparator()
        for path in files:
            menu.addAction(path.name, partial(self.open_paths, [path])).setToolTip(str(path))
