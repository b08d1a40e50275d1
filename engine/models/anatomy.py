"""The layers of any network, measured during one forward pass: shape, cost, inputs and receptive field."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from engine.models.layer import Layer
from engine.models.layer_facts import Step, grouping, kind_of, only_window, padding_text, type_name
from engine.models.sight import Sight
from engine.models.sight_rules import sight_after
from engine.models.traced_call import UNCHANGING, Call, tensors_in

if TYPE_CHECKING:
    from torch._ops import OpOverload

INPUT, UNKNOWN = "input", "?"


def measure(model: nn.Module, x: Tensor) -> tuple[Layer, ...]:
    """The leaf modules that one forward pass of `model` on `x` calls, in the order of their first call.

    x: (1, C, H, W), on the model's device. The pass runs in eval mode; the model is left as it was.

    Operations that belong to no module, and later calls of a module that was called before, are looked
    through: what reads their result has the layers behind them as its inputs, and "?" beside these where
    they did more than move values. Multiply-adds count every call of a module.

    Raises ValueError for a batch of several pictures, and whatever the model raises for a picture it cannot
    read.
    """
    if x.dim() == 0 or x.shape[0] != 1:
        raise ValueError(f"measure takes a batch of one picture, not {tuple(x.shape)}")
    with torch.inference_mode(False), torch.no_grad():
        x = x.clone()  # a first in-place operation must not reach the caller's picture
        recorder = _Recorder(x)
        with _in_eval_mode(model), _watched(model, recorder), recorder:
            model(x)
    group_of = grouping(list(recorder.records))
    return tuple(record.layer(name, group_of(name)) for name, record in recorder.records.items())


@contextmanager
def _in_eval_mode(model: nn.Module) -> Generator[None]:
    """Every module in eval mode, and back as it was; by flag, as exported modules refuse `eval()`."""
    modules = list(model.modules())
    flags = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        yield
    finally:
        for module, flag in zip(modules, flags, strict=True):
            module.training = flag


@contextmanager
def _watched(model: nn.Module, recorder: _Recorder) -> Generator[None]:
    """Tells `recorder` when each leaf module of `model` is entered and left."""
    with ExitStack() as hooks:
        for name, module in model.named_modules():
            if not any(module.children()) or isinstance(module, nn.MultiheadAttention):
                enter, leave = partial(_enter, recorder, name), partial(_leave, recorder, name)
                hooks.callback(module.register_forward_pre_hook(enter, with_kwargs=True).remove)
                hooks.callback(module.register_forward_hook(leave).remove)
        yield


def _enter(recorder: _Recorder, name: str, module: nn.Module, args: object, kwargs: object) -> None:
    recorder.enter(name, module, [args, kwargs])


def _leave(recorder: _Recorder, name: str, module: nn.Module, args: object, output: object) -> None:
    recorder.leave(name, output)


@dataclass(frozen=True)
class _Origin:
    """Where a tensor came from: the layers that made it, and what its values see of the picture."""

    layers: tuple[str, ...]
    sight: Sight


@dataclass
class _Record:
    """What is noted about one layer while it runs."""

    module: nn.Module
    inputs: tuple[str, ...]
    shape: tuple[int, ...] = ()
    sight: Sight | None = None
    steps: list[Step] = field(default_factory=list)
    multiply_adds: int = 0

    def layer(self, name: str, group: str) -> Layer:
        sliding = only_window(self.steps)
        window = sliding.window if sliding else None
        return Layer(
            name=name,
            group=group,
            kind=kind_of(self.steps),
            type=type_name(self.module),
            shape=self.shape[1:],
            inputs=self.inputs,
            parameters=sum(parameter.numel() for parameter in self.module.parameters()),
            multiply_adds=self.multiply_adds,
            kernel=window.kernel if window else None,
            stride=window.stride if window else None,
            padding=padding_text(self.steps),
            dilation=window.dilation if window else None,
            groups=sliding.groups if sliding else 1,
            field=self.sight.field() if self.sight else None,
        )


class _Recorder(TorchDispatchMode):
    """Follows every tensor made from the picture through every operation, and notes what layers do."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.records: dict[str, _Record] = {}
        self.origins = WeakTensorKeyDictionary()
        self.origins[x] = _Origin((INPUT,), Sight.of_input(x.shape))
        self.running: str | None = None
        self.repeated = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled here; to guard against it would import the compiler, for seconds.

        WORKAROUND for torch 2.9 and newer, until TorchDispatchMode no longer imports torch._dynamo.
        """
        return False

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs one operation, and writes down what it did to tensors made from the picture."""
        keywords = kwargs or {}
        origins = (self.origins.get(tensor) for tensor in tensors_in([args, keywords]))
        sources = [origin for origin in origins if origin is not None]
        call = Call.of(func, args, keywords, self._sight)
        output = func(*args, **keywords)
        if sources:
            self._trace(call, sources, output)
            self._note(call, output)
        return output

    def enter(self, name: str, module: nn.Module, arguments: object) -> None:
        """A layer is about to run on the tensors in `arguments`."""
        if self.running is None:
            self.running, self.repeated = name, name in self.records
            self.records.setdefault(name, _Record(module, self._layers_behind(arguments)))

    def leave(self, name: str, output: object) -> None:
        """The layer has run; from its first call on, its output is its own."""
        if self.running != name:
            return
        self.running = None
        if self.repeated:
            return
        record = self.records[name]
        for tensor in reversed(list(tensors_in(output))):
            record.shape, record.sight = tuple(tensor.shape), self._sight(tensor)
            if record.sight is not None:
                self.origins[tensor] = _Origin((name,), record.sight)

    def _trace(self, call: Call, sources: list[_Origin], output: object) -> None:
        """Says where the results of an operation came from."""
        layers = [layer for source in sources for layer in source.layers]
        if call.name not in UNCHANGING:
            layers.append(UNKNOWN)
        for tensor in tensors_in(output):
            self.origins[tensor] = _Origin(_once(layers), sight_after(call, tensor.shape))

    def _note(self, call: Call, output: object) -> None:
        """Writes an operation down for the layer that runs."""
        if self.running is None:
            return
        record = self.records[self.running]
        record.multiply_adds += sum(call.multiply_adds(tensor.shape) for tensor in tensors_in(output))
        if not self.repeated:
            record.steps.append(Step.of(call))

    def _sight(self, tensor: Tensor) -> Sight | None:
        origin = self.origins.get(tensor)
        return origin.sight if origin else None

    def _layers_behind(self, arguments: object) -> tuple[str, ...]:
        """The layers that made the tensors among `arguments`; unknown for one not made from the picture."""
        origins = [self.origins.get(tensor) for tensor in tensors_in(arguments)]
        known = [layer for origin in origins for layer in (origin.layers if origin else (UNKNOWN,))]
        return _once(known or [UNKNOWN])


def _once(layers: list[str]) -> tuple[str, ...]:
    """Without repetitions, the unknown last."""
    known = dict.fromkeys(layer for layer in layers if layer != UNKNOWN)
    return (*known, UNKNOWN) if UNKNOWN in layers else tuple(known)
