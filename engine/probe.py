"""Look inside a model while it runs: what its layers receive and put out, by name, always cleaned up."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from types import TracebackType
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from engine.errors import UserError


class Probe:
    """Keeps what the watched layers of a model receive and put out during its latest forward pass.

    A layer is hooked from one `watch` to the next, so a forward pass neither adds nor removes hooks
    and a layer that nobody watches costs nothing. Everything kept is detached and copied: networks
    overwrite activations in place (`ReLU(inplace=True)`, `out += identity`), and a view would then
    show numbers that the layer never put out. `copy=False` keeps views, which is cheaper where many
    layers are watched, and right only for a model known to overwrite nothing (`EfficientNetLite`). It
    works under `no_grad` and `inference_mode` and while gradients are recorded.

    Use it as a context manager, or call `close()` when done; both remove every hook.
    """

    def __init__(self, model: nn.Module, *, copy: bool = True) -> None:
        self.outputs: dict[str, Tensor] = {}
        """What each watched layer put out, at its first call in the latest forward pass. Every forward
        pass starts a new dictionary, so one that was kept stays as it is."""
        self.inputs: dict[str, tuple[Tensor, ...]] = {}
        """The tensors each watched layer received at that call; filled by `watch(..., inputs=True)`."""
        self._copy = copy
        self._modules = dict(model.named_modules())
        self._watching: list[RemovableHandle] = []
        self._start = model.register_forward_pre_hook(self._clear)

    @property
    def leaves(self) -> tuple[str, ...]:
        """Names of the layers that contain no other layer, in the order the model defines them."""
        return tuple(name for name, module in self._modules.items() if not any(module.children()))

    def watch(self, names: Iterable[str], *, inputs: bool = False) -> None:
        """Keep the outputs (and `inputs`) of exactly these layers from the next forward pass on.

        Raises UserError for a name that the model does not have; what was watched then stays watched.
        """
        modules = {name: self._find(name) for name in names}
        self._unwatch()
        for name, module in modules.items():
            if inputs:
                self._watching.append(module.register_forward_pre_hook(self._keep_inputs(name)))
            self._watching.append(module.register_forward_hook(self._keep_output(name)))

    def close(self) -> None:
        """Remove every hook. What was kept stays readable."""
        self._unwatch()
        self._start.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find(self, name: str) -> nn.Module:
        if name in self._modules:
            return self._modules[name]
        close = difflib.get_close_matches(name, self._modules, n=3)
        raise UserError(
            f"The network has no layer called “{name}”",
            next=f"Did you mean {' or '.join(close)}?" if close else "",
        )

    def _unwatch(self) -> None:
        while self._watching:
            self._watching.pop().remove()

    def _clear(self, _model: nn.Module, _args: tuple[Any, ...]) -> None:
        self.outputs, self.inputs = {}, {}

    def _keep_inputs(self, name: str) -> Any:
        # Before the call, because a layer that works in place overwrites what it received.
        def hook(_module: nn.Module, args: tuple[Any, ...]) -> None:
            if name not in self.inputs:
                self.inputs[name] = tuple(self._kept(arg) for arg in args if isinstance(arg, Tensor))

        return hook

    def _keep_output(self, name: str) -> Any:
        def hook(_module: nn.Module, _args: tuple[Any, ...], output: Any) -> None:
            if name not in self.outputs and (tensor := _first_tensor(output)) is not None:
                self.outputs[name] = self._kept(tensor)

        return hook

    def _kept(self, tensor: Tensor) -> Tensor:
        return tensor.detach().clone() if self._copy else tensor.detach()


class Capture(NamedTuple):
    """One forward pass: what the model returned and what its layers put out and received."""

    result: Any
    outputs: dict[str, Tensor]
    inputs: dict[str, tuple[Tensor, ...]]


def capture(
    model: nn.Module,
    x: Tensor,
    names: Iterable[str] | None = None,
    *,
    inputs: bool = False,
    copy: bool = True,
) -> Capture:
    """Run `model(x)` once without gradients and keep the named layers (all leaves by default).

    `copy` is that of `Probe`. Raises UserError for a name that the model does not have.
    """
    with Probe(model, copy=copy) as probe, torch.no_grad():
        probe.watch(probe.leaves if names is None else names, inputs=inputs)
        result = model(x)
    return Capture(result, probe.outputs, probe.inputs)


class _Reached(Exception):
    """Ends a forward pass early; nothing went wrong."""

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.value = value


def forward_to(model: nn.Module, layer: nn.Module, x: Tensor, *, before: bool = False) -> Tensor:
    """Run `model(x)` only as far as the first call of `layer` and return its output.

    With `before` return its first input instead and do not run the layer. What comes after the layer
    is never computed. Gradients are recorded or not as the caller has set. Raises UserError when the
    forward pass never reaches the layer or no tensor is there.
    """

    def received(_module: nn.Module, args: tuple[Any, ...]) -> None:
        raise _Reached(_require_tensor(args))

    def put_out(_module: nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        raise _Reached(_require_tensor(output))

    handle = layer.register_forward_pre_hook(received) if before else layer.register_forward_hook(put_out)
    try:
        model(x)
    except _Reached as reached:
        return reached.value
    finally:
        handle.remove()
    raise UserError("The network never runs this layer on this picture", next="Choose another layer")


def select_channel(output: Tensor, channel: int) -> Tensor:
    """One channel of a layer's output: (h, w) of feature maps (1, C, h, w), a scalar of (1, features).

    Raises UserError where the output has no such channel or is neither of the two.
    """
    if output.ndim not in (2, 4):
        raise UserError(
            "This layer has no channels to choose from",
            f"its output has the shape {tuple(output.shape)}",
            "Choose a layer with feature maps or a dense layer",
        )
    channels = output.shape[1]
    if not 0 <= channel < channels:
        raise UserError(
            f"There is no channel {channel}",
            f"the layer has {channels}",
            f"Choose a channel from 0 to {channels - 1}",
        )
    return output[0, channel]


def _require_tensor(value: Any) -> Tensor:
    tensor = _first_tensor(value)
    if tensor is None:
        raise UserError("This layer passes no tensor on", next="Choose another layer")
    return tensor


def _first_tensor(value: Any) -> Tensor | None:
    """A layer's output; of a tuple, such as a recurrent layer's (output, state), the first tensor."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (tuple, list)):
        return next((tensor for item in value if (tensor := _first_tensor(item)) is not None), None)
    return None
