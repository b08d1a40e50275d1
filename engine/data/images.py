"""The boundary for pictures: any file, bytes or array becomes a `Picture`, or one sentence why not."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin, UnidentifiedImageError, _imaging

from engine.data.file_bytes import display_name, read_file
from engine.data.kinds import SUFFIXES
from engine.data.pixel_modes import to_rgb
from engine.data.quiet_warnings import warnings_off
from engine.errors import UserError

IMAGE_SUFFIXES = SUFFIXES["image"]
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "AVIF")
"""The decoders a file is offered to, by content and not by name; no other part of Pillow sees it."""
MAX_BYTES = 100_000_000
MAX_PIXELS = 50_000_000
MAX_SCANNED = 2_000_000_000
"""Pixels times scans of a JPEG; each scan refines the whole picture, and a progressive photograph has ten."""
SHORT_SIDE = 1024
"""Short side in pixels above twice of which pictures are averaged down: enough for a large display, four
times what a network reads, and small enough that hundreds of them fit in memory."""

# Named here so that Pillow loads these few plugins now, and not all forty at the first unusual file.
for _plugin in ("Avif", "Bmp", "Gif", "Jpeg", "Png", "Ppm", "Tiff", "WebP"):
    import_module(f"PIL.{_plugin}ImagePlugin")
# What Pillow logs about a damaged file, it also raises; without a handler Python would print it.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# Text hidden in a PNG unfolds to at most this many bytes (Pillow's own limit is 64 MB).
PngImagePlugin.MAX_TEXT_MEMORY = 8 * 2**20  # ty: ignore[invalid-assignment]

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_OTHERS = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"8BPS": "a Photoshop document",
    b"PK\3\4": "a ZIP archive",
}
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture a person gave, upright and in plain colours."""

    rgb: np.ndarray = field(repr=False)
    """(H, W, 3) uint8, read-only; see SHORT_SIDE for when it is smaller than the original."""
    name: str
    """The file's name without its folders, or where the picture came from."""
    path: Path | None
    original_size: tuple[int, int]
    """(width, height) in pixels of the upright original."""
    note: str = ""
    """What was done to it that a person may want to know ("16-bit", "first of 12 frames"), or empty."""


def looks_like_image(path: Path) -> bool:
    """Whether the name of `path` promises a picture."""
    return Path(path).suffix.lower() in IMAGE_SUFFIXES


def read_image(path: Path, *, short_side: int = SHORT_SIDE) -> Picture:
    """The picture in the file `path`; raises UserError, and nothing else, where there is none."""
    path = Path(path)
    picture = decode_image(read_file(path, MAX_BYTES), path.name, short_side=short_side)
    return Picture(picture.rgb, picture.name, path, picture.original_size, picture.note)


def decode_image(data: bytes, name: str, *, short_side: int = SHORT_SIDE) -> Picture:
    """The picture encoded in `data`; raises UserError, and nothing else, where there is none.

    A size that only a bomb or a giant has (MAX_PIXELS, MAX_BYTES) is refused from the header. The
    first frame of an animation is taken. Large JPEGs are decoded at a half, a quarter or an eighth of
    their size as far as their short side stays at least `short_side`.
    """
    name = display_name(name)
    if not 0 < len(data) <= MAX_BYTES:
        raise UserError(
            f"{name} can't be opened",
            f"it has {len(data) / 1e6:,.0f} MB and must have between 1 byte and {MAX_BYTES / 1e6:,.0f} MB",
            "Open another copy of it",
        )
    try:
        # Damaged metadata makes Pillow warn; what can be shown is shown all the same.
        with warnings_off():
            return _decode(data, name, short_side)
    except UserError:
        raise
    except Exception as error:  # Pillow raises at least nine types on damaged files
        refusal = _refusal(data, name, error)
    raise refusal


def image_from_array(array: np.ndarray, name: str) -> Picture:
    """A pasted picture or a webcam's frame: (H, W), (H, W, 3) or (H, W, 4) uint8 with alpha last.

    Raises UserError where the array has another shape or type or more than MAX_PIXELS.
    """
    usable = array.dtype == np.uint8 and (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4)))
    if not usable or array.size == 0:
        raise UserError(
            f"{name} can't be used as a picture",
            f"it is an array of shape {array.shape} and type {array.dtype}",
            "Copy the picture again, or save it as a PNG file and open that",
        )
    image = Image.fromarray(np.ascontiguousarray(array))
    _insist_on_size(image.size, name)
    return _finish(image, name, image.size, [], SHORT_SIDE)


def _decode(data: bytes, name: str, short_side: int) -> Picture:
    with Image.open(io.BytesIO(data), formats=_formats(data, name)) as image:  # reads the header only
        _insist_on_size(image.size, name)
        if image.format in ("JPEG", "MPO"):
            _insist_on_few_scans(data, image.size, name)
        size, notes = image.size, _frame_notes(image)
        turned_by_load = image.format == "TIFF" and _orientation(image) in _TURNS
        image.draft(None, (short_side, short_side))
        image.load()
        if turned_by_load or _orientation(image) in _TURNS:
            notes.append("turned as its EXIF says")
        return _finish(image, name, size, notes, short_side)


