"""Opens a `.pt2` file: guard, program, weights, and the proof that the network computes what was exported."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.data.file_bytes import display_name
from engine.errors import UserError
from engine.models.archive_guard import open_archive, read_entry
from engine.models.exported_build import open_up
from engine.models.exported_network import ExportedNetwork
from engine.models.exported_program import Program, Unsupported, parse_program, parse_tensors
from engine.models.pickle_scan import Refused, read_pickle
from engine.models.stored_tensor import StoredTensor, as_weight
from engine.models.torch_file import LEGACY_MAGIC

LARGEST_JSON = 64 * 2**20
LARGEST_PICKLE = 64 * 2**20
LARGEST_SIDE = 1024
"""Pixels; the side of the square picture that a network takes."""
LARGEST_BATCH = 64
"""Pictures in the batch that it was exported with."""
NOTES = "extra/gridloop.json"
"""Where `torch.export.save(..., extra_files={"gridloop.json": ...})` puts classes, mean and std."""

_PLAIN = (
    "archive_format", "archive_version", "byteorder", ".data/version", ".data/serialization_id",
    ".format_version", ".storage_alignment",
)  # fmt: skip
_FOLDERS = ("data/weights/", "data/constants/", "data/sample_inputs/", "models/", "extra/")
_RETRY = "Export it again with torch.export.export(model.eval(), (picture,)) and torch.export.save"


def read_exported(path: Path) -> tuple[ExportedNetwork, Program, bytes | None]:
    """The network in a `.pt2` file, its program, and the content of its gridloop.json if it has one.

    Nothing in the file runs: its pickles are looked through and left alone, its operators come from a
    closed list. Raises UserError where it is damaged, hostile, or no picture classifier.
    """
    name = display_name(path)
    try:
        with open_archive(path, name) as archive:
            return _read(archive, name)
    except Unsupported as error:
        raise UserError(f"{name} was not opened", str(error), _RETRY) from error
    except Refused as error:
        what = f"{name} holds a pickle that can run code when it is opened"
        raise UserError(what, next=_RETRY, details=str(error)) from error
    except UserError:
        raise
    except Exception as error:  # torch answers layers that do not fit with many kinds of exception
        why = "it is damaged, or its layers do not fit together"
        raise UserError(f"{name} could not be read", why, _RETRY, details=repr(error)) from error


def _read(archive: zipfile.ZipFile, name: str) -> tuple[ExportedNetwork, Program, bytes | None]:
    entries = _entries(archive)
    _scan_pickles(archive, entries, name)
    model = _only_model(entries)

    def document(entry: str) -> bytes:
        return read_entry(archive, entries[entry], LARGEST_JSON, name)

    program = parse_program(document(f"models/{model}.json"))
    if program.input_shape[2] > LARGEST_SIDE:
        raise Unsupported(
            f"it takes pictures of {program.input_shape[2]} pixels; at most {LARGEST_SIDE} are read"
        )
    sizes = {entry: archive.getinfo(full).file_size for entry, full in entries.items()}
    stored: dict[str, StoredTensor] = {}
    for kind in ("weights", "constants"):
        config = document(f"data/{kind}/{model}_{kind}_config.json")
        stored |= parse_tensors(config, sizes, f"data/{kind}/")
    states = {
        own: _load(archive, entries, stored[full], own in program.parameters, name)
        for own, full in program.states.items()
    }
    network = _proven(program, states)
    return network, program, document(NOTES) if NOTES in entries else None


def _check_example(program: Program) -> None:
    count, _, side, _ = program.input_shape
    if not 1 <= count <= LARGEST_BATCH or not 1 <= side <= LARGEST_SIDE:
        most = f"{LARGEST_BATCH} pictures of {LARGEST_SIDE} pixels"
        raise Unsupported(
            f"its example is a batch of {count} pictures of {side} pixels; at most {most} are read"
        )


def _entries(archive: zipfile.ZipFile) -> dict[str, str]:
    """From entry names without the archive's root folder to full ones; only what an export writes."""
    entries: dict[str, str] = {}
    for full in archive.namelist():
        root, _, entry = full.partition("/")
        if ".." in full or "\\" in full or root != archive.namelist()[0].partition("/")[0]:
            raise ValueError(f"an entry named {full[:60]}")
        if entry not in _PLAIN and not entry.startswith(_FOLDERS):
            raise Unsupported(f"it holds {entry[:60]}, which is no part of an exported network")
        entries[entry] = full
    if "archive_format" not in entries:
        raise Unsupported("it is not an exported network, or an older torch exported it")
    return entries


def _only_model(entries: dict[str, str]) -> str:
    models = [entry for entry in entries if entry.startswith("models/")]
    if len(models) != 1 or not models[0].endswith(".json"):
        raise Unsupported(f"it holds {len(models)} networks, not one")
    return models[0].removeprefix("models/").removesuffix(".json")


def _scan_pickles(archive: zipfile.ZipFile, entries: dict[str, str], name: str) -> None:
    """Look through every pickle, the sample inputs' included, though none of them is ever unpickled."""
    for entry, full in entries.items():
        if entry.startswith("data/constants/") and not entry.endswith("_config.json"):
            if not entry.startswith("data/constants/tensor_"):
                raise Refused(f"{entry} is a pickled object")
        elif entry.startswith("data/sample_inputs/"):
            _scan_sample(read_entry(archive, full, LARGEST_PICKLE, name), name)


def _scan_sample(data: bytes, name: str) -> None:
    if not data:
        return
    if not data.startswith(b"PK"):
        stream = io.BytesIO(data)
        if read_pickle(stream) == LEGACY_MAGIC:
            for _ in range(4):  # version, machine, value and storage keys: see torch_file.py
                read_pickle(stream)
        return
    with open_archive(io.BytesIO(data), name) as inner:
        for entry in inner.namelist():
            if entry.endswith(".pkl"):
                read_pickle(io.BytesIO(read_entry(inner, entry, LARGEST_PICKLE, name)))


def _load(
    archive: zipfile.ZipFile, entries: dict[str, str], stored: StoredTensor, trained: bool, name: str
) -> Tensor:
    limit = archive.getinfo(entries[stored.storage.key]).file_size
    data = read_entry(archive, entries[stored.storage.key], limit, name)
    tensor = as_weight(stored.build(data))
    return nn.Parameter(tensor, requires_grad=False) if trained else tensor


def _proven(program: Program, states: dict[str, Tensor]) -> ExportedNetwork:
    """The opened network, once its logits on noise are the program's and its batches are known."""
    x = torch.randn(program.input_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network, exported = open_up(program, states, x)
        if not bool(torch.isfinite(exported).all()):
            raise Unsupported("it gives infinite or undefined scores")
        opened = network(x)
        if not torch.equal(opened, exported):
            raise Unsupported("its layers write over one another's results, so it cannot be taken apart")
        alone = opened if len(x) == 1 else _attempt(network, x[:1])
        if not _agree(alone, exported[:1]):
            raise Unsupported(f"it was exported for batches of {len(x)} pictures only")
        second = _attempt(network, torch.cat([x[:1].flip(3), x[:1]]))
    network.one_at_a_time = second is None or not _agree(second[1:], exported[:1])
    return network


def _attempt(network: nn.Module, x: Tensor) -> Tensor | None:
    """The logits of another batch size; None where the program does not take it."""
    try:
        logits = network(x)
    except RuntimeError:
        return None
    return logits if logits.shape[0] == len(x) else None


def _agree(one: Tensor | None, other: Tensor) -> bool:
    return one is not None and torch.allclose(one, other, rtol=1e-3, atol=1e-4)
