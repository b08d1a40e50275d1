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
from pathlib import Path

from engine.errors import UserError

TIMEOUT = 20.0
"""Seconds without a byte before the connection is given up."""
CHUNK = 2**18
"""Bytes between two reports of progress."""

Progress = Callable[[int, int], None]
"""Called with the bytes that have arrived and all there are (0 where the server does not say)."""


def fetch(url: str, target: Path, title: str, progress: Progress | None = None) -> None:
    """Fetch `url` to `target`, whose name ends in the start of its SHA-256, as in "resnet18-f37072fd.pth".

    An exception out of `progress` stops it and leaves nothing behind. Raises UserError with `title`, the
    thing's name on screen, where there is no network, no room, or another file than expected.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = _download(url, temporary, progress or (lambda done, total: None))
        if not digest.startswith(expected_digest(target.name)):
            raise _refusal(
                title, "what arrived is not the file that was asked for", f"{url}: sha256 {digest}"
            )
        os.replace(temporary, target)
    except urllib.error.HTTPError as error:
        raise _refusal(
            title, f"the server answered “{error.code} {error.reason}”", f"{url}: {error!r}"
        ) from error
    except urllib.error.URLError as error:
        why = "there is no network connection"
        then = "Choose EfficientNet-Lite0, which needs none, or connect and choose it again"
        raise UserError(_what(title), why, then, details=f"{url}: {error!r}") from error
    except TimeoutError as error:
        raise _refusal(title, "the server stopped answering", f"{url}: {error!r}") from error
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "strerror", None) or "the connection broke off"
        raise _refusal(title, why, f"{url}: {error!r}") from error
    finally:
        temporary.unlink(missing_ok=True)


def expected_digest(name: str) -> str:
    """The hexadecimal digits between the last "-" and the ending; all our files have them."""
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


def _what(title: str) -> str:
    return f"The weights of {title} could not be fetched"


def _refusal(title: str, why: str, details: str) -> UserError:
    return UserError(
        _what(title), why, "Choose it again later, or choose EfficientNet-Lite0", details=details
    )
