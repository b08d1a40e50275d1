"""The pickle machine without its power: walks the opcodes and builds inert values; nothing in it can run.

`pickletools.genops` only parses. A reader says which names it knows and what record each call of them stands
for; any other name and any other opcode is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar


class Refused(Exception):
    """The pickle asks for something that the reader does not know; the text says for what."""


@dataclass(frozen=True)
class Global:
    """A name that the pickle asks for; one of those its reader knows."""

    name: str


class PickleMachine:
    """The pickle machine's stack and memo, with inert values on them.

    A subclass lists the `names` it knows and overrides `call`, `set_state` and `persistent_value`.
    """

    names: ClassVar[frozenset[str]] = frozenset()
    more_pushed: ClassVar[frozenset[str]] = frozenset()
    """Opcodes, beyond numbers and text, that push their argument."""
    more_actions: ClassVar[Mapping[str, Callable[[Any, Any], None]]] = {}
    """Opcodes beyond those of the shared table, and what they do."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """The record that calling `name` stands for. Raises Refused."""
        raise Refused(f"a call of {name}")

    def set_state(self, value: Any, state: Any) -> None:
        """What BUILD would give to `value`. Raises Refused."""
        raise Refused("an object with a state")

    def persistent_value(self, key: Any) -> Any:
        """What `key` stands for outside the pickle. Raises Refused."""
        raise Refused("a persistent value")

    def read(self, stream: BinaryIO, most_opcodes: int) -> Any:
        """The value of the next pickle in `stream`.

        Raises Refused where it asks for what the reader does not know, ValueError where it is damaged.
        """
        try:
            for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
                if count > most_opcodes:
                    raise ValueError("more opcodes than any such file has")
                self.step(opcode.name, argument)
            return self.stack.pop()
        except (LookupError, TypeError, AttributeError, UnicodeDecodeError) as error:
            raise ValueError(f"damaged pickle: {error!r}") from error

    def step(self, opcode: str, argument: Any) -> None:
        """Carry out one opcode."""
        if opcode in _PUSHED or opcode in self.more_pushed:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode]())
        elif action := _ACTIONS.get(opcode) or self.more_actions.get(opcode):
            action(self, argument)
        else:
            raise Refused(f"opcode {opcode}")

    def ignore(self, argument: Any) -> None:
        """PROTO, FRAME and STOP carry no value."""

    def find(self, argument: str) -> None:
        name = argument.replace(" ", ".", 1)
        if name not in self.names:
            raise Refused(f"the name {name[:200]}")
        self.stack.append(Global(name))

    def find_on_stack(self, argument: None) -> None:
        name, module = expect(self.stack.pop(), str), expect(self.stack.pop(), str)
        self.find(f"{module} {name}")

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
        expect(self.stack[-1], list).append(item)

    def extend(self, argument: None) -> None:
        items = self.pop_mark()
        expect(self.stack[-1], list).extend(items)

    def set_item(self, argument: None) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        expect(self.stack[-1], dict)[_key(key)] = value

    def set_items(self, argument: None) -> None:
        items = self.pop_mark()
        keys = (_key(key) for key in items[::2])
        expect(self.stack[-1], dict).update(zip(keys, items[1::2], strict=True))

    def build(self, argument: None) -> None:
        state = self.stack.pop()
        self.set_state(self.stack[-1], state)

    def persistent(self, argument: None) -> None:
        self.stack.append(self.persistent_value(self.stack.pop()))

    def reduce(self, argument: None) -> None:
        arguments, function = expect(self.stack.pop(), tuple), expect(self.stack.pop(), Global)
        self.stack.append(self.call(function.name, arguments))


def expect(value: Any, kind: type) -> Any:
    """`value`, which must be of that type. Raises ValueError."""
    if not isinstance(value, kind):
        raise ValueError(f"a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def _key(value: Any) -> Any:
    """A dictionary's key: hashing a tuple of tuples of the same tuples would take for ever."""
    if not isinstance(value, str | bytes | int):
        raise ValueError(f"a {type(value).__name__} as the key of a dictionary")
    return value


_MARK = object()

_PUSHED = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 FLOAT BINFLOAT BINUNICODE SHORT_BINUNICODE BINUNICODE8".split()
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

_ACTIONS: dict[str, Callable[[PickleMachine, Any], None]] = {
    "PROTO": PickleMachine.ignore,
    "FRAME": PickleMachine.ignore,
    "STOP": PickleMachine.ignore,
    "GLOBAL": PickleMachine.find,
    "PUT": PickleMachine.put,
    "BINPUT": PickleMachine.put,
    "LONG_BINPUT": PickleMachine.put,
    "MEMOIZE": PickleMachine.memoize,
    "GET": PickleMachine.get,
    "BINGET": PickleMachine.get,
    "LONG_BINGET": PickleMachine.get,
    "TUPLE": PickleMachine.tuple_of_mark,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPEND": PickleMachine.append,
    "APPENDS": PickleMachine.extend,
    "SETITEM": PickleMachine.set_item,
    "SETITEMS": PickleMachine.set_items,
    "BUILD": PickleMachine.build,
    "BINPERSID": PickleMachine.persistent,
    "REDUCE": PickleMachine.reduce,
}
