"""A tensor that still lies in a file: what is known of it, and how its bytes become a tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

DTYPES = {
    "float64": torch.float64, "float32": torch.float32, "float16": torch.float16,
    "bfloat16": torch.bfloat16, "int64": torch.int64, "int32": torch.int32, "int16": torch.int16,
    "int8": torch.int8, "uint8": torch.uint8, "bool": torch.bool,
}  # fmt: skip


@dataclass(frozen=True)
class Storage:
    """A run of numbers in a file, which one or more tensors view: its key, dtype and length."""

    key: str
    dtype: str
    """One of DTYPES."""
    elements: int


@dataclass(frozen=True)
class StoredTensor:
    """A view of a storage, as `torch.as_strided` takes it; offset and stride count elements."""

    storage: Storage
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int

    def check(self) -> None:
        """Raise ValueError unless every element lies in the storage and none is counted out of thin air."""
        numbers = (*self.shape, *self.stride, self.offset, self.storage.elements)
        if len(self.shape) != len(self.stride) or not all(type(n) is int and n >= 0 for n in numbers):
            raise ValueError(f"shape {self.shape}, stride {self.stride}, offset {self.offset}")
        last = sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))
        elements = math.prod(self.shape)
        if elements > self.storage.elements or (elements and self.offset + last >= self.storage.elements):
            raise ValueError(f"{self.shape} views {self.storage.elements} stored numbers")

    def build(self, data: bytes) -> torch.Tensor:
        """The tensor, with memory of its own, from the storage's bytes; raises ValueError."""
        self.check()
        dtype = DTYPES[self.storage.dtype]
        if len(data) != self.storage.elements * dtype.itemsize:
            raise ValueError(f"{len(data)} bytes for {self.storage.elements} numbers of {dtype}")
        if not math.prod(self.shape):
            return torch.empty(self.shape, dtype=dtype)
        flat = torch.frombuffer(bytearray(data), dtype=dtype)
        return flat.as_strided(self.shape, self.stride, self.offset).clone().contiguous()


@dataclass(frozen=True)
class TensorFile:
    """A file of named tensors, none of them read yet."""

    shapes: Mapping[str, tuple[int, ...]]
    """In the file's own order."""
    metadata: Mapping[str, str]
    read: Callable[[str], torch.Tensor]
    """Reads one tensor by name, while the file is open; raises UserError."""


def as_weight(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor as the networks here compute with it: every floating type becomes float32."""
    return tensor.float() if tensor.is_floating_point() else tensor
