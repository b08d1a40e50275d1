"""The boundary for pictures: every kind of file becomes an upright RGB array or one sentence."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import subprocess
import sys
import types
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from engine.data import images
from engine.data.images import (
    IMAGE_SUFFIXES,
    MAX_BYTES,
    SHORT_SIDE,
    Picture,
    decode_image,
    image_from_array,
    looks_like_image,
    read_image,
)
from engine.errors import UserError

RNG = np.random.default_rng(7)
COLOURS = RNG.integers(0, 256, (30, 40, 3), dtype=np.uint8)
SMOOTH = np.stack(np.meshgrid(np.linspace(0, 255, 40), np.linspace(0, 255, 30)), -1).mean(-1)
GREY = SMOOTH.astype(np.uint8)


def encode(image: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def grey_rgb(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[..., None], 3, axis=-1)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(min(height * (3 * width + 1), 10_000_000))))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


# ---------------------------------------------------------------- formats


@pytest.mark.parametrize(
    ("format_", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("BMP", {}, 0),
        ("PPM", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "tiff_adobe_deflate"}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 12),
        ("JPEG", {"quality": 95}, 6),
        ("AVIF", {"quality": 95}, 12),
    ],
)
def test_every_format_gives_its_pixels_under_any_name(
    tmp_path: Path, format_: str, options: dict[str, object], tolerance: int
) -> None:
    path = tmp_path / "mislabelled.jpg"
    path.write_bytes(encode(Image.fromarray(grey_rgb(GREY)), format_, **options))
    picture = read_image(path)
    assert picture.rgb.shape == (30, 40, 3)
    assert picture.rgb.dtype == np.uint8
    assert not picture.rgb.flags.writeable
    assert np.abs(picture.rgb.astype(int) - grey_rgb(GREY)).max() <= tolerance
    assert (picture.name, picture.path, picture.original_size) == ("mislabelled.jpg", path, (40, 30))
    assert picture.note == ""


def test_gif_gives_the_colours_of_its_palette() -> None:
    image = Image.fromarray(COLOURS).quantize(64)
    assert np.array_equal(decode_image(encode(image, "GIF"), "a.gif").rgb, np.asarray(image.convert("RGB")))


# ---------------------------------------------------------------- modes

WIDE = np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50


@pytest.mark.parametrize(
    ("image", "format_", "expected", "note"),
    [
        (Image.fromarray(GREY), "PNG", grey_rgb(GREY), ""),
        (Image.fromarray(GREY > 128), "PNG", grey_rgb((GREY > 128) * np.uint8(255)), ""),
        (Image.fromarray(WIDE), "PNG", grey_rgb(np.rint(WIDE / 257).astype(np.uint8)), "16-bit"),
        (Image.fromarray(WIDE), "TIFF", grey_rgb(np.rint(WIDE / 257).astype(np.uint8)), "16-bit"),
        (
            Image.fromarray(WIDE.astype(">u2")),
            "TIFF",
            grey_rgb(np.rint(WIDE / 257).astype(np.uint8)),
            "16-bit",
        ),
        (
            Image.fromarray(WIDE.astype(np.int32)),
            "PPM",
            grey_rgb(np.rint(WIDE / 257).astype(np.uint8)),
            "16-bit",
        ),
        (
            Image.fromarray(WIDE.astype(np.int32) - 100),
            "TIFF",
            grey_rgb(np.rint(WIDE / WIDE.max() * 255).astype(np.uint8)),
            "values -100 to 5.985e+04 shown as grey",
        ),
        (
            Image.fromarray((SMOOTH / 255).astype(np.float32)),
            "TIFF",
            grey_rgb(np.rint(SMOOTH).astype(np.uint8)),
            "values 0 to 1 shown as grey",
        ),
        (
            Image.fromarray((SMOOTH * 1e30).astype(np.float32)),
            "TIFF",
            grey_rgb(np.rint(SMOOTH).astype(np.uint8)),
            "values 0 to 2.55e+32 shown as grey",
        ),
        (Image.fromarray(COLOURS).convert("YCbCr"), "TIFF", None, ""),
        (Image.fromarray(COLOURS).convert("CMYK"), "TIFF", COLOURS, "CMYK converted to RGB"),
        (
            Image.new("LAB", (40, 30), (255, 128, 128)),
            "TIFF",
            np.full((30, 40, 3), 255),
            "LAB converted to RGB",
        ),
    ],
)
def test_every_mode_becomes_rgb(
    image: Image.Image, format_: str, expected: np.ndarray | None, note: str
) -> None:
    picture = decode_image(encode(image, format_), "a")
    if expected is None:
        expected = np.asarray(image.convert("RGB"))
    assert np.abs(picture.rgb.astype(int) - expected).max() <= (1 if "grey" in note or "LAB" in note else 0)
    assert picture.note == note


def test_values_that_are_no_numbers_are_shown_too() -> None:
    values = np.full((3, 4), 0.25, np.float32)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
    picture = decode_image(encode(Image.fromarray(values), "TIFF"), "a")
    assert picture.rgb[0, :3, 0].tolist() == [0, 255, 0]
    assert picture.rgb[1, 0, 0] == 64
    largest = np.finfo(np.float32).max
    widest = Image.fromarray(np.array([[-largest, 0, largest]], np.float32))
    assert decode_image(encode(widest, "TIFF"), "a").rgb[0, :, 0].tolist() == [0, 128, 255]
    nothing = np.full((3, 4), np.nan, np.float32)
    assert not decode_image(encode(Image.fromarray(nothing), "TIFF"), "a").rgb.any()


def test_large_pictures_of_floats_are_scaled_as_one() -> None:
    values = np.linspace(-1, 1, 3_000_000, dtype=np.float32).reshape(300, 10_000)
    picture = decode_image(encode(Image.fromarray(values), "TIFF"), "a")
    assert np.abs(picture.rgb[..., 1] - (values + 1) * 127.5).max() <= 0.51


def test_transparent_parts_are_mid_grey_and_half_ones_are_mixed() -> None:
    rgba = np.dstack([COLOURS, np.full(COLOURS.shape[:2], 255, np.uint8)])
    assert np.array_equal(decode_image(encode(Image.fromarray(rgba), "PNG"), "a").rgb, COLOURS)
    assert decode_image(encode(Image.fromarray(rgba), "PNG"), "a").note == ""
    rgba[:10, :, 3], rgba[10:20, :, 3] = 0, 128
    picture = decode_image(encode(Image.fromarray(rgba), "PNG"), "a")
    assert picture.note == "shown on mid grey where transparent"
    assert (picture.rgb[:10] == 128).all()
    mixed = COLOURS[10:20] * (128 / 255) + 128 * (127 / 255)
    assert np.abs(picture.rgb[10:20] - mixed).max() <= 1.5
    assert np.array_equal(picture.rgb[20:], COLOURS[20:])


@pytest.mark.parametrize("mode", ["LA", "PA", "P", "L", "RGB"])
def test_transparency_in_every_mode_that_has_it(mode: str) -> None:
    image = Image.new("RGB", (6, 4), (200, 200, 200)).convert("L" if mode in ("LA", "L") else "RGB")
    options: dict[str, object] = {}
    if mode in ("LA", "PA"):
        image = image.convert("RGBA")
        image.putpixel((0, 0), (0, 0, 0, 0))
        image = image.convert(mode)
    else:
        image.putpixel((0, 0), 7 if mode == "L" else (7, 7, 7))
        image = image.quantize(4) if mode == "P" else image
        options["transparency"] = image.getpixel((0, 0))
    picture = decode_image(encode(image, "TIFF" if mode == "PA" else "PNG", **options), "a")
    assert picture.rgb[0, 0].tolist() == [128, 128, 128]
    assert picture.rgb[1, 1].tolist() == [200, 200, 200]
    assert picture.note == "shown on mid grey where transparent"


# ---------------------------------------------------------------- EXIF


def stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """What a camera writes (Exif 2.3: on which side row 0 and column 0 of the file are seen)."""
    row, column = {
        1: ("top", "left"),
        2: ("top", "right"),
        3: ("bottom", "right"),
        4: ("bottom", "left"),
        5: ("left", "top"),
        6: ("right", "top"),
        7: ("right", "bottom"),
        8: ("left", "bottom"),
    }[orientation]
    pixels = upright.swapaxes(0, 1) if row in ("left", "right") else upright
    pixels = pixels[::-1] if row in ("bottom", "right") else pixels
    return np.ascontiguousarray(pixels[:, ::-1] if column in ("bottom", "right") else pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("mode", "format_"),
    [
        ("1", "PNG"),
        ("L", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("RGB", "PNG"),
        ("RGB", "JPEG"),
        ("RGB", "WEBP"),
        ("RGB", "TIFF"),
        ("RGB", "AVIF"),
        ("RGBA", "PNG"),
        ("I;16", "PNG"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
    ],
)
def test_pictures_are_turned_upright(mode: str, format_: str, orientation: int) -> None:
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8], upright[8:, 16:] = 255, 128 if mode != "1" else 0
    pixels = stored(upright, orientation)
    image = Image.fromarray(pixels.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(pixels)
    if mode != "I;16":
        image = image.quantize(8) if mode == "P" else image.convert("RGB").convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}.get(format_, {"quality": 95})
    picture = decode_image(encode(image, format_, exif=exif, **options), "a")
    assert picture.rgb.shape == (16, 24, 3)
    assert picture.original_size == (24, 16)
    limit = 8 if format_ in ("JPEG", "AVIF") else 0
    assert np.abs(picture.rgb.astype(int) - grey_rgb(upright)).max() <= limit
    assert ("turned as its EXIF says" in picture.note) == (orientation > 1)


def test_a_damaged_exif_block_does_not_spoil_the_picture() -> None:
    data = encode(Image.fromarray(grey_rgb(GREY)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")
    assert decode_image(data, "a").rgb.shape == (30, 40, 3)


# ---------------------------------------------------------------- frames and sizes


@pytest.mark.parametrize(
    ("format_", "note"),
    [
        ("GIF", "first of several frames"),
        ("TIFF", "first of several frames"),
        ("PNG", "first of 12 frames"),
        ("WEBP", "first of 12 frames"),
        ("AVIF", "first of 12 frames"),
    ],
)
def test_the_first_frame_of_an_animation_is_taken(format_: str, note: str) -> None:
    frames = [Image.new("RGB", (16, 16), (20 * i, 0, 0)) for i in range(12)]
    picture = decode_image(encode(frames[0], format_, save_all=True, append_images=frames[1:]), "a")
    assert picture.rgb.max() <= 2
    assert picture.note == note


def test_twenty_thousand_frames_cost_no_more_than_one() -> None:
    one = encode(Image.new("P", (2, 2)), "GIF")
    start = one.index(b",")
    data = one[:start] + one[start:-1] * 20_000 + b";"
    assert decode_image(data, "long.gif").note == "first of several frames"


@pytest.mark.parametrize(("width", "height"), [(1, 1), (30_000, 10), (10, 30_000), (1, 70_000)])
def test_extreme_shapes_are_kept_pixel_for_pixel(width: int, height: int) -> None:
    pixels = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert np.array_equal(decode_image(encode(Image.fromarray(pixels), "PNG"), "a").rgb, pixels)


def test_below_twice_the_cap_every_pixel_is_kept() -> None:
    pixels = RNG.integers(0, 256, (2 * SHORT_SIDE - 1, 2 * SHORT_SIDE + 50), dtype=np.uint8)
    data = encode(Image.fromarray(pixels), "PNG", compress_level=1)
    assert np.array_equal(decode_image(data, "a").rgb, grey_rgb(pixels))


@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_a_large_photograph_is_averaged_down_evenly(format_: str) -> None:
    ramp = np.add.outer(np.linspace(0, 120, 3100), np.linspace(0, 120, 4200)).astype(np.uint8)
    picture = decode_image(encode(Image.fromarray(ramp), format_), "a")
    height, width = picture.rgb.shape[:2]
    factor = 3 if format_ == "PNG" else 2  # JPEG decodes at 1/2 and the rest is less than another half
    assert (height, width) == (-(-3100 // factor), -(-4200 // factor))
    assert picture.original_size == (4200, 3100)
    middles = ramp[factor // 2 :: factor, factor // 2 :: factor]
    assert np.abs(picture.rgb[: middles.shape[0], : middles.shape[1], 0].astype(int) - middles).max() <= 2


# ---------------------------------------------------------------- refusals


def refusal(data: bytes, name: str = "holiday.jpg") -> str:
    with pytest.raises(UserError) as caught:
        decode_image(data, name)
    return caught.value.sentence


JPEG = encode(Image.fromarray(COLOURS), "JPEG")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "holiday.jpg can't be opened: it has 0 MB"),
        (JPEG[: len(JPEG) // 2], "holiday.jpg is damaged or cut short"),
        (JPEG[:4], "holiday.jpg is damaged or cut short"),
        (encode(Image.fromarray(COLOURS), "PNG")[:-40], "holiday.jpg is damaged or cut short"),
        (
            b"Dear diary,\nnothing happened.",
            "holiday.jpg is not a picture that can be read: its content is text",
        ),
        (b"<?xml version='1.0'?><svg/>", "its content is an SVG drawing"),
        (b"%PDF-1.7\n%\xe2\xe3", "its content is a PDF document"),
        (b"PK\3\4\0\0\0", "its content is a ZIP archive"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "its content is of another kind"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "its content is a PostScript document"),
        (b"\0" * 500, "its content is of another kind"),
        (png(0, 0), "damaged"),
    ],
)
def test_what_is_no_picture_gets_one_sentence(data: bytes, says: str) -> None:
    sentence = refusal(data)
    assert says in sentence
    assert sentence.endswith(".")
    assert len(sentence) < 250


@pytest.mark.parametrize(
    "error",
    [
        SyntaxError("x"),
        EOFError(),
        struct.error("x"),
        MemoryError(),
        OverflowError(),
        RuntimeError("x"),
        NotImplementedError(),
        ValueError(),
        TypeError(),
        KeyError("x"),
        IndexError(),
        OSError("broken data stream"),
        zlib.error(),
        ZeroDivisionError(),
        RecursionError(),
        Image.DecompressionBombError("x"),
        Image.UnidentifiedImageError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_pillow_raises_is_one_kind_of_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(UserError) as caught:
        decode_image(JPEG, "a.jpg")
    assert caught.value.details.startswith(type(error).__name__)


@pytest.fixture(scope="module")
def encoded() -> dict[str, bytes]:
    image = Image.fromarray(COLOURS)
    return {
        "PNG": encode(image, "PNG"),
        "JPEG": encode(image, "JPEG", progressive=True),
        "GIF": encode(image, "GIF"),
        "WEBP": encode(image, "WEBP"),
        "BMP": encode(image, "BMP"),
        "TIFF": encode(image, "TIFF", compression="tiff_lzw"),
        "AVIF": encode(image, "AVIF"),
    }


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_mutated_files_end_in_a_picture_or_a_sentence(
    encoded: dict[str, bytes], format_: str, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = 0
    for seed in range(43):
        draw = random.Random(f"{format_} {seed}")
        data = bytearray(encoded[format_])
        for _ in range(draw.choice((1, 3, 10, 40))):
            data[int(len(data) * draw.random() ** 2)] = draw.randrange(256)
        if draw.random() < 0.2:
            del data[draw.randrange(1, len(data)) :]
        try:
            picture = decode_image(bytes(data), "a")
        except UserError:
            refused += 1
        else:
            assert picture.rgb.ndim == 3
            assert picture.rgb.size
    assert refused > 0
    assert capfd.readouterr() == ("", "")


# ---------------------------------------------------------------- bombs

MEASURE = """
import json, sys, time
from pathlib import Path
from engine.data.images import decode_image, read_image
from engine.errors import UserError

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

results = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    start, before = time.process_time(), peak()
    try:
        read_image(path)
        sentence = ""
    except UserError as error:
        sentence = error.sentence
    results[path.name] = [sentence, time.process_time() - start, peak() - before]
results["modules"] = sorted(sys.modules)
print(json.dumps(results))
"""


def bombs() -> dict[str, bytes]:
    bomb = zlib.compress(bytes(60_000_000))
    jpeg = bytearray(JPEG)
    frame = jpeg.index(b"\xff\xc0") + 5
    jpeg[frame : frame + 4] = struct.pack(">HH", 65_000, 65_000)
    gif = bytearray(encode(Image.new("P", (2, 2)), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    tiff = encode(Image.new("L", (1, 1)), "TIFF", tiffinfo={})
    tiff = tiff.replace(struct.pack("<HHIHH", 256, 4, 1, 1, 0), struct.pack("<HHII", 256, 4, 1, 10**6))
    tiff = tiff.replace(struct.pack("<HHIHH", 257, 4, 1, 1, 0), struct.pack("<HHII", 257, 4, 1, 10**6))
    bmp = struct.pack("<2sIIIIiiHHIIiiII", b"BM", 58, 0, 54, 40, 10**6, 10**6, 1, 24, 0, 4, 0, 0, 0, 0)
    vp8l = b"\x2f" + struct.pack("<I", 16_382 | 16_382 << 14)
    webp = b"WEBPVP8L" + struct.pack("<I", len(vp8l) + 1) + vp8l + b"\0"
    return {
        "large.bmp": bmp + bytes(4),
        "large.png": png(12_000, 12_000),
        "above-our-cap.png": png(8_000, 7_000),
        "large.gif": bytes(gif),
        "large.jpg": bytes(jpeg),
        "large.ppm": b"P6 100000 100000 255\n" + bytes(100),
        "large.tif": tiff,
        "large.webp": b"RIFF" + struct.pack("<I", len(webp)) + webp,
        "text.png": png(4, 4, chunk(b"zTXt", b"a\0\0" + bomb)),
        "international-text.png": png(4, 4, chunk(b"iTXt", b"a\0\1\0\0\0" + bomb)),
        "many-texts.png": png(
            4, 4, *[chunk(b"zTXt", b"a%d\0\0" % i + zlib.compress(bytes(10**6))) for i in range(60)]
        ),
        "profile.png": png(4, 4, chunk(b"iCCP", b"a\0\0" + bomb)),
    }


def test_a_jpeg_of_a_thousand_scans_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    progressive = encode(Image.fromarray(GREY), "JPEG", progressive=True)
    scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    endless = progressive[:-2] + scan * 1000 + progressive[-2:]
    assert decode_image(endless, "small.jpg").rgb.shape == (30, 40, 3)
    monkeypatch.setattr(images, "MAX_SCANNED", 1_000_000)
    assert decode_image(progressive, "usual.jpg").rgb.shape == (30, 40, 3)
    assert "large.jpg would take too long to open: it is drawn 1006 times over" in refusal(
        endless, "large.jpg"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of the memory is read from /proc")
def test_bombs_are_refused_from_the_header(tmp_path: Path) -> None:
    for name, data in bombs().items():
        (tmp_path / name).write_bytes(data)
    with open(tmp_path / "hundred-megabytes.png", "wb") as file:
        file.truncate(MAX_BYTES + 1)
    command = [sys.executable, "-W", "error", "-c", MEASURE, str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=root)
    results = json.loads(done.stdout)
    assert done.stderr == ""
    assert "torch" not in results.pop("modules")
    assert len(results) == 13
    for name, (sentence, seconds, megabytes) in results.items():
        assert name in sentence
        assert seconds < 0.2, name
        assert megabytes < 50, name
        if name.startswith(("large", "above", "hundred")):
            assert "is too large to open" in sentence


# ---------------------------------------------------------------- files


def file_refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_image(path)
    assert str(path.parent) not in caught.value.sentence
    return caught.value.sentence


def test_files_that_can_not_be_read_say_why(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "empty.png").touch()
    assert file_refusal(tmp_path / "gone.png").startswith("gone.png can't be read: there is no such file")
    assert file_refusal(tmp_path / "folder.png").startswith("folder.png is a folder, not a file")
    assert file_refusal(tmp_path / "empty.png").startswith("empty.png is empty")
    assert "its name can't be used" in file_refusal(tmp_path / "null\0.png")
    assert "can't be read: the system says" in file_refusal(tmp_path / ("long" * 100 + ".png"))
    assert "no such file" in file_refusal(tmp_path / "empty.png" / "below.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_devices_never_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "is not an ordinary file" in file_refusal(tmp_path / "pipe.png")
    assert "is not an ordinary file" in file_refusal(Path("/dev/zero"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_file_that_becomes_a_pipe_after_the_look_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file.png").touch()
    found = os.stat(tmp_path / "file.png")
    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.setattr(os, "stat", lambda _: found)
    assert "is not an ordinary file" in file_refusal(tmp_path / "pipe.png")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied"), "reading it is not allowed"),
        (FileNotFoundError(2, "No such file"), "there is no such file any more"),
        (OSError(116, "Stale file handle"), "the system says “Stale file handle”"),
    ],
)
def test_what_happens_while_reading_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, says: str
) -> None:
    (tmp_path / "a.png").write_bytes(JPEG)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, "open", fail)
    assert says in file_refusal(tmp_path / "a.png")


def test_a_file_cut_while_it_is_read_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG)
    real = os.fstat

    def cut_after_the_look(number: int) -> os.stat_result:
        found = real(number)
        os.truncate(path, len(JPEG) // 2)
        return found

    monkeypatch.setattr(os, "fstat", cut_after_the_look)
    assert "a.jpg is damaged or cut short" in file_refusal(path)


def test_names_that_can_not_be_printed_are_mended(tmp_path: Path) -> None:
    picture = decode_image(JPEG, "/home/someone/new\nline\udcff.jpg")
    assert picture.name == "new\N{REPLACEMENT CHARACTER}line\N{REPLACEMENT CHARACTER}.jpg"
    assert len(decode_image(JPEG, "x" * 300 + ".jpg").name) <= 80


# ---------------------------------------------------------------- HEIC, arrays, names

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def test_heic_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    sentence = refusal(HEIC, "IMG_1.HEIC")
    assert "IMG_1.HEIC is a HEIC photograph" in sentence
    assert "pip install 'gridloop[heic]'" in sentence


def test_heic_is_read_by_its_library_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class HeifFile(ImageFile.ImageFile):
        format = "HEIF"

        def _open(self) -> None:
            self._size, self._mode = (5, 4), "RGB"
            self.tile = [ImageFile._Tile("raw", (0, 0, 5, 4), 24, ("RGB", 0, 1))]

    def register() -> None:
        Image.register_open("HEIF", HeifFile, lambda start: start[4:8] == b"ftyp")

    library = types.ModuleType("pillow_heif")
    library.register_heif_opener = register  # ty: ignore[missing-attribute]
    monkeypatch.setitem(sys.modules, "pillow_heif", library)
    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    assert (decode_image(HEIC + bytes([9, 8, 7]) * 20, "a.heic").rgb == (9, 8, 7)).all()
    Image.register_open("HEIF", HeifFile, lambda _: False)
    assert "a.heic is damaged or cut short" in refusal(HEIC, "a.heic")


def test_arrays_become_pictures_and_the_wrong_ones_a_sentence() -> None:
    pasted = image_from_array(COLOURS, "clipboard")
    assert isinstance(pasted, Picture)
    assert np.array_equal(pasted.rgb, COLOURS)
    assert (pasted.name, pasted.path, pasted.original_size) == ("clipboard", None, (40, 30))
    assert not pasted.rgb.flags.writeable
    assert COLOURS.flags.writeable
    assert np.array_equal(image_from_array(COLOURS[::-1, ::2], "view").rgb, COLOURS[::-1, ::2])
    assert np.array_equal(image_from_array(GREY, "grey").rgb, grey_rgb(GREY))
    clear = np.zeros((2, 2, 4), np.uint8)
    assert (image_from_array(clear, "clear").rgb == 128).all()
    assert image_from_array(np.zeros((3000, 2500, 3), np.uint8), "large").rgb.shape == (1500, 1250, 3)
    for wrong in (
        COLOURS.astype(float),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros(9, np.uint8),
        np.broadcast_to(np.uint8(0), (10_000, 6_000)),
    ):
        with pytest.raises(UserError, match="wrong"):
            image_from_array(wrong, "wrong")


def test_a_name_promises_a_picture() -> None:
    assert looks_like_image(Path("A.JPG"))
    assert not looks_like_image(Path("a.txt"))
    assert not looks_like_image(Path("jpg"))
    assert {".png", ".jpeg", ".webp", ".bmp", ".gif", ".tiff", ".ppm", ".avif", ".heic"} <= IMAGE_SUFFIXES
