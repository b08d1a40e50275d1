"""The one table of actions: menus, command palette and shortcut sheet are all made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Entry:
    """One line of the command palette: what it is called, what kind of thing it is, what it does."""

    title: str
    hint: str
    """The kind of thing, in a word or two: "View", "Lab", "Layer"."""
    run: Callable[[], Any]
    shortcut: str = ""
    """As the person's system writes it."""


class Actions:
    """Adds actions to a window by name, and refuses a shortcut that is taken.

    Pages have actions of their own, which act only while their page is shown; so two pages may use the
    same name or shortcut, but not one that the window has.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._page: object = None
        self._actions: dict[object, list[tuple[str, QAction]]] = {None: []}
        """(group title, action) by the page they belong to; None for the window's own."""

    def show_page(self, page: object) -> None:
        """Let a page's actions act, and no other page's; what is added from now on belongs to it.

        None stands for no page: the window's own actions.
        """
        self._page = page
        self._actions.setdefault(page, [])
        for owner, owned in self._actions.items():
            if owner is not None:
                for _, action in owned:
                    action.setVisible(owner is page)  # which takes its shortcuts out of force, too

    def add(
        self,
        name: str,
        text: str,
        shortcut: str | Iterable[str],
        slot: Callable[..., Any],
        *,
        group: str,
        tip: str,
        checkable: bool = False,
    ) -> QAction:
        """A new action of the window. A checkable one calls `slot(checked)`, others `slot()`.

        `shortcut` is written as in "Ctrl+Shift+S"; of several, the first is the one that is shown; ""
        means none. Raises ValueError where the name or a shortcut is taken or is no key at all.
        """
        if any(action.objectName() == name for _, action in self._active()):
            raise ValueError(f"there are two actions called {name}")
        keys = [
            _sequence(name, key) for key in ([shortcut] if isinstance(shortcut, str) else shortcut) if key
        ]
        self._insist_on_free(name, keys)
        action = QAction(text, self._window)
        action.setObjectName(name)
        action.setCheckable(checkable)
        action.setShortcuts(keys)
        action.setToolTip(f"{tip} ({shown(action)})" if keys else tip)
        action.setWhatsThis(tip)
        action.triggered.connect((lambda checked: slot(checked)) if checkable else (lambda: slot()))
        self._window.addAction(action)
        self._actions[self._page].append((group, action))
        return action

    def __getitem__(self, name: str) -> QAction:
        """The window's or the shown page's action of that name; KeyError where there is none."""
        for _, action in self._active():
            if action.objectName() == name:
                return action
        raise KeyError(name)

    @property
    def groups(self) -> dict[str, list[QAction]]:
        """Group title to the window's and the shown page's actions, in the order in which they were added."""
        groups: dict[str, list[QAction]] = {}
        for title, action in self._active():
            groups.setdefault(title, []).append(action)
        return groups

    def entries(self) -> list[Entry]:
        """What the palette offers now: every action that is visible and enabled."""
        return [
            Entry(plain(action), title, action.trigger, shown(action))
            for title, actions in self.groups.items()
            for action in actions
            if action.isEnabled() and action.isVisible()
        ]

    def _active(self) -> list[tuple[str, QAction]]:
        """The window's own actions and those of the shown page, each with its group's title."""
        return self._actions[None] + (self._actions[self._page] if self._page is not None else [])

    def _insist_on_free(self, name: str, keys: list[QKeySequence]) -> None:
        taken = [(key, other.objectName()) for _, other in self._active() for key in other.shortcuts()]
        for key in keys:
            for other, owner in taken:
                if _collide(key, other):
                    raise ValueError(
                        f"{key.toString()} of {name} collides with {other.toString()} of {owner}"
                    )


def plain(action: QAction) -> str:
    """An action's text without mnemonic marks and without the dots that promise a dialog."""
    return action.text().replace("&&", "\0").replace("&", "").replace("\0", "&").removesuffix("…")


def shown(action: QAction) -> str:
    """An action's first shortcut as the person's system writes it; "" where it has none."""
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


def _sequence(name: str, key: str) -> QKeySequence:
    sequence = QKeySequence(key, QKeySequence.SequenceFormat.PortableText)
    if sequence.isEmpty() or "Unknown" in sequence.toString() or not sequence.toString():
        raise ValueError(f"{key} of {name} is no shortcut")
    return sequence


def _collide(one: QKeySequence, other: QKeySequence) -> bool:
    """Equal, or one begins the other, so that Qt would never know which was meant."""
    none = QKeySequence.SequenceMatch.NoMatch
    return one.matches(other) != none or other.matches(one) != none
