"""The sheet of all shortcuts, made from the table of actions."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QFont, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.actions import Actions, plain
from gui.overlay import Overlay
from gui.theme import GRID, small_font, theme, themes, title_font

WIDTH = 96 * GRID


class ShortcutsSheet(Overlay):
    """Every action that has a shortcut, under its group's title, in two columns of even length."""

    def __init__(self, window: QWidget, actions: Actions) -> None:
        super().__init__(window, "Keyboard shortcuts", WIDTH)
        self._actions = actions
        self.title = QLabel("Keyboard shortcuts", self.panel)
        self.close_button = QToolButton(self.panel)
        self.close_button.setText("×")
        self.close_button.setAccessibleName("Close")
        self.close_button.setToolTip("Close (Esc)")
        self.close_button.clicked.connect(self.dismiss)
        head = QHBoxLayout()
        head.setContentsMargins(3 * GRID, 2 * GRID, 2 * GRID, GRID)
        head.addWidget(self.title, 1)
        head.addWidget(self.close_button)
        self.scroll = _Scroll(self.panel)
        self.body.addLayout(head)
        self.body.addWidget(self.scroll)
        themes.changed.connect(self._fill_if_open)

    def toggle(self) -> None:
        """Open it with the shortcuts that there are now, or close it."""
        if self.isVisible():
            self.dismiss()
            return
        self._fill()
        self.open(self.scroll)

    def _fill_if_open(self) -> None:
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        self.title.setFont(title_font(self.panel.font()))
        page = QWidget()
        columns = QHBoxLayout(page)
        columns.setContentsMargins(3 * GRID, GRID, 3 * GRID, 3 * GRID)
        columns.setSpacing(5 * GRID)
        for groups in _dealt(self._listed()):
            column = QVBoxLayout()
            column.setSpacing(3 * GRID)
            for title, actions in groups:
                column.addLayout(_group(title, actions))
            column.addStretch(1)
            columns.addLayout(column, 1)
        self.scroll.setWidget(page)
        self.scroll.updateGeometry()

    def _listed(self) -> list[tuple[str, list[QAction]]]:
        groups = (
            (title, [one for one in group if one.shortcuts()])
            for title, group in self._actions.groups.items()
        )
        return [(title, group) for title, group in groups if group]


class _Scroll(QScrollArea):
    """As tall as its page, where the window allows it; the arrow keys scroll it otherwise."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("All shortcuts")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return self.widget().sizeHint() if self.widget() else super().sizeHint()


def _dealt(groups: list[tuple[str, list[QAction]]]) -> list[list[tuple[str, list[QAction]]]]:
    """The groups in their order over two columns, cut where these come out most even."""
    lengths = [len(actions) + 2 for _, actions in groups]
    cuts = range(1, len(groups) + 1)
    cut = min(cuts, key=lambda place: abs(sum(lengths[:place]) - sum(lengths[place:])), default=0)
    return [part for part in (groups[:cut], groups[cut:]) if part]


def _group(title: str, actions: list[QAction]) -> QGridLayout:
    """A heading over one row for each action: its name, and its keys at the right."""
    colours = theme()
    rows = QGridLayout()
    rows.setVerticalSpacing(GRID)
    rows.setHorizontalSpacing(2 * GRID)
    rows.setColumnStretch(0, 1)
    heading = QLabel(title.upper())
    heading.setFont(_heavy(heading))
    heading.setStyleSheet(f"color: {colours.muted};")
    rows.addWidget(heading, 0, 0, 1, 2)
    for row, action in enumerate(actions, start=1):
        name = QLabel(plain(action))
        name.setTextFormat(Qt.TextFormat.PlainText)
        rows.addWidget(name, row, 0)
        rows.addLayout(_keys(action), row, 1)
    return rows


def _keys(action: QAction) -> QHBoxLayout:
    keys = QHBoxLayout()
    keys.setSpacing(GRID // 2)
    keys.addStretch(1)
    for shortcut in action.shortcuts():
        cap = QLabel(shortcut.toString(QKeySequence.SequenceFormat.NativeText))
        cap.setFont(small_font(cap.font()))
        cap.setStyleSheet(
            f"background: {theme().page}; border: 1px solid {theme().line};"
            " border-radius: 3px; padding: 1px 5px;"
        )
        keys.addWidget(cap)
    return keys


def _heavy(label: QLabel) -> QFont:
    font = small_font(label.font())
    font.setBold(True)
    return font
