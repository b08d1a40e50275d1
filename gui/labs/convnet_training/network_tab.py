"""The network built without code: blocks in a list, the settings of one of them, presets, and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from engine.errors import UserError
from engine.labs.convnet_training import ConvnetTrainingSnapshot, DataView
from engine.models.designs.block import KINDS, Block
from gui.form.combo import Combo
from gui.labs.convnet_training import block_words as words
from gui.labs.convnet_training.block_form import BlockForm
from gui.labs.convnet_training.block_list import BlockList
from gui.labs.convnet_training.draft import Draft
from gui.labs.convnet_training.network_files import NetworkFiles
from gui.labs.convnet_training.tab import Tab
from gui.lines import Lines
from gui.panels.panel import Panel
from gui.theme import GRID

LITTLE = 50
"""Updates up to which a run is nothing to lose: the lab does some by itself as it opens."""
PAUSE = 400
"""Milliseconds without a further change of a field after which it is sent to the lab."""
FORM_WIDTH = 36 * GRID


class NetworkTab(Tab):
    """List left, settings of the chosen block right; whatever is edited is examined here and now.

    Another network is another run, so when does an edit reach the lab? While the run in front has learned
    next to nothing, at once: one sees the network opened up as one builds it, and loses nothing. Once it has
    learned, or was opened from a file, edits stay here, to be taken back one by one, until “Train this
    network” is pressed. A network that cannot be built is never sent. What was sent is taken back, like any
    setting, by the window's undo.
    """

    title = "Network"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.draft = Draft()
        self.presets = Combo()
        self.presets.setAccessibleName("Preset")
        self.presets.setToolTip("A network to begin with")
        self.sentence = Lines(1, muted=True, small=True, parent=self)
        self.files = NetworkFiles(self)
        self.list, self.form = BlockList(self), BlockForm(self)
        self.add = QPushButton("Add block…", self)
        self.add.setToolTip("Add a block after the chosen one (Insert in the list)")
        self.train = QPushButton("Train this network", self)
        self.train.setToolTip("Begin a run with the network as it is edited here.")
        self.discard = QPushButton("Discard edits", self)
        self.discard.setToolTip("Back to the network that is trained.")
        self.note = Lines(1, muted=True, small=True, parent=self)
        self.total = Lines(1, muted=False, small=True, parent=self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(PAUSE)
        self._is_held = False
        self._data: DataView | None = None
        self._drawn: object = None
        self._arrange()
        self._wire()

    def _arrange(self) -> None:
        self.form.setFixedWidth(FORM_WIDTH)
        top, middle, bottom, column = QHBoxLayout(), QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        for widget in (self.presets, self.add):
            top.addWidget(widget)
        top.addStretch(1)
        top.addWidget(self.files)
        middle.setSpacing(3 * GRID)
        middle.addWidget(self.list, 1)
        middle.addWidget(self.form)
        for widget in (self.train, self.discard):
            bottom.addWidget(widget)
        bottom.addWidget(self.note, 1, Qt.AlignmentFlag.AlignVCenter)
        for row in (top, bottom):
            row.setSpacing(GRID)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(top)
        column.addWidget(self.sentence)
        column.addLayout(middle, 1)
        column.addWidget(self.total)
        column.addLayout(bottom)

    def _wire(self) -> None:
        self.presets.activated.connect(self._choose_preset)
        self.add.clicked.connect(self._add_below)
        self.train.clicked.connect(self._train)
        self.discard.clicked.connect(self._discard)
        self.files.open_wanted.connect(lambda path: self.settings_wanted.emit({"network": path}))
        self.files.save_wanted.connect(self.command)
        self.list.chosen.connect(lambda _: self._show_form())
        self.list.entered.connect(self.form.enter)
        self.list.moved.connect(self._move)
        self.list.removed.connect(self._remove)
        self.list.doubled.connect(self._double)
        self.list.add_wanted.connect(self._offer_kinds)
        self.form.changed.connect(self._change)
        self.form.drag_started.connect(self._hold)
        self.form.drag_ended.connect(self._let_go)
        self.form.up.clicked.connect(lambda: self._move(self.list.place, self.list.place - 1))
        self.form.down.clicked.connect(lambda: self._move(self.list.place, self.list.place + 1))
        self.form.double.clicked.connect(lambda: self._double(self.list.place))
        self.form.remove.clicked.connect(lambda: self._remove(self.list.place))
        self._settle.timeout.connect(self._send_soon)

    # What the lab has --------------------------------------------------------------------------------

    def panels(self) -> tuple[Panel, ...]:
        return ()

    def show_pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        """What the lab has is noted also while the tab is not seen: edits wait for their answer."""
        self._note(snapshot)
        yield from super().show_pieces(snapshot)

    def pieces(self, snapshot: ConvnetTrainingSnapshot) -> Iterator[None]:
        network = snapshot.network
        told = None if network is None else (network.title, network.problem)
        state = (
            *(self.draft.design, self.draft.shape, self.draft.classes, self.draft.preset),
            *(self.draft.is_changed, self.draft.is_built),
            *(self._can_lose_nothing, told, snapshot.config.preset, snapshot.config.network),
        )
        if state != self._drawn:
            self._drawn = state
            self._draw(snapshot)
            yield

    def _note(self, snapshot: ConvnetTrainingSnapshot) -> None:
        self._snapshot, data, network = snapshot, snapshot.data, snapshot.network
        if data is None or network is None:
            return
        if data is not self._data:
            self._data = data
            self.draft.see(data.shape, len(data.classes), sum(data.train_counts))
        self.draft.take(network.design)

    @property
    def _can_lose_nothing(self) -> bool:
        """Whether the run in front may be given up without asking."""
        if self._snapshot is None or self._snapshot.learning is None:
            return True
        learning = self._snapshot.learning
        return not self._snapshot.config.network and learning.step - learning.curves.begun_at <= LITTLE

    # Drawing -----------------------------------------------------------------------------------------

    def _draw(self, snapshot: ConvnetTrainingSnapshot) -> None:
        draft, network = self.draft, snapshot.network
        self.setEnabled(network is not None)
        self.list.show_design(draft.design, draft.found, draft.shape, draft.classes)
        self._show_form()
        self._show_preset(snapshot)
        self.files.show_network(None if network is None else network.title)
        self.train.setEnabled(draft.is_changed and draft.is_possible)
        self.discard.setEnabled(draft.is_changed)
        self.total.set_text(words.total_words(draft.found) if draft.is_possible else "")
        self.note.set_text(self._note_words(snapshot))

    def _note_words(self, snapshot: ConvnetTrainingSnapshot) -> str:
        """What becomes of an edit."""
        if snapshot.network is None:
            return words.NO_NETWORK
        if not self.draft.is_possible:
            return words.IMPOSSIBLE
        if snapshot.network.problem:
            return snapshot.network.problem
        return words.AT_ONCE if self._can_lose_nothing else words.ANOTHER_RUN

    def _show_form(self) -> None:
        blocks, place = self.draft.design.blocks, self.list.place
        self.form.show_block(blocks[place] if blocks else None, place, len(blocks))

    def _show_preset(self, snapshot: ConvnetTrainingSnapshot) -> None:
        """The preset in force, or whose blocks these are."""
        name = self.draft.preset or self.draft.looks_like
        config = snapshot.config
        if self.draft.is_built and not (config.design or config.network):
            name = config.preset
        entries = tuple(words.PRESETS.values())
        self.presets.set_entries(entries if name else (*entries, words.OWN))
        self.presets.show_entry(words.PRESETS[name] if name else words.OWN)
        self.sentence.set_text(words.SENTENCES[name] if name else words.OWN_SENTENCE)

    # Editing -----------------------------------------------------------------------------------------

    def _edit(self, edit: Callable[[], None], *, place: int | None = None, may_send: bool = True) -> None:
        """Do it, show what it comes to, and send it where nothing is lost by it."""
        try:
            edit()
        except UserError as error:
            self.note.set_text(error.sentence)
            return
        if may_send:
            self._send_soon()
        self.redraw()
        if place is not None:
            self.list.choose(place, focus=True)
            self._show_form()

    def _move(self, place: int, to: int) -> None:
        if 0 <= to < len(self.draft.design.blocks):
            self._edit(lambda: self.draft.move(place, to), place=to)

    def _remove(self, place: int) -> None:
        if self.draft.design.blocks:
            self._edit(lambda: self.draft.remove(place), place=place)

    def _double(self, place: int) -> None:
        if self.draft.design.blocks:
            block = self.draft.design.blocks[place]
            self._edit(lambda: self.draft.put(place + 1, block), place=place + 1)

    def _add_below(self) -> None:
        place = self.list.place + 1 if self.draft.design.blocks else 0
        self._offer_kinds(place, self.add.mapToGlobal(QPoint(0, self.add.height())))

    def _offer_kinds(self, place: int, at: QPoint) -> None:
        """A menu of all kinds of blocks."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        for kind in KINDS.values():
            menu.addAction(self._offer(menu, kind, place))
        menu.popup(at)

    def _offer(self, menu: QMenu, kind: type[Block], place: int) -> QAction:
        entry = QAction(kind.title, menu)
        entry.setToolTip(words.help_of(kind))
        entry.triggered.connect(lambda: self._edit(lambda: self.draft.put(place, kind()), place=place))
        return entry

    def _discard(self) -> None:
        self._edit(self.draft.discard, place=self.list.place, may_send=False)

    def _choose_preset(self, place: int) -> None:
        names = list(words.PRESETS)
        if place < len(names):
            self._edit(lambda: self.draft.begin_with(names[place]))

    def _change(self, values: dict[str, object]) -> None:
        self._edit(lambda: self.draft.change(self.list.place, values), may_send=False)
        if not self._is_held:
            self._settle.start()

    def _hold(self) -> None:
        """A slider is dragged: the lab gets where it ends."""
        self._is_held = True
        self._settle.stop()

    def _let_go(self) -> None:
        self._is_held = False
        self._settle.start()

    # To the lab --------------------------------------------------------------------------------------

    def _send_soon(self) -> None:
        """Send the network where it is possible and nothing is lost by it."""
        self._settle.stop()
        if self._can_lose_nothing and self.draft.is_changed and self.draft.is_possible:
            self.settings_wanted.emit(self.draft.settings())
            self.redraw()

    def _train(self) -> None:
        self._settle.stop()
        self.settings_wanted.emit(self.draft.settings())
        self.command("play")
        self.redraw()
        self.list.choose(self.list.place, focus=True)  # the button is of no more use now

    # Taking edits back -------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Undo and redo are this tab's as long as it has edits that were not sent; else the window's."""
        is_asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if is_asked and self._taking_back(event) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        edit = self._taking_back(event)
        if edit is None:
            super().keyPressEvent(event)
        else:
            self._edit(edit, may_send=False)

    def _taking_back(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.matches(QKeySequence.StandardKey.Undo) and self.draft.can_undo:
            return self.draft.undo
        if event.matches(QKeySequence.StandardKey.Redo) and self.draft.can_redo:
            return self.draft.redo
        return None
