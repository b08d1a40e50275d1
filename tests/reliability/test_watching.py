"""Watching changes nothing: headless, closed or open, each update leaves the same weights, bit for bit."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from frames import Frames
from open_window import wait_until
from PySide6.QtWidgets import QTabWidget
from sizes import UPDATES, Scale, in_both_parts
from tally import Tally

from engine.lab import Lab
from engine.optimisers import Optimiser
from engine.registry import labs
from engine.settings import Config
from engine.worker import Worker
from gui.app import discard
from gui.main_window import MainWindow
from gui.memory import Memory

PROSE = "the net was training and the day was bright, and the loss fell and fell.\n" * 200
TRAINS = {"language-modelling": {"play": "train", "size": "small", "from_default": False}}
"""Settings with which a lab trains, where it does not by itself."""


class Checksums:
    """Of all parameters after each update of a lab's start and steps; those that jobs make are left out."""

    def __init__(self, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: list[int] = []
        self.most = most
        self._learns = False
        plain = Optimiser.step

        def step(optimiser: Optimiser, lr: float | None = None) -> None:
            plain(optimiser, lr)
            if self._learns:
                parts = (parameter.detach().cpu().numpy().tobytes() for parameter in optimiser._parameters)
                self.found.append(zlib.crc32(b"".join(parts)))

        monkeypatch.setattr(Optimiser, "step", step)

    @contextmanager
    def learning(self) -> Generator[None]:
        self._learns = True
        yield
        self._learns = False

    def watched(self, lab_type: type[Lab[Any, Any]]) -> type[Lab[Any, Any]]:
        """The lab, which stops once there are `most`."""
        checksums = self

        class Watched(lab_type):
            @property
            def can_step(self) -> bool:
                return super().can_step and len(checksums.found) < checksums.most

            def start(self) -> None:
                with checksums.learning():
                    super().start()

            def step(self) -> None:
                with checksums.learning():
                    super().step()

        return Watched


def headless(lab_type: type[Lab[Any, Any]], config: Config) -> None:
    lab = lab_type(config, torch.device("cpu"), screen=False)
    lab.start()
    while lab.jobs:
        lab.jobs.advance()
    while lab.can_step:
        lab.step()
    lab.close()


def closed(lab_type: type[Lab[Any, Any]], config: Config) -> None:
    """A worker of whose frames none is drawn."""
    worker = Worker("cpu", lambda name: lab_type)
    frames = Frames(worker)
    worker.post("select", "watched", config)
    frames.until(lambda frame: frame.snapshot is not None)
    worker.post("play")
    frames.until(lambda frame: frame.steps > 0 and not frame.playing and not frame.jobs)
    assert worker.close(30)


def opened(name: str, lab_type: type[Lab[Any, Any]], config: Config, folder: Path) -> None:
    """The window, of which another tab is shown with each frame."""
    memory = Memory(folder)
    memory.last_lab = name
    memory.remember_config(name, config.as_dict())
    window = MainWindow(memory, lambda: Worker("cpu", lambda _: lab_type))
    played, ended = list[bool](), list[bool]()

    def turn(frame: Any) -> None:
        pages = window.page.findChildren(QTabWidget) if window.page is not None else []
        for tabs in pages:
            tabs.setCurrentIndex((tabs.currentIndex() + 1) % tabs.count())
        if frame.snapshot is not None and not played:
            played.append(True)
            window.post("play")
        elif played and not frame.playing and not frame.can_step:
            ended.append(True)

    window.shown.connect(turn)
    window.show()
    wait_until(lambda: ended)
    discard(window)
    assert window.worker_ended


@in_both_parts()
@pytest.mark.parametrize("name", labs())
def test_watching_changes_nothing(
    name: str, scale: Scale, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    plain = labs()[name]
    config = plain.config_type(**TRAINS.get(name, {}), seed=5)
    if name == "language-modelling":
        (tmp_path / "prose.txt").write_text(PROSE)
        config = plain.config_type.restore(config.as_dict() | {"train": str(tmp_path / "prose.txt")})
    ways: dict[str, Callable[[type[Lab[Any, Any]]], None]] = {
        "headless": lambda lab_type: headless(lab_type, config),
        "closed": lambda lab_type: closed(lab_type, config),
        "open": lambda lab_type: opened(name, lab_type, config, tmp_path / "config"),
    }
    seen = plain(config, torch.device("cpu"))
    if not seen.trains:
        pytest.skip("it shows a network that has learned already")
    checksums = Checksums(0, monkeypatch)
    with checksums.learning():
        seen.start()
    config, first = seen.config, len(checksums.found)  # some labs begin with settings of their own
    seen.close()
    found: dict[str, list[int]] = {}
    for way, run in ways.items():
        monkeypatch.undo()
        checksums = Checksums(first + scale(UPDATES), monkeypatch)
        run(checksums.watched(plain))
        found[way] = checksums.found
    wanted = first + scale(UPDATES)  # where one step makes several, there may be a few more
    assert min(len(each) for each in found.values()) >= wanted
    assert found["closed"][:wanted] == found["headless"][:wanted]
    assert found["open"][:wanted] == found["headless"][:wanted]
    tally.add("updates that are the same, watched or not", wanted)
