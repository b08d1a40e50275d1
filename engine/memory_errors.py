"""Tells that memory has run out, whoever says so and in whatever words: Python, PyTorch's CPU, CUDA, MPS."""

from __future__ import annotations

WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "cannot allocate memory",
    "alloc_failed",
)
"""What the allocators of PyTorch, of CUDA's libraries and of the systems write, in lower case."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that there is not enough memory, the processor's or a GPU's.

    On the CPU PyTorch raises a plain RuntimeError, on a GPU `torch.OutOfMemoryError`, which is one, too.
    """
    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError | OSError):
        return False  # another may not even have words
    said = str(error).lower()
    return any(words in said for words in WORDS)
