"""Reads a state dict that `torch.save` wrote (`.pth`, `.pt`, `.bin`) without unpickling anything.

Two formats: since 2020 a zip archive with `data.pkl` and one entry a storage; before that a row of
pickles followed by the storages.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from engine.data.file_bytes import display_name
from engine.errors import UserError
from engine.models.archive_guard import LARGEST_ARCHIVE, open_archive, read_entry
from engine.models.pickle_scan import Refused, pickle_refusal, read_pickle
from engine.models.stored_tensor import DTYPES, StoredTensor, TensorFile

LARGEST_PICKLE = 64 * 2**20
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_WRAPPERS = ("state_dict", "model_state_dict", "model")


@contextmanager
def open_torch_file(path: Path) -> Generator[TensorFile]:
    """The tensors of a plain state dict, none of them read yet. Raises UserError.

    Anything else that a pickle can hold, a whole module for instance, is refused.
    """
    name = display_name(path)
    if zipfile.is_zipfile(path):
        with open_archive(path, name) as archive:
            yield _reported(name, lambda: _from_archive(archive, name))
    else:
        with open(path, "rb") as stream:
            yield _reported(name, lambda: _from_legacy(stream, name))


def _reported(name: str, read: Callable[[], TensorFile]) -> TensorFile:
    try:
        return read()
    except Refused as error:
        raise pickle_refusal(name, error) from error
    except (ValueError, struct.error, EOFError) as error:
        why = "it is damaged, cut off, or not what its name says"
        raise UserError(f"{name} could not be read", why, details=repr(error)) from error


def _from_archive(archive: zipfile.ZipFile, name: str) -> TensorFile:
    pickles = [entry for entry in archive.namelist() if entry.endswith(".pkl")]
    if len(pickles) != 1 or not pickles[0].endswith("/data.pkl"):
        raise Refused(f"{len(pickles)} pickles, as a program has")
    root = pickles[0].removesuffix("data.pkl")
    order = archive.namelist()
    if f"{root}byteorder" in order and read_entry(archive, f"{root}byteorder", 16, name) != b"little":
        raise ValueError("big-endian")
    tensors = _tensors(read_pickle(io.BytesIO(read_entry(archive, pickles[0], LARGEST_PICKLE, name))))

    def storage(tensor: StoredTensor) -> bytes:
        return read_entry(archive, f"{root}data/{tensor.storage.key}", LARGEST_ARCHIVE, name)

    return _tensor_file(tensors, storage, name)


def _from_legacy(stream: BinaryIO, name: str) -> TensorFile:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    first = read_pickle(stream)
    if first != LEGACY_MAGIC:
        raise Refused("a pickle that is not a state dict")
    read_pickle(stream), read_pickle(stream)  # version, and the machine it was written on
    tensors = _tensors(read_pickle(stream))
    places = _legacy_places(stream, read_pickle(stream), tensors, size)

    def storage(tensor: StoredTensor) -> bytes:
        start, length = places[tensor.storage.key]
        stream.seek(start)
        return stream.read(length)

    return _tensor_file(tensors, storage, name)


def _legacy_places(
    stream: BinaryIO, keys: Any, tensors: Mapping[str, StoredTensor], size: int
) -> dict[str, tuple[int, int]]:
    """Where each storage lies: its first byte and its length, after its own count of elements."""
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    places: dict[str, tuple[int, int]] = {}
    for key in keys if isinstance(keys, list) else ():
        if key not in storages:
            raise ValueError(f"storage {key} belongs to no tensor")
        (elements,) = struct.unpack("<q", stream.read(8))
        length = storages[key].elements * DTYPES[storages[key].dtype].itemsize
        if elements != storages[key].elements or stream.tell() + length > size:
            raise ValueError(f"storage {key} has {elements} elements")
        places[key] = (stream.tell(), length)
        stream.seek(length, os.SEEK_CUR)
    if places.keys() != storages.keys():
        raise ValueError("storages are missing")
    return places


def _tensors(value: Any) -> dict[str, StoredTensor]:
    """The named tensors of a state dict, also of one inside a checkpoint."""
    if isinstance(value, dict):
        for wrapper in _WRAPPERS:
            if isinstance(value.get(wrapper), dict):
                return _tensors(value[wrapper])
        if value and all(isinstance(k, str) and isinstance(v, StoredTensor) for k, v in value.items()):
            return value
    raise Refused("something other than a state dict")


def _tensor_file(
    tensors: Mapping[str, StoredTensor], storage: Callable[[StoredTensor], bytes], name: str
) -> TensorFile:
    def read(key: str) -> Any:
        try:
            return tensors[key].build(storage(tensors[key]))
        except (ValueError, LookupError, OSError) as error:
            raise UserError(
                f"{name} could not be read", "it is damaged or cut off", details=repr(error)
            ) from error

    return TensorFile({key: tensor.shape for key, tensor in tensors.items()}, {}, read)
