"""Gradients through time of one sample, against a training step and against autograd."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .finding import Finding
from .interleave import interleave, timed
from .machine import Others

SENTENCE = "Gradients through time of one sample of 32, trace and all, against a training step without them."
LIMIT = 1.2
AUTOGRAD_LIMIT = 1 / 10
ROUNDS = 24
STEPS = 64


def measure(rounds: int = ROUNDS) -> Iterator[Finding]:
    """Three cells of two sizes within forward and backward; then against one `autograd.grad` a step."""
    from .recurrent import CELLS, prepared

    prepared()
    for kind in CELLS:
        for units in (128, 512):
            yield _in_training(kind, units, rounds)
    for kind in CELLS:
        yield _against_autograd(kind, max(2, rounds // 3))


def _in_training(kind: str, units: int, rounds: int) -> Finding:
    from engine.explain.through_time import gradients_through_time
    from engine.models.recurrent_trace import trace_sample

    from .recurrent import SHOWN, Training

    training, others = Training(kind, units, STEPS), Others()

    def followed() -> None:
        output = training.step()
        traced = trace_sample(training.module, training.x, SHOWN, output=output)
        found = gradients_through_time(traced, training.module, output.grad[:, SHOWN])
        _ = found.layers[0].hidden.log_norms, found.input.log_norms

    timings = interleave(timed(training.step), {"followed": timed(followed)}, rounds)
    return Finding(
        f"{kind} of {units} in training",
        timings.ratio("followed"),
        LIMIT,
        others.cores(),
        control=timings.control,
        note=timings.fastest("followed"),
    )


def _against_autograd(kind: str, rounds: int) -> Finding:
    """Forward pass included: a loop and a call a step, against a fused pass, the trace and the recursion."""
    import torch

    from .recurrent import CELLS, INPUTS, cell_of

    module, x, others = CELLS[kind](INPUTS, 128), torch.randn(STEPS, INPUTS), Others()
    vector = torch.randn(128)
    autograd = timed(_call_a_step(cell_of(module), x, vector))
    timings = interleave(autograd, {"ours": timed(_ours(module, x, vector))}, rounds, warm_up=1)
    figure = timings.ratio("ours")
    note = f"{1 / figure.median:.3g} times as fast"
    name = f"{kind}, of autograd's time"
    return Finding(name, figure, AUTOGRAD_LIMIT, others.cores(), control=timings.control, note=note)


def _call_a_step(cell: object, x: object, vector: object) -> Callable[[], object]:
    import torch

    from .recurrent import loop_of_cells

    def run() -> object:
        states = loop_of_cells(cell, x)
        loss = (states[-1] * vector).sum()
        return [torch.autograd.grad(loss, state, retain_graph=True)[0].norm().log() for state in states]

    return run


def _ours(module: object, x: object, vector: object) -> Callable[[], object]:
    from engine.explain.through_time import gradients_through_time
    from engine.models.recurrent_trace import trace

    return lambda: gradients_through_time(trace(module, x), module, vector).layers[0].hidden.log_norms
