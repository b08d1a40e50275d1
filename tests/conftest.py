"""What every test gets: an offscreen Qt, one torch thread, and no network; for some, a shorter reference."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["GOMP_SPINCOUNT"] = "0"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"  # timm is an oracle here; its weights are never fetched

LOCAL = ("127.0.0.1", "::1", "localhost")
SHORT = 1500
"""Characters of the reference text that are enough where only that it is read matters."""


def pytest_collection_finish() -> None:
    """What all the imports have made stays: going through it takes over half a second of some test's time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine, and every look-up of a name."""
    plain = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}
    plain_look_up = socket.getaddrinfo

    def refusing(name: str) -> Any:
        def connect(own: socket.socket, address: Any) -> Any:
            if own.family != getattr(socket, "AF_UNIX", None) and address[0] not in LOCAL:
                raise ConnectionRefusedError(f"the tests have no network, and this wants {address}")
            return plain[name](own, address)

        return connect

    def look_up(host: Any, *rest: Any, **details: Any) -> Any:
        if host is not None and host not in LOCAL:
            raise socket.gaierror(f"the tests have no network, and this wants {host}")
        return plain_look_up(host, *rest, **details)

    with pytest.MonkeyPatch.context() as patch:
        for name in plain:
            patch.setattr(socket.socket, name, refusing(name))
        patch.setattr(socket, "getaddrinfo", look_up)
        yield


@pytest.fixture(scope="module")
def short_reference() -> Iterator[None]:
    """Language models read a seventh of their reference text, where a lab's example is run to its end.

    Tests of what is found in it read all of it, or say themselves how much.
    """
    from engine.data.reference import reference_text
    from engine.labs.language_modelling import insight

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(insight, "reference_text", lambda: reference_text()[:SHORT])
        yield
