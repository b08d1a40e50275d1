"""Takes pictures and their numbers out: clipboard, PNG, SVG and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from PySide6.QtCore import QBuffer, QIODevice, QMimeData, QPoint, QRect
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.checkpoint import write_bytes_atomically
from engine.errors import UserError
from gui.theme import theme

if TYPE_CHECKING:
    import numpy as np

    from gui.memory import Memory

    Table: TypeAlias = tuple[Sequence[str], Sequence[Sequence[Any]]]  # header and rows
    Numbers: TypeAlias = Table | Mapping[str, Sequence[Any] | np.ndarray] | np.ndarray
    """Columns by title, all of one length; or an array of any shape."""

PNG, SVG, CSV = ".png", ".svg", ".csv"
KINDS = {
    PNG: "Picture (*.png)",
    SVG: "Vector picture (*.svg)",
    CSV: "Numbers (*.csv)",
}
SCALE = 2
"""Pixels of a saved picture for each device-independent pixel of the window."""


def copy_picture(source: QWidget | QImage, scale: float = SCALE) -> None:
    """Put what `source` shows on the clipboard, as pixels."""
    QGuiApplication.clipboard().setImage(picture(source, scale))


def save_picture(path: Path, source: QWidget | QImage, scale: float = SCALE) -> None:
    """Write what `source` shows as PNG or, from a widget, as SVG; the suffix of `path` says which.

    Raises UserError where that can't be done; a file that was there is then untouched.
    """
    suffix = path.suffix.lower()
    if suffix == SVG and isinstance(source, QWidget):
        write_bytes_atomically(path, _svg(source))
        return
    if suffix != PNG:
        reason = (
            "it is made of pixels" if suffix == SVG else f"pictures are not saved as {path.suffix or 'that'}"
        )
        raise UserError(f"{path.name} was not saved", reason, "Save it as a .png file")
    write_bytes_atomically(path, _png(picture(source, scale)))


def picture(source: QWidget | QImage, scale: float = SCALE) -> QImage:
    """A widget drawn at `scale` pixels a device-independent pixel, or an image as it is.

    Nothing but pixels: texts that an image file carried (its path, its author) are left behind.
    """
    size = source.size() * scale if isinstance(source, QWidget) else source.size()
    has_alpha = isinstance(source, QImage) and source.hasAlphaChannel()
    drawn = QImage(size, QImage.Format.Format_ARGB32 if has_alpha else QImage.Format.Format_RGB32)
    drawn.fill(QColor(0, 0, 0, 0) if has_alpha else QColor(theme().page))
    if isinstance(source, QWidget):
        drawn.setDevicePixelRatio(scale)
        source.render(drawn)
        return drawn
    painter = QPainter(drawn)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    painter.drawImage(drawn.rect(), source)
    painter.end()
    return drawn


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):
        raise UserError(
            "The picture was not saved", "it is too large for this machine's memory", "Make it smaller"
        )
    return bytes(buffer.data().data())


def _svg(widget: QWidget) -> bytes:
    from PySide6.QtSvg import QSvgGenerator

    buffer = QBuffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(widget.size())
    generator.setViewBox(QRect(0, 0, widget.width(), widget.height()))
    generator.setTitle(widget.accessibleName() or "Gridloop")
    painter = QPainter(generator)
    try:
        painter.fillRect(widget.rect(), QColor(theme().page))
        widget.render(painter, QPoint())
    finally:
        painter.end()  # Qt crashes when a device goes while it is painted on
    return bytes(buffer.data().data())


def copy_numbers(numbers: Numbers) -> None:
    """Put a table on the clipboard: as CSV, and with tabs, which is what spreadsheets paste."""
    rows = [*_rows(numbers)]
    data = QMimeData()
    data.setData("text/csv", _delimited(rows, ",").encode())
    data.setText(_delimited(rows, "\t"))
    QGuiApplication.clipboard().setMimeData(data)


def save_numbers(path: Path, numbers: Numbers) -> None:
    """Write a table as CSV: UTF-8, a header row, every number exactly (shortest text that reads back).

    Raises UserError where it can't be written; a file that was there is then untouched.
    """
    write_bytes_atomically(path, _delimited(_rows(numbers), ",").encode())


def _delimited(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _rows(numbers: Numbers) -> Iterator[Sequence[str]]:
    """Header and rows: a table and columns as they are, a matrix as a grid, more axes as a value a row."""
    import numpy as np

    if isinstance(numbers, tuple):
        header, rows = numbers
        yield header
        yield from ([str(value) for value in row] for row in rows)
        return
    if not isinstance(numbers, np.ndarray):
        columns = [_texts(np.asarray(column)) for column in numbers.values()]
        yield list(numbers)
        yield from zip(*columns, strict=True)
        return
    if numbers.ndim <= 1:
        yield ["index", "value"]
        yield from ([str(place), text] for place, text in enumerate(_texts(np.atleast_1d(numbers))))
        return
    if numbers.ndim == 2:
        yield ["row", *(f"column {place}" for place in range(numbers.shape[1]))]
        yield from ([str(place), *_texts(row)] for place, row in enumerate(numbers))
        return
    yield [*(f"axis {axis}" for axis in range(numbers.ndim)), "value"]
    places = np.ndindex(numbers.shape)
    texts = _texts(numbers.reshape(-1))
    yield from ([*map(str, place), text] for place, text in zip(places, texts, strict=True))


def _texts(column: np.ndarray) -> list[str]:
    """Each value as the shortest text that reads back to it in the column's own type."""
    return column.astype(str).tolist()


def ask_path(
    parent: QWidget | None, title: str, name: str, suffixes: Sequence[str], memory: Memory
) -> Path | None:
    """Where to save `name`, asked in the system's dialog in the folder used last; None if the person cancels.

    `suffixes` are those of `KINDS` that can be written, the usual one first. The dialog adds the
    chosen one and asks before an old file is replaced.
    """
    dialog = QFileDialog(parent, title, memory.folders.get("save", ""))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters([KINDS[suffix] for suffix in suffixes])
    dialog.setDefaultSuffix(suffixes[0])
    by_filter = {KINDS[suffix]: suffix for suffix in suffixes}
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(by_filter[chosen]))
    dialog.selectFile(safe_name(name) + suffixes[0])
    accepted = dialog.exec() == QFileDialog.DialogCode.Accepted
    chosen = dialog.selectedFiles()
    dialog.deleteLater()
    if not accepted or not chosen:
        return None
    path = Path(chosen[0])
    memory.folders["save"] = str(path.parent)
    return path


def safe_name(title: str) -> str:
    """`title` as a file name that every system takes, without suffix."""
    kept = "".join(letter if letter.isalnum() or letter in " -_()" else "-" for letter in title)
    return " ".join(kept.split()).strip(" -")[:80].strip(" -") or "Gridloop"
