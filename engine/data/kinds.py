"""Which kind of thing a path is, told from names alone: decides which lab takes a dropped file."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

SUFFIXES: dict[str, frozenset[str]] = {
    "image": frozenset(
        ".png .jpg .jpeg .jpe .jfif .webp .bmp .dib .gif .tif .tiff"
        " .ppm .pgm .pbm .pnm .avif .heic .heif".split()
    ),
    "model": frozenset(".safetensors .pt2 .pt .pth .ckpt .pkl .onnx .bin".split()),
    "text": frozenset(".txt .md".split()),
    "sound": frozenset(".wav .flac .ogg .mp3".split()),
    "table": frozenset(".csv .tsv".split()),
}


LOOKED_AT = 1000
"""Names in a folder that decide whether it is one of texts."""


def kind_of(path: Path) -> str:
    """ "folder" (of pictures, say), "texts" (a folder of them), one of SUFFIXES, or "unknown" (which a
    picture without an ending may still be).
    """
    if path.is_dir():
        return "texts" if _holds_texts(path) else "folder"
    suffix = path.suffix.lower()
    return next((kind for kind, endings in SUFFIXES.items() if suffix in endings), "unknown")


def _holds_texts(folder: Path) -> bool:
    """Whether there are texts directly in it, and no pictures."""
    try:
        with os.scandir(folder) as entries:
            endings = {os.path.splitext(entry.name)[1].lower() for entry in islice(entries, LOOKED_AT)}
    except OSError:
        return False
    return bool(endings & SUFFIXES["text"]) and not endings & SUFFIXES["image"]
