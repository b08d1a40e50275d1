"""The oracle of the recurrent tests: PyTorch's own cells in a loop over time, and autograd through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

CELLS: dict[str, tuple[type[nn.RNNBase], dict[str, Any]]] = {
    "tanh": (nn.RNN, {"nonlinearity": "tanh"}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, {}),
    "gru": (nn.GRU, {}),
}


def make(kind: str, inputs: int, units: int, layers: int = 1, *, seed: int = 0, **more: Any) -> nn.RNNBase:
    """A module of that kind, its weights drawn from `seed`."""
    torch.manual_seed(seed)
    cell, options = CELLS[kind]
    return cell(inputs, units, layers, **options, **more)


def sequence(steps: int, inputs: int, *, seed: int = 1) -> Tensor:
    """(steps, inputs) in float64, of numbers that float32 holds too."""
    return torch.randn(steps, inputs, generator=torch.Generator().manual_seed(seed)).double()


def as_float64(module: nn.RNNBase) -> nn.RNNBase:
    """The same module in float64."""
    options = CELLS[{"LSTM": "lstm", "GRU": "gru"}.get(module.mode, module.mode[4:].lower())][1]
    names = ("num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size")
    settings = {name: getattr(module, name) for name in names if getattr(module, name)} | options
    twin = type(module)(
        module.input_size,
        module.hidden_size,
        **settings | {"bias": module.bias},
        dtype=torch.float64,
    )
    twin.load_state_dict(module.state_dict())
    return twin.train(module.training)


@dataclass
class Loop:
    """What the loop went through: everything (1, width) a step, so that its gradients can be kept."""

    x: list[Tensor]
    h: list[list[Tensor]] = field(default_factory=list)
    """By layer, then by step."""
    c: list[list[Tensor]] = field(default_factory=list)
    gates: list[list[dict[str, Tensor]]] = field(default_factory=list)

    @property
    def output(self) -> Tensor:
        """(T, H) of the top layer."""
        return torch.cat(self.h[-1])


def loop(module: nn.RNNBase, x: Tensor, h: Tensor | None = None, c: Tensor | None = None) -> Loop:
    """Run `x` (T, inputs) step by step; h and c (layers, H) or zero. All keep their gradients."""
    module = as_float64(module)
    ran = Loop([row[None].double().requires_grad_() for row in x])
    below = ran.x
    for number, weights in enumerate(module.all_weights):
        cell = _cell(module, weights)
        state, carried = (
            torch.zeros(1, module.hidden_size, dtype=torch.float64)
            if each is None
            else each[number][None].double()
            for each in (h, c)
        )
        for part in (ran.h, ran.c, ran.gates):
            part.append([])
        for row in below:
            ran.gates[-1].append(_gates(module.mode, cell, row.detach(), state.detach()))
            if isinstance(cell, nn.LSTMCell):
                state, carried = cell(row, (state, carried))
                carried.retain_grad()
                ran.c[-1].append(carried)
            else:
                state = cell(row, state)
            state.retain_grad()
            ran.h[-1].append(state)
        below = ran.h[-1]
    return ran


def grads(values: list[Tensor]) -> Tensor:
    """(T, width) the gradient of each step's tensor; zero where the loss does not depend on it."""
    return torch.cat([torch.zeros_like(each) if each.grad is None else each.grad for each in values])


def _cell(module: nn.RNNBase, weights: list[Tensor]) -> nn.RNNCellBase:
    inputs, options = weights[0].shape[1], {"bias": module.bias, "dtype": torch.float64}
    if module.mode == "LSTM":
        cell: nn.RNNCellBase = nn.LSTMCell(inputs, module.hidden_size, **options)
    elif module.mode == "GRU":
        cell = nn.GRUCell(inputs, module.hidden_size, **options)
    else:
        cell = nn.RNNCell(inputs, module.hidden_size, nonlinearity=module.mode[4:].lower(), **options)
    for mine, given in zip(cell.parameters(), weights, strict=True):
        mine.data.copy_(given.detach())
    return cell.requires_grad_(False)


def _gates(mode: str, cell: nn.RNNCellBase, x: Tensor, h: Tensor) -> dict[str, Tensor]:
    """(1, H) each, by the equations in PyTorch's documentation."""
    from_x = nn.functional.linear(x, cell.weight_ih, cell.bias_ih)
    from_h = nn.functional.linear(h, cell.weight_hh, cell.bias_hh)
    if mode == "LSTM":
        i, f, g, o = (from_x + from_h).chunk(4, 1)
        return {"input": i.sigmoid(), "forget": f.sigmoid(), "cell": g.tanh(), "output": o.sigmoid()}
    if mode == "GRU":
        (xr, xz, xn), (hr, hz, hn) = from_x.chunk(3, 1), from_h.chunk(3, 1)
        r = (xr + hr).sigmoid()
        return {"reset": r, "update": (xz + hz).sigmoid(), "new": (xn + r * hn).tanh(), "recurrent new": hn}
    return {"preactivation": from_x + from_h}
