"""The table at the end: the textbook's claims, what was measured, and plainly whether they agree."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from engine.labs.grid_versus_loop.snapshot import GridVersusLoopSnapshot, Row
from gui.labs.grid_versus_loop.claim_row import ClaimRow
from gui.labs.grid_versus_loop.part import Part
from gui.lines import Lines
from gui.panels.panel import Panel
from gui.theme import GRID


def ask_path(parent: QWidget) -> str:
    """Where the report is to be written; "" for nowhere."""
    name, kinds = "grid-versus-loop.html", "Web pages (*.html)"
    return QFileDialog.getSaveFileName(parent, "Save report", name, kinds)[0]


class TablePart(Part):
    """Rows that scroll, and the button that saves the report."""

    title = "The table"
    opened = Signal(str)
    """The experiment whose row was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ClaimRow] = []
        self._shown: tuple[Row, ...] = ()
        self.verdict = Lines(1, muted=False, parent=self)
        self.save = QPushButton("Save report…", self)
        self.save.setToolTip("One page of HTML with the table, pictures, numbers, seeds and versions.")
        self.save.clicked.connect(self.ask_for_report)
        self._list = QWidget()
        self._column = QVBoxLayout(self._list)
        self._column.setContentsMargins(0, 0, GRID, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self.listing = QScrollArea(self)
        self.listing.setWidget(self._list)
        self.listing.setWidgetResizable(True)
        self.listing.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.listing.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        tools, column = QHBoxLayout(), QVBoxLayout(self)
        tools.addWidget(self.verdict, 1)
        tools.addWidget(self.save)
        column.setContentsMargins(0, GRID // 2, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(tools)
        column.addWidget(self.listing, 1)

    def panels(self) -> tuple[Panel, ...]:
        return ()

    def pieces(self, snapshot: GridVersusLoopSnapshot) -> Iterator[None]:
        if snapshot.table == self._shown:
            return
        self._shown = snapshot.table
        self._keep(len(snapshot.table))
        for widget, row in zip(self.rows, snapshot.table, strict=False):
            widget.show_row(row)
        self.verdict.set_text(_sum_up(snapshot.table))
        yield

    def ask_for_report(self) -> None:
        """Let the person choose a place, and have the report written there."""
        path = ask_path(self)
        if path:
            self.command("report", path)

    def _keep(self, count: int) -> None:
        """Make as many rows as are needed; further ones are hidden."""
        while len(self.rows) < count:
            row = ClaimRow(self._list)
            row.clicked.connect(lambda _=False, row=row: self._open(row))
            self._column.insertWidget(len(self.rows), row)
            self.rows.append(row)
        for place, row in enumerate(self.rows):
            row.setVisible(place < count)

    def _open(self, row: ClaimRow) -> None:
        if row.row is not None:
            self.opened.emit(row.row.experiment)


def _sum_up(table: tuple[Row, ...]) -> str:
    """ "7 of 14 claims measured: 5 agree, 2 disagree." """
    agree, disagree = (sum(row.verdict == verdict for row in table) for verdict in ("agrees", "disagrees"))
    if not agree + disagree:
        return f"{len(table)} claims, none measured yet."
    return f"{agree + disagree} of {len(table)} claims measured: {agree} agree, {disagree} disagree."
