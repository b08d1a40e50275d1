"""Data sets fetched on asking, from a server on this machine: once, whole, the right ones, or a sentence."""

from __future__ import annotations

import gzip
import hashlib
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.pictures import FETCHED, fetch_pictures, fetching, load_pictures
from engine.errors import UserError


class Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is published as MNIST's, with the digests of what lies in it."""
    folder = tmp_path / "web"
    folder.mkdir()
    digests = {}
    for which, count in (("train", 30), ("t10k", 10)):
        header = bytes([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 5, 0, 0, 0, 5])
        contents = {
            f"{which}-images-idx3-ubyte.gz": header + np.arange(count * 25, dtype=np.uint8).tobytes(),
            f"{which}-labels-idx1-ubyte.gz": bytes([0, 0, 8, 1, 0, 0, 0, count])
            + bytes(i % 10 for i in range(count)),
        }
        for name, data in contents.items():
            (folder / name).write_bytes(gzip.compress(data))
            digests[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    server = Server(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    published = fetching.Published("MNIST", f"http://127.0.0.1:{server.server_port}/", digests)
    monkeypatch.setitem(fetching.PUBLISHED, "mnist", published)
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_was_fetched_loads_and_is_not_fetched_again(web: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    place = fetch_pictures("mnist", tmp_path / "cache", lambda *said: seen.append(said))
    data = load_pictures("mnist", place)
    assert (len(data.train), len(data.test), data.shape) == (30, 10, (1, 5, 5))
    size = (web / "train-images-idx3-ubyte.gz").stat().st_size
    assert ("Fetching MNIST, file 1 of 4", size, size) in seen
    assert seen[-1][0] == "Fetching MNIST, file 4 of 4"
    for file in web.iterdir():
        file.unlink()
    assert fetch_pictures("mnist", tmp_path / "cache", lambda *said: pytest.fail("again")) == place


def test_a_damaged_file_is_fetched_again_and_a_wrong_one_not_kept(web: Path, tmp_path: Path) -> None:
    place = fetch_pictures("mnist", tmp_path)
    (place / "t10k-labels-idx1-ubyte.gz").write_bytes(b"half")
    fetch_pictures("mnist", tmp_path)
    for file in place.iterdir():
        assert file.read_bytes() == (web / file.name).read_bytes()
    (place / "t10k-labels-idx1-ubyte.gz").unlink()
    (web / "t10k-labels-idx1-ubyte.gz").write_bytes(b"something else")
    with pytest.raises(UserError, match="MNIST could not be fetched: what arrived is not the file"):
        fetch_pictures("mnist", tmp_path)
    assert len(list(place.iterdir())) == 3


def test_stopping_leaves_no_half_file(web: Path, tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_pictures("mnist", tmp_path / "cache", stop)
    assert list((tmp_path / "cache" / "mnist").iterdir()) == []


def test_a_server_that_lacks_it_is_a_sentence(web: Path, tmp_path: Path) -> None:
    (web / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(UserError) as caught:
        fetch_pictures("mnist", tmp_path)
    assert caught.value.sentence == (
        "MNIST could not be fetched: the server answered “404 File not found”. "
        "Choose it again later, or choose the handwritten digits."
    )


@pytest.mark.parametrize("dataset", FETCHED)
def test_no_network_is_a_sentence(dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(UserError) as caught:
        fetch_pictures(dataset, tmp_path)
    assert caught.value.sentence == (
        f"{fetching.PUBLISHED[dataset].title} could not be fetched: there is no network connection. "
        "Choose the handwritten digits, which need none, or connect and choose it again."
    )
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_what_is_published_nowhere_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="“folder” is not fetched"):
        fetch_pictures("folder", tmp_path)


def test_the_published_files_are_those_that_are_loaded() -> None:
    for published in fetching.PUBLISHED.values():
        assert published.url.startswith("https://")
        assert published.whole == (len(published.files) == 1)
        assert all(len(bytes.fromhex(digest)) == 32 for digest in published.files.values())
    assert set(fetching.PUBLISHED) == set(FETCHED)
