"""A run as one file: network, optimiser, settings, pictures it learns from, and how it went so far."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from engine.data.pictures import PictureData
from engine.errors import UserError
from engine.lab import Pulse
from engine.labs.convnet_training.bench import KEPT_RUNS, Bench, pictures_for
from engine.labs.convnet_training.config import ConvnetTrainingConfig
from engine.labs.convnet_training.left_runs import LeftRun
from engine.labs.convnet_training.recipes import recipe_for
from engine.labs.convnet_training.run import TrainingRun
from engine.labs.convnet_training.snapshot import Curves, Watched
from engine.models.designs import Design, DesignedNetwork, examine
from engine.models.designs.network import assemble
from engine.read_only import read_only
from engine.safetensors_header import read_header
from engine.safetensors_parts import load_checked

FORMAT = "gridloop run 1"
SAMPLE = 4_000_000
"""Bytes of the pictures, evenly spread, by which it is told whether they are the same."""


T = TypeVar("T")
_fingerprints: WeakKeyDictionary[PictureData, str] = WeakKeyDictionary()


class Useless(UserError):
    """The file is damaged, of something else, or of another version: it will never be of use."""


# Out -------------------------------------------------------------------------------------------------


def contents(bench: Bench) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors that no further update changes, on the CPU, and the strings beside them."""
    run, config = bench.run, bench.config
    run.training.read_back()
    tensors = dict(run.state_to_keep())
    for name, tensor in run.training.network.state_dict().items():
        tensors.setdefault(f"network.{name}", tensor.detach().cpu())  # what is frozen never changes
    tables = {f"record.{name}": table for name, table in run.training.record.tables().items()}
    kept = []
    for place, curves in enumerate(bench.kept):
        arrays, plain = _packed(curves)
        tables |= {f"kept.{place}.{name}": array for name, array in arrays.items()}
        kept.append(plain)
    tensors |= {name: torch.from_numpy(np.array(table)) for name, table in tables.items()}
    about = {
        "name": run.name,
        "config": config.as_dict(),
        "design": run.design.to_json(),
        "data": bench.data.title,
        "classes": list(bench.data.classes),
        "shape": list(bench.data.shape),
        "pictures": fingerprint(bench.data),
        "step": run.step_count,
        "planned": run.training.planned,
        "per_epoch": run.training.steps_per_epoch,
        "begun_at": run.begun_at,
        "seconds": run.seconds,
        "runs_begun": bench.runs_begun,
        "accuracy": run.training.record.test_scores[-1][2] if run.training.record.test_scores else None,
        "written": time.time(),
        "kept": kept,
    }
    return tensors, {"format": FORMAT, "run": json.dumps(about, ensure_ascii=False, allow_nan=False)}


