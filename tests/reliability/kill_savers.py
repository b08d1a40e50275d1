"""Kills processes that save, at random moments, and says what each left behind. Imports neither torch nor Qt.

Usage: python kill_savers.py KIND FOLDER KILLS SEED. Every file is full of its number, so that a half or mixed
one shows. A process that saves tells each number once it is safely on the disk; killed, it must have left
that one or the next. One process makes all the others by forking, so nothing is imported again.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load, save

from engine.checkpoint import STALE_SECONDS, load_json, save_json, write_bytes_atomically
from engine.safetensors_header import read_header
from gui.memory import Memory

LARGE = 20_000
"""How often a file holds its number, so that most kills meet a write half done."""
MOST_SAVES = 5
LONGEST_WAIT = 0.004
"""Seconds after the last save that was waited for; about as long as one takes."""


class Kind(NamedTuple):
    """A kind of file: its name, how it is saved, and the number in it; `read` raises where not whole."""

    name: str
    save: Callable[[Path, int], object]
    read: Callable[[Path], int]


def _save_settings(folder: Path, number: int) -> bool:
    memory = Memory(folder, recent=[str(number)] * 10)
    memory.configs = {"lab": {f"field {place}": number for place in range(LARGE // 10)}}
    return memory.save()


def _read_settings(folder: Path) -> int:
    memory = Memory.load(folder)
    if (folder / "memory.bak").exists():
        raise ValueError("the settings were set aside as damaged")
    return _only({*map(int, memory.recent), *memory.config_of("lab").values()})


def _save_checkpoint(folder: Path, number: int) -> None:
    tensors = {f"layer{place}": np.full(LARGE, number, np.float32) for place in range(8)}
    write_bytes_atomically(folder / "run.safetensors", save(tensors, {"step": str(number)}))


def _read_checkpoint(folder: Path) -> int:
    header = read_header(folder / "run.safetensors")
    tensors = load((folder / "run.safetensors").read_bytes())
    return _only(
        {int(header.metadata["step"])}.union(*(set(np.unique(one).tolist()) for one in tensors.values()))
    )


KINDS = {
    "settings": Kind("memory.json", _save_settings, _read_settings),
    "session": Kind(
        "session.json",
        lambda folder, number: save_json(folder / "session.json", {"text": f"{number} " * 10 * LARGE}),
        lambda folder: _only({*load_json(folder / "session.json")["text"].split()}),
    ),
    "checkpoint": Kind("run.safetensors", _save_checkpoint, _read_checkpoint),
}


def _only(numbers: set[object]) -> int:
    if len(numbers) != 1:
        raise ValueError(f"parts of {sorted(map(str, numbers))[:3]} in one file")
    return int(next(iter(numbers)))  # ty: ignore[invalid-argument-type] - it is one of ours


def kill_one(kind: Kind, folder: Path, first: int, draw: random.Random) -> tuple[int, str]:
    """Let a process save `first` and so on, and kill it: the number found, and what is wrong, if anything."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        number = first
        while True:
            kind.save(folder, number)
            os.write(writing, number.to_bytes(8, "little"))
            number += 1
    os.close(writing)
    for _ in range(draw.randint(1, MOST_SAVES)):
        os.read(reading, 8)
    select.select([], [], [], LONGEST_WAIT * draw.random())
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    told = b""
    while part := os.read(reading, 2**16):
        told = part
    os.close(reading)
    safe = int.from_bytes(told[-8:], "little") if told else first
    try:
        found = kind.read(folder)
    except Exception as error:
        return safe, repr(error)
    return found, "" if safe <= found <= safe + MOST_SAVES else f"{safe} was safe, and {found} is there"


def main(name: str, folder: Path, kills: int, seed: int) -> None:
    """Print, as JSON, what was lost, how many half files lay about, and which outlived a later save."""
    kind, draw, number, lost = KINDS[name], random.Random(seed), 0, list[str]()
    kind.save(folder, number)
    for _ in range(kills):
        number, wrong = kill_one(kind, folder, number + 1, draw)
        if wrong:
            lost.append(wrong)
    half = [path for path in folder.iterdir() if path.name != kind.name]
    for path in half:
        os.utime(path, (time.time() - 2 * STALE_SECONDS,) * 2)
    kind.save(folder, number + 1)
    left = [path.name for path in folder.iterdir() if path.name != kind.name]
    print(json.dumps({"lost": lost, "half": len(half), "left": left, "torch": "torch" in sys.modules}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
