"""Nothing leaves the machine, what is saved holds nothing private, and the code nothing unsafe."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtWidgets import QApplication

from engine.data.kinds import SUFFIXES
from engine.errors import UserError
from engine.lab import Lab
from engine.models.fetch import Errand, fetch
from engine.registry import labs
from gui.export import save_numbers, save_picture
from gui.pages import page_type

ROOT = Path(__file__).parents[2]
SECRET = "Ada Geheim"
"""The folder that everything is opened from, as a home is named after who lives there."""
CHUNKS = {b"IHDR", b"IDAT", b"IEND", b"pHYs", b"PLTE", b"sRGB", b"gAMA", b"tRNS"}
"""What a picture that is saved may consist of: no words, no times, no EXIF."""
SLICES = 60
"""Of the labs' jobs; what they would add after these is more of the same."""
NEVER = {
    "Qt's own saved state, which crashes where it is damaged": r"\brestore(State|Geometry)\(|\bQSettings\b",
    "a thread that Qt would abort over": r"\bQThread\b",
    "a shell": r"shell\s*=\s*True|os\.system\(|os\.popen\(",
    "unpickling": r"\b(cPickle|dill|joblib|shelve|marshal)\b|Unpickler\(|allow_pickle\s*=\s*True",
    "motion for its own sake": r"Q(Property|Variant|Sequential|Parallel)Animation|QTimeLine|QMovie",
    "a web page": r"QtWebEngine|QDesktopServices",
}


@pytest.mark.parametrize("what", NEVER)
def test_what_is_never_in_the_code(what: str) -> None:
    code = [*ROOT.glob("engine/**/*.py"), *ROOT.glob("gui/**/*.py")]
    assert code
    assert not [path for path in code if re.search(NEVER[what], path.read_text(encoding="utf-8"))]


def test_the_suite_has_no_network(tmp_path: Path) -> None:
    with pytest.raises(ConnectionRefusedError), socket.socket() as connection:
        connection.connect(("192.0.2.1", 80))
    with pytest.raises(UserError, match="there is no network connection"):
        fetch("https://example.org/a", tmp_path / "a", Errand("It", "another"), digest="0" * 64)
    assert list(tmp_path.iterdir()) == []


def inputs(folder: Path) -> dict[str, Path]:
    """A picture and a text in a private folder, the picture with a place and a name in it."""
    folder.mkdir()
    exif = Image.Exif()
    exif[0x013B], exif[0x010F] = SECRET, SECRET  # artist, maker
    exif.get_ifd(0x8825)[1] = "N"
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(folder / "photo.jpg", exif=exif)
    (folder / "prose.txt").write_text("the net was training and the loss fell.\n" * 100)
    return {"image": folder / "photo.jpg", "text": folder / "prose.txt"}


def saved(lab: Lab, page_name: str, folder: Path) -> Iterator[Path]:
    """Everything that can be saved of a lab: files, numbers, a picture of its page."""
    folder.mkdir()
    for name, write in lab.files().items():
        write(folder / name)
        yield folder / name
    for name, array in islice(lab.arrays().items(), 3):
        save_numbers(folder / f"{name}.csv", array)
        yield folder / f"{name}.csv"
    page = page_type(page_name)()
    page.resize(1000, 700)
    page.show()
    page.show_snapshot(lab.snapshot())
    QApplication.processEvents()
    save_picture(folder / "page.png", page)
    yield folder / "page.png"
    page.close_page()
    page.deleteLater()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", labs())
def test_what_is_saved_says_nothing_of_who_and_where(name: str, tmp_path: Path) -> None:
    lab_type = labs()[name]
    lab = lab_type(lab_type.config_type(), torch.device("cpu"))
    lab.start()
    for kind, path in inputs(tmp_path / SECRET).items():
        if kind in lab_type.opens:
            assert path.suffix in SUFFIXES[kind]
            lab.open(path)
    for _ in range(SLICES):
        if lab.jobs:
            lab.jobs.advance()
    private = [SECRET.encode(), str(tmp_path).encode(), str(Path.home()).encode() + b"/", b"Exif"]
    files = list(saved(lab, name, tmp_path / "saved"))
    lab.close()
    for path in files:
        data = path.read_bytes()
        assert not [word for word in private if word in data], path.name
        if path.suffix == ".png":
            assert chunks(data) <= CHUNKS


def chunks(png: bytes) -> set[bytes]:
    """The kinds of chunks in a PNG file."""
    found, at = set(), 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        found.add(kind)
        at += length + 12
    return found
