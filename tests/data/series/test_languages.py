"""Translations beside the application: against the toolkit's own reader of them, and damaged ones."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTranslator

from engine.data.series import languages
from engine.data.series.languages import LANGUAGES, find_translations, load_languages, sentence
from engine.data.series.translations import MAGIC, read_messages
from engine.errors import UserError


@pytest.fixture(scope="module")
def data():
    return load_languages()


@pytest.mark.parametrize("name", ["qtbase_de.qm", "qtbase_ja.qm", "qt_help_ru.qm", "designer_tr.qm"])
def test_messages_are_those_that_the_toolkit_itself_reads(name: str):
    path = find_translations() / name
    messages = read_messages(path.read_bytes(), name)
    translator = QTranslator()
    assert translator.load(str(path))
    assert len(messages) > 40
    for message in random.Random(0).sample(messages, 40):
        # Of several plural forms it gives the one that a number asks for.
        given = {
            translator.translate(message.context, message.source, message.comment, n) for n in (-1, 1, 2, 5)
        }
        assert given & {*message.translations}


def test_there_are_many_languages_in_several_scripts(data):
    assert data.classes == tuple(LANGUAGES)
    assert len(data.classes) == 14
    assert np.bincount(data.train_y).min() > 500
    assert np.bincount(data.test_y).min() > 50
    for letters in ("äöüß", "éèç", "жщы", "їєі", "ğış", "のを"):
        assert {*letters} <= {*data.vocabulary}
    german = "".join(data.decode(data.train_x[data.train_y == data.classes.index("German")].ravel()))
    assert "Datei" in german


def test_nothing_that_is_tested_on_was_trained_on(data):
    for label in range(len(data.classes)):
        train = {row.tobytes() for row in data.train_x[data.train_y == label]}
        test = [row.tobytes() for row in data.test_x[data.test_y == label]]
        # Two messages may share a whole window ("... could not be opened") without being the same.
        assert sum(row in train for row in test) <= 0.03 * len(test)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("&Datei öffnen …", "Datei öffnen …"),
        ("ファイル(&F)", "ファイル"),
        ("%1 of %n file(s), 100%", "of file(s), 100"),
        ("<p>Ein <b>neuer</b> &amp; Satz</p>", "Ein neuer & Satz"),
        ("Could not open %1.", "Could not open."),
        ("see https://example.org/a now", "see now"),
    ],
)
def test_only_what_a_person_reads_is_left(raw: str, plain: str):
    assert sentence(raw) == plain


def section(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return MAGIC + struct.pack(">BI", 0x69, len(body)) + body


def string(tag: int, text: bytes) -> bytes:
    return struct.pack(">BI", tag, len(text)) + text


def test_a_message_is_read_as_it_was_written():
    one = (
        string(3, "Öl".encode("utf-16-be")) + string(6, b"Oil") + string(7, b"Shop") + string(8, b"") + b"\1"
    )
    two = string(3, "a".encode("utf-16-be")) + string(3, "b".encode("utf-16-be")) + b"\5abcd\1"
    messages = read_messages(section(one, two), "x.qm")
    assert (messages[0].translations, messages[0].source, messages[0].context) == (("Öl",), "Oil", "Shop")
    assert messages[1].translations == ("a", "b")
    assert read_messages(MAGIC, "x.qm") == []


HOSTILE = {
    "nothing": b"",
    "another file": b"\x89PNG" * 20,
    "cut in a section": MAGIC + b"\x69\0\0",
    "a section longer than the file": MAGIC + struct.pack(">BI", 0x69, 2**31),
    "a string longer than the section": section(struct.pack(">BI", 3, 2**31)),
    "a length cut short": section(b"\3\0\0"),
    "half a character": section(string(3, b"\0a\0"), b"\1"),
    "half a pair": section(string(3, b"\xd8\0"), b"\1"),
    "no UTF-8": section(string(6, b"\xff\xfe"), b"\1"),
    "an unknown tag": section(b"\x7f"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_damaged_file_is_one_sentence(how: str):
    with pytest.raises(UserError, match=r"x\.qm can't be read"):
        read_messages(HOSTILE[how], "x.qm")


def test_no_cut_and_no_flipped_bit_does_more_than_that():
    path = find_translations() / "qt_help_de.qm"
    whole, chance = path.read_bytes()[:20_000], random.Random(1)
    for _ in range(300):
        broken = bytearray(whole[: chance.randrange(len(whole))])
        for _ in range(3):
            if broken:
                broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            read_messages(bytes(broken), "x.qm")
        except UserError:
            continue


def test_a_machine_without_them_is_told_what_to_open(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(languages.sys, "path", [str(tmp_path)])
    with pytest.raises(UserError, match="Open a folder of your own"):
        load_languages()
    with pytest.raises(UserError, match="Open a folder of your own"):
        load_languages(folder=tmp_path)
