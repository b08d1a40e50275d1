"""A person on the language modelling page: the real window and worker, with small networks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch
from person import CONTROL, HURRIED, PATIENCE, Person
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.labs.language_modelling import LanguageModelling, LanguageModellingSnapshot
from engine.labs.language_modelling import insight as insight_module
from engine.models import language_models
from engine.models.character_model import CELLS, CharacterModel, CharacterModelConfig
from engine.worker import Frame, Worker
from gui import governor, main_window
from gui.app import discard
from gui.labs.language_modelling import LanguageModellingPage
from gui.main_window import MainWindow
from gui.memory import Memory

REFERENCE = 'He saw it. "Oh, Ann (29) was in," said Bo.\n'
AnyVisitor = TypeVar("AnyVisitor", bound="Visitor")
UNITS = 12
"""Of each network that ships."""


def model_of(cell: str) -> CharacterModel:
    """A small random network, which hardly ever writes anything but ASCII."""
    torch.manual_seed(CELLS.index(cell))
    model = CharacterModel(CharacterModelConfig(cell, UNITS, 6)).eval()
    with torch.no_grad():
        model.head.bias -= 12
        model.head.bias[[ord("\n"), *range(ord(" "), 0x7F)]] = 0
        model.head.bias[ord(" ")] = 3
    return model


class Marked(LanguageModelling):
    """The lab, which also says up to where it has done what it was told."""

    latest = 0
    marked = 0

    def mark(self, number: int) -> None:
        self.marked = number

    def snapshot(self) -> LanguageModellingSnapshot:
        snapshot = super().snapshot()
        object.__setattr__(snapshot, "mark", self.marked)
        return snapshot


class Visitor(Person):
    """A person on the page of this lab."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        super().__init__(window, qtbot)
        assert isinstance(window.page, LanguageModellingPage)
        assert window.bench is not None
        assert window.form is not None
        self.page, self.line, self.bench, self.form = window.page, window.page.line, window.bench, window.form
        self.frames: list[Frame] = []
        window.shown.connect(self.frames.append)

    @property
    def snapshot(self) -> Any:
        """What the lab said last."""
        return self.frames[-1].snapshot

    @property
    def text(self) -> str:
        """What the person sees on the line."""
        return self.line.toPlainText()

    def rests(self) -> None:
        """Wait until the page shows all that follows from what was done."""
        Marked.latest += 1
        self.window.post("mark", Marked.latest)
        self.waits_until(self._is_idle)

    def _is_idle(self) -> bool:
        last = self.frames[-1] if self.frames else None
        if last is None or getattr(last.snapshot, "mark", 0) != Marked.latest:
            return False
        return not last.jobs and not last.playing

    def goes_to_the_line(self) -> None:
        self.presses(Qt.Key.Key_L, CONTROL)
        assert self.line.hasFocus()


def _wait_for_a_snapshot(window: MainWindow) -> None:
    loop, patience = QEventLoop(), QTimer()
    window.shown.connect(lambda frame: loop.quit() if frame.snapshot is not None else None)
    patience.timeout.connect(loop.quit)
    patience.start(PATIENCE)
    loop.exec()
    patience.stop()


@contextmanager
def opened_window(folder: Path) -> Iterator[MainWindow]:
    """The window with its real worker on small networks, a short reference text, and its first snapshot.

    Its settings lie in `folder`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main_window, "SAVE_AFTER", 0)
        patch.setattr(governor, "BUSY_SHARE", HURRIED)
        patch.setattr(
            language_models, "load_language_models", lambda kind: {cell: model_of(cell) for cell in CELLS}
        )
        patch.setattr(language_models, "language_models", lambda: ("prose",))
        patch.setattr(insight_module, "reference_text", lambda: REFERENCE)
        settings = Memory(folder)
        settings.last_lab = "language-modelling"
        window = MainWindow(settings, lambda: Worker(make_lab=lambda name: Marked))
        window.show()
        QTest.qWaitForWindowExposed(window)
        _wait_for_a_snapshot(window)
        try:
            yield window
        finally:
            discard(window)


@contextmanager
def visiting(window: MainWindow, qtbot: QtBot, kind: type[AnyVisitor] = Visitor) -> Iterator[AnyVisitor]:
    """Somebody new, who finds the example and the usual settings, and no messages."""
    visitor = kind(window, qtbot)
    visitor.form.reset()
    window.unpin()
    window.post("unpin")
    window.post("reset")
    visitor.rests()
    visitor.page.tabs.setCurrentIndex(0)
    window.activateWindow()
    visitor.waits_until(window.isActiveWindow)
    yield visitor
    window.post("pause")
    window.cancel()
    visitor.rests()
    while visitor.bench.notice.current is not None:
        visitor.bench.notice.close_current()
    window.shown.disconnect(visitor.frames.append)
    visitor.waits_until(lambda: not window._save_timer.isActive())
