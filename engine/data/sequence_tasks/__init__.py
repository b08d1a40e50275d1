"""Tasks that tell how long a recurrent network remembers, each by its name."""

from __future__ import annotations

from engine.data.sequence_tasks.digits import Pixels, Rows
from engine.data.sequence_tasks.synthetic import Adding, CopyMemory, Recall, TemporalOrder
from engine.data.sequence_tasks.task import Baseline, Batch, Task

__all__ = ["TASKS", "Baseline", "Batch", "Task"]

TASKS: dict[str, Task] = {
    task.name: task for task in (Recall(), Adding(), CopyMemory(), TemporalOrder(), Rows(), Pixels())
}
