"""`gridloop shots`: what a person would see, as files, made without a screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from person import FakeSource, frame
from PIL import Image
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from engine.jobs import JobStatus
from engine.labs.image_classification import ImageClassificationConfig, ImageClassificationSnapshot
from engine.registry import labs
from engine.worker import Failure, Frame
from gui import main_window, shots
from gui.main_window import MainWindow
from gui.memory import Memory
from gui.theme import LIGHT

SWEEP = JobStatus("sweep", "Chart against rotate", 3, 37, 0.2)


def a_snapshot() -> ImageClassificationSnapshot:
    return ImageClassificationSnapshot(ImageClassificationConfig())


@pytest.fixture
def worker_says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeSource]:
    """Puts a worker that says only these frames behind the window of the one lab that there is."""
    only = {"image-classification": labs()["image-classification"]}
    monkeypatch.setattr(shots, "labs", lambda: only)

    def put(*frames: Frame) -> FakeSource:
        source = FakeSource()
        source.give(*frames)
        window = partial(MainWindow, start_source=lambda: source)
        monkeypatch.setattr(main_window, "MainWindow", window)
        return source

    return put


@pytest.mark.usefixtures("qapp", "short_reference")
def test_every_lab_is_shot_on_its_built_in_example(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "shots"
    assert shots.main([str(folder), "--theme", "light", "--size", "1280x720"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.png" for name in labs())
    for name in labs():
        assert name in told.err
        with Image.open(folder / f"{name}.png") as image:
            assert image.size == (1280, 720)
            pixels = np.asarray(image.convert("RGB"))
        ground = np.array(QColor(LIGHT.page).getRgb()[:3])
        share = (pixels == ground).all(axis=2).mean()
        assert 0.05 < share < 0.9
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 2000


@pytest.mark.parametrize("size", ["big", "1440", "1440x", "100x100", "9000x900", "-1440x900"])
def test_a_size_that_is_none_is_wrong_usage(
    size: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        shots.main([str(tmp_path / "shots"), f"--size={size}"])
    assert end.value.code == shots.WRONG_USAGE
    assert "size" in capsys.readouterr().err
    assert not (tmp_path / "shots").exists()


@pytest.mark.usefixtures("qapp")
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert shots.main([str(tmp_path / "file" / "shots")]) == shots.WRONG_USAGE
    told = capsys.readouterr().err
    assert told.startswith("gridloop: The folder shots cannot be made")
    assert "Traceback" not in told


@pytest.mark.usefixtures("qapp")
def test_a_lab_that_fails_is_told_at_once_and_leaves_no_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], worker_says: Callable[..., FakeSource]
) -> None:
    source = worker_says(frame(lab="", failures=(Failure("The weights are not there.", "details"),)))
    assert shots.main([str(tmp_path)]) == shots.FAILED
    assert "gridloop: The weights are not there." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert source.closed == 1


@pytest.mark.usefixtures("qapp")
def test_a_lab_that_never_rests_is_given_up(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    worker_says: Callable[..., FakeSource],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker_says(frame(snapshot=a_snapshot(), jobs=(SWEEP,)))
    monkeypatch.setattr(shots, "wait_until_idle", partial(shots.wait_until_idle, patience=0.4))
    assert shots.main([str(tmp_path)]) == shots.FAILED
    assert "did not finish" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_it_waits_until_the_last_job_is_done(qapp: QApplication, tmp_path: Path) -> None:
    source = FakeSource()
    busy = frame(snapshot=a_snapshot(), jobs=(SWEEP,))
    source.give(
        frame(), busy, frame(snapshot=a_snapshot(), playing=True), busy, frame(snapshot=a_snapshot(), steps=9)
    )
    window = MainWindow(Memory(tmp_path), lambda: source)
    seen: list[int] = []
    window.shown.connect(lambda shown: seen.append(shown.steps))
    window.show()
    assert shots.wait_until_idle(qapp, window, patience=20)
    assert seen == [0, 0, 0, 0, 9]
    window.close()
    window.deleteLater()
