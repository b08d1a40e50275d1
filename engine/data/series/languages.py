"""Sentences in many languages that are on every machine with the application: its toolkit's translations.

What its buttons, tips and messages say lies beside it in two dozen languages, found without being imported.
"""

from __future__ import annotations

import hashlib
import html
import re
import sys
from pathlib import Path

from engine.data.file_bytes import read_file
from engine.data.series.text_classes import LENGTH, SHARE, ClassTexts, LabelledTexts, label_texts
from engine.data.series.translations import Message, read_messages
from engine.errors import UserError

LANGUAGES = {
    "English": "en",
    "German": "de",
    "Dutch": "nl",
    "Danish": "da",
    "Swedish": "sv",
    "French": "fr",
    "Spanish": "es",
    "Italian": "it",
    "Polish": "pl",
    "Hungarian": "hu",
    "Turkish": "tr",
    "Russian": "ru",
    "Ukrainian": "uk",
    "Japanese": "ja",
}
"""Each with the end of its files' names. What is English stands in all of them, as what was translated."""
PARTS = ("qtbase", "qt", "designer", "linguist", "assistant", "qt_help", "qtdeclarative", "qtmultimedia")
SOURCE = "Qt's own translations, LGPL 3 or GPL 2 or 3"

_FOLDERS = ("*/Qt/translations", "*/Qt6/translations", "*/translations")
"""Where packages keep them, on one system or another."""
_MAX_BYTES = 5_000_000
_FEWEST_LANGUAGES = 5
_SHORTEST = 16
"""Characters; a shorter message is a word or two, often the same in several languages."""
_NO_LANGUAGE = re.compile(r"<[^>]*>|%[Ln]?\d*|&(?=\w)|\((&|_)\w\)|\{[^}]*\}|https?://\S+|[\\/*_=<>|~^#]+")
"""Marks of HTML, places of numbers, mnemonics, addresses, signs."""
_LONELY_SPACE = re.compile(r" (?=[,.)\]])|(?<=[(\[]) ")
"""What stays where something was taken out; before other signs a space may be French."""


def load_languages(length: int = LENGTH, folder: Path | None = None) -> LabelledTexts:
    """Messages in the LANGUAGES that are there, in windows of `length` characters.

    A tenth of the messages is held out, drawn by hashing what was translated, so that no language is
    trained on the translation of a message that another is tested on. Raises UserError where the files are
    not there.
    """
    folder = folder or find_translations()
    read = {language: _read(folder, code) for language, code in LANGUAGES.items() if code != "en"}
    most = max(read.values(), key=len)
    sources = [Message(each.context, each.source, "", (each.source,)) for each in most]
    texts = {"English": _part(sources)} if sources else {}
    texts |= {language: _part(messages) for language, messages in read.items() if messages}
    if len(texts) < _FEWEST_LANGUAGES:
        raise _missing(f"{folder} holds {len(texts)} of {len(LANGUAGES)} languages")
    about = (
        f"What a window toolkit's buttons, tips and messages say in {len(texts)} languages ({SOURCE}), in "
        f"windows of {length} characters. A tenth of the messages is held out, the same in each language."
    )
    return label_texts("Languages", texts, about, length)


def find_translations() -> Path:
    """The folder with the translations; nothing is imported. Raises UserError where there is none."""
    for root in map(Path, sys.path):
        for pattern in _FOLDERS:
            for found in sorted(root.glob(pattern)) if root.is_dir() else ():
                if (found / "qtbase_de.qm").is_file():
                    return found
    raise _missing("no folder of sys.path has them")


def _missing(details: str) -> UserError:
    return UserError(
        "There are no texts in many languages on this machine",
        "the translations that come with the application's windows are not there",
        "Open a folder of your own, with a .txt file or a sub-folder for each language or author",
        details=details,
    )


def _read(folder: Path, code: str) -> list[Message]:
    """All messages of one language; a file that is missing or can't be read adds none."""
    messages: list[Message] = []
    for part in PARTS:
        name = f"{part}_{code}.qm"
        try:
            messages += read_messages(read_file(folder / name, _MAX_BYTES), name)
        except UserError:
            continue
    return messages


def _part(messages: list[Message]) -> ClassTexts:
    """What is tested on occurs nowhere among what is trained on."""
    sides: tuple[dict[str, None], dict[str, None]] = ({}, {})
    for message in messages:
        for text in map(sentence, message.translations):
            if len(text) >= _SHORTEST:
                sides[_is_held_out(message.source)][text] = None
    train, test = sides
    return ClassTexts(tuple(train), tuple(text for text in test if text not in train))


def _is_held_out(source: str) -> bool:
    return hashlib.blake2b(sentence(source).casefold().encode(), digest_size=4).digest()[0] % SHARE == 0


def sentence(text: str) -> str:
    """What a person reads of a message: without HTML, mnemonics, placeholders and signs."""
    words = " ".join(_NO_LANGUAGE.sub(" ", html.unescape(text).replace("\0", " ")).split())
    return _LONELY_SPACE.sub("", words)
