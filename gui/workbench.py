"""The window's furniture: heading, notices, page, form, questions, transport and status, in their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from gui.ask_pane import AskPane
from gui.form import Form
from gui.lines import Lines
from gui.notice import NoticeBar
from gui.status_bar import StatusBar
from gui.theme import GRID, theme, themes, title_font
from gui.transport import Transport

if TYPE_CHECKING:
    from engine.worker import Frame

SIDE_WIDTH = 316
"""Width of the form and the Ask pane until the person drags the splitter."""


class Workbench(QWidget):
    """Places the widgets and dresses them; what they do is wired by the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question = QLabel(self)
        self.subtitle = Lines(1, muted=True, small=True, parent=self)
        self.notice = NoticeBar(self)
        self.pages = QStackedWidget(self)
        self.loading = QLabel("Loading PyTorch. The first time takes a few seconds.", self)
        self.loading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages.addWidget(self.loading)
        self.forms = QStackedWidget(self)
        self.ask = AskPane(self)
        self.transport = Transport(self)
        self.status = StatusBar(self)
        self.columns = QSplitter(Qt.Orientation.Horizontal, self)
        self.side = QSplitter(Qt.Orientation.Vertical, self)
        self._arrange()
        themes.changed.connect(self._dress)
        self._dress()

    def _arrange(self) -> None:
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(3 * GRID, 2 * GRID, 2 * GRID, GRID)
        column.setSpacing(GRID // 2)
        for widget in (self.question, self.subtitle, self.notice):
            column.addWidget(widget)
        column.addSpacing(GRID // 2)
        column.addWidget(self.pages, 1)
        self.side.addWidget(self.forms)
        self.side.addWidget(self.ask)
        self.side.setSizes([500, 400])
        self.columns.addWidget(centre)
        self.columns.addWidget(self.side)
        self.columns.setStretchFactor(0, 1)
        self.columns.setStretchFactor(1, 0)
        self.columns.setSizes([900, SIDE_WIDTH])
        for splitter in (self.columns, self.side):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
        self.side.setMinimumWidth(296)
        self.foot = QWidget(self)
        self.foot.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self.foot.setAutoFillBackground(True)
        row = QHBoxLayout(self.foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.transport, 3)
        row.addWidget(self.status, 2)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.columns, 1)
        whole.addWidget(self.foot)
        self.question.setWordWrap(False)

    def show_form(self, form: Form) -> None:
        """Bring a lab's form to the front."""
        if self.forms.indexOf(form) < 0:
            self.forms.addWidget(form)
        self.forms.setCurrentWidget(form)

    def enter_what_is_typed(self) -> None:
        """Let a field of the form or the page enter its text, as it does when it loses the keyboard."""
        focused = self.window().focusWidget()
        if focused is not None and (self.forms.isAncestorOf(focused) or self.pages.isAncestorOf(focused)):
            focused.clearFocus()

    def splitters(self) -> dict[str, list[int]]:
        """Sizes of each splitter's parts in pixels, by its name."""
        return {"columns": self.columns.sizes(), "side": self.side.sizes()}

    def restore_splitters(self, saved: Mapping[str, list[int]]) -> None:
        """Take such sizes, as far as they fit."""
        for name, splitter in (("columns", self.columns), ("side", self.side)):
            sizes = saved.get(name, [])
            if len(sizes) == splitter.count() and all(size > 0 for size in sizes):
                splitter.setSizes(sizes)

    def head(self, question: str, subtitle: str) -> None:
        """Set the page's question and the muted line under it."""
        self.question.setText(question)
        self.subtitle.set_text(subtitle)

    def show_frame(self, frame: Frame, frames_per_second: float) -> None:
        """Show all of a frame but its snapshot: what went wrong, how the run stands, and the figures."""
        for failure in frame.failures:
            self.notice.error(failure.sentence, failure.details)
            self.loading.setText("It could not be loaded. The message above says why.")
        self.transport.show_frame(frame)
        self.status.show_frame(frame, frames_per_second)

    def _dress(self) -> None:
        colours = theme()
        self.loading.setStyleSheet(f"color: {colours.muted};")
        self.question.setFont(title_font(self.font()))
        self.side.setStyleSheet(f"QSplitter {{ background: {colours.chrome}; }}")
