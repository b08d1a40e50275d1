"""One line of the table: a textbook's claim, what was measured, and whether they agree; a click opens it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from engine.labs.grid_versus_loop.snapshot import Row
from gui.labs.grid_versus_loop import wording
from gui.theme import GRID, small_font, theme, themes

SHARES = (0.36, 0.45)
"""Of the width that claim and measurement take; the verdict has the rest."""
VERDICTS = {"agrees": "✓ agrees", "disagrees": "✗ disagrees", "open": "not measured yet"}
WRAP = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)


class ClaimRow(QAbstractButton):
    """Its height follows its texts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row: Row | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        themes.changed.connect(self.update)

    def show_row(self, row: Row) -> None:
        """Show another claim, or what was measured since."""
        if row != self.row:
            self.row = row
            title = wording.title(row.experiment)
            said = row.measured or f"not measured yet, in {title}"
            self.setAccessibleName(f"{row.claim} {VERDICTS[row.verdict][2:]}: {said}")
            self.setToolTip(f"Open “{title}”")
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(60 * GRID, self.heightForWidth(max(60 * GRID, self.width())))

    def heightForWidth(self, width: int) -> int:
        if self.row is None:
            return 4 * GRID
        claim, measured, _ = self._columns(width)
        metrics, small = QFontMetrics(self.font()), QFontMetrics(small_font(self.font()))
        one = metrics.boundingRect(QRect(0, 0, claim.width(), 10_000), WRAP, self.row.claim).height()
        other = small.boundingRect(QRect(0, 0, measured.width(), 10_000), WRAP, self._measured).height()
        return max(one, other, 2 * small.lineSpacing()) + 2 * GRID

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.row is None:
            return
        painter, colours = QPainter(self), theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() or self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent if self.hasFocus() else colours.chrome), 1))
            painter.setBrush(QColor(colours.chrome))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -1.5), 4, 4)
        claim, measured, verdict = self._columns(self.width())
        painter.setPen(QColor(colours.text))
        painter.drawText(claim, WRAP, self.row.claim)
        painter.setFont(small_font(self.font()))
        painter.setPen(QColor(colours.text if self.row.measured else colours.muted))
        painter.drawText(measured, WRAP, self._measured)
        inks = {"agrees": colours.gru, "disagrees": colours.danger, "open": colours.muted}
        painter.setPen(QColor(inks[self.row.verdict]))
        painter.drawText(verdict, WRAP, VERDICTS[self.row.verdict])
        below = verdict.adjusted(0, painter.fontMetrics().lineSpacing(), 0, 0)
        painter.setPen(QColor(colours.muted))
        painter.drawText(below, WRAP, wording.title(self.row.experiment))
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)

    @property
    def _measured(self) -> str:
        if self.row is None:
            return ""
        return self.row.measured or "Play the experiment to measure it."

    def _columns(self, width: int) -> tuple[QRect, QRect, QRect]:
        """Where claim, measurement and verdict are written."""
        inner = width - 2 * GRID
        first, second = (round(share * inner) for share in SHARES)
        tall = max(0, self.height() - 2 * GRID)
        left = GRID
        claim = QRect(left, GRID, first - 2 * GRID, tall)
        measured = QRect(left + first, GRID, second - 2 * GRID, tall)
        return claim, measured, QRect(left + first + second, GRID, inner - first - second, tall)
