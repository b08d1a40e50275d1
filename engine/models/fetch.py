"""Fetches one file on the person's asking, into place only when it is whole and the right one."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError

TIMEOUT = 20.0
"""Seconds without a byte before the connection is given up."""
CHUNK = 2**18
"""Bytes between two reports of progress."""

Progress = Callable[[int, int], None]
"""Called with the bytes that have arrived and all there are (0 where the server does not say)."""


@dataclass(frozen=True)
class Errand:
    """What is fetched, in the words of a person whom it may disappoint."""

    what: str
    """ "The weights of ResNet-18"."""
    instead: str
    """What can be chosen without a network: "EfficientNet-Lite0"."""
    need: str = "needs"
    """The verb after `instead`."""


def fetch(
    url: str, target: Path, errand: Errand, progress: Progress | None = None, *, digest: str = ""
) -> None:
    """Fetch `url`, whose SHA-256 starts with `digest`, to `target`.

    Without `digest` the target's name ends in it, as in "resnet18-f37072fd.pth". An exception out of
    `progress` stops it and leaves nothing behind. Raises UserError where there is no network, no room, or
    another file than expected.
    """
    expected = digest or expected_digest(target.name)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        arrived = _download(url, temporary, progress or (lambda done, total: None))
        if not arrived.startswith(expected):
            why = "what arrived is not the file that was asked for"
            raise _refusal(errand, why, f"{url}: sha256 {arrived}")
        os.replace(temporary, target)
    except urllib.error.HTTPError as error:
        if error.fp is not None:
            error.close()  # it is the answer itself, with the connection behind it
        why = f"the server answered “{error.code} {error.reason}”"
        raise _refusal(errand, why, f"{url}: {error!r}") from error
    except urllib.error.URLError as error:
        why = "there is no network connection"
        then = f"Choose {errand.instead}, which {errand.need} none, or connect and choose it again"
        raise UserError(_what(errand), why, then, details=f"{url}: {error!r}") from error
    except TimeoutError as error:
        raise _refusal(errand, "the server stopped answering", f"{url}: {error!r}") from error
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or "the connection broke off"
        raise _refusal(errand, why, f"{url}: {error!r}") from error
    finally:
        temporary.unlink(missing_ok=True)


def expected_digest(name: str) -> str:
    """The hexadecimal digits between the last "-" and the ending, as torchvision's files have them."""
    found = re.search(r"-([0-9a-f]{8,64})\.\w+$", name)
    if found is None:
        raise ValueError(f"{name} does not say its SHA-256")
    return found[1]


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(url: str, temporary: Path, progress: Progress) -> str:
    digest, done = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, open(temporary, "xb") as file:
        total = int(answer.headers.get("Content-Length") or 0)
        progress(0, total)
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            progress(done, total)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _what(errand: Errand) -> str:
    return f"{errand.what} could not be fetched"


def _refusal(errand: Errand, why: str, details: str) -> UserError:
    then = f"Choose it again later, or choose {errand.instead}"
    return UserError(_what(errand), why, then, details=details)
