"""The part of a picture that is kept: painted once, also a part at a time, and anew when it was changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from gui.panels.still import Still
from gui.theme import theme

SIZE = 40


class Painted(QWidget):
    """Two halves in colours that can be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.resize(SIZE, SIZE)
        self.still = Still(self)
        self.colours = ["#ff0000", "#00ff00"]
        self.painted = 0

    def parts(self) -> list[Callable[[QPainter], None]]:
        half = SIZE // 2
        return [
            lambda painter: self.fill(painter, QRect(0, 0, half, SIZE), 0),
            lambda painter: self.fill(painter, QRect(half, 0, half, SIZE), 1),
        ]

    def fill(self, painter: QPainter, where: QRect, which: int) -> None:
        self.painted += 1
        painter.fillRect(where, QColor(self.colours[which]))

    def seen(self) -> list[str]:
        """The colours of both halves, as they are on the screen now."""
        image = QImage(SIZE, SIZE, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        self.still.paint(painter, lambda painter: [part(painter) for part in self.parts()] and None)
        painter.end()
        return [image.pixelColor(x, SIZE // 2).name() for x in (SIZE // 4, 3 * SIZE // 4)]

    def change(self) -> None:
        self.colours = ["#0000ff", "#ffff00"]
        self.still.forget()


@pytest.fixture
def canvas(show: Callable[[QWidget], None]) -> Painted:
    canvas = Painted()
    show(canvas)
    assert canvas.seen() == ["#ff0000", "#00ff00"]
    canvas.painted = 0
    return canvas


def test_it_is_painted_once(canvas: Painted) -> None:
    assert canvas.seen() == ["#ff0000", "#00ff00"]
    assert list(canvas.still.paint_in_pieces(canvas.parts())) == []
    assert canvas.painted == 0


def test_a_part_at_a_time_the_former_picture_stays_until_all_is_there(canvas: Painted) -> None:
    canvas.change()
    pieces = canvas.still.paint_in_pieces(canvas.parts())
    for done, _ in enumerate(pieces):
        assert canvas.painted == done
        assert canvas.seen() == ["#ff0000", "#00ff00"]
    assert canvas.painted == 2
    assert canvas.seen() == ["#0000ff", "#ffff00"]
    assert canvas.painted == 2


def test_what_was_left_half_painted_is_painted_when_it_is_asked_for(canvas: Painted) -> None:
    canvas.change()
    pieces = canvas.still.paint_in_pieces(canvas.parts())
    next(pieces)
    next(pieces)
    pieces.close()
    assert canvas.seen() == ["#0000ff", "#ffff00"]


def test_a_change_meanwhile_is_painted(canvas: Painted) -> None:
    canvas.change()
    pieces = canvas.still.paint_in_pieces(canvas.parts())
    next(pieces)
    next(pieces)
    canvas.colours = ["#ffffff", "#000000"]
    canvas.still.forget()
    assert list(pieces) == []
    assert canvas.seen() == ["#ffffff", "#000000"]


def test_another_size_is_not_waited_for(canvas: Painted) -> None:
    canvas.change()
    pieces = canvas.still.paint_in_pieces(canvas.parts())
    next(pieces)
    canvas.resize(SIZE + 2, SIZE)
    assert canvas.seen() == ["#0000ff", "#ffff00"]
    assert theme().page not in canvas.seen()
    assert list(pieces)
    assert canvas.seen() == ["#0000ff", "#ffff00"]
