"""The base of every picture: a header, a quiet menu, and a canvas that says which value is pointed at."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from gui.panels.canvas import Canvas
from gui.panels.header import Header, MenuButton
from gui.theme import GRID, themes

Cell = tuple[int, ...]
"""Indices of one value in the panel's array."""

Numbers = tuple[list[str], list[list[Any]]]
"""A table: its header and its rows."""


class Panel(QWidget):
    """A picture of one array, with its title, its menu, and the value under pointer or keyboard cursor.

    A subclass fills in `paint`, `cell_at`, `neighbour`, `numbers` and `summary`, and calls `refresh` when
    its data changed. `content` is what is copied and saved; it leaves for a window while enlarged.
    """

    hovered = Signal(object)
    """(array name, indices) under the pointer or the keyboard's cursor; None when it leaves."""
    clicked = Signal(object)
    """(array name, indices) clicked, or chosen with Enter."""
    copy_requested = Signal()
    save_requested = Signal()
    copy_numbers_requested = Signal()
    numbers_requested = Signal()
    enlarge_requested = Signal()

    is_vector = False
    """Whether the picture is made of strokes and text, worth saving as SVG."""
    help_text = "Arrow keys move the cursor, Enter chooses."
    """How the keyboard is used, for a screen reader."""
    nothing_yet = "Nothing to show yet."
    """What stands in the panel until data is set."""

    def __init__(self, title: str, sentence: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name or title
        self._title, self._sentence, self._empty, self._value_text = title, sentence, self.nothing_yet, ""
        self._cursor: Cell | None = None
        self._pointer: QPointF | None = None
        self._window: _Window | None = None
        self.content = QWidget(self)
        self.header = Header(self.content)
        self.canvas = Canvas(self)  # before the button, so that Tab comes to the picture first
        self.menu = self._make_menu()
        self.button = MenuButton(self.menu, self.content)
        self._lay_out()
        self._tell()
        self.enlarge_requested.connect(self.enlarge)
        themes.changed.connect(self._theme_changed)

    # What a subclass says.

    def paint(self, painter: QPainter) -> None:
        """Draw the picture on the canvas, whose ground is painted except where `covered`."""
        raise NotImplementedError

    def covered(self) -> QRect:
        """The part of the canvas that `paint` fills completely, so that its ground need not be painted."""
        return QRect()

    def cell_at(self, point: QPointF) -> Cell | None:
        """The value drawn at a point of the canvas, or None beside the picture."""
        raise NotImplementedError

    def neighbour(self, cell: Cell | None, right: int, down: int, far: bool) -> Cell | None:
        """The value one step (or one stride, if `far`) away; `cell` None asks for the first."""
        raise NotImplementedError

    def contains(self, cell: Cell) -> bool:
        """Whether these indices are still in the array shown."""
        raise NotImplementedError

    def numbers(self) -> Numbers:
        """The values shown, as a table."""
        raise NotImplementedError

    def summary(self) -> str:
        """What the picture shows, in words, for a screen reader."""
        return ""

    def reveal(self, cell: Cell) -> None:
        """Bring a value into sight (after the keyboard moved there)."""

    def press(self, at: QPointF) -> None:
        """The pointer's button went down here; a drag or a click follows."""

    def drag(self, by: QPointF) -> None:
        """The pointer moved by this much with its button held."""

    def extend(self, start: Cell | None, end: Cell) -> None:
        """The keyboard's cursor goes from one value to another with Shift held."""

    def wheel(self, at: QPointF, notches: float) -> bool:
        """The wheel turned (positive away from the person); True if that meant something here."""
        return False

    def double_click(self) -> None:
        """The canvas was double-clicked."""

    def key(self, event: QKeyEvent) -> bool:
        """A key that is not an arrow or Enter; True if it meant something here."""
        return False

    def tip(self, point: QPointF) -> str:
        """The tooltip at a point of the canvas."""
        return ""

    # What a view uses.

    @property
    def title(self) -> str:
        return self._title

    @property
    def sentence(self) -> str:
        return self._sentence

    def set_title(self, title: str, sentence: str | None = None) -> None:
        """Name the quantity shown; `sentence` says what one is looking at."""
        sentence = self._sentence if sentence is None else sentence
        if (title, sentence) != (self._title, self._sentence):
            self._title, self._sentence = title, sentence
            self._tell()

    def set_sentence(self, sentence: str) -> None:
        self.set_title(self._title, sentence)

    def set_empty(self, sentence: str) -> None:
        """Show no picture but why there is none, until data is set again."""
        self._empty = sentence
        self.move_cursor(None)
        self.canvas.update()
        self._describe()

    def set_value_text(self, text: str) -> None:
        """The measured value under the cursor, shown beside it."""
        if text != self._value_text:
            self._value_text = text
            self.canvas.update()

    @property
    def is_empty(self) -> bool:
        return bool(self._empty)

    @property
    def empty_text(self) -> str:
        """Why there is no picture; "" where there is one."""
        return self._empty

    @property
    def value_text(self) -> str:
        return self._value_text

    @property
    def cursor_cell(self) -> Cell | None:
        """The value under the pointer or the keyboard's cursor."""
        return self._cursor

    def refresh(self) -> None:
        """New data was set: paint it, and say anew what is under the pointer if that is another value."""
        self._empty = ""
        self.canvas.update()
        self._describe()
        self.point(self._pointer)

    def point(self, at: QPointF | None) -> None:
        """The pointer is here (None: it is not over the canvas)."""
        self._pointer = at
        if at is not None:
            self.move_cursor(None if self.is_empty else self.cell_at(at))
        elif self._cursor is not None and not self.contains(self._cursor):
            self.move_cursor(None)

    def move_cursor(self, cell: Cell | None) -> None:
        """Put the cursor on a value and say so."""
        if cell == self._cursor:
            return
        self._cursor, self._value_text = cell, ""
        self.canvas.update()
        self.hovered.emit(None if cell is None else (self.name, cell))

    def leave(self) -> None:
        """Neither pointer nor keyboard is here any more."""
        self._pointer = None
        self.move_cursor(None)

    def choose(self) -> None:
        """Click the value under the cursor."""
        if self._cursor is not None:
            self.clicked.emit((self.name, self._cursor))

    def enlarge(self) -> None:
        """Show the picture in a window of its own until that is closed (Esc); it goes on living there."""
        if self._window is None:
            self._window = _Window(self)
            self._place.show()
        self._window.show()
        self._window.activateWindow()
        self.canvas.setFocus()

    def restore(self) -> None:
        """Take the picture back from its window."""
        if self._window is not None:
            self._window = None
            self._place.hide()
            self._outside.insertWidget(0, self.content)
            self.content.show()

    # The rest is between the panel and its parts.

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.header.suit(event.size().height())

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(GRID)
        top.addWidget(self.header, 1)
        top.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        inside = QVBoxLayout(self.content)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(GRID)
        inside.addLayout(top)
        inside.addWidget(self.canvas, 1)
        self._place = QPushButton("Shown in a window of its own. Bring it back", self)
        self._place.setFlat(True)
        self._place.clicked.connect(lambda: self._window and self._window.close())
        self._place.hide()
        self._outside = QVBoxLayout(self)
        self._outside.setContentsMargins(0, 0, 0, 0)
        self._outside.addWidget(self.content)
        self._outside.addWidget(self._place, 0, Qt.AlignmentFlag.AlignCenter)

    def _make_menu(self) -> QMenu:
        menu = QMenu(self.content)
        for text, signal in (
            ("Copy picture", self.copy_requested),
            ("Save picture…", self.save_requested),
            ("Copy numbers (CSV)", self.copy_numbers_requested),
            ("Save numbers as CSV…", self.numbers_requested),
            ("Enlarge", self.enlarge_requested),
        ):
            menu.addAction(text).triggered.connect(signal)
        menu.aboutToShow.connect(lambda: [action.setEnabled(not self._empty) for action in menu.actions()])
        return menu

    def _tell(self) -> None:
        self.header.set_texts(self._title, self._sentence)
        self.button.setAccessibleName(f"Menu of {self._title}")
        self._describe()

    def _describe(self) -> None:
        shown = self._empty or self.summary()
        self.canvas.setAccessibleName(self._title)
        self.canvas.setAccessibleDescription(
            " ".join(part for part in (self._sentence, shown, self.help_text) if part)
        )

    def _theme_changed(self) -> None:
        self.header.update()
        self.canvas.update()


class _Window(QWidget):
    """The window of an enlarged panel; closing it gives the picture back."""

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel, Qt.WindowType.Window)
        self._panel = panel
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(panel.title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        layout.addWidget(panel.content)
        self.resize(self.screen().availableSize() * 0.8)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._panel.restore()
        super().closeEvent(event)
