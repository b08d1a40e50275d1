"""A `.pt2` file opens as the very network that was exported."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from small_network import SIDE, Net, pictures, save, trained
from torch import Tensor, nn

from engine.errors import UserError
from engine.models.anatomy import measure
from engine.models.catalogue import load_classifier
from engine.models.classifier import Classifier
from engine.models.model_file import read_model_file


@pytest.fixture(scope="module")
def net() -> nn.Module:
    return trained(Net())


@pytest.fixture(scope="module")
def exported(net: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(net, tmp_path_factory.mktemp("exported") / "small.pt2")


@pytest.fixture(scope="module")
def classifier(exported: Path) -> Classifier:
    return load_classifier(str(exported))


def test_logits_are_those_of_torch_export(net: nn.Module, exported: Path, classifier: Classifier) -> None:
    oracle = torch.export.load(exported).module()
    for count in (1, 2, 5):
        x = pictures(count)
        with torch.no_grad():
            assert torch.equal(classifier.model(x), oracle(x))
            assert torch.equal(classifier.model(x), net(x))


def test_layers_have_their_own_names_and_values(net: nn.Module, classifier: Classifier) -> None:
    x, seen = pictures(2), {}
    hooks = [
        module.register_forward_hook(
            lambda _m, _a, out, name=name: seen.setdefault(name, []).append(out.clone())
        )
        for name, module in net.named_modules()
        if name and not list(module.children())
    ]
    with torch.no_grad():
        net(x)
    for hook in hooks:
        hook.remove()
    modules = dict(classifier.model.named_modules())
    for name, outputs in seen.items():
        if name == "block.act":  # writes over what the norm gave
            continue
        for call, expected in enumerate(outputs, start=1):
            module, caught = modules[name if call == 1 else f"{name}_{call}"], []
            hook = module.register_forward_hook(lambda _m, _a, out, caught=caught: caught.append(out))
            with torch.no_grad():
                classifier.model(x)
            hook.remove()
            if not name.endswith((".norm", "depthwise")):
                assert torch.equal(caught[0], expected), name
            assert type(module) is type(net.get_submodule(name)), name


def test_layers_can_be_measured(classifier: Classifier) -> None:
    layers = {layer.name: layer for layer in measure(classifier.model, pictures(1))}
    kinds = {name: layer.kind for name, layer in layers.items()}
    assert kinds["stem.0"] == "convolution"
    assert kinds["depthwise"] == "depthwise convolution"
    assert kinds["block.add"] == "residual sum"
    assert kinds["pools.0"] == kinds["pools.1"] == "pooling"
    assert kinds["fc"] == "dense"
    assert layers["block.mul"].parameters == 8
    assert all("?" not in layer.inputs for layer in layers.values())


def test_what_the_classifier_says_of_itself(exported: Path, classifier: Classifier) -> None:
    assert (classifier.name, classifier.title) == (str(exported), "small")
    assert (classifier.preprocessing.resize, classifier.preprocessing.crop) == (18, SIDE)
    assert classifier.preprocessing.mean == (0.485, 0.456, 0.406)
    assert classifier.classes == tuple(f"class {index}" for index in range(10))
    assert not classifier.model.training
    assert not any(parameter.requires_grad for parameter in classifier.model.parameters())
    assert not any(getattr(module, "inplace", False) for module in classifier.model.modules())


def test_notes_of_the_file_are_used(tmp_path: Path, net: nn.Module) -> None:
    notes = {"classes": [f"kind {n}" for n in range(10)], "mean": [0.5, 0.4, 0.3], "std": [1, 2, 3]}
    save(net, tmp_path / "n.pt2", extra_files={"gridloop.json": json.dumps(notes)})
    classifier = read_model_file(tmp_path / "n.pt2")
    assert classifier.classes[3] == "kind 3"
    assert (classifier.preprocessing.mean, classifier.preprocessing.std) == ((0.5, 0.4, 0.3), (1.0, 2.0, 3.0))


@pytest.mark.parametrize("count", [1, 4])
def test_a_fixed_batch_still_takes_any(tmp_path: Path, net: nn.Module, count: int) -> None:
    model = read_model_file(save(net, tmp_path / "f.pt2", pictures(count))).model
    with torch.no_grad():
        assert torch.equal(model(pictures(3)), net(pictures(3)))


class Lambda(nn.Module):
    """A classifier of a convolution, whatever `function` does, and a dense layer."""

    def __init__(self, function: Callable[[Tensor, nn.Module], Any], features: int = 4) -> None:
        super().__init__()
        self.conv, self.fc, self.function = nn.Conv2d(3, 4, 3), nn.Linear(features, 5), function

    def forward(self, x: Tensor) -> Any:
        return self.function(self.conv(x), self.fc)


def pooled(x: Tensor, fc: nn.Module) -> Tensor:
    return fc(x.mean((2, 3)))


def overwritten(x: Tensor, fc: nn.Module) -> Tensor:
    y = x.relu_()
    return pooled(x + 2 * y, fc)


def one_by_one(x: Tensor, fc: nn.Module) -> Tensor:
    return fc(x.flatten()).unsqueeze(0)


def grouped(x: Tensor, fc: nn.Module) -> Tensor:
    return pooled(x.view(x.shape[0], 2, 2, 14, 14).transpose(1, 2).reshape(x.shape[0], 4, 14, 14), fc)


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("function", [overwritten, grouped])
def test_code_between_layers_is_kept(
    tmp_path: Path, function: Callable[[Tensor, nn.Module], Tensor], fixed: bool
) -> None:
    net = Lambda(function).eval()
    model = read_model_file(save(net, tmp_path / "m.pt2", pictures(1) if fixed else None)).model
    with torch.no_grad():
        assert torch.equal(model(pictures(3)), net(pictures(3)))


def test_a_built_in_batch_size_goes_picture_by_picture(tmp_path: Path) -> None:
    net = Lambda(one_by_one, 4 * 14 * 14).eval()
    model = read_model_file(save(net, tmp_path / "m.pt2", pictures(1))).model
    with torch.no_grad():
        expected = torch.cat([net(picture) for picture in pictures(3).split(1)])
        assert torch.equal(model(pictures(3)), expected)


def test_a_copy_in_double_precision_agrees(net: nn.Module, classifier: Classifier) -> None:
    double = copy.deepcopy(classifier.model).double()
    with torch.no_grad():
        assert torch.allclose(double(pictures(2).double()).float(), net(pictures(2)), atol=1e-5)
        assert torch.equal(classifier.model(pictures(2)), net(pictures(2)))


def test_a_softmax_at_the_end_is_left_off(tmp_path: Path) -> None:
    net = Lambda(lambda x, fc: pooled(x, fc).softmax(1)).eval()
    model = read_model_file(save(net, tmp_path / "m.pt2")).model
    with torch.no_grad():
        assert torch.equal(model(pictures(2)).softmax(1), net(pictures(2)))
        assert not torch.equal(model(pictures(2)), net(pictures(2)))


def test_core_operators_too(tmp_path: Path, net: nn.Module) -> None:
    program = torch.export.export(net, (pictures(1),)).run_decompositions()
    torch.export.save(program, tmp_path / "core.pt2")
    model = read_model_file(tmp_path / "core.pt2").model
    with torch.no_grad():
        assert torch.allclose(model(pictures(2)), net(pictures(2)), atol=1e-5)


class Awkward(nn.Module):
    """Layers with names that an opened network has a meaning for."""

    def __init__(self) -> None:
        super().__init__()
        self.classes, self._steps, self.one_at_a_time = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.one_at_a_time(self._steps(self.classes(x)).mean((2, 3)))


def test_layers_may_be_called_anything(tmp_path: Path) -> None:
    net = Awkward().eval()
    classifier = read_model_file(save(net, tmp_path / "m.pt2"))
    names = {name for name, _ in classifier.model.named_modules()}
    assert {"classes_", "_steps_", "one_at_a_time_"} <= names
    with torch.no_grad():
        assert torch.equal(classifier.model(pictures(2)), net(pictures(2)))


def views(x: Tensor, fc: nn.Module) -> Tensor:
    y = x * 2
    view = y.view(x.shape[0], 4, -1)
    y.add_(1)
    return fc(view.mean(2))


def spectrum(x: Tensor, fc: nn.Module) -> Tensor:
    return pooled(torch.fft.fft(x).abs(), fc)


UNFIT: dict[str, tuple[Callable[[], nn.Module], Tensor, str]] = {
    "views": (lambda: Lambda(views), pictures(1), "write over one another"),
    "fft": (lambda: Lambda(spectrum), pictures(1), "torch.ops.aten.fft_fft.default, which is not among"),
    "maps": (lambda: Lambda(lambda x, fc: x), pictures(1), "not one row of class scores"),
    "two": (lambda: Lambda(lambda x, fc: (pooled(x, fc), x)), pictures(1), "gives 2 outputs"),
    "grey": (lambda: nn.Conv2d(1, 2, 3), torch.rand(1, 1, 8, 8), "1 × 1 × 8 × 8, not a batch of square"),
    "oblong": (lambda: nn.Conv2d(3, 2, 3), torch.rand(1, 3, 8, 9), "not a batch of square colour"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_unfit_networks_are_named(tmp_path: Path, case: str) -> None:
    build, example, why = UNFIT[case]
    save(build().eval(), tmp_path / "m.pt2", example)
    with pytest.raises(UserError, match=r"^m\.pt2 was not opened: ") as caught:
        read_model_file(tmp_path / "m.pt2")
    assert why in caught.value.sentence


def test_training_mode_is_named(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Dropout(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).train()
    save(model, tmp_path / "m.pt2")
    with pytest.raises(UserError, match=r"exported in training mode; call model\.eval\(\)"):
        read_model_file(tmp_path / "m.pt2")
