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
    "archive": frozenset(".zip .tar .gz .tgz".split()),
}


LOOKED_AT = 1000
"""Names in a folder that decide whether it is one of texts."""


def kind_of(path: Path) -> str:
    """ "folder" (of pictures, say), "classes" (a folder of such folders), "texts" (one of texts),
    "text-classes" (a folder of such folders), one of SUFFIXES, or "unknown" (which a picture without an
    ending may still be).
    """
    if os.path.isdir(path):  # a path that may not be looked at is no folder, and no fault
        return _kind_of_folder(path)
    suffix = path.suffix.lower()
    return next((kind for kind, endings in SUFFIXES.items() if suffix in endings), "unknown")


def _kind_of_folder(path: Path) -> str:
    try:
        with os.scandir(path) as entries:
            some = [entry for entry in islice(entries, LOOKED_AT) if not entry.name.startswith(".")]
        endings = {os.path.splitext(entry.name)[1].lower() for entry in some}
        if endings & SUFFIXES["image"]:
            return "folder"
        if endings & SUFFIXES["text"]:
            return "texts"
        for kind, suffixes in (("classes", SUFFIXES["image"]), ("text-classes", SUFFIXES["text"])):
            holding = (entry for entry in some if entry.is_dir() and _holds(Path(entry.path), suffixes))
            if len(list(islice(holding, 2))) == 2:
                return kind
        return "folder"
    except OSError:
        return "folder"


def _holds(folder: Path, suffixes: frozenset[str]) -> bool:
    """Whether there are files with one of these endings directly in it."""
    try:
        with os.scandir(folder) as entries:
            return any(
                os.path.splitext(entry.name)[1].lower() in suffixes for entry in islice(entries, LOOKED_AT)
            )
    except OSError:
        return False
