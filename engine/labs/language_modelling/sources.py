"""What the person gave to be read: the text of a file, or the texts of a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.data.file_bytes import display_name
from engine.data.reference import reference_text
from engine.data.text import read_text, read_texts

BEGINNING = 600
"""Characters of an opened file that are put on the line."""


@dataclass(frozen=True)
class Source:
    """Texts that belong together."""

    name: str
    """Of the file or folder, without its folders."""
    texts: Mapping[str, str]
    """By the name of their file."""
    note: str = ""
    """How they were read."""

    @property
    def text(self) -> str:
        """All of them, one after the other."""
        return "\n".join(self.texts.values())

    @property
    def beginning(self) -> str:
        """Its first `BEGINNING` characters, as far as its last whole word there."""
        text = self.text
        return text if len(text) <= BEGINNING else text[:BEGINNING].rsplit(" ", 1)[0]

    @property
    def about(self) -> str:
        """What there is of it, and how it was read."""
        return f"{len(self.text):,} characters, {self.note}"


def read_source(path: Path) -> Source:
    """The text in the file, or all texts in the folder, at `path`. Raises UserError where there is none."""
    if not os.path.isdir(path):  # unlike Path.is_dir, it says no to a name too long to be one
        document = read_text(path)
        about = f"{document.encoding}; {document.note}" if document.note else document.encoding
        return Source(document.name, {document.name: document.text}, about)
    found = read_texts(path)
    count, refused = len(found.documents), len(found.refused)
    about = f"{count} text{'s' if count != 1 else ''}"
    if refused:
        about += f"; {refused} could not be read"
    return Source(display_name(path), {each.name: each.text for each in found.documents}, about)


def built_in() -> Source:
    """The short story that comes with the application."""
    return Source("the reference text", {"reference text": reference_text()})
