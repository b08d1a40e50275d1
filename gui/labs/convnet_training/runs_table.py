"""The runs as a table: what each is called and how it did. A name is edited where it stands."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from engine.labs.convnet_training import Curves
from gui.form.drawing import HEIGHT
from gui.panels.series import COUNT, series_colour
from gui.theme import GRID, theme, themes

COLUMNS = ("Run", "Begun at", "Updates", "Loss", "Test loss", "Accuracy", "Test accuracy", "Best")
TIPS = (
    "F2 or a double click names it",
    "The update from which it branched off another run",
    "Updates done",
    "Of the newest batch or stretch of batches, nats a picture",
    "Of pictures that it never learns from, when they were asked last",
    "Share of the newest batch that was taken for what it is",
    "Share of pictures that it never learns from, when they were asked last",
    "The largest share of test pictures so far, and after which update",
)
ROWS = 5
"""Runs that are seen without scrolling."""
SWATCH = 10
"""Pixels of the square in the colour of a run's curves."""


def colour_of(place: int, count: int) -> str | int:
    """The colour of a run's curves: the one in front, which is the last, has that of convolutions."""
    return "convolution" if place == count - 1 else 1 + place % (COUNT - 1)  # the first is the same orange


class RunsTable(QTableWidget):
    """One row a run; several may be chosen."""

    named = Signal(int, str)
    """A run's place, and what it is to be called."""
    chosen = Signal()
    """Others are chosen."""
    let_go = Signal()
    """Those that are chosen are to be kept no longer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.setHorizontalHeaderLabels(list(COLUMNS))
        for column, tip in enumerate(TIPS):
            self.horizontalHeaderItem(column).setToolTip(tip)
        self.setAccessibleName("Runs")
        self.setAccessibleDescription("Choose those to compare; F2 names one.")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setShowGrid(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setItemDelegateForColumn(0, _NameEditor(self))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeaderItem(0).setTextAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.itemChanged.connect(self._tell_name)
        self.itemSelectionChanged.connect(self.chosen)
        themes.changed.connect(self._dress)
        self._dress()

    def show_runs(self, runs: Sequence[Curves]) -> None:
        """Fill the rows anew where they say something else; what is chosen stays."""
        is_other = self.rowCount() != len(runs)
        if self.rowCount() > len(runs):
            self._leave_name()
        with QSignalBlocker(self):
            self.setRowCount(len(runs))
            for row, run in enumerate(runs):
                for column, text in enumerate(_cells(run)):
                    self._write(row, column, text)
                if is_other:
                    self._paint_swatch(row, len(runs))
        if is_other:
            self.updateGeometry()

    @property
    def places(self) -> tuple[int, ...]:
        """The runs that are chosen, or all where none is."""
        chosen = sorted({index.row() for index in self.selectedIndexes()})
        return tuple(chosen) or tuple(range(self.rowCount()))

    def rename(self) -> None:
        """Begin to name the run with the cursor, or else the last; go on where that has begun."""
        if self.state() == QAbstractItemView.State.EditingState:
            return
        row = self.currentRow() if self.currentRow() >= 0 else self.rowCount() - 1
        if row >= 0:
            self.setCurrentCell(row, 0)
            self.editItem(self.item(row, 0))

    def sizeHint(self) -> QSize:
        """High enough for the first few runs, and no higher than they need."""
        rows = min(ROWS, max(1, self.rowCount())) * HEIGHT
        height = self.horizontalHeader().sizeHint().height() + rows + 2 * self.frameWidth()
        return QSize(super().sizeHint().width(), height)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.let_go.emit()
            return
        super().keyPressEvent(event)

    def _leave_name(self) -> None:
        """What is being typed is not kept: its row may go, or be another run's."""
        for line in self.viewport().findChildren(QLineEdit):
            self.closeEditor(line, QAbstractItemDelegate.EndEditHint.RevertModelCache)

    def _write(self, row: int, column: int, text: str) -> None:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem(text)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
            self.setItem(row, column, item)
        elif item.text() != text:
            item.setText(text)
        if not column:
            self.item(row, 0).setToolTip(text)  # which may be cut off

    def _paint_swatch(self, row: int, count: int) -> None:
        swatch = QPixmap(SWATCH, SWATCH)
        swatch.fill(series_colour(colour_of(row, count)))
        self.item(row, 0).setIcon(swatch)

    def _tell_name(self, item: QTableWidgetItem) -> None:
        if item.column() == 0:
            self.named.emit(item.row(), item.text())

    def _dress(self) -> None:
        colours = theme()
        lit = QColor(colours.accent)
        lit.setAlphaF(0.25)
        self.setStyleSheet(
            f"QTableWidget {{ background: transparent; border: none; color: {colours.text};"
            f" selection-background-color: {lit.name(QColor.NameFormat.HexArgb)};"
            f" selection-color: {colours.text}; }}"
            "QTableWidget::item { padding: 0 5px; border: none; }"
            f"QHeaderView, QHeaderView::section {{ background: transparent; color: {colours.muted};"
            f" border: none; padding: 2px {2 * GRID}px 2px {GRID}px; }}"
        )
        with QSignalBlocker(self):
            for row in range(self.rowCount()):
                self._paint_swatch(row, self.rowCount())


class _NameEditor(QStyledItemDelegate):
    """A line as high as its row."""

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        line = QLineEdit(parent)
        line.setFrame(False)
        line.setAccessibleName("Name of the run")
        return line


def _cells(run: Curves) -> tuple[str, ...]:
    """What a row says, in the order of COLUMNS."""
    updates = f"{_updates(run):,}"
    best = ""
    if len(run.test_accuracy):
        place = int(run.test_accuracy.argmax())
        best = f"{_percent(run.test_accuracy[place])} at {int(run.test_steps[place]):,}"
    return (
        run.name,
        f"{run.begun_at:,}" if run.begun_at else "",
        updates,
        _last(run.loss),
        _last(run.test_loss),
        _percent(run.accuracy[-1]) if len(run.accuracy) else "",
        _percent(run.test_accuracy[-1]) if len(run.test_accuracy) else "",
        best,
    )


def _updates(run: Curves) -> int:
    """Updates done, as far as the curves tell."""
    watched = run.watched
    known = [run.steps, run.test_steps, *((watched.steps,) if watched is not None else ())]
    return max((int(steps[-1]) for steps in known if len(steps)), default=run.begun_at)


def _last(values: Sequence[float]) -> str:
    return f"{values[-1]:.4f}" if len(values) else ""


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")
