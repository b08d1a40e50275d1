"""The five phases of an update in a row, the present one lit, and what has just happened in a sentence."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from engine.labs.convnet_training import PHASES, Stage
from gui.labs.convnet_training.stage_words import PHASE_NAMES, place_words, stage_sentence
from gui.lines import Lines
from gui.theme import GRID, small_font, theme, themes

HEIGHT = 26
LINE = 3.0
"""Thickness of the line under each phase, which fills as it goes on."""


class StageBar(QWidget):
    """Drawn while an update is gone through in slow motion."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.track = _Track(self)
        self.sentence = Lines(2, muted=False, parent=self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addWidget(self.track)
        column.addWidget(self.sentence)

    def show_stage(self, stage: Stage, classes: tuple[str, ...]) -> None:
        """Show where the update stands."""
        self.track.show_stage(stage)
        self.sentence.set_text(stage_sentence(stage, classes))


class _Track(QWidget):
    """The row itself: a cell for each phase, those of both passes wider, since they have many stages."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._stage: Stage | None = None
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        themes.changed.connect(self.update)

    def show_stage(self, stage: Stage) -> None:
        if stage is not self._stage:
            self._stage = stage
            self.setAccessibleName(f"{PHASE_NAMES[stage.phase]} {place_words(stage)}".strip())
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(40 * GRID, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        stage = self._stage
        if stage is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(small_font(self.font()))
        now = PHASES.index(stage.phase)
        weights = [2 if phase in ("forward", "backward") else 1 for phase in PHASES]
        unit, left = (self.width() - (len(PHASES) - 1) * GRID) / sum(weights), 0.0
        for place, (phase, weight) in enumerate(zip(PHASES, weights, strict=True)):
            within = stage.place / stage.layers if place == now and stage.layers else 1.0
            done = within if place == now else float(place < now)
            name = PHASE_NAMES[phase] + (f" {place_words(stage)}" if place == now else "")
            self._paint_phase(
                painter, QRectF(left, 0, unit * weight, HEIGHT), name.strip(), done, place == now
            )
            left += unit * weight + GRID

    def _paint_phase(self, painter: QPainter, room: QRectF, name: str, done: float, is_now: bool) -> None:
        colours, metrics = theme(), QFontMetricsF(painter.font())
        painter.setPen(QColor(colours.text if is_now else colours.muted))
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(QPointF(room.left(), metrics.ascent() + 2), shown)
        y = room.bottom() - LINE
        for colour, end in ((colours.line, 1.0), (colours.accent, done)):
            if end > 0:
                painter.setPen(QPen(QColor(colour), LINE, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
                painter.drawLine(QPointF(room.left(), y), QPointF(room.left() + end * room.width(), y))
