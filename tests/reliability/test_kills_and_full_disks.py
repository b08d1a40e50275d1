"""Kill -9 while saving, a full disk, a disk that refuses: the old file or the new one is there."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import NoReturn

import pytest
from kill_savers import KINDS
from sizes import KILLS, Scale, in_both_parts
from tally import Tally

from engine import checkpoint
from engine.errors import UserError

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is neither fork nor SIGKILL")
@in_both_parts(KILLS)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_moment_a_file_is_whole(kind: str, scale: Scale, tmp_path: Path, tally: Tally) -> None:
    script = Path(__file__).with_name("kill_savers.py")
    words = [sys.executable, str(script), kind, str(tmp_path), str(scale(KILLS)), "0"]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    tally.add(
        f"kill -9 while saving a {kind}", scale(KILLS), len(found["lost"]), half_files=str(found["half"])
    )
    assert found["lost"] == []
    assert found["left"] == []
    assert not found["torch"]


FULL = """
import os, resource, signal, sys
sys.path.insert(0, sys.argv[4])
from pathlib import Path
from engine import checkpoint
from engine.errors import UserError
from kill_savers import KINDS

kind, folder = KINDS[sys.argv[1]], Path(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in map(int, sys.argv[3].split(",")):
    kind.save(folder, 1)
    before = kind.read(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        saved = kind.save(folder, 2) is not False
    except UserError as error:
        saved = False
        assert "could not be saved" in error.sentence and str(folder) not in error.sentence, error.sentence
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert not saved
    assert kind.read(folder) == before
    assert [path.name for path in folder.iterdir()] == [kind.name]
print("whole")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a file is limited as Linux does it")
@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_is_full_at_any_byte_keeps_the_old_file(kind: str, tmp_path: Path, tally: Tally) -> None:
    limits = (0, 1, 7, 100, 4096, 20_000)
    words = [
        sys.executable,
        "-c",
        FULL,
        kind,
        str(tmp_path),
        ",".join(map(str, limits)),
        str(Path(__file__).parent),
    ]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr
    tally.add("saves on a full disk", len(limits))


CALLS = {
    "write": OSError(errno.ENOSPC, "No space left on device"),
    "fsync": OSError(errno.EIO, "Input/output error"),
    "replace": OSError(errno.ENOSPC, "No space left on device"),
    "open": PermissionError(errno.EACCES, "Permission denied"),
}
"""Calls of the system that saving makes, and what each may answer on a full, a dying or a read-only disk."""


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_refuses_any_call_keeps_the_old_file(
    kind: str, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    saver = KINDS[kind]
    saver.save(tmp_path, 1)
    _refuse(monkeypatch, call)
    assert not _saves(saver.save, tmp_path, CALLS[call].strerror)
    monkeypatch.undo()
    assert saver.read(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == [saver.name]
    tally.add("saves on a disk that refuses")


def _refuse(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Let every such call that saving makes raise; root, as whom CI runs, may write to a read-only folder."""

    def refused(*_: object, **__: object) -> NoReturn:
        raise CALLS[call]

    def open_for_nothing(path: Path, mode: str) -> NoWriting:
        return NoWriting(path, mode)

    class NoWriting(FileIO):
        write = refused

    if call in ("open", "write"):
        monkeypatch.setattr(
            checkpoint, "open", refused if call == "open" else open_for_nothing, raising=False
        )
    else:
        monkeypatch.setattr(os, call, refused)


def _saves(save: Callable[[Path, int], object], folder: Path, why: str) -> bool:
    """Whether it says that it has saved; else it must have said why not, and not where."""
    try:
        return save(folder, 2) is not False
    except UserError as error:
        sentence = error.sentence
    assert f"could not be saved: {why}" in sentence
    assert str(folder) not in sentence
    return False
