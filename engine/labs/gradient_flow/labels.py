"""What stands at each step of a sequence, in a word."""

from __future__ import annotations

from torch import Tensor

from engine.data.sequence_tasks import Batch, Task
from engine.data.sequence_tasks.synthetic import BLANK, DELIMITER, TemporalOrder

LETTERS = "ABCDEFGH"
"""The symbols of recall and copy memory."""
REPEAT = "repeat"
"""The signal of copy memory."""


def labels_of(task: Task, sample: Batch) -> tuple[str, ...]:
    """(T,) for a batch of one: a symbol, a number, a row; "" for noise, blanks and what is not marked."""
    return tuple(_LABELS[task.name](sample.inputs[:, 0].cpu()))


def _recall(x: Tensor) -> list[str]:
    return [LETTERS[int(x[0].argmax())], *([""] * (len(x) - 1))]


def _adding(x: Tensor) -> list[str]:
    return [f"{value:.2f}" if marker else "" for value, marker in x.tolist()]


def _copy(x: Tensor) -> list[str]:
    names = {BLANK: "", DELIMITER: REPEAT}
    return [names[symbol] if symbol in names else LETTERS[symbol] for symbol in x.argmax(1).tolist()]


def _order(x: Tensor) -> list[str]:
    return [TemporalOrder.symbols[symbol] for symbol in x.argmax(1).tolist()]


def _rows(x: Tensor) -> list[str]:
    return [f"row {row}" for row in range(1, len(x) + 1)]


def _pixels(x: Tensor) -> list[str]:
    """Brightness in per cent."""
    return [f"{value:.0%}" if value else "" for value in x[:, 0].tolist()]


_LABELS = {
    "recall": _recall,
    "adding": _adding,
    "copy": _copy,
    "order": _order,
    "rows": _rows,
    "pixels": _pixels,
}
