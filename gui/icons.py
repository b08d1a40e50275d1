"""The application's own icons: vector paths drawn in the theme's colours, crisp at any resolution."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import cos, radians, sin

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QStyle, QStyleOptionToolButton, QToolButton

from gui.theme import theme, themes

SIDE = 24
"""Icons are drawn on a grid of 24 x 24 units."""
_STROKE = 1.9


def _lines(*strokes: tuple[tuple[float, float], ...]) -> QPainterPath:
    path = QPainterPath()
    for stroke in strokes:
        path.moveTo(*stroke[0])
        for point in stroke[1:]:
            path.lineTo(*point)
    return path


def _shape(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(*point) for point in points]))
    path.closeSubpath()
    return path


def _bar(left: float, top: float, width: float, height: float, radius: float = 1.0) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(left, top, width, height), radius, radius)
    return path


def _turn() -> QPainterPath:
    """An open circle whose end points back to its beginning."""
    path = QPainterPath()
    box = QRectF(5, 5.5, 14, 14)
    path.arcMoveTo(box, 130)
    path.arcTo(box, 130, -310)
    x, y = 12 + 7 * cos(radians(130)), 12.5 - 7 * sin(radians(130))
    path.addPath(_lines(((x - 0.6, y - 4.6), (x, y), (x + 4.7, y + 0.2))))
    return path


def _back() -> QPainterPath:
    path = _lines(((8.5, 5.5), (4.5, 9.5), (8.5, 13.5)), ((4.5, 9.5), (14, 9.5)))
    path.arcTo(QRectF(9, 9.5, 10, 9), 90, -180)
    path.lineTo(9, 18.5)
    return path


def _mirrored(path: QPainterPath) -> QPainterPath:
    return QTransform(-1, 0, 0, 1, SIDE, 0).map(path)


def _pin() -> QPainterPath:
    path = _lines(((8.5, 4), (15.5, 4)), ((9.5, 4), (9.5, 10.5), (6.5, 14.5), (17.5, 14.5), (14.5, 10.5)))
    path.addPath(_lines(((14.5, 10.5), (14.5, 4)), ((12, 14.5), (12, 20.5))))
    return path


def _copy() -> QPainterPath:
    path = _bar(9, 9, 11, 11, 2)
    path.addPath(_lines(((5.5, 15), (4, 15), (4, 4), (15, 4), (15, 5.5))))
    return path


_FILLED: dict[str, Callable[[], QPainterPath]] = {
    "play": lambda: _shape((7.5, 5.5), (18.5, 12), (7.5, 18.5)),
    "pause": lambda: _bar(6.5, 5, 3.6, 14) + _bar(13.9, 5, 3.6, 14),
    "step": lambda: _bar(5.5, 5, 2.6, 14) + _shape((11.5, 6), (20, 12), (11.5, 18)),
    "stop": lambda: _bar(6.5, 6.5, 11, 11, 1.5),
}
_STROKED: dict[str, Callable[[], QPainterPath]] = {
    "reset": _turn,
    "undo": _back,
    "redo": lambda: _mirrored(_back()),
    "pin": _pin,
    "copy": _copy,
    "check": lambda: _lines(((5.5, 12.5), (10, 17), (18.5, 7.5))),
    "right": lambda: _lines(((9.5, 6), (15.5, 12), (9.5, 18))),
    "down": lambda: _lines(((6, 9.5), (12, 15.5), (18, 9.5))),
}


@cache
def _path(name: str) -> QPainterPath:
    return (_FILLED | _STROKED)[name]()


def draw_icon(painter: QPainter, name: str, box: QRectF, colour: str | QColor) -> None:
    """Draw icon `name` into the square `box`. Raises KeyError for a name that there is not."""
    path = _path(name)
    tint = QColor(colour)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(box.topLeft())
    painter.scale(box.width() / SIDE, box.height() / SIDE)
    filled = name in _FILLED
    width = 1.0 if filled else _STROKE  # a filled icon gets round corners by its outline
    pen = QPen(tint, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(tint if filled else Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
    painter.restore()


def draw_mark(painter: QPainter, box: QRectF) -> None:
    """Gridloop's mark: four cells of a grid inside a loop that turns back on itself."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(box.topLeft())
    painter.scale(box.width() / SIDE, box.height() / SIDE)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme().convolution))
    for left in (7.4, 12.6):
        for top in (7.4, 12.6):
            painter.drawRoundedRect(QRectF(left, top, 4, 4), 0.8, 0.8)
    loop = QColor(theme().lstm)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(loop, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawArc(QRectF(2, 2, 20, 20), 75 * 16, 290 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(loop)
    painter.drawPath(_shape((12.2, -0.6), (18.2, 2.7), (12.6, 6.2)))
    painter.restore()


class IconButton(QToolButton):
    """A button that shows one icon; its name is read out, its tip names what it does and its key."""

    def __init__(self, icon: str, name: str, tip: str = "", *, side: int = 28, glyph: int = 18) -> None:
        super().__init__()
        self._side, self._glyph = side, glyph
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedSize(side, side)
        self.show_as(icon, name, tip)
        themes.changed.connect(self.update)

    @property
    def icon_name(self) -> str:
        return self._icon

    def show_as(self, icon: str, name: str, tip: str = "") -> None:
        """Change what the button shows and says."""
        self._icon = icon
        self.setAccessibleName(name)
        self.setToolTip(tip or name)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        self.style().drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option, painter, self)
        box = QRectF(0, 0, self._glyph, self._glyph)
        box.moveCenter(QRectF(self.rect()).center())
        draw_icon(painter, self._icon, box, self._tint())

    def _tint(self) -> QColor:
        colours = theme()
        if not self.isEnabled():
            return faded(colours.muted, 0.45)
        if self.isChecked():
            return QColor(colours.accent)
        return QColor(colours.text if self.underMouse() else colours.muted)


def faded(colour: str, opacity: float) -> QColor:
    """`colour` of the theme, partly transparent."""
    shade = QColor(colour)
    shade.setAlphaF(opacity)
    return shade
