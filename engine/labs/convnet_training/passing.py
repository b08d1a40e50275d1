"""Keeps what each layer puts out and receives while one update passes through a network, and nothing else."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.hooks import RemovableHandle


class Passing:
    """Of the first picture of a batch, by layer: outputs and inputs forth, derivatives back.

    Batch norm's statistics, which a forward pass in training moves, are put back at once and move when
    `let_statistics_move` says so: until then the network is as it was.
    """

    def __init__(self, network: nn.Module, layers: tuple[str, ...]) -> None:
        """`layers` are looked at, in the order in which they run."""
        self.outputs: dict[str, Tensor] = {}
        """(1, ...) each, in the order in which they ran."""
        self.inputs: dict[str, tuple[Tensor, ...]] = {}
        """(1, ...) each; of batch norm the whole batch (B, ...), by which it normalises."""
        self.gradients: dict[str, Tensor] = {}
        """(1, ...) the derivative of the batch's loss by the output, once the backward pass is done."""
        self.logits = torch.empty(0)
        """(K,)"""
        self.first = torch.empty(0)
        """(1, ...) what went in."""
        self._network, self._layers = network, layers
        self._handles: list[RemovableHandle] = []
        self._moved: dict[str, Tensor] = {}

    @contextmanager
    def forward(self) -> Generator[None]:
        """Look at the forward pass inside; the hooks on its tensors then wait for the backward pass."""
        before = {name: buffer.clone() for name, buffer in self._network.named_buffers()}
        hooks = [self._network.register_forward_hook(self._keep_ends)]
        for name in self._layers:
            module = self._network.get_submodule(name)
            hooks.append(module.register_forward_hook(partial(self._keep, name)))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
            self._moved = {name: buffer.clone() for name, buffer in self._network.named_buffers()}
            self._set(before)

    def let_statistics_move(self) -> None:
        """Let the buffers be as the forward pass has left them."""
        self._set(self._moved)

    def close(self) -> None:
        """Remove every hook that is left."""
        while self._handles:
            self._handles.pop().remove()

    def _set(self, buffers: dict[str, Tensor]) -> None:
        for name, buffer in self._network.named_buffers():
            buffer.data.copy_(
                buffers[name]
            )  # by `data`, since the backward pass of batch norm holds on to it

    def _keep_ends(self, _module: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
        self.first, self.logits = args[0][:1].detach(), output[0].detach()

    def _keep(self, name: str, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
        if name in self.outputs:
            return  # it runs again
        count = None if isinstance(module, _BatchNorm) else 1
        self.inputs[name] = tuple(arg[:count].detach().clone() for arg in args if isinstance(arg, Tensor))
        self.outputs[name] = output[:1].detach().clone()
        if output.requires_grad:
            self._handles.append(output.register_hook(partial(self._keep_gradient, name)))

    def _keep_gradient(self, name: str, gradient: Tensor) -> None:
        self.gradients[name] = gradient[:1].detach().clone()
