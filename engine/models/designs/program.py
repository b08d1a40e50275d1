"""Exports a designed network with torch.export as a `.pt2` file, which the image-classification lab opens.

torch.export loads PyTorch's compiler, which takes many seconds and would freeze a window; so a process of its
own does the work: `python -m engine.models.designs.program NETWORK.safetensors PROGRAM.pt2`.
"""

from __future__ import annotations

import copy
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.checkpoint import write_bytes_atomically
from engine.errors import UserError
from engine.models.designs.files import open_network, save_network
from engine.models.designs.layers import Enlarge
from engine.models.designs.network import DesignedNetwork

MODULE = "engine.models.designs.program"
NOTES = "gridloop.json"
LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in grey (ITU-R BT.601), as Pillow has them."""
PATIENCE = 300.0
"""Seconds."""


def export_program(path: str | Path, network: DesignedNetwork, classes: Sequence[str]) -> None:
    """Write `network` and the names of its classes as a `.pt2` file, for any number of pictures.

    The program takes colour pictures (N, 3, H, W) with values from 0 to 1, as the image-classification lab
    gives them, and turns them grey itself where the network reads grey ones; the mean and standard deviation
    are inside it. The lab opens what reads square pictures. Takes about ten seconds and keeps the interpreter
    free meanwhile. Raises UserError where it fails.
    """
    target = Path(path)
    with tempfile.TemporaryDirectory(prefix="gridloop-") as folder:
        weights, program = Path(folder, "network.safetensors"), Path(folder, "program.pt2")
        save_network(weights, network, network.design, classes, shape=network.shape)
        command = [sys.executable, "-m", MODULE, str(weights), str(program)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            subprocess.run(command, env=environment, capture_output=True, check=True, timeout=PATIENCE)
            data = program.read_bytes()
        except (subprocess.SubprocessError, OSError) as error:
            said = getattr(error, "stderr", None) or b""
            raise UserError(
                f"{target.name} could not be written",
                "torch.export did not finish",
                "Save the network as .safetensors or as source text instead",
                details=f"{error!r}\n{said.decode(errors='replace')[-4000:]}",
            ) from error
    write_bytes_atomically(target, data)


def program_bytes(network: DesignedNetwork, classes: Sequence[str]) -> bytes:
    """The content of the `.pt2` file. Loads PyTorch's compiler into this process."""
    _, height, width = network.shape
    example = torch.zeros(2, 3, height, width)
    shapes = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(portable(network), (example,), dynamic_shapes=shapes)
    notes = {"classes": list(classes), "mean": [0.0] * 3, "std": [1.0] * 3}
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={NOTES: json.dumps(notes)})
    return buffer.getvalue()


def portable(network: DesignedNetwork) -> DesignedNetwork:
    """A frozen copy in eval mode that reads colour, of operations that exported files may hold."""
    twin = copy.deepcopy(network).cpu().eval().requires_grad_(False)
    _, height, width = network.shape
    for name, module in list(twin.named_modules()):
        parent, _, own = name.rpartition(".")
        if isinstance(module, Enlarge):
            setattr(twin.get_submodule(parent), own, _Resample(height, width, module.side))
        elif isinstance(module, nn.AdaptiveMaxPool2d):
            setattr(twin.get_submodule(parent), own, _GlobalMaximum())
    if network.shape[0] == 1:
        children = dict(twin._modules)
        twin._modules.clear()
        twin._modules.update({"grey": _grey(), **children})
    return twin


class _Resample(nn.Module):
    """`Enlarge` as products with two matrices, which do along one axis what it does along both."""

    rows: Tensor
    columns: Tensor

    def __init__(self, height: int, width: int, side: int) -> None:
        super().__init__()
        self.register_buffer("rows", _matrix(height, side))
        self.register_buffer("columns", _matrix(width, side).T.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(torch.matmul(self.rows, x.expand(-1, 3, -1, -1)), self.columns)


def _matrix(length: int, side: int) -> Tensor:
    """(side, length): what bicubic resampling of `length` values to `side` multiplies them by."""
    ones = torch.eye(length)[None, None]
    return F.interpolate(ones, (side, length), mode="bicubic", align_corners=False, antialias=True)[0, 0]


class _GlobalMaximum(nn.Module):
    """`nn.AdaptiveMaxPool2d(1)`."""

    def forward(self, x: Tensor) -> Tensor:
        return x.amax((2, 3), keepdim=True)


def _grey() -> nn.Conv2d:
    """From colour to grey, as a convolution with known weights."""
    layer = nn.Conv2d(3, 1, 1, bias=False).requires_grad_(False)
    layer.weight.copy_(torch.tensor(LUMA).reshape(1, 3, 1, 1))
    return layer


def _main(weights: str, program: str) -> None:
    network, _, classes, _, _ = open_network(weights)
    Path(program).write_bytes(program_bytes(network, classes))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
