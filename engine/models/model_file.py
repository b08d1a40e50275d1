"""Reads a person's own model file: `.pt2`, or weights of a known architecture. Nothing in it ever runs."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import nn

from engine.data.file_bytes import display_name
from engine.errors import UserError
from engine.models.architectures import load_known
from engine.models.archive_guard import LARGEST_ARCHIVE
from engine.models.classifier import Classifier, class_names, ready
from engine.models.designed_classifier import designed_classifier
from engine.models.designs.files import is_designed
from engine.models.exported_file import read_exported
from engine.models.model_notes import Notes, notes_from_json, notes_from_metadata
from engine.models.pickle_scan import pickle_refusal
from engine.models.preprocessing import Preprocessing
from engine.models.stored_tensor import TensorFile
from engine.models.torch_file import open_torch_file
from engine.safetensors_header import read_header

MODEL_SUFFIXES = (".safetensors", ".pt2", ".pth", ".pt", ".bin", ".ckpt", ".pkl", ".pickle", ".onnx")
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""What most published networks were trained with; used for a network that does not say."""
CROP_PART = 0.875
"""The centre that is cut out, of the short side: 224 of 256, as ImageNet is usually evaluated."""


def read_model_file(path: Path) -> Classifier:
    """The classifier in a person's file.

    `.safetensors` of a network that was built here, and `.pt2`, bring their own design; other ones, and
    `.pth`, `.pt`, `.bin` and `.ckpt` that hold a plain state dict, must fit an architecture that is known
    here. Sizes and shapes are checked before anything is allocated. Raises UserError with one clear sentence
    for everything else.
    """
    _insist_on_file(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".pt2":
            return _exported(path)
        if suffix == ".safetensors":
            if is_designed(read_header(path).metadata):
                return designed_classifier(path)
            return _weights(path, _open_safetensors(path))
        if suffix in (".pth", ".pt", ".bin", ".ckpt"):
            return _weights(path, open_torch_file(path))
    except OSError as error:  # it vanished, or its disk did, while it was read
        raise UserError(
            f"{display_name(path)} could not be read", error.strerror or "", details=repr(error)
        ) from error
    raise _refusal(path, suffix)


def _exported(path: Path) -> Classifier:
    name = display_name(path)
    network, program, document = read_exported(path)
    notes = notes_from_json(document, name)
    side = program.input_shape[2]
    usual = Preprocessing(round(side / CROP_PART), side, IMAGENET_MEAN, IMAGENET_STD)
    return _classifier(path, path.stem, ready(network), network.classes, notes, usual)


def _weights(path: Path, opened: AbstractContextManager[TensorFile]) -> Classifier:
    name = display_name(path)
    with opened as file:
        architecture, model = load_known(file, name)
        notes = notes_from_metadata(file.metadata, name)
    classes = list(model.state_dict().values())[-1].shape[0]
    title = f"{path.stem} ({architecture.title})"
    return _classifier(path, title, ready(model), classes, notes, architecture.preprocessing())


def _classifier(
    path: Path, title: str, model: nn.Module, classes: int, notes: Notes, usual: Preprocessing
) -> Classifier:
    names = notes.classes or class_names(classes)
    if len(names) != classes:
        what = f"{display_name(path)} was not opened"
        raise UserError(what, f"it names {len(names)} classes and its network tells {classes} apart")
    return Classifier(str(path), title, model, notes.applied(usual), names, f"your file {display_name(path)}")


@contextmanager
def _open_safetensors(path: Path) -> Generator[TensorFile]:
    header = read_header(path)
    shapes = {name: entry.shape for name, entry in header.tensors.items()}
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            # Cloned, because what it gives is a view of the file, which may change or vanish.
            yield TensorFile(shapes, header.metadata, lambda name: file.get_tensor(name).clone())
    except SafetensorError as error:
        what = f"{display_name(path)} could not be read"
        raise UserError(what, "it is damaged", details=repr(error)) from error


def _insist_on_file(path: Path) -> None:
    name = display_name(path)
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{name} can't be read", "there is no such file any more", details=repr(error)
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise UserError(f"{name} is not a model file", "it is a folder or something special")
    if found.st_size == 0:
        raise UserError(f"{name} is empty", "the file holds no data", "Copy it again from where it came")
    if found.st_size > LARGEST_ARCHIVE:
        raise UserError(f"{name} is too large to open", f"at most {LARGEST_ARCHIVE / 2**30:.0f} GiB are read")


def _refusal(path: Path, suffix: str) -> UserError:
    name = display_name(path)
    if suffix in (".pkl", ".pickle"):
        return pickle_refusal(name, "its ending")
    then = "Save the network as .safetensors or with torch.export.save as .pt2 and drop that instead"
    return UserError(f"{name} is not a kind of model file that is read here", next=then)