def fingerprint(data: PictureData) -> str:
    """Tells pictures apart from others by their number, their labels and a sample of them."""
    if data in _fingerprints:
        return _fingerprints[data]
    found = zlib.crc32(json.dumps([len(data.train), len(data.test), *data.shape]).encode())
    step = max(1, data.train.pictures.numel() // SAMPLE)
    for part in (data.train.labels, data.test.labels, data.train.pictures[::step].contiguous()):
        found = zlib.crc32(memoryview(part.cpu().reshape(-1).numpy()), found)
    return _fingerprints.setdefault(data, f"{found:08x}")


def _packed(curves: Curves) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a run's curves by name, and what else there is of them."""
    plain: dict[str, Any] = {"name": curves.name, "begun_at": curves.begun_at}
    arrays = _arrays_in(curves)
    if curves.watched is not None:
        plain["layers"] = list(curves.watched.layers)
        arrays |= {f"watched.{name}": array for name, array in _arrays_in(curves.watched).items()}
    return arrays, plain


def _arrays_in(view: Curves | Watched) -> dict[str, np.ndarray]:
    values = {field.name: getattr(view, field.name) for field in fields(view)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


# In --------------------------------------------------------------------------------------------------


def about(path: Path) -> LeftRun:
    """What the file at `path` tells of its run. Raises `Useless`."""
    try:
        metadata = read_header(path).metadata
    except UserError as error:
        raise Useless(error.what, error.why, error.next, details=error.details) from error
    told = _told(path, metadata)
    try:
        return LeftRun(
            name=str(told["name"]),
            data=str(told["data"]),
            step=int(told["step"]),
            per_epoch=max(1, int(told["per_epoch"])),
            planned=int(told["planned"]),
            accuracy=None if told["accuracy"] is None else float(told["accuracy"]),
            written=float(told["written"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error


def taken_up(path: Path, device: torch.device, pulse: Pulse, former: Bench | None) -> Bench:
    """The bench with that run, which goes on exactly as if it had never stopped.

    Raises `Useless`, or UserError where its pictures are not there any more or are others.
    """
    try:
        tensors, metadata = load_checked(path)
    except UserError as error:
        raise Useless(error.what, error.why, error.next, details=error.details) from error
    told = _told(path, metadata)
    try:
        config = ConvnetTrainingConfig.restore(told["config"])
        if config.as_dict() != told["config"]:
            raise Useless(f"{path.name} could not be read", "another version of Gridloop has written it")
        data = pictures_for(config, pulse, former)
        if fingerprint(data) != told["pictures"]:
            then = "Put them back as they were, or forget the run"
            raise UserError("The run was not taken up", f"the pictures of {told['data']} have changed", then)
        run = _run(told, tensors, config, data, device)
        bench = Bench.after(former, config, data, run)
        bench.kept = (*_kept(told, tensors), *bench.kept)[-KEPT_RUNS:]
        bench.runs_begun = max(bench.runs_begun, int(told["runs_begun"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _damaged(path, error) from error
    return bench


def _run(
    told: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    config: ConvnetTrainingConfig,
    data: PictureData,
    device: torch.device,
) -> TrainingRun:
    design = Design.from_json(told["design"])
    network = _network(design, data, tensors)
    run = TrainingRun(str(told["name"]), data, design, recipe_for(config, data), device, network=network)
    run.begun_at, run.seconds = int(told["begun_at"]), float(told["seconds"])
    run.begin_from(tensors, int(told["step"]))
    run.training.record.restore(_arrays(tensors, "record."))
    return run


def _network(design: Design, data: PictureData, tensors: Mapping[str, Tensor]) -> DesignedNetwork:
    problem = examine(design, data.shape, len(data.classes)).problem
    if problem is not None:
        raise problem[1]
    zeros, ones = (0.0,) * data.channels, (1.0,) * data.channels
    network = assemble(design, data.shape, len(data.classes), mean=zeros, std=ones, weights=False)
    network.load_state_dict(_named(tensors, "network."))
    return network


def _kept(told: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> list[Curves]:
    """The curves of the runs that were kept beside it."""
    return [_unpacked(_arrays(tensors, f"kept.{place}."), plain) for place, plain in enumerate(told["kept"])]


def _unpacked(arrays: Mapping[str, np.ndarray], plain: Mapping[str, Any]) -> Curves:
    own = {name: array for name, array in arrays.items() if not name.startswith("watched.")}
    watched = None
    if "layers" in plain:
        watched = Watched(layers=tuple(plain["layers"]), **_named(arrays, "watched."))
    return Curves(name=plain["name"], begun_at=plain["begun_at"], watched=watched, **own)


def _arrays(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, np.ndarray]:
    return {name: read_only(tensor.numpy()) for name, tensor in _named(tensors, prefix).items()}


def _named(things: Mapping[str, T], prefix: str) -> dict[str, T]:
    """Those whose names begin so, without that."""
    return {name.removeprefix(prefix): it for name, it in things.items() if name.startswith(prefix)}


def _told(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    if metadata.get("format") != FORMAT:
        why = "another version of Gridloop, or something else, has written it"
        raise Useless(f"{path.name} could not be read", why)
    try:
        told = json.loads(metadata["run"])
    except (KeyError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from error
    if not isinstance(told, dict):
        raise _damaged(path, TypeError("not an object"))
    return told


def _damaged(path: Path, error: Exception) -> Useless:
    return Useless(f"{path.name} could not be read", "it is damaged", details=repr(error))
