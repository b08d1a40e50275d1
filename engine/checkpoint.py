"""Files that are whole or absent: atomic writing, JSON, and tensors as safetensors.

Importing this module imports neither torch nor NumPy: the settings are read before the first paint.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import secrets
import time
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import UserError
from engine.safetensors_header import read_header

if TYPE_CHECKING:
    import torch

LARGEST_JSON = 64 * 2**20
"""Bytes; no settings, session or history of ours comes near it."""

STALE_SECONDS = 3600.0
"""A temporary file this old was left by a process that was killed."""


def write_bytes_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` so that, whenever the power goes, the old file or the new one is there.

    Raises UserError when the folder cannot be written or is full; the old file is then untouched.
    """
    write_parts_atomically(path, (data,))


def write_parts_atomically(path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]) -> None:
    """Write one part after the other to `path`, as `write_bytes_atomically` does.

    The bytes go to a temporary file in the same folder, reach the disk, and then take the name over.
    Raises UserError when the folder cannot be written or is full; the old file is then untouched.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        _remove_stale(target)
        with _removed_on_failure(temporary), open(temporary, "xb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        with _removed_on_failure(temporary):
            os.replace(temporary, target)
    except OSError as error:
        raise UserError(
            f"{target.name} could not be saved",
            error.strerror or "the disk refused it",
            "Choose another folder or make room, and save again",
            details=repr(error),
        ) from error


@contextlib.contextmanager
def _removed_on_failure(temporary: Path) -> Generator[None]:
    try:
        yield
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _remove_stale(target: Path) -> None:
    pattern = f".{glob.escape(target.name)}.*.partial"
    for old in target.parent.glob(pattern):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - old.stat().st_mtime > STALE_SECONDS:
                old.unlink()


def save_json(path: str | os.PathLike[str], value: Any) -> None:
    """Save plain values as JSON, atomically. Raises UserError; ValueError where `value` holds NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    write_bytes_atomically(path, text.encode())


def load_json(path: str | os.PathLike[str]) -> Any:
    """The plain values in a JSON file. Raises UserError where it is missing, too large or damaged."""
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST_JSON:
            raise ValueError(f"larger than {LARGEST_JSON} bytes")
        return json.loads(file.read_bytes())
    except OSError as error:
        raise _unreadable(file, error.strerror or "the disk refused it", error) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(file, "it is damaged, or not JSON", error) from error


def save_tensors(
    path: str | os.PathLike[str],
    tensors: Mapping[str, torch.Tensor],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Save named tensors and a few strings beside them as one safetensors file, atomically.

    Tensors that share memory are saved apart; devices are not recorded. Raises UserError.
    """
    from safetensors.torch import save

    apart = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    write_bytes_atomically(path, save(apart, dict(metadata or {})))


def load_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors of a safetensors file, on the CPU, and the strings saved beside them.

    Nothing in the file runs; its header is checked before anything is allocated. Raises UserError.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    header = read_header(path)
    try:
        return load(Path(path).read_bytes()), dict(header.metadata)
    except (OSError, SafetensorError, ValueError, RuntimeError, KeyError) as error:
        raise _unreadable(Path(path), "it is damaged", error) from error


def _unreadable(file: Path, why: str, error: Exception) -> UserError:
    return UserError(f"{file.name} could not be read", why, details=repr(error))
