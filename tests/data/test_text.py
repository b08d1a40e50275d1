"""Reading text files of every encoding, and refusing what is no text."""

from __future__ import annotations

import codecs
import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data import text as reading
from engine.data.text import decode_text, read_text, read_texts
from engine.errors import UserError

PROSE = "“Naïve,” she said — café, 5 €.\nA second line.\n"
RUSSIAN = "Все счастливые семьи похожи друг на друга.\nВторая строка, и ещё слова.\n"


@pytest.mark.parametrize(
    ("codec", "mark", "words"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", codecs.BOM_UTF8, "UTF-8 with a byte-order mark"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "UTF-16 LE"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "UTF-16 BE"),
        ("utf-16-le", b"", "UTF-16 LE"),
        ("utf-16-be", b"", "UTF-16 BE"),
        ("utf-32-le", codecs.BOM_UTF32_LE, "UTF-32 LE"),
        ("utf-32-be", codecs.BOM_UTF32_BE, "UTF-32 BE"),
    ],
)
@pytest.mark.parametrize("text", [PROSE, RUSSIAN])
def test_unicode_files_are_read_and_named(
    tmp_path: Path, codec: str, mark: bytes, words: str, text: str
) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes(mark + text.encode(codec))
    document = read_text(path)
    assert (document.text, document.encoding) == (text, words)
    assert (document.name, document.path, document.note) == ("book.txt", path, "")


def test_western_files_of_one_byte_a_character_are_read() -> None:
    assert decode_text(PROSE.encode("cp1252"), "a.txt")[:2] == (PROSE, "Windows-1252")
    # 0x81 means nothing in Windows-1252.
    assert decode_text(b"caf\xe9 \x81 is here", "a.txt")[:2] == ("café \x81 is here", "Latin-1")


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_line_ending_becomes_a_line_feed(codec: str) -> None:
    text, _, _ = decode_text("one\r\ntwo\rthree\nfour\r\n\r\n".encode(codec), "a.txt")
    assert text == "one\ntwo\nthree\nfour\n\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_a_character_cut_at_the_end_is_left_out_and_said(codec: str) -> None:
    text, encoding, note = decode_text("a whole line 😀".encode(codec)[:-1], "a.txt")
    assert text == "a whole line "
    assert encoding.startswith("UTF")
    assert "cut off" in note


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1))
def test_any_utf8_text_is_itself(text: str) -> None:
    if not text.startswith("\ufeff"):
        assert decode_text(text.encode(), "a.txt")[0] == text


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_give_text_or_one_sentence(data: bytes) -> None:
    try:
        text, encoding, _ = decode_text(data, "a.txt")
    except UserError as refusal:
        lines = refusal.sentence.splitlines()
        assert len(lines) == 1
    else:
        assert text
        assert encoding
        assert "\r" not in text


BINARIES = {
    "noise": random.Random(0).randbytes(5000),
    "gzip": gzip.compress(random.Random(1).randbytes(3000), mtime=0),
    "pdf": b"%PDF-1.7\n" + random.Random(2).randbytes(3000),
    "zip": b"PK\3\4" + bytes(200),
    "nulls": bytes(1000),
    "numbers": b"".join(i.to_bytes(4, "little") for i in range(500)),
}


@pytest.mark.parametrize("kind", BINARIES)
def test_a_binary_file_called_txt_is_refused_in_one_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes(BINARIES[kind])
    with pytest.raises(UserError, match=r"book\.txt is not text: its content is") as caught:
        read_text(path)
    expected = {"gzip": "a gzip archive", "pdf": "a PDF document", "zip": "a ZIP archive"}.get(kind, "binary")
    assert expected in caught.value.why


@pytest.mark.parametrize("data", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_a_file_without_a_character_is_empty(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "book.txt").write_bytes(data)
    with pytest.raises(UserError, match="is empty"):
        read_text(tmp_path / "book.txt")


def test_a_file_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    (tmp_path / "book.txt").write_text("eleven char")
    with pytest.raises(UserError, match="too large"):
        read_text(tmp_path / "book.txt")


def test_a_folder_is_read_in_a_persons_order_and_its_failures_told(tmp_path: Path) -> None:
    for name in ("part 10.txt", "part 2.TXT", "notes.md", "picture.png", ".hidden.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "broken.txt").write_bytes(bytes(100))
    (tmp_path / "inner.txt").mkdir()
    folder = read_texts(tmp_path)
    assert [document.name for document in folder.documents] == ["notes.md", "part 2.TXT", "part 10.txt"]
    assert [error.what for error in folder.refused] == ["broken.txt is not text"]


@pytest.mark.parametrize(("content", "why"), [(None, "none of its files"), (bytes(9), "is not text")])
def test_a_folder_without_text_is_refused(tmp_path: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UserError, match="There is no text to read") as caught:
        read_texts(tmp_path)
    assert why in caught.value.why


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        read_texts(tmp_path / "nowhere")
