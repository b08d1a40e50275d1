"""What was done to the networks: a chip for each thing, which lets go of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from engine.labs.language_modelling import LanguageModellingSnapshot, Meddling
from gui.labs.language_modelling import meddle_wording as words
from gui.labs.language_modelling.cell_view import COLOURS
from gui.theme import GRID, small_font, theme, themes

HEIGHT, GAP = 3 * GRID, GRID // 2
"""Of a chip, and between two rows of them."""
DOT = 7.0
"""Diameter of a network's mark."""


class MeddleBar(QWidget):
    """A sentence and the chips, the latest first; hidden while the networks are as they were trained."""

    command_wanted = Signal(str, tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[tuple[Meddling, ...], str] = (), ""
        self._most_rows = 2
        self.line = QLabel("Not as trained:", self)
        self.chips: list[Chip] = []
        self.more, self.all = _button(self, ""), _button(self, "Let go of all")
        self.more.setMenu(QMenu(self.more))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.menu().aboutToShow.connect(self._fill_more)
        self.all.setToolTip("Let the networks be as they were trained.")
        self.all.clicked.connect(lambda: self.command_wanted.emit("release_all", ()))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        themes.changed.connect(self._dress)
        self._dress()
        self.hide()

    def fit_rows(self, most: int) -> None:
        """Take so many rows at most; what has no room is in a menu."""
        if most != self._most_rows:
            self._most_rows = most
            self._arrange()

    def show_meddling(self, snapshot: LanguageModellingSnapshot) -> None:
        """Show what is done to the networks now."""
        if (snapshot.meddling, snapshot.text) == self._shown:
            return
        self._shown = done, text = snapshot.meddling, snapshot.text
        had_keyboard = next((rank for rank, chip in enumerate(self.chips) if chip.button.hasFocus()), None)
        while len(self.chips) < len(done):
            self.chips.append(Chip(self))
            self.chips[-1].released.connect(lambda index: self.command_wanted.emit("release", (index,)))
        while len(self.chips) > len(done):
            self.chips.pop().let_go()
        for chip, index in zip(self.chips, reversed(range(len(done))), strict=True):
            chip.show_meddling(index, done[index], text)
        self.line.setToolTip(words.untrained_line({each.cell for each in done}) if done else "")
        self.setAccessibleName(self.line.toolTip())
        self.setVisible(bool(done))
        self._arrange()
        if had_keyboard is not None and self.chips:
            self.chips[min(had_keyboard, len(self.chips) - 1)].button.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def _arrange(self) -> None:
        """Put the chips in rows, as many as have room; the others are in the menu after them."""
        if not self.chips:
            return
        self.all.setVisible(len(self.chips) > 1)
        room = self.width() - (self.all.sizeHint().width() + GRID if len(self.chips) > 1 else 0)
        places = self._fitting(room)
        for chip in (*self.chips, self.more):
            chip.setVisible(chip in places)
        for widget, place in places.items():
            widget.setGeometry(place)
        self.all.setGeometry(room + GRID, 0, self.all.sizeHint().width(), HEIGHT)
        self.setFixedHeight(max(place.bottom() for place in places.values()) + 1)

    def _fitting(self, room: int) -> dict[QWidget, QRect]:
        """Where the chips stand that have room: one at least, cut short where it must be."""
        for seen in range(len(self.chips), 1, -1):
            places = self._placed(seen, room)
            if max(place.bottom() for place in places.values()) < self._most_rows * (HEIGHT + GAP):
                return places
        return self._placed(1, room)

    def _placed(self, seen: int, room: int) -> dict[QWidget, QRect]:
        self.more.setText(_more(len(self.chips) - seen))
        more = [self.more] if seen < len(self.chips) else []
        items: list[QWidget] = [self.line, *self.chips[:seen], *more]
        widths = [item.sizeHint().width() for item in items]
        if seen == 1:
            widths[1] = min(widths[1], room - widths[0] - sum(widths[2:]) - GRID * (len(items) - 1))
        return dict(zip(items, _flow(widths, room), strict=True))

    def _fill_more(self) -> None:
        menu = self.more.menu()
        menu.clear()
        for chip in self.chips:
            if chip.isHidden():
                menu.addAction(chip.button.accessibleName()).triggered.connect(chip.button.click)

    def _dress(self) -> None:
        self.line.setStyleSheet(f"color: {theme().accent_text};")
        self.line.setFont(small_font(self.font()))  # after the style sheet, which takes it back
        for button in (self.more, self.all):
            button.setFont(small_font(self.font()))
        self._arrange()


class Chip(QWidget):
    """One thing that was done, under the colour of the network, and a button that lets go of it."""

    released = Signal(int)
    """Its place among all that is done."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._index, self._cell, self._text = 0, words.ALL, ""
        self.button = _button(self, "×")
        self.button.clicked.connect(lambda: self.released.emit(self._index))
        themes.changed.connect(self.update)

    @property
    def text(self) -> str:
        """What was done."""
        return self._text

    def show_meddling(self, index: int, done: Meddling, text: str) -> None:
        """Say what was done; `index` is its place among all that is done."""
        self._index, self._cell, self._text = index, done.cell, words.chip(text, done)
        self.setToolTip(f"{self._text}. {words.effect(done)}")
        self.button.setAccessibleName(f"Let go of {self._text}")
        self.button.setToolTip("Let go of it.")
        self.update()

    def let_go(self) -> None:
        """It is no longer needed."""
        self.hide()
        self.deleteLater()

    def sizeHint(self) -> QSize:
        words_width = QFontMetricsF(small_font(self.font())).horizontalAdvance(self._text)
        return QSize(round(self._text_left + words_width + 1) + HEIGHT, HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        side = HEIGHT - GAP
        self.button.setGeometry(self.width() - side - GAP // 2, GAP // 2, side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme().raised))
        painter.drawRoundedRect(QRectF(self.rect()), GAP, GAP)
        for number, colour in enumerate(self._colours):
            painter.setBrush(QColor(colour))
            middle = QPointF(GRID + DOT / 2 + number * GRID, self.height() / 2)
            painter.drawEllipse(middle, DOT / 2, DOT / 2)
        painter.setFont(small_font(self.font()))
        painter.setPen(QColor(theme().text))
        place = QRectF(self._text_left, 0, self.width() - self._text_left - HEIGHT + GAP, self.height())
        metrics = QFontMetricsF(painter.font())
        shown = metrics.elidedText(self._text, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), shown)

    @property
    def _colours(self) -> list[str]:
        return [getattr(theme(), name) for cell, name in COLOURS.items() if self._cell in (cell, words.ALL)]

    @property
    def _text_left(self) -> float:
        return GRID + len(self._colours) * GRID + GRID / 2


def _flow(widths: Sequence[int], room: int) -> list[QRect]:
    """Where things of these widths stand, row under row."""
    places: list[QRect] = []
    left = top = 0
    for width in widths:
        if left and left + width > room:
            left, top = 0, top + HEIGHT + GAP
        places.append(QRect(left, top, min(width, room), HEIGHT))
        left += width + GRID
    return places


def _more(count: int) -> str:
    return f"{count} more…"


def _button(parent: QWidget, text: str) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setStyleSheet("QToolButton { padding: 0 4px; } QToolButton::menu-indicator { image: none; }")
    return button
