"""What every test gets: an offscreen Qt, one torch thread, and no network."""

from __future__ import annotations

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
