"""Reads the tensors that a pickle describes without unpickling it: nothing in it can run.

`torch.save` writes pickles, and unpickling calls whatever functions the file names. This reader walks
the opcodes (`pickletools.genops` only parses) and builds inert records. The few names that a plain
state dict needs stand for records of ours; any other name or any other opcode is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from engine.errors import UserError
from engine.models.stored_tensor import Storage, StoredTensor

MOST_OPCODES = 5_000_000
RESAVE = "Save it as .safetensors or with torch.export.save as .pt2 and drop that instead"

STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
}  # fmt: skip


class Refused(Exception):
    """The pickle asks for something that a plain state dict does not need; the text says for what."""


def pickle_refusal(name: str, reason: object) -> UserError:
    """The one sentence for a pickle that is not opened."""
    what = f"{name} is a pickle, which can run code when it is opened"
    return UserError(what, next=RESAVE, details=str(reason))


def read_pickle(stream: BinaryIO) -> Any:
    """The value of the next pickle in `stream`: plain values, with a StoredTensor for each tensor.

    Raises Refused where it names anything but tensors, ValueError where it is damaged.
    """
    reader = _Reader()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count > MOST_OPCODES:
                raise ValueError("more opcodes than any state dict has")
            reader.step(opcode.name, argument)
        return reader.stack.pop()
    except (LookupError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError(f"damaged pickle: {error!r}") from error


@dataclass(frozen=True)
class _Global:
    """A name that the pickle asks for; one of the allowed ones."""

    name: str


_MARK = object()

_ALLOWED = {
    "collections.OrderedDict",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    *(f"torch.{storage}" for storage in STORAGES),
}


class _Reader:
    """The pickle machine's stack and memo, with inert values on them."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, opcode: str, argument: Any) -> None:
        if opcode in _PUSHED:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode]())
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self, argument)
        else:
            raise Refused(f"opcode {opcode}")

    def ignore(self, argument: Any) -> None:
        """PROTO, FRAME and STOP carry no value."""

    def find(self, argument: str) -> None:
        name = argument.replace(" ", ".", 1)
        if name not in _ALLOWED:
            raise Refused(f"the name {name[:200]}")
        self.stack.append(_Global(name))

    def put(self, argument: int) -> None:
        self.memo[argument] = self.stack[-1]

    def memoize(self, argument: None) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def get(self, argument: int) -> None:
        self.stack.append(self.memo[argument])

    def pop_mark(self) -> list[Any]:
        items: list[Any] = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def tuple_of_mark(self, argument: None) -> None:
        self.stack.append(tuple(self.pop_mark()))

    def tuple_of(self, count: int) -> None:
        items = [self.stack.pop() for _ in range(count)]
        self.stack.append(tuple(items[::-1]))

    def append(self, argument: None) -> None:
        item = self.stack.pop()
        _expect(self.stack[-1], list).append(item)

    def extend(self, argument: None) -> None:
        items = self.pop_mark()
        _expect(self.stack[-1], list).extend(items)

    def set_item(self, argument: None) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _expect(self.stack[-1], dict)[key] = value

    def set_items(self, argument: None) -> None:
        items = self.pop_mark()
        _expect(self.stack[-1], dict).update(zip(items[::2], items[1::2], strict=True))

    def build(self, argument: None) -> None:
        """A state dict carries its modules' versions as an attribute; they are let go."""
        self.stack.pop()
        _expect(self.stack[-1], dict)

    def persistent(self, argument: None) -> None:
        kind, storage, key, _device, elements = _expect(self.stack.pop(), tuple)[:5]
        dtype = STORAGES.get(_expect(storage, _Global).name.removeprefix("torch."))
        if kind != "storage" or dtype is None:
            raise Refused(f"a persistent {kind}")
        self.stack.append(Storage(str(key), dtype, _expect(elements, int)))

    def reduce(self, argument: None) -> None:
        arguments, function = _expect(self.stack.pop(), tuple), _expect(self.stack.pop(), _Global)
        if function.name == "collections.OrderedDict" and not arguments:
            self.stack.append({})
        elif function.name == "torch._utils._rebuild_parameter":
            self.stack.append(_expect(arguments[0], StoredTensor))
        elif function.name == "torch._utils._rebuild_tensor_v2":
            self.stack.append(_tensor(*arguments[:4]))
        else:
            raise Refused(f"a call of {function.name}")


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any) -> StoredTensor:
    tensor = StoredTensor(_expect(storage, Storage), _expect(shape, tuple), _expect(stride, tuple), offset)
    tensor.check()
    return tensor


_PUSHED = frozenset(
    [
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "FLOAT",
        "BINFLOAT",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
    ]
)

_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: _MARK,
}

_ACTIONS: dict[str, Callable[[_Reader, Any], None]] = {
    "PROTO": _Reader.ignore,
    "FRAME": _Reader.ignore,
    "STOP": _Reader.ignore,
    "GLOBAL": _Reader.find,
    "PUT": _Reader.put,
    "BINPUT": _Reader.put,
    "LONG_BINPUT": _Reader.put,
    "MEMOIZE": _Reader.memoize,
    "GET": _Reader.get,
    "BINGET": _Reader.get,
    "LONG_BINGET": _Reader.get,
    "TUPLE": _Reader.tuple_of_mark,
    "TUPLE1": lambda reader, _: reader.tuple_of(1),
    "TUPLE2": lambda reader, _: reader.tuple_of(2),
    "TUPLE3": lambda reader, _: reader.tuple_of(3),
    "APPEND": _Reader.append,
    "APPENDS": _Reader.extend,
    "SETITEM": _Reader.set_item,
    "SETITEMS": _Reader.set_items,
    "BUILD": _Reader.build,
    "BINPERSID": _Reader.persistent,
    "REDUCE": _Reader.reduce,
}
