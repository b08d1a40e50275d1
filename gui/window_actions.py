"""Everything that can be done from menu, shortcut or palette, wherever one is in the window."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton

from engine import registry
from engine.data.kinds import SUFFIXES, kind_of
from gui import export
from gui.about import about_text
from gui.actions import Actions, Entry
from gui.command_palette import CommandPalette
from gui.drop_hint import DropHint
from gui.incoming import DropFilter, Incoming, ask_files, incoming_from_clipboard
from gui.saving import Saving
from gui.shortcuts_sheet import ShortcutsSheet
from gui.theme import CHOICES, themes

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.view import View


class WindowActions(QObject):
    """The window's table of actions, with palette, sheet, menu and drops built on it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.table = Actions(window)
        self._saving = Saving(window)
        self._fill()
        self.palette = CommandPalette(window, self._entries)
        self.sheet = ShortcutsSheet(window, self.table)
        self._hint = DropHint(window, "Drop it anywhere")
        self._drops = DropFilter(window)
        self._drops.paths_dropped.connect(self.open_paths)
        self._drops.image_dropped.connect(self._open_picture)
        self._drops.refused.connect(window.tell)
        self._drops.hovering.connect(self._hint.show_while)
        window.labs.menu_wanted.connect(self._show_menu)
        self.update_history()

    def _fill(self) -> None:
        add, window = self.table.add, self._window
        add("open", "Open…", "Ctrl+O", self._open, group="File", tip="Open pictures or a model file")
        add("open-folder", "Open folder…", "Ctrl+Shift+O", self._open_folder, group="File",
            tip="Fill the film strip with a folder of pictures")  # fmt: skip
        add(
            "paste",
            "Paste",
            "Ctrl+V",
            self._paste,
            group="File",
            tip="Take the picture or file on the clipboard",
        )
        add(
            "save",
            "Save page as picture…",
            "Ctrl+S",
            self._save_page,
            group="File",
            tip="Save what the page shows",
        )
        add("copy", "Copy page as picture", "Ctrl+Shift+C", self._copy_page, group="File",
            tip="Put what the page shows on the clipboard")  # fmt: skip
        add(
            "forget",
            "Clear recent files",
            "",
            self._forget_files,
            group="File",
            tip="Empty the list of recent files",
        )
        add("quit", "Quit", "Ctrl+Q", window.close, group="File", tip="Close Gridloop")
        add("undo", "Undo setting", "Ctrl+Z", lambda: window.form and window.form.undo(), group="Settings",
            tip="Take the last change of a setting back")  # fmt: skip
        add("redo", "Redo setting", ["Ctrl+Shift+Z", "Ctrl+Y"], lambda: window.form and window.form.redo(),
            group="Settings", tip="Do the change again")  # fmt: skip
        add("defaults", "All settings to their defaults", "Ctrl+Backspace",
            lambda: window.form and window.form.reset(), group="Settings", tip="Put every setting back")  # fmt: skip
        add(
            "play",
            "Play or pause",
            "Ctrl+Space",
            self._toggle_play,
            group="Run",
            tip="Let it run, or hold it",
        )
        add(
            "step",
            "One step",
            "Ctrl+.",
            lambda: window.post("step_once"),
            group="Run",
            tip="Do a single step",
        )
        add(
            "reset",
            "Start again",
            "Ctrl+R",
            lambda: window.post("reset"),
            group="Run",
            tip="Back to the beginning",
        )
        add("cancel", "Cancel", "Ctrl+Esc", window.cancel, group="Run", tip="Stop what is being computed")
        add("palette", "Command palette", ["Ctrl+K", "Ctrl+Shift+P"], lambda: self.palette.toggle(), group="View",
            tip="Find any action, lab, layer or class by its name")  # fmt: skip
        for choice in CHOICES:
            add(f"theme-{choice}", f"{choice.capitalize()} theme", "", partial(self._choose_theme, choice), group="View",
                tip="Follow the system" if choice == "system" else f"Always {choice}")  # fmt: skip
        add(
            "next-theme", "Dark or light", "Ctrl+T", self._swap_theme, group="View", tip="Swap dark and light"
        )
        add(
            "side",
            "Settings and questions",
            "Ctrl+B",
            self._toggle_side,
            group="View",
            tip="Show or hide the side column",
        )
        add(
            "full-screen",
            "Full screen",
            "F11",
            self._toggle_full_screen,
            group="View",
            tip="Fill the whole screen",
        )
        add("shortcuts", "Keyboard shortcuts", ["F1", "Ctrl+/"], lambda: self.sheet.toggle(), group="Help",
            tip="Every shortcut on one page")  # fmt: skip
        add("about", "About this Gridloop", "", self._about, group="Help", tip="Versions and device")

    def adopt(self, page: View) -> None:
        """Take a new page's actions and panels into the table."""
        page.add_actions(self.table)
        self._saving.connect_panels(page.panels())

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
                window.tell(f"No lab opens {path.name} yet. Drop a picture, a folder of pictures or a model.")
                continue
            window.choose_lab(lab)
            window.memory.remember_file(path)
            window.post("open", path.absolute())

    def _open_picture(self, rgb: object) -> None:
        window = self._window
        window.choose_lab(registry.lab_for("image", window.lab_name) or window.lab_name)
        window.post("open_picture", rgb, "Pasted picture")

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
        pictures, models = (
            " ".join(f"*{end}" for end in sorted(SUFFIXES[kind])) for kind in ("image", "model")
        )
        filters = [f"Pictures and models ({pictures} {models})", "All files (*)"]
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
        bench = self._window.bench
        self._window.post("pause" if bench is not None and bench.transport.is_running else "play")

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

    def _show_menu(self, button: QToolButton) -> None:
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
