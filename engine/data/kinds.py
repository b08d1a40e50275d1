"""Which kind of thing a path is, told from its name alone: decides which lab takes a dropped file."""

from __future__ import annotations

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


def kind_of(path: Path) -> str:
    """ "folder", one of SUFFIXES, or "unknown" (which a picture without an ending may still be)."""
    if path.is_dir():
        return "folder"
    suffix = path.suffix.lower()
    return next((kind for kind, endings in SUFFIXES.items() if suffix in endings), "unknown")
