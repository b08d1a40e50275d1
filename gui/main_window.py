"""The window: it shows itself at once, and then brings labs, worker, page and person together."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gui.lab_forms import LabForms
from gui.theme import GRID, themes

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent, QPaintEvent

    from engine.lab import Snapshot
    from engine.worker import Frame, Opened, Worker
    from gui.asking import Asking
    from gui.feed import Feed, Source
    from gui.form import Form
    from gui.lab_list import LabList
    from gui.memory import Memory
    from gui.stages import OnThread, Stage
    from gui.view import View
    from gui.window_actions import WindowActions
    from gui.workbench import Workbench

SAVE_AFTER = 1000
"""Milliseconds without a change until what is remembered is written."""
DEFAULT_SIZE = (1440, 900)
SMALLEST_SIZE = (960, 600)
LABS_WIDTH = 22 * GRID


def start_worker(device: str = "auto", folder: Path | None = None) -> Worker:
    """A worker on the processor of that name, whose labs keep what outlives the program in `folder`."""
    from engine.device import prepare_process
    from engine.worker import Worker

    prepare_process()
    return Worker(device, folder=folder)


class MainWindow(QWidget):
    """Paints itself before anything else is imported, and fills up as the parts come.

    Imports stand in the methods that need them, and building goes in stages with a breath between them, so
    that the window answers from its first picture on. What the person does goes to the worker as
    commands; what is shown comes back as frames, only.
    """

    painted = Signal()
    """The window's first picture is on the screen."""
    completed = Signal()
    """Every part of the window is there; a snapshot perhaps not yet."""
    shown = Signal(object)
    """A frame was drawn."""

    def __init__(self, memory: Memory, start_source: Callable[[], Source] = start_worker) -> None:
        super().__init__()
        self.memory = memory
        self._start_source = start_source
        self.lab_name = ""
        self.labs: LabList | None = None
        self.menu_button = QToolButton(self)
        self.menu_button.setText("≡  Menu")
        self.menu_button.setAccessibleName("Menu")
        self.menu_button.setToolTip("Everything that can be done here (F10)")
        self.bench: Workbench | None = None
        self.feed: Feed | None = None
        self.window_actions: WindowActions | None = None
        self._pages: dict[str, View] = {}
        self._forms = LabForms(memory, self)
        self.asking: Asking | None = None
        self._imports: OnThread | None = None
        self._is_painted = self._is_complete = self._is_closed = False
        self.worker_ended = True
        """False where it was closed and the worker's thread still runs."""
        self._save_timer = QTimer(self)
        self._save_timer.setSingleShot(True)
        self._save_timer.setInterval(SAVE_AFTER)
        self._save_timer.timeout.connect(self.remember)
        self._forms.remembered.connect(self._save_timer.start)
        self._forms.configured.connect(lambda config: self.post("configure", config))
        self._lay_out()

    def _lay_out(self) -> None:
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        left = QWidget(self)
        left.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        left.setAutoFillBackground(True)
        left.setFixedWidth(LABS_WIDTH)
        self._left = QVBoxLayout(left)
        self._left.setContentsMargins(0, 0, 0, GRID)
        self._left.addWidget(QWidget(left), 1)
        self._left.addWidget(self.menu_button)
        self._row.addWidget(left)
        self._room = QLabel("Opening …", self)
        self._room.setIndent(3 * GRID)
        self._row.addWidget(self._room, 1)
        self.setWindowTitle("Gridloop")
        self.setMinimumSize(*SMALLEST_SIZE)
        self.resize(*DEFAULT_SIZE)
        if self.memory.placement is not None:
            self.memory.placement.apply(self)

    # Coming up ------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            # Zero milliseconds later this paint event has reached the screen.
            QTimer.singleShot(0, self, self._first_paint_done)

    def _first_paint_done(self) -> None:
        from gui.stages import OnThread, import_parts, one_by_one

        self.painted.emit()
        if not self._is_closed:
            # All imports come before the worker: while it opens torch's libraries, no other can be opened.
            self._imports = OnThread(import_parts)
            stages = (self._imports, *self._stages())
            one_by_one(self, (stage for stage in stages if not self._is_closed))

    def complete(self) -> None:
        """Build what is left of the window at once."""
        for stage in self._stages():
            while stage() is False:
                pass

    def _stages(self) -> tuple[Stage, ...]:
        """The rest of the window; each stage does nothing if it was done."""
        return (
            self._start_feed,
            self._list_labs,
            self._furnish,
            self._add_actions,
            self._make_form,
            self._take_up,
            self._make_page,
        )

    def _start_feed(self) -> None:
        if self.feed is None:
            from gui.feed import Feed

            self.feed = Feed(self._start_source(), self)
            self.feed.came.connect(self.show_frame)

    def _list_labs(self) -> None:
        if self.labs is None:
            from engine.registry import labs
            from gui.lab_list import LabList

            self.labs = LabList([(name, lab.title, lab.group) for name, lab in labs().items()])
            self.labs.chosen.connect(self.choose_lab)
            empty = self._left.itemAt(0).widget()
            self._left.replaceWidget(empty, self.labs)
            self._left.setStretch(0, 1)
            empty.deleteLater()

    def _furnish(self) -> None:
        if self.bench is None:
            from gui.asking import Asking
            from gui.workbench import Workbench

            self.bench = Workbench(self)
            self.asking = Asking(self.bench.ask, self.post)
            self._row.replaceWidget(self._room, self.bench)
            self._room.deleteLater()
            self._wire(self.bench)
            self.bench.restore_splitters(self.memory.splitters)

    def _add_actions(self) -> None:
        if self.window_actions is None:
            from gui.window_actions import WindowActions

            self.window_actions = WindowActions(self)
            self._forms.history_changed.connect(self.window_actions.update_history)

    def _make_form(self) -> bool:
        """A few rows of the first form; False while some are missing."""
        return self._forms.of(self._first_lab(), 6).is_filled

    def _take_up(self) -> None:
        """Everything is there: show the lab of last time, and take what was dropped meanwhile."""
        if self._is_complete or self.feed is None:
            return
        self._is_complete = True
        self.choose_lab(self.lab_name or self._first_lab())
        self.menu_button.clearFocus()  # as the first control it had been given the keyboard
        self.feed.start()
        self.completed.emit()

    def _first_lab(self) -> str:
        """The lab of last time."""
        from engine.registry import labs

        known = labs()
        return self.memory.last_lab if self.memory.last_lab in known else next(iter(known))

    def _make_page(self) -> None:
        """Build the page while torch loads; it comes to the front with its first snapshot."""
        if self.page is None:
            self._build_page(self.lab_name)

    def _wire(self, bench: Workbench) -> None:
        transport = bench.transport
        transport.play.connect(lambda: self.post("play"))
        transport.pause.connect(lambda: self.post("pause"))
        transport.step_once.connect(lambda: self.post("step_once"))
        transport.reset.connect(lambda: self.post("reset"))
        transport.cancel.connect(self.cancel)
        transport.speed_changed.connect(lambda speed: self.post("set_speed", speed))
        for splitter in (bench.columns, bench.side):
            splitter.splitterMoved.connect(lambda *_: self._save_timer.start())

    # Labs and pages -------------------------------------------------------------------------------

    def choose_lab(self, name: str) -> None:
        """Show a lab; leaving one pauses it, coming back finds it as it was."""
        if self.bench is None or self.labs is None or name == self.lab_name:
            return
        from engine.registry import lab_named

        if self.asking is not None:
            self.asking.start_anew()
        self.bench.enter_what_is_typed()
        if self.lab_name in self._pages:
            self._pages[self.lab_name].close_page()
        self.lab_name = self.memory.last_lab = name
        self.labs.set_current(name)
        form = self._forms.of(name)
        self.post("select", name, form.config)  # before its page is laid out, and says how large it is
        self._forms.show(name)
        self.bench.show_form(form)
        self.bench.head(lab_named(name).question, "")
        self.bench.pages.setCurrentWidget(self._pages.get(name, self.bench.loading))
        if self.window_actions is not None:
            self.window_actions.show_page(self._pages.get(name))

    @property
    def form(self) -> Form | None:
        """The shown lab's form."""
        return self._forms.known(self.lab_name)

    @property
    def page(self) -> View | None:
        """The shown lab's page, once it was built."""
        return self._pages.get(self.lab_name)

    def _build_page(self, name: str) -> View:
        from gui.pages import page_type

        page = page_type(name)()
        if self.asking is not None:
            page.asked.connect(self.asking.point)
            page.pinned.connect(self.asking.pin)
        page.settings_wanted.connect(self._forms.of(name).change)
        page.command_wanted.connect(
            lambda command, arguments: self.post(command, *arguments) if name == self.lab_name else None
        )
        page.told.connect(self.tell)
        if self.window_actions is not None:
            self.window_actions.adopt(page)
        self._pages[name] = page
        if self.bench is not None:
            self.bench.pages.addWidget(page)
        return page

    # To the worker --------------------------------------------------------------------------------

    def post(self, command: str, *arguments: Any) -> None:
        """Send a command to the worker."""
        if self.feed is not None:
            self.feed.post(command, *arguments)

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Give files and folders to the lab that understands them."""
        if self.window_actions is not None:
            self.window_actions.open_paths(list(paths))

    def cancel(self) -> None:
        """Stop the long call and the jobs under way."""
        if self.feed is not None:
            self.feed.cancel()

    def unpin(self) -> None:
        """Let the Ask pane follow the pointer again."""
        if self.asking is not None:
            self.asking.unpin()

    # From the worker ------------------------------------------------------------------------------

    def show_frame(self, frame: Frame) -> None:
        """Draw what the worker sent, a piece at a time."""
        if self.feed is not None:
            self.feed.draw(self._pieces(frame))

    def _pieces(self, frame: Frame) -> Iterator[None]:
        if self.bench is None:
            return
        self.bench.show_frame(frame, self.feed.fps if self.feed else 0.0)
        for opened in frame.opened:
            self._take_note(opened)
        if frame.snapshot is not None and frame.lab == self.lab_name:
            yield from self._snapshot_pieces(frame.snapshot, frame)
        self.shown.emit(frame)

    def _take_note(self, opened: Opened) -> None:
        """A file was opened: what that did to the settings can be undone, and the file is remembered."""
        form = self._forms.known(opened.lab)
        if form is not None:
            form.note_step(opened.before, opened.after)
        if self.window_actions is not None:
            self.window_actions.remember(opened.path)
        self._save_timer.start()

    def _snapshot_pieces(self, snapshot: Snapshot, frame: Frame) -> Iterator[None]:
        page, form, bench = self.page or self._build_page(self.lab_name), self.form, self.bench
        if form is None or bench is None:
            return
        for name, values in snapshot.choices.items():
            form.set_choices(name, values)
        form.set_config(snapshot.config, final=bool(frame.failures))
        self._forms.keep(self.lab_name, form.config)
        bench.pages.setCurrentWidget(page)
        is_let_go = snapshot.question is None and not bench.ask.is_pinned
        if snapshot.answer is not None or is_let_go:  # first, because somebody waits for it
            bench.ask.show_answer(snapshot.answer)
        page.is_running = frame.playing
        for _ in page.pieces(snapshot):
            yield
            if page is not self.page:
                return  # another lab was chosen meanwhile
        bench.head(bench.question.text(), page.subtitle(snapshot))

    def tell_fault(self, error: BaseException) -> None:
        """Tell of an exception that nobody foresaw, with its details to copy."""
        if self.bench is not None:
            details = "".join(traceback.format_exception(error))
            self.bench.notice.error(f"Something went wrong in the window ({type(error).__name__}).", details)

    def tell(self, sentence: str) -> None:
        """Show the person a sentence where they look."""
        if self.bench is not None:
            self.bench.notice.error(sentence)

    # Being remembered, and going ------------------------------------------------------------------

    def remember(self) -> None:
        """Write window, splitters and settings."""
        from gui.memory import Placement

        self.memory.placement = Placement.of(self)
        self.memory.dressed = themes.current.name
        if self.bench is not None:
            self.memory.splitters = self.bench.splitters()
        self.memory.save()

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the worker first, so that nothing dangles when Qt goes."""
        self._is_closed = True
        self._save_timer.stop()
        self.remember()
        for page in self._pages.values():
            page.close_page()
        self.hide()  # at once, because the threads may take a moment to end
        if self._imports is not None:
            self._imports.wait()
        if self.feed is not None:
            self.feed.stop()
            self.worker_ended = self.feed.source.close()
        super().closeEvent(event)
