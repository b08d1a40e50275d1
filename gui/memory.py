"""What is remembered between two starts: window, theme, last lab, its settings, recent files.

One JSON file of our own, checked field by field when it is read. Qt is imported only to find its folder.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.errors import UserError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

log = logging.getLogger(__name__)

FILE_NAME = "memory.json"
DAMAGED = "The settings were damaged or of another version"
VERSION = 1
RECENT_FILES = 10
LARGEST_FILE = 1 << 20
"""Bytes; ours has a few thousand, a larger one is not ours."""
LARGEST_SIZE = 1 << 15
"""Device-independent pixels a side; no screen is larger."""

Rectangle: TypeAlias = tuple[int, int, int, int]
"""x, y, width, height in device-independent pixels."""
Plain: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True)
class Placement:
    """Where the window was: its rectangle when it is not maximised, and whether it was."""

    x: int
    y: int
    width: int
    height: int
    maximised: bool = False

    @classmethod
    def of(cls, window: QWidget) -> Placement:
        """The placement of a window that is shown."""
        maximised = window.isMaximized() or window.isFullScreen()
        shape = window.normalGeometry() if maximised else window.geometry()
        return cls(shape.x(), shape.y(), shape.width(), shape.height(), maximised)

    def apply(self, window: QWidget) -> None:
        """Put `window` there, on a screen that exists; `show` afterwards keeps it maximised."""
        screens = [screen.availableGeometry().getRect() for screen in window.screen().virtualSiblings()]
        window.setGeometry(*self.pulled_onto(screens))
        if self.maximised:
            from PySide6.QtCore import Qt

            window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)

    def pulled_onto(self, screens: Sequence[Rectangle]) -> Rectangle:
        """The rectangle moved, and shrunk where it must be, into the screen that shows most of it.

        A window that no screen shows goes to the first. Without any screen it stays where it is.
        """
        if not screens:
            return self.x, self.y, self.width, self.height
        left, top, wide, high = max(screens, key=self._shown_on)
        width, height = min(self.width, wide), min(self.height, high)
        x = min(max(self.x, left), left + wide - width)
        y = min(max(self.y, top), top + high - height)
        return x, y, width, height

    def _shown_on(self, screen: Rectangle) -> int:
        left, top, wide, high = screen
        across = min(self.x + self.width, left + wide) - max(self.x, left)
        down = min(self.y + self.height, top + high) - max(self.y, top)
        return max(0, across) * max(0, down)


@dataclass
class Memory:
    """Read it with `load`, change its fields, write it with `save` (which the caller spaces out)."""

    folder: Path
    """The configuration folder; made when something is first saved."""
    placement: Placement | None = None
    splitters: dict[str, list[int]] = field(default_factory=dict)
    """Sizes of a splitter's parts in pixels, by the splitter's name."""
    theme: str = "system"
    dressed: str = "dark"
    """The theme that was in force, in which the window shows itself before the system is asked."""
    last_lab: str = ""
    configs: dict[str, dict[str, Plain]] = field(default_factory=dict)
    """Lab name to the values of its `Config`; `Config.restore` checks them."""
    recent: list[str] = field(default_factory=list)
    """Absolute paths, the newest first."""
    folders: dict[str, str] = field(default_factory=dict)
    """Where a file dialog was last, by what it is for ("open", "save")."""
    keeps: bool = True
    """Whether `save` writes; where it does not, the file stays as it is."""
    _saved: bytes = field(default=b"", repr=False)
    _told: bool = field(default=False, repr=False)

    @classmethod
    def load(cls, folder: Path) -> Memory:
        """What `folder` remembers; defaults where there is nothing or where it is damaged.

        A file that is damaged in any part is kept beside the new one, as `.bak`.
        """
        memory, path = cls(folder), folder / FILE_NAME
        try:
            saved = _read(path)
        except FileNotFoundError:
            return memory
        except OSError as error:
            log.warning("The settings could not be read and start afresh: %s", error)
            return memory
        except (ValueError, RecursionError):
            _keep(path, DAMAGED)
            return memory
        if memory._restore(saved):
            _keep(path, DAMAGED)
        return memory

    @staticmethod
    def set_aside(folder: Path) -> None:
        """Forget what `folder` remembers; the old file is kept as `.bak`."""
        if (folder / FILE_NAME).exists():
            _keep(folder / FILE_NAME, "The settings were reset")

    def save(self) -> bool:
        """Write what changed, whole or not at all. False where the folder can't be written; told once."""
        from engine.checkpoint import write_bytes_atomically  # not before the first picture of the window

        saved = {entry: getattr(self, entry) for entry in _CHECKS} | {"version": VERSION}
        saved["placement"] = asdict(self.placement) if self.placement else None
        data = json.dumps(saved, indent=1, sort_keys=True).encode("ascii")
        if data == self._saved or not self.keeps:
            return True
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_bytes_atomically(self.folder / FILE_NAME, data)
        except (OSError, UserError) as error:
            if not self._told:
                log.warning("The settings can't be saved; this start's changes will be forgotten: %s", error)
            self._told = True
            return False
        self._saved = data
        return True

    def remember_file(self, path: Path) -> None:
        """Put `path` first among the recent files."""
        name = os.path.abspath(path)
        self.recent = [name, *(other for other in self.recent if other != name)][:RECENT_FILES]

    def recent_files(self) -> list[Path]:
        """The recent files that still exist; the others are forgotten."""
        self.recent = [name for name in self.recent if os.path.exists(name)]
        return [Path(name) for name in self.recent]

    def forget_files(self) -> None:
        """Empty the list of recent files."""
        self.recent = []

    def remember_config(self, lab: str, values: Mapping[str, Plain]) -> None:
        """Keep a lab's settings, as `Config.as_dict` gives them."""
        self.configs[lab] = dict(values)

    def config_of(self, lab: str) -> dict[str, Plain]:
        """A lab's last settings, for `Config.restore`; empty where there are none."""
        return dict(self.configs.get(lab, {}))

    def _restore(self, saved: dict[str, Any]) -> bool:
        """Take every field that fits; True if one did not, or if another version wrote them."""
        damaged = saved.get("version") != VERSION
        for name, fits in _CHECKS.items():
            if name not in saved:
                continue
            if fits(saved[name]):
                setattr(self, name, saved[name])
            else:
                damaged = True
        if isinstance(self.placement, dict):
            self.placement = Placement(**self.placement)
        return damaged


