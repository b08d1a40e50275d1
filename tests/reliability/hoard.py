"""What somebody may have lying about on a disk: good files, broken ones, wrong ones and malicious ones."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
from PIL import Image

NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
PROSE = "It was a bright cold day in April, and the nets were training.\n" * 40


class Malice:
    """Unpickled, it would make a file where it is told to."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.sentinel),)


def gather(folder: Path) -> list[Path]:
    """Make them in `folder`. Where anything in them were executed, `folder / "harm"` would come to be."""
    folder.mkdir()
    picture = Image.fromarray(NOISE)
    for name in ("photo.png", "photo.jpg", "photo.webp", "Ünïcode ☂ name.gif", "photo.bmp"):
        picture.save(folder / name)
    picture.convert("CMYK").save(folder / "print.jpg")
    picture.convert("1").resize((1, 300)).save(folder / "thin.png")
    (folder / "cut.png").write_bytes((folder / "photo.png").read_bytes()[:900])
    (folder / "words.png").write_text(PROSE)
    (folder / "empty.jpg").touch()
    (folder / "prose.txt").write_text(PROSE)
    (folder / "line.txt").write_text("x" * 100_000)
    (folder / "bytes.txt").write_bytes(bytes(range(256)) * 20)
    (folder / "wide.txt").write_text("𝔘nicode → ß\n" * 300, encoding="utf-16")
    (folder / "table.csv").write_text("a;b\n1,5;2\n")
    (folder / "sound.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    (folder / "evil.pt").write_bytes(pickle.dumps(Malice(folder / "harm")))
    (folder / "weights.safetensors").write_bytes((99).to_bytes(8, "little") + b'{"a":')
    (folder / "archive.zip").write_bytes(b"PK\x03\x04" + bytes(40))
    classes = folder / "two kinds"
    for kind in ("dark", "bright"):
        (classes / kind).mkdir(parents=True)
        for number in range(6):
            shade = Image.fromarray(NOISE // 3 + (150 if kind == "bright" else 0))
            shade.rotate(number).save(classes / kind / f"{number}.png")
    (folder / "empty folder").mkdir()
    return [*sorted(folder.iterdir()), folder / "gone.png"]
