"""Reads the tensors that a pickle describes without unpickling it: nothing in it can run.

`torch.save` writes pickles, and unpickling calls whatever functions the file names. The few names that a
plain state dict needs stand for records of ours; any other name or any other opcode is refused.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from engine.errors import UserError
from engine.models.pickle_machine import Global, PickleMachine, Refused, expect
from engine.models.stored_tensor import Storage, StoredTensor

__all__ = ["RESAVE", "STORAGES", "Refused", "pickle_refusal", "read_pickle"]

MOST_OPCODES = 5_000_000
RESAVE = "Save it as .safetensors or with torch.export.save as .pt2 and drop that instead"

STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip


def pickle_refusal(name: str, reason: object) -> UserError:
    """The one sentence for a pickle that is not opened."""
    what = f"{name} is a pickle, which can run code when it is opened"
    return UserError(what, next=RESAVE, details=str(reason))


def read_pickle(stream: BinaryIO) -> Any:
    """The value of the next pickle in `stream`: plain values, with a StoredTensor for each tensor.

    Raises Refused where it names anything but tensors, ValueError where it is damaged.
    """
    return _StateDicts().read(stream, MOST_OPCODES)


class _StateDicts(PickleMachine):
    """Knows what a plain state dict is made of."""

    names = frozenset(
        {
            "collections.OrderedDict",
            "torch._utils._rebuild_tensor_v2",
            "torch._utils._rebuild_parameter",
            *(f"torch.{storage}" for storage in STORAGES),
        }
    )

    def set_state(self, value: Any, state: Any) -> None:
        """A state dict carries its modules' versions as an attribute; they are let go."""
        expect(value, dict)

    def persistent_value(self, key: Any) -> Storage:
        kind, storage, name, _device, elements = expect(key, tuple)[:5]
        dtype = STORAGES.get(expect(storage, Global).name.removeprefix("torch."))
        if kind != "storage" or dtype is None:
            raise Refused(f"a persistent {kind}")
        return Storage(str(name), dtype, expect(elements, int))

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        if name == "collections.OrderedDict" and not arguments:
            return {}
        if name == "torch._utils._rebuild_parameter":
            return expect(arguments[0], StoredTensor)
        if name == "torch._utils._rebuild_tensor_v2":
            return _tensor(*arguments[:4])
        raise Refused(f"a call of {name}")


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any) -> StoredTensor:
    tensor = StoredTensor(expect(storage, Storage), expect(shape, tuple), expect(stride, tuple), offset)
    tensor.check()
    return tensor
