"""Adam, AdamW and SGD on PyTorch's own fused kernels, without loading PyTorch's compiler.

Constructing or stepping any class of `torch.optim` imports `torch._dynamo`, which takes 7 to 18 seconds at
first, holds the interpreter lock, and freezes the window meanwhile. The kernels themselves need none of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

import torch
from torch import Tensor


class Optimiser(ABC):
    """What the optimisers have in common: parameters, a learning rate, and some tensors for each parameter.

    Parameters without a gradient are left alone. The tensors are called "kind.index", the index in the order
    in which the parameters were given.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        self.lr = lr
        self._parameters = list(parameters)
        self._state: dict[str, list[Tensor]] = {}

    @torch.no_grad()
    def step(self, lr: float | None = None) -> None:
        """One update of every parameter that has a gradient, at the learning rate `lr`, or at `self.lr`."""
        for group in self._alike():
            self._update(group, self.lr if lr is None else lr)

    def zero_grad(self) -> None:
        """Let go of all gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def tensors(self) -> dict[str, Tensor]:
        """Everything that is needed to go on exactly, by name; the tensors are the optimiser's own."""
        return {f"{kind}.{index}": t for kind, kept in self._state.items() for index, t in enumerate(kept)}

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` returned for the same parameters.

        Raises ValueError, and changes nothing, where a tensor is missing or of another shape.
        """
        own = self.tensors()
        wrong = [name for name, t in own.items() if name not in tensors or tensors[name].shape != t.shape]
        if wrong:
            raise ValueError(f"of another model, or incomplete: {', '.join(wrong)}")
        for name, tensor in own.items():
            tensor.copy_(tensors[name])

    @abstractmethod
    def _update(self, indices: list[int], lr: float) -> None:
        """One update of the parameters `indices`, which share a device and a type."""

    def _alike(self) -> Iterator[list[int]]:
        """The parameters with a gradient; those of one device and type together, as the kernels need them."""

        def place(index: int) -> str:
            return f"{self._parameters[index].device} {self._parameters[index].dtype}"

        trained = [i for i, parameter in enumerate(self._parameters) if parameter.grad is not None]
        for _, group in groupby(sorted(trained, key=place), key=place):
            yield list(group)

    def _of(self, indices: list[int]) -> tuple[list[Tensor], list[Tensor]]:
        """The parameters and their gradients."""
        parameters = [self._parameters[i] for i in indices]
        return parameters, [parameter.grad for parameter in parameters if parameter.grad is not None]


class Adam(Optimiser):
    """Adam (Kingma and Ba 2015), or AdamW where the weight decay is `decoupled` (Loshchilov and Hutter 2019).

    The numbers of `torch.optim.Adam` and `torch.optim.AdamW` with fused=True. `momentum` (the first beta) and
    `weight_decay` may be changed between two steps.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        decoupled: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum, self._beta_2 = betas
        self.weight_decay, self._eps = weight_decay, eps
        self._kernel = torch._fused_adamw_ if decoupled else torch._fused_adam_
        self._state = {
            "exp_avg": [torch.zeros_like(p) for p in self._parameters],
            "exp_avg_sq": [torch.zeros_like(p) for p in self._parameters],
            "step": [torch.zeros((), dtype=torch.float32, device=p.device) for p in self._parameters],
        }

    def _update(self, indices: list[int], lr: float) -> None:
        means, squares, counts = ([kept[i] for i in indices] for kept in self._state.values())
        torch._foreach_add_(counts, 1)
        self._kernel(
            *self._of(indices),
            means,
            squares,
            [],
            counts,
            lr=lr,
            beta1=self.momentum,
            beta2=self._beta_2,
            weight_decay=self.weight_decay,
            eps=self._eps,
            amsgrad=False,
            maximize=False,
        )


class SGD(Optimiser):
    """Stochastic gradient descent with momentum, Nesterov's where asked for (Sutskever et al. 2013).

    The numbers of `torch.optim.SGD` with fused=True. ValueError for Nesterov's without a momentum. `momentum`
    and `weight_decay` may be changed between two steps; without a momentum Nesterov's way is the plain one.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        *,
        nesterov: bool = False,
    ) -> None:
        if nesterov and momentum <= 0:
            raise ValueError("Nesterov's momentum needs a momentum above 0")
        super().__init__(parameters, lr)
        self.weight_decay, self._nesterov = weight_decay, nesterov
        self.momentum = momentum

    @property
    def momentum(self) -> float:
        """Share of the last step that the next one keeps."""
        return self._momentum

    @momentum.setter
    def momentum(self, momentum: float) -> None:
        self._momentum = momentum
        if momentum and not self._state:
            self._state = {"momentum": [torch.zeros_like(p) for p in self._parameters]}

    def _update(self, indices: list[int], lr: float) -> None:
        torch._fused_sgd_(
            *self._of(indices),
            [self._state["momentum"][i] for i in indices] if self._momentum else [],
            weight_decay=self.weight_decay,
            momentum=self._momentum,
            lr=lr,
            dampening=0.0,
            nesterov=self._nesterov and self._momentum > 0,
            maximize=False,
            # Without dampening a buffer of zeros gives the first step that PyTorch makes a special case of.
            is_first_step=False,
        )