def _finish(
    image: Image.Image, name: str, size: tuple[int, int], notes: list[str], short_side: int
) -> Picture:
    orientation = _orientation(image)
    rgb, more = to_rgb(image, short_side)
    if orientation in _TURNS:
        rgb = rgb.transpose(_TURNS[orientation])
        size = size[::-1] if orientation >= 5 else size
    array = np.ascontiguousarray(np.asarray(rgb))
    array.flags.writeable = False
    return Picture(array, name, None, size, ", ".join([*notes, *more]))


def _orientation(image: Image.Image) -> int:
    """How the camera was held, 1 to 8 (Exif 2.3, tag 274); a damaged note doesn't spoil the picture."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        return 1


def _frame_notes(image: Image.Image) -> list[str]:
    """Counted only where the header knows: counting a GIF's or TIFF's frames would read all of it."""
    if not getattr(image, "is_animated", False) or image.format == "MPO":
        return []
    if image.format in ("GIF", "TIFF"):
        return ["first of several frames"]
    return [f"first of {getattr(image, 'n_frames', 'several')} frames"]


def _insist_on_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name, f"{width} × {height} pixels are")
    if width < 1 or height < 1:
        raise UserError(f"{name} holds no pixel", f"its size is {width} × {height}", "Open another picture")


def _insist_on_few_scans(data: bytes, size: tuple[int, int], name: str) -> None:
    """A kilobyte of empty scans keeps a decoder busy for a minute; the marker occurs nowhere else."""
    scans = data.count(b"\xff\xda")
    if scans * size[0] * size[1] > MAX_SCANNED:
        raise UserError(
            f"{name} would take too long to open",
            f"it is drawn {scans} times over, where a photograph needs ten",
            "Open it in another program, save it as PNG and open that",
        )


def _too_many_pixels(name: str, what: str, details: str = "") -> UserError:
    return UserError(
        f"{name} is too large to open",
        f"{what} more than the {MAX_PIXELS / 1e6:.0f} million that fit",
        "Save a smaller copy of it and open that",
        details=details,
    )


def _formats(data: bytes, name: str) -> tuple[str, ...]:
    if not _is_heic(data):
        return FORMATS
    try:
        from pillow_heif import register_heif_opener  # ty: ignore[import-not-found]
    except ImportError as error:
        refusal = UserError(
            f"{name} is a HEIC photograph",
            "the library that reads these is not installed",
            "Run “pip install 'gridloop[heic]'”, or save the photograph as JPEG",
            details=repr(error),
        )
        raise refusal from None
    register_heif_opener()
    return (*FORMATS, "HEIF")


def _is_heic(data: bytes) -> bool:
    brands = data[8 : min(int.from_bytes(data[:4], "big"), 64)] if data[4:8] == b"ftyp" else b""
    return brands[:4] in _HEIC_BRANDS and b"avif" not in brands


def _refusal(data: bytes, name: str, error: Exception) -> UserError:
    """The sentence for whatever the decoder raised."""
    details = f"{type(error).__name__}: {error}"
    if isinstance(error, Image.DecompressionBombError):
        return _too_many_pixels(name, "its pixels are", details)
    if isinstance(error, MemoryError):
        what, why = f"{name} can't be opened", "there is not enough memory for it"
        then = "Close something else, or save a smaller copy of it"
    elif isinstance(error, UnidentifiedImageError) and not _is_cut_short(data):
        what, why = f"{name} is not a picture that can be read", _content(data)
        then = "Open a PNG, JPEG, WebP, BMP, GIF, TIFF, PPM, AVIF or HEIC file"
    else:
        what, why = f"{name} is damaged or cut short", "part of the picture is missing or unreadable"
        then = "Copy or download it again"
    return UserError(what, why, then, details=details)


def _is_cut_short(data: bytes) -> bool:
    """Whether `data` begins like a picture although no decoder takes it."""
    return (
        data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*"))
        or (data.startswith(b"RIFF") and data[8:12] == b"WEBP")
        or (data.startswith(b"BM") and data[6:10] == bytes(4))
        or data[4:12] == b"ftypavif"
        or _is_heic(data)
    )


def _content(data: bytes) -> str:
    """What the bytes are instead of a picture, as far as their beginning tells."""
    for signature, thing in _OTHERS.items():
        if data.startswith(signature):
            return f"its content is {thing}"
    start = data[:512].decode("utf-8", "ignore")
    if "<svg" in start:
        return "its content is an SVG drawing"
    if start and all(c.isprintable() or c.isspace() for c in start):
        return "its content is text"
    return "its content is of another kind, whatever its name says"


def _quiet_libtiff() -> None:
    """Stops libtiff from writing its complaints to the C standard error; Pillow still raises them.

    The handlers are looked up through Pillow's own library; where the linker hides them (Windows), libtiff
    has no terminal to write on.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(_imaging.__file__)
        for setter in (library.TIFFSetErrorHandler, library.TIFFSetWarningHandler):
            setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
            setter(None)


_quiet_libtiff()
