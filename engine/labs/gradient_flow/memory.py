"""How much memory a race needs, and refusing what would not fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from engine.data.sequence_tasks import Task
from engine.errors import UserError
from engine.labs.gradient_flow.config import GradientFlowConfig
from engine.labs.gradient_flow.flow import MAP_ROWS, RECENT

BYTES = 4
GATES = {"lstm": 4, "lstm-no-forget-bias": 4, "gru": 3}
"""Of the cells that have any; blocks of the weights."""
KEPT = {"rnn": 5, "relu": 5, "irnn": 5, "lstm": 14, "lstm-no-forget-bias": 14, "gru": 12}
"""Numbers that a forward pass and its way back hold for each unit, sequence and step: measured 3, 12.2 and
8.5, and some room."""
COPIES = 9
"""Of the weights: themselves, gradients, two of Adam's, before the update, two as looked at, two in use."""
LEFT = 0.8
"""Share of the free memory that may be taken."""
_MEMINFO = Path("/proc/meminfo")


def estimate_bytes(config: GradientFlowConfig, task: Task, cells: Sequence[str]) -> int:
    """What a race with these settings takes at most: one network at a time goes forwards and backwards."""
    steps, hidden, batch = task.steps(config.length), config.hidden, config.batch
    passing = steps * batch * (max(KEPT[cell] for cell in cells) * hidden + 2 * task.outputs)
    inputs = 3 * steps * batch * task.inputs
    weights = sum(GATES.get(cell, 1) * hidden * (hidden + task.inputs + 2) for cell in cells)
    records = len(cells) * steps * (7 * MAP_ROWS + 2 * RECENT + 16 * hidden)
    return BYTES * (passing + inputs + COPIES * weights + records)


def free_bytes(device: torch.device) -> int:
    """Memory that can still be had, of the device that computes."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if _MEMINFO.exists():
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    import psutil  # where the system does not tell in a file

    return int(psutil.virtual_memory().available)


def refuse_what_does_not_fit(
    config: GradientFlowConfig, task: Task, cells: Sequence[str], device: torch.device
) -> None:
    """Raises UserError, with the estimate, where a race would take more memory than is left."""
    needed, free = estimate_bytes(config, task, cells), free_bytes(device)
    if needed > LEFT * free:
        raise UserError(
            f"These settings need about {_gigabytes(needed)} of memory",
            f"only {_gigabytes(free)} are free",
            "Choose a shorter length, fewer hidden units or a smaller batch",
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