def config_dir(given: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The configuration folder: `--config-dir`, else GRIDLOOP_CONFIG_DIR, else the system's own."""
    chosen = given or environ.get("GRIDLOOP_CONFIG_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from PySide6.QtCore import QStandardPaths

    # The generic folder, because the application's own depends on a name set only later.
    base = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return Path(base) / "gridloop"


def _read(path: Path) -> dict[str, Any]:
    """Raises OSError where it can't be read, ValueError or RecursionError where it is not ours."""
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ValueError("larger than any of ours")
    saved = json.loads(data)
    if not isinstance(saved, dict):
        raise ValueError("not a table")
    return saved


def _keep(path: Path, why: str) -> None:
    kept = path.with_suffix(".bak")
    try:
        path.replace(kept)
    except OSError as error:
        log.warning("The old settings could not be set aside: %s", error)
        return
    log.warning("%s; the old file is kept as %s", why, kept.name)


def _is_whole(value: Any, low: int = -LARGEST_SIZE, high: int = LARGEST_SIZE) -> bool:
    return type(value) is int and low <= value <= high


def _is_placement(value: Any) -> bool:
    if value is None:
        return True
    names = {entry.name for entry in fields(Placement)}
    return (
        isinstance(value, dict)
        and value.keys() == names
        and type(value["maximised"]) is bool
        and all(_is_whole(value[name]) for name in ("x", "y"))
        and all(_is_whole(value[name], 1) for name in ("width", "height"))
    )


def _is_table(value: Any, holds: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and all(holds(entry) for entry in value.values())


def _is_list(value: Any, holds: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(holds(entry) for entry in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "placement": _is_placement,
    "splitters": lambda value: _is_table(value, lambda sizes: _is_list(sizes, lambda one: _is_whole(one, 0))),
    "theme": lambda value: value in ("system", "dark", "light"),
    "dressed": lambda value: value in ("dark", "light"),
    "last_lab": _is_text,
    "configs": lambda value: _is_table(
        value, lambda config: _is_table(config, lambda one: isinstance(one, Plain))
    ),
    "recent": lambda value: _is_list(value, _is_text),
    "folders": lambda value: _is_table(value, _is_text),
}
"""What each remembered field must be."""
