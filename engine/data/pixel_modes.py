"""Turns a decoded Pillow image of any mode into 8-bit RGB, and says what that changed."""

from __future__ import annotations

import numpy as np
from PIL import Image

TRANSPARENT_GREY = (128, 128, 128, 255)
"""What shows through where a picture is transparent: the middle of the scale, on which a black drawing
and a white one both stay visible, and which a network with mean 0.5 reads as (nearly) zero."""

_SLAB = 2**20
"""Values looked at together."""


def to_rgb(image: Image.Image, short_side: int) -> tuple[Image.Image, list[str]]:
    """`image` in mode RGB, and what a person should know about how it got there.

    A picture whose short side is at least twice `short_side` is first averaged over blocks of whole
    pixels so that its short side lies in [short_side, 2 * short_side); others keep every pixel.
    Embedded colour profiles are not applied, as in the pipelines that networks are trained with.
    """
    source, notes = image.format, []
    if image.mode.startswith("I;16"):
        image, notes = _from_16_bit(image), ["16-bit"]
    elif image.mode in ("1", "P", "PA") or (image.mode in ("L", "RGB") and image.has_transparency_data):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = _shrink(image, short_side)
    if image.mode in ("I", "F"):
        grey, note = _to_bytes(np.asarray(image), whole_16_bit=source in ("PNG", "PPM"))
        return Image.fromarray(grey).convert("RGB"), [*notes, note]
    if image.mode in ("LA", "La", "RGBA", "RGBa"):
        image, hidden = _flatten(image)
        return image, [*notes, *(["shown on mid grey where transparent"] if hidden else [])]
    if image.mode in ("CMYK", "LAB", "HSV"):
        notes.append(f"{image.mode} converted to RGB")
    return image if image.mode == "RGB" else image.convert("RGB"), notes


def _shrink(image: Image.Image, short_side: int) -> Image.Image:
    factor = min(image.size) // short_side
    return image.reduce(factor) if factor > 1 else image


def _from_16_bit(image: Image.Image) -> Image.Image:
    """0..65535 onto 0..255, by a table of 65536 bytes: no wide copy of a large picture."""
    table = np.rint(np.arange(65536) / 257).astype(np.uint8)
    return Image.fromarray(table[np.asarray(image).astype(np.uint16, copy=False)])


def _to_bytes(values: np.ndarray, whole_16_bit: bool) -> tuple[np.ndarray, str]:
    """Numbers (H, W) with no agreed range as grey levels (H, W) uint8, and the range that was taken.

    16-bit formats fill 0..65535 and fractions 0..1; anything else is stretched from its own smallest
    to its own largest finite value. Worked through in slabs: no float64 copy of a large picture.
    """
    flat = values.reshape(-1)
    slabs = [slice(start, start + _SLAB) for start in range(0, flat.size, _SLAB)]
    low, high = _finite_range(flat, slabs)
    if whole_16_bit:
        low, high, note = 0.0, 65535.0, "16-bit"
    elif low >= 0 and high <= 1:
        low, high, note = 0.0, 1.0, "values 0 to 1 shown as grey"
    else:
        note = f"values {low:.4g} to {high:.4g} shown as grey"
    # Numbers of 64 bits, so that the distance between the two largest floats of 32 is one too.
    scale = 255 / max(high - low, np.finfo(np.float32).tiny)
    grey = np.empty(flat.size, np.uint8)
    for slab in slabs:
        level = (flat[slab].astype(np.float64) - low) * scale
        grey[slab] = np.rint(np.fmin(np.fmax(level, 0), 255))  # fmax gives 0 for what is no number
    return grey.reshape(values.shape), note


def _finite_range(flat: np.ndarray, slabs: list[slice]) -> tuple[float, float]:
    """Smallest and largest of the finite values; 0 and 0 where there is none."""
    low, high = np.inf, -np.inf
    for slab in slabs:
        part = flat[slab].astype(np.float64)
        finite = np.isfinite(part)
        low = min(low, float(part.min(initial=np.inf, where=finite)))
        high = max(high, float(part.max(initial=-np.inf, where=finite)))
    return (low, high) if low <= high else (0.0, 0.0)


def _flatten(image: Image.Image) -> tuple[Image.Image, bool]:
    """`image` on TRANSPARENT_GREY, and whether any of that shows."""
    if image.mode == "La":
        image = image.convert("LA")
    image = image.convert("RGBA")
    if image.getchannel("A").getextrema()[0] == 255:
        return image.convert("RGB"), False
    ground = Image.new("RGBA", image.size, TRANSPARENT_GREY)
    return Image.alpha_composite(ground, image).convert("RGB"), True
