"""The boundary for texts: any file becomes a `TextDocument`, or one sentence why not.

The encoding is told from the bytes alone: a byte-order mark, then the pattern of null bytes that UTF-16
leaves, then UTF-8, whose rules other encodings hardly ever keep by chance, then Windows-1252.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.data.file_bytes import display_name, read_file
from engine.data.image_folder import natural_key
from engine.data.kinds import SUFFIXES
from engine.errors import UserError

TEXT_SUFFIXES = SUFFIXES["text"]
MAX_BYTES = 50_000_000
"""About fifty times a long novel."""
MOST_CONTROLS = 0.01
"""Share of control characters above which bytes are no text; compressed data has a tenth, text has none."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with a byte-order mark"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32 LE"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32 BE"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 LE"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 BE"),
)
_BINARY = {
    b"%PDF": "a PDF document",
    b"PK\3\4": "a ZIP archive, or a document packed as one",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True)
class TextDocument:
    """A text a person gave, its lines ended by a line feed alone."""

    text: str = field(repr=False)
    name: str
    """The file's name without its folders."""
    path: Path | None
    encoding: str
    """The encoding it was read as, in words: "UTF-8", "UTF-16 LE", "Windows-1252" ..."""
    note: str = ""
    """What was done to it that a person may want to know, or empty."""


@dataclass(frozen=True)
class TextFolder:
    """The texts of a folder in a person's order, and the files that could not be read."""

    documents: tuple[TextDocument, ...]
    refused: tuple[UserError, ...]


def read_text(path: Path) -> TextDocument:
    """The text in the file `path`; raises UserError, and nothing else, where there is none."""
    path = Path(path)
    text, encoding, note = decode_text(read_file(path, MAX_BYTES), path.name)
    return TextDocument(text, display_name(path), path, encoding, note)


def read_texts(folder: Path) -> TextFolder:
    """Every text file directly in `folder`, told by its ending; hidden ones are passed over.

    Raises UserError where `folder` can't be listed, or none of its files can be read as text.
    """
    folder = Path(folder)
    documents, refused = [], []
    for path in _text_paths(folder):
        try:
            documents.append(read_text(path))
        except UserError as error:
            refused.append(error)
    if not documents:
        raise UserError(
            f"There is no text to read in the folder {display_name(folder)}",
            refused[0].sentence if refused else "none of its files ends in .txt or .md",
            "Open a folder with .txt files in it",
        )
    return TextFolder(tuple(documents), tuple(refused))


def decode_text(data: bytes, name: str) -> tuple[str, str, str]:
    """(text, encoding in words, note) of the bytes of a file called `name`; raises UserError.

    CR LF and lone CR become LF. A last character that was cut in the middle is dropped, and the note
    says so.
    """
    for text, encoding, note in _readings(data):
        if text and len(_CONTROLS.findall(text)) <= MOST_CONTROLS * len(text):
            return text.replace("\r\n", "\n").replace("\r", "\n"), encoding, note
        if not text:
            raise UserError(f"{display_name(name)} is empty", "it holds no character", "Open another file")
    raise UserError(
        f"{display_name(name)} is not text",
        _content(data),
        "Open a .txt file, or save the document as plain text and open that",
    )


def _readings(data: bytes) -> Iterator[tuple[str, str, str]]:
    """The ways to read `data` that break no rule of their encoding, the likeliest first."""
    for mark, codec, words in _MARKS:
        if data.startswith(mark):
            yield from _reading(data[len(mark) :], codec, words)
            return
    if b"\0" in data:
        for codec, words, nulls, others in (
            ("utf-16-le", "UTF-16 LE", data[1::2], data[::2]),
            ("utf-16-be", "UTF-16 BE", data[::2], data[1::2]),
        ):
            if nulls.count(0) > 10 * others.count(0):
                yield from _reading(data, codec, words)
        return
    yield from _reading(data, "utf-8", "UTF-8")
    yield from _reading(data, "cp1252", "Windows-1252")
    yield from _reading(data, "latin-1", "Latin-1")


def _reading(data: bytes, codec: str, words: str) -> Iterator[tuple[str, str, str]]:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        text = decoder.decode(data)
    except UnicodeDecodeError:
        return
    left_over = bool(decoder.getstate()[0])
    yield text, words, "its last character was cut off and is left out" if left_over else ""


def _content(data: bytes) -> str:
    """What the bytes are instead, as far as their beginning tells."""
    for signature, thing in _BINARY.items():
        if data.startswith(signature):
            return f"its content is {thing}"
    return "its content is binary data, whatever its name says"


def _text_paths(folder: Path) -> list[Path]:
    try:
        paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    except (OSError, ValueError) as error:
        raise UserError(
            f"The folder {display_name(folder)} can't be read",
            getattr(error, "strerror", None) or "its name can't be used",
            "Check where it is and that it may be read",
            details=repr(error),
        ) from error
    texts = [path for path in paths if path.suffix.lower() in TEXT_SUFFIXES and path.is_file()]
    return sorted(texts, key=lambda path: (natural_key(path.name), path.name))
