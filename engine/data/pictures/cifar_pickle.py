"""Reads a batch of CIFAR-10's Python version, a pickle, without unpickling it: nothing in it can run.

The files were written by Python 2 and NumPy 1; what Python 3 and NumPy 2 write today reads as well.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from engine.errors import UserError
from engine.models.pickle_machine import Global, PickleMachine, Refused, expect

MOST_OPCODES = 500_000
"""A batch of 10,000 needs some 50,000."""


@dataclass
class _Type:
    """What stands for a NumPy type."""

    code: str


@dataclass
class _Array:
    """What stands for a NumPy array."""

    value: np.ndarray | None = None


class _Batches(PickleMachine):
    """Knows dictionaries of text, numbers and arrays of bytes."""

    names = frozenset(
        {
            "numpy.ndarray",
            "numpy.dtype",
            "numpy.core.multiarray._reconstruct",
            "numpy._core.multiarray._reconstruct",
            "numpy.core.numeric._frombuffer",
            "numpy._core.numeric._frombuffer",
            "_codecs.encode",
        }
    )
    more_pushed = frozenset("BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8".split())
    more_actions: ClassVar = {"STACK_GLOBAL": PickleMachine.find_on_stack}

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        if name == "numpy.dtype":
            return _Type(str(arguments[0]))
        if name.endswith("._reconstruct") and expect(arguments[0], Global).name == "numpy.ndarray":
            return _Array()
        if name.endswith("._frombuffer"):
            buffer, kind, shape, order = arguments
            return _Array(_array(shape, kind, order != "C", buffer))
        if name == "_codecs.encode" and arguments[1] == "latin1":  # how protocol 2 writes bytes
            return expect(arguments[0], str).encode("latin-1")
        raise Refused(f"a call of {name}")

    def set_state(self, value: Any, state: Any) -> None:
        """A type's state is its byte order, and bytes have none; an array's is all it holds."""
        if isinstance(value, _Array):
            _version, shape, kind, by_columns, buffer = expect(state, tuple)
            value.value = _array(shape, kind, by_columns, buffer)
        else:
            expect(value, _Type)


def read_batch(data: bytes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3072) uint8 pictures and (N,) int64 labels. Raises UserError, which calls the file `name`."""
    batch = _read(data, name)
    try:
        pictures, labels = batch["data"], batch["labels"]
        values = expect(expect(pictures, _Array).value, np.ndarray)
        numbers = np.array([expect(label, int) for label in expect(labels, list)], np.int64)
    except (KeyError, ValueError, OverflowError) as error:
        raise _damaged(name, error) from error
    return values, numbers


def read_class_names(data: bytes, name: str) -> tuple[str, ...]:
    """What "batches.meta" calls the classes. Raises UserError."""
    try:
        return tuple(_text(word) for word in expect(_read(data, name)["label_names"], list))
    except (KeyError, ValueError) as error:
        raise _damaged(name, error) from error


def _read(data: bytes, name: str) -> dict[str, Any]:
    try:
        batch = expect(_Batches().read(io.BytesIO(data), MOST_OPCODES), dict)
        return {_text(key): value for key, value in batch.items()}
    except Refused as error:
        raise UserError(
            f"{name} is a pickle, which can run code when it is opened",
            "it asks for more than CIFAR-10's own files do",
            "Fetch CIFAR-10's binary version and choose that",
            details=str(error),
        ) from error
    except ValueError as error:
        raise _damaged(name, error) from error


def _text(value: Any) -> str:
    """Python 2 wrote text as bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else expect(value, str)


def _array(shape: Any, kind: Any, by_columns: Any, buffer: Any) -> np.ndarray:
    """The array of unsigned bytes. Raises ValueError where shape and buffer do not fit."""
    if expect(kind, _Type).code not in ("u1", "uint8") or by_columns:
        raise ValueError(f"an array of {kind}")
    raw = buffer.encode("latin-1") if isinstance(buffer, str) else bytes(memoryview(buffer))
    lengths = [expect(length, int) for length in expect(shape, tuple)]
    if min(lengths, default=0) < 0 or math.prod(lengths) != len(raw):
        raise ValueError(f"{len(raw)} bytes for an array of {shape}")
    return np.frombuffer(raw, np.uint8).reshape(lengths)


def _damaged(name: str, error: Exception) -> UserError:
    why = "it is damaged, or not one of CIFAR-10's own files"
    return UserError(f"{name} could not be read", why, "Copy or fetch it again", details=repr(error))
