"""The network as a list of cards from the picture to the classes, moved by dragging or from the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from engine.models.designs.block import Convolution, Pretrained, Residual
from engine.models.designs.design import Design
from engine.models.designs.examination import BlockFacts, Examined
from engine.models.designs.layout import HEAD, block_names
from gui.labs.convnet_training import block_words as words
from gui.labs.convnet_training.block_card import INDENT, Card, Gap
from gui.theme import GRID, theme, themes

CONVOLVING = (Convolution, Residual, Pretrained)
HELP = "Alt+Up and Alt+Down move it, Insert adds one after it, Ctrl+D duplicates it, Delete removes it."


class BlockList(QScrollArea):
    """Cards with gaps between them; the first is the picture and the last tells the classes apart.

    Up, Down, Home and End choose a card, Return goes on to its settings.
    """

    chosen = Signal(int)
    """The block to show the settings of."""
    entered = Signal()
    """The person goes on to these settings."""
    moved = Signal(int, int)
    """The block at the first place is to be the one at the second."""
    removed = Signal(int)
    doubled = Signal(int)
    add_wanted = Signal(int, QPoint)
    """A block is to be added in front of that place; where on the screen it was asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture, self.classes = Card(is_fixed=True), Card(is_fixed=True)
        self.cards: list[Card] = []
        self.gaps: list[Gap] = []
        self.reason = QLabel()
        """Why the block above it cannot stand there."""
        self._place = 0
        self._lay_out()
        themes.changed.connect(self._dress)
        self._dress()
        self._fit(0)

    def _lay_out(self) -> None:
        self.reason.setWordWrap(True)
        self.reason.setIndent(INDENT)
        self.reason.hide()
        self._content = QWidget()
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, 0, GRID // 2, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.picture)
        self._column.addWidget(self.classes)
        self._column.addWidget(self.reason)
        self._column.addStretch(1)
        self.setWidget(self._content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.verticalScrollBar().setAccessibleName("Scroll the blocks")

    def _dress(self) -> None:
        self.reason.setStyleSheet(f"color: {theme().danger}; padding: 4px 0;")

    # What is shown -----------------------------------------------------------------------------------

    @property
    def place(self) -> int:
        """The chosen block; there may be none at all."""
        return self._place

    def show_design(self, design: Design, found: Examined, shape: tuple[int, int, int], classes: int) -> None:
        """Show each block with what it makes of its input; the one that cannot stand, with the reason."""
        self._fit(len(design.blocks))
        wrong = found.problem[0] if found.problem is not None else -1
        facts = dict(enumerate(found.facts))
        self.picture.show_block(words.picture_title(shape), words.COLUMNS)
        self.picture.setToolTip(words.COLUMNS_TIP)
        self.picture.setAccessibleName(self.picture.text())
        names = block_names(design)
        for place, (card, block) in enumerate(zip(self.cards, design.blocks, strict=True)):
            who = f"Block {place + 1} of {len(self.cards)}"
            title, convolves = words.block_title(block), isinstance(block, CONVOLVING)
            self._tell(card, who, title, facts.get(place), names[place], convolves, place == wrong)
        last = len(self.cards)
        title = words.classes_title(classes)
        self._tell(self.classes, "The last layer", title, facts.get(last), HEAD, False, last == wrong)
        self._say_why(wrong, "" if found.problem is None else found.problem[1].sentence)
        self.choose(self._place)

    def _tell(
        self,
        card: Card,
        who: str,
        title: str,
        facts: BlockFacts | None,
        name: str,
        convolves: bool,
        wrong: bool,
    ) -> None:
        line = words.facts_words(facts) if facts is not None else ("",) if wrong else (words.WAITS,)
        card.show_block(title, line, name=name, convolves=convolves, is_wrong=wrong)
        card.setAccessibleName(f"{who}: {title}")
        read_out = "" if facts is None else words.facts_read_out(facts)
        card.setToolTip(read_out)
        card.setAccessibleDescription(read_out if card.is_fixed else f"{read_out}. {HELP}".lstrip(". "))

    def _say_why(self, wrong: int, sentence: str) -> None:
        """Put the reason below the block that it is about."""
        self.reason.setVisible(bool(sentence))
        if not sentence:
            return
        card = [*self.cards, self.classes][wrong]
        card.setAccessibleDescription(sentence)
        self._column.removeWidget(self.reason)
        self._column.insertWidget(self._column.indexOf(card) + 1, self.reason)
        self.reason.setText(sentence)

    def _fit(self, count: int) -> None:
        """Have so many cards, and a gap before each and after the last."""
        while len(self.gaps) < count + 1:
            self._add_gap()
            if len(self.gaps) > 1:
                self._add_card()
        while len(self.cards) > count:
            for widget in (self.cards.pop(), self.gaps.pop()):
                self._column.removeWidget(widget)
                widget.hide()
                widget.deleteLater()

    def _add_gap(self) -> None:
        place, gap = len(self.gaps), Gap()
        gap.setAccessibleName(f"Add a block at place {place + 1}")
        gap.clicked.connect(
            lambda: self.add_wanted.emit(place, gap.mapToGlobal(QPoint(INDENT, gap.height())))
        )
        self.gaps.append(gap)
        self._column.insertWidget(self._column.indexOf(self.classes), gap)

    def _add_card(self) -> None:
        """In front of the last gap."""
        place, card = len(self.cards), Card()
        card.pressed.connect(lambda: self._choose_by_hand(place))
        card.dragged.connect(lambda at: self._drag(place, at))
        card.dropped.connect(lambda at: self._drop(place, at))
        card.key_pressed.connect(lambda event: self._press(place, event))
        self.cards.append(card)
        self._column.insertWidget(self._column.indexOf(self.gaps[-1]), card)
        card.show()  # else it comes with the next layout, and cannot take the keyboard before

    # Choosing ----------------------------------------------------------------------------------------

    def choose(self, place: int, *, focus: bool = False) -> None:
        """Mark a block, the nearest there is, without telling anybody."""
        self._place = max(0, min(place, len(self.cards) - 1))
        for number, card in enumerate(self.cards):
            is_chosen = number == self._place
            card.setChecked(is_chosen)
            # One stop for the Tab key; the arrow keys go from one card to the next.
            card.setFocusPolicy(Qt.FocusPolicy.StrongFocus if is_chosen else Qt.FocusPolicy.ClickFocus)
        if focus and self.cards:
            self.cards[self._place].setFocus(Qt.FocusReason.OtherFocusReason)
            QTimer.singleShot(0, self, self._bring_into_sight)  # a new card has its place only then

    def _bring_into_sight(self) -> None:
        if self.cards:
            self.ensureWidgetVisible(self.cards[self._place], 0, 3 * GRID)

    def _choose_by_hand(self, place: int) -> None:
        if place != self._place:
            self.choose(place)
            self.chosen.emit(place)

    def _press(self, place: int, event: QKeyEvent) -> None:
        key, modifiers = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key == Qt.Key.Key_Escape and self.cards[place].is_lifted:
            self.cards[place].let_go()
            self._light(None)
        elif modifiers == Qt.KeyboardModifier.AltModifier and key in _STEPS:
            self._move(place, place + _STEPS[key])
        elif modifiers == Qt.KeyboardModifier.ControlModifier and key == Qt.Key.Key_D:
            self.doubled.emit(place)
        elif modifiers != Qt.KeyboardModifier.NoModifier or not self._press_plain(place, key):
            return
        event.accept()

    def _press_plain(self, place: int, key: Qt.Key) -> bool:
        """A key without others; whether it means something here."""
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self.cards) - 1}
        if key in _STEPS or key in ends:
            self._choose_by_hand(max(0, min(ends.get(key, place + _STEPS.get(key, 0)), len(self.cards) - 1)))
            self.choose(self._place, focus=True)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit(place)
        elif key == Qt.Key.Key_Insert:
            card = self.cards[place]
            self.add_wanted.emit(place + 1, card.mapToGlobal(QPoint(INDENT, card.height())))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        else:
            return False
        return True

    # Moving ------------------------------------------------------------------------------------------

    def _drag(self, place: int, at: QPoint) -> None:
        self.cards[place].set_lifted(True)
        here = self._content.mapFromGlobal(at)
        self.ensureVisible(0, here.y(), 0, 3 * GRID)
        self._light(self._gap_at(here.y()))

    def _drop(self, place: int, at: QPoint) -> None:
        self.cards[place].set_lifted(False)
        self._light(None)
        gap = self._gap_at(self._content.mapFromGlobal(at).y())
        self._move(place, gap if gap <= place else gap - 1)

    def _move(self, place: int, to: int) -> None:
        if to != place and 0 <= to < len(self.cards):
            self.moved.emit(place, to)

    def _gap_at(self, y: int) -> int:
        """The gap that what is let go of at this height falls into."""
        return sum(card.geometry().center().y() < y for card in self.cards)

    def _light(self, lit: int | None) -> None:
        for place, gap in enumerate(self.gaps):
            gap.set_lit(place == lit)


_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
