"""The oracle of the meddling tests: one layer in a plain float64 loop that is changed while it runs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.models.meddling import Intervention
from engine.models.recurrent_layer import GATES

Step = dict[str, Tensor]
"""(H,) each: what one step computed, by the names of a trace's columns."""

HELD = st.sampled_from([0.0, 1.0, 0.3, -0.7])


def meddled_loop(module: nn.RNNBase, x: Tensor, interventions: Sequence[Intervention]) -> list[Step]:
    """Run `x` (T, inputs) from zeros.

    Zeros are added to every h and c before others receive it: "probe h" and "probe c", whose gradients
    are those of the state, also where that hangs on nothing.
    """
    weight_x, weight_h, bias_x, bias_h = (w.detach().double() for w in module.all_weights[0])
    zeros, steps = torch.zeros(module.hidden_size, dtype=torch.float64), []
    h = c = zeros
    for t, row in enumerate(x):
        if any(each.kind == "reset" and each.step == t for each in interventions):
            h = c = zeros
        steps.append(
            _step(module.mode, weight_x @ row + bias_x, weight_h @ h + bias_h, h, c, t, interventions)
        )
        h, c = steps[-1]["h"], steps[-1].get("c", zeros)
    return steps


def _step(
    mode: str, a: Tensor, b: Tensor, h: Tensor, c: Tensor, t: int, interventions: Sequence[Intervention]
) -> Step:
    def changed(name: str, values: Tensor) -> Tensor:
        values = values.clone()
        for each in interventions:
            units = range(len(values)) if each.unit is None else [each.unit]
            for unit in units:
                if t >= each.step and each.kind == "hold" and each.gate == name:
                    values[unit] = each.value
                if t >= each.step and each.kind == "off" and name == "h":
                    values[unit] = 0
        return values

    probe_h, probe_c = (torch.zeros_like(h, requires_grad=True) for _ in range(2))
    probes = {"probe h": probe_h, "probe c": probe_c}
    if mode == "LSTM":
        (ai, af, ag, ao), (bi, bf, bg, bo) = a.chunk(4), b.chunk(4)
        i, f = changed("input", torch.sigmoid(ai + bi)), changed("forget", torch.sigmoid(af + bf))
        g, o = changed("cell", torch.tanh(ag + bg)), changed("output", torch.sigmoid(ao + bo))
        c = f * c + i * g + probe_c
        after = changed("h", o * torch.tanh(c)) + probe_h
        return {"h": after, "c": c, "input": i, "forget": f, "cell": g, "output": o} | probes
    if mode == "GRU":
        (ar, az, an), (br, bz, bn) = a.chunk(3), b.chunk(3)
        r, z = changed("reset", torch.sigmoid(ar + br)), changed("update", torch.sigmoid(az + bz))
        n = changed("new", torch.tanh(an + r * bn))
        after = changed("h", (1 - z) * n + z * h) + probe_h
        return {"h": after, "reset": r, "update": z, "new": n, "recurrent new": bn} | probes
    squash = torch.tanh if mode == "RNN_TANH" else torch.relu
    return {"h": changed("h", squash(a + b)) + probe_h, "preactivation": a + b} | probes


MODES = {"tanh": "RNN_TANH", "relu": "RNN_RELU", "rnn": "RNN_TANH", "lstm": "LSTM", "gru": "GRU"}


def some_interventions(kind: str, units: int, steps: int) -> st.SearchStrategy[list[Intervention]]:
    """Up to five of all kinds that a cell knows, at steps up to one after the last."""
    unit, step = st.none() | st.integers(0, units - 1), st.integers(0, steps)
    one = st.builds(Intervention, st.just("off"), step, unit) | st.builds(
        Intervention, st.just("reset"), step
    )
    if gates := GATES[MODES[kind]]:
        one |= st.builds(Intervention, st.just("hold"), step, unit, st.sampled_from(gates), HELD)
    return st.lists(one, max_size=5)


def some_of_each(kind: str, steps: int) -> list[list[Intervention]]:
    """Each kind alone, at the first step, in the middle and at the last; then several together."""
    alone: list[Intervention] = []
    for at in (0, steps // 2, steps - 1):
        alone += [Intervention("off", at, 1), Intervention("off", at), Intervention("reset", at)]
        for gate in GATES[MODES[kind]]:
            alone += [Intervention("hold", at, unit, gate, value) for unit, value in ((2, 1.0), (None, 0.4))]
    together = [
        Intervention("reset", 4),
        Intervention("off", 2, 0),
        Intervention("off", 9, 3),
        Intervention("reset", 9),
    ]
    if gates := GATES[MODES[kind]]:
        together += [Intervention("hold", 6, None, gates[1], 1.0), Intervention("hold", 3, 2, gates[1], 0.2)]
        together += [Intervention("hold", 5, 4, gates[2], -0.6), Intervention("hold", 8, 4, gates[2], 0.0)]
    return [*([each] for each in alone), together, together[::-1]]
