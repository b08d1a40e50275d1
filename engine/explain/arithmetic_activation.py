"""Activations: the formula of each kind, with the number it was given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from engine.ask import Line, Step
from engine.explain.arithmetic_format import constant, factor, number
from engine.explain.arithmetic_window import numbers

Written = tuple[str, float]
"""A formula with its number in it, and what it comes to."""


def explain_activation(module: nn.Module, x: Tensor, index: tuple[int, ...], name: str) -> Step | None:
    """Output `index` of an activation that looks at each value of `x` (1, ...) on its own.

    `None` for a module that is no activation, or one whose formula is not known here.
    """
    formula_of = next((f for kind, f in _FORMULAS.items() if type(module).forward is kind.forward), None)
    if formula_of is None:
        return None
    formula, value = formula_of(module, float(numbers(x[(0, *index)])))
    return Step(name, type(module).__name__, (Line("activation", formula, value),))


def explain_prelu(module: nn.PReLU, x: Tensor, index: tuple[int, ...], name: str) -> Step:
    """As `explain_activation`: a leaky ReLU whose slope was learned, one for all or one a channel."""
    before = float(numbers(x[(0, *index)]))
    slope = float(numbers(module.weight[index[0] if module.num_parameters > 1 else 0]))
    formula, value = _leaky(slope, number(slope), before)
    return Step(name, "PReLU", (Line("activation", formula, value),))


def _exp(value: float) -> float:
    """e^value; infinite where float64 ends."""
    return math.exp(value) if value < 709 else math.inf


def _sigmoid(x: float) -> float:
    return 1 / (1 + _exp(-x))


def _clamped(x: float, low: float, high: float) -> float:
    return x if math.isnan(x) else min(max(low, x), high)


def _relu(module: Any, x: float) -> Written:
    return f"max(0, {number(x)})", x if math.isnan(x) else max(0.0, x)


def _hardtanh(module: Any, x: float) -> Written:  # ReLU6 is the one from 0 to 6
    low, high = float(module.min_val), float(module.max_val)
    return f"min(max({constant(low)}, {number(x)}), {constant(high)})", _clamped(x, low, high)


def _logistic(module: Any, x: float) -> Written:
    return f"1 / (1 + e^{factor(-x)})", _sigmoid(x)


def _silu(module: Any, x: float) -> Written:
    return f"{factor(x)} / (1 + e^{factor(-x)})", x * _sigmoid(x)


def _tanh(module: Any, x: float) -> Written:
    return f"tanh({number(x)})", math.tanh(x)


def _hardsigmoid(module: Any, x: float) -> Written:
    return f"min(max(0, {number(x)} + 3), 6) / 6", _clamped(x + 3, 0, 6) / 6


def _hardswish(module: Any, x: float) -> Written:
    return f"{factor(x)} × min(max(0, {number(x)} + 3), 6) / 6", x * _clamped(x + 3, 0, 6) / 6


def _gelu(module: Any, x: float) -> Written:
    if module.approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        text = f"0.5 × {factor(x)} × (1 + tanh(√(2/π) · ({number(x)} + 0.044715 · {factor(x)}³)))"
        return text, 0.5 * x * (1 + math.tanh(inner))
    # erfc keeps the digits that 1 + erf loses far below zero
    return f"{factor(x)} × Φ({number(x)})", x * 0.5 * math.erfc(-x / math.sqrt(2))


def _leaky(slope: float, written: str, x: float) -> Written:
    return (f"{number(x)}, above 0, is kept", x) if x > 0 else (f"{written} × {factor(x)}", slope * x)


def _leaky_relu(module: Any, x: float) -> Written:
    return _leaky(module.negative_slope, constant(module.negative_slope), x)


def _elu(module: Any, x: float) -> Written:
    if x > 0:
        return f"{number(x)}, above 0, is kept", x
    return f"{constant(module.alpha)} × (e^{factor(x)} − 1)", module.alpha * math.expm1(x)


_FORMULAS: dict[type[nn.Module], Callable[[Any, float], Written]] = {
    nn.ReLU: _relu,
    nn.Hardtanh: _hardtanh,
    nn.Sigmoid: _logistic,
    nn.SiLU: _silu,
    nn.Tanh: _tanh,
    nn.Hardsigmoid: _hardsigmoid,
    nn.Hardswish: _hardswish,
    nn.GELU: _gelu,
    nn.LeakyReLU: _leaky_relu,
    nn.ELU: _elu,
}
