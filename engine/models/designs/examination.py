"""What a design would be as a network: shapes, cost, receptive fields, and why it cannot be one.

Everything is arithmetic; no tensor is made, so that it can be asked at each edit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from engine.errors import UserError
from engine.models.designs.block import Block
from engine.models.designs.design import Design
from engine.models.designs.layout import NORMALISE, laid_out
from engine.models.designs.plan import Part, Shape
from engine.models.layer import ReceptiveField

MOST_PARAMETERS = 50_000_000
MOST_MEMORY = 4 * 2**30
"""Bytes; what a training step may take unless the caller knows how much there is."""
BATCH = 64
BYTES = 4
COPIES = 4
"""Of each learned number: itself, its gradient, and the two averages of Adam."""


@dataclass(frozen=True)
class BlockFacts:
    """One block of a design, or the head, as it will stand in the network."""

    name: str
    """What its layers' names begin with: "convolution1"."""
    block: Block | None
    """None for the head."""
    shape_in: Shape
    """(C, H, W) of maps or (features,)."""
    shape_out: Shape
    parameters: int
    """Numbers that it learns, or learned where it is frozen."""
    multiply_adds: int
    """For one picture."""
    field: ReceptiveField | None
    """What each value that it puts out sees; None where there is no one rule for it."""
    layers: tuple[str, ...]
    """Dotted names of its layers in the built network, in the order in which they run."""


@dataclass(frozen=True)
class Examined:
    """A whole design, as far as it can be built."""

    facts: tuple[BlockFacts, ...]
    """One for each block and one for the head; with a problem, only those before it."""
    problem: tuple[int, UserError] | None
    """Which block cannot stand where it stands (their number for the head), and why."""
    parameters: int
    trainable: int
    """Those of the parameters that are not frozen."""
    multiply_adds: int
    memory: int
    """Bytes, about, that a training step takes."""


def examine(
    design: Design,
    shape: tuple[int, int, int],
    classes: int,
    *,
    batch: int = BATCH,
    memory: int = MOST_MEMORY,
) -> Examined:
    """What `design` is as a network for pictures of `shape` (C, H, W) and so many `classes`.

    A network that would need more than `memory` bytes to learn from `batch` pictures at a time is a problem
    like any other. Never raises because of the design.
    """
    facts: list[BlockFacts] = []
    sizes = _Sizes()
    problem = None
    try:
        for name, parts in laid_out(design, shape, classes):
            larger = sizes.grown(parts)
            _check_size(name, larger, batch, memory)
            block = design.blocks[len(facts)] if len(facts) < len(design.blocks) else None
            facts.append(_facts(name, block, facts[-1].shape_out if facts else shape, parts))
            sizes = larger
    except UserError as error:
        problem = len(facts), error
    return Examined(
        tuple(facts),
        problem,
        sizes.parameters,
        sizes.trainable,
        sum(fact.multiply_adds for fact in facts),
        sizes.memory(batch),
    )


def state_shapes(design: Design, shape: tuple[int, int, int], classes: int) -> dict[str, Shape]:
    """Name and shape of every tensor in the built network's `state_dict()`.

    Raises UserError where the design cannot be built.
    """
    shapes: dict[str, Shape] = {f"{NORMALISE}.{name}": (shape[0], 1, 1) for name in ("mean", "std")}
    for _, parts in laid_out(design, shape, classes):
        for part in parts:
            tensors = {**part.weights, **part.buffers}
            shapes |= {f"{part.name}.{tensor}": size for tensor, size in tensors.items()}
    return shapes


def _facts(name: str, block: Block | None, shape_in: Shape, parts: list[Part]) -> BlockFacts:
    last = parts[-1]
    return BlockFacts(
        name,
        block,
        shape_in,
        last.shape,
        parameters=sum(part.parameters for part in parts),
        multiply_adds=sum(part.multiply_adds for part in parts),
        field=last.sight.field(),
        layers=tuple(part.name for part in parts),
    )


@dataclass(frozen=True)
class _Sizes:
    """How large the layers so far are together."""

    parameters: int = 0
    trainable: int = 0
    kept: int = 0
    """Numbers that the layers that learn put out for one picture, and keep for the way back."""
    largest: int = 0
    """Numbers that the largest layer puts out for one picture."""

    def grown(self, parts: list[Part]) -> _Sizes:
        """With further layers."""
        learning = [part for part in parts if not part.frozen]
        return _Sizes(
            self.parameters + sum(part.parameters for part in parts),
            self.trainable + sum(part.parameters for part in learning),
            self.kept + sum(prod(part.shape) for part in learning),
            max(self.largest, *(prod(part.shape) for part in parts)),
        )

    def memory(self, batch: int) -> int:
        """Bytes of a training step: what is learned with what learning keeps beside it, what layers put out,
        and what the largest reads and puts out on the way there or back."""
        frozen = self.parameters - self.trainable
        return BYTES * (COPIES * self.trainable + frozen + batch * (self.kept + 2 * self.largest))


def _check_size(name: str, sizes: _Sizes, batch: int, memory: int) -> None:
    smaller = "Choose fewer channels or features, or pool more before the first dense block"
    if sizes.parameters > MOST_PARAMETERS:
        most = f"at most {MOST_PARAMETERS / 1e6:.0f} million are built"
        why = f"up to {name} it has {sizes.parameters / 1e6:,.0f} million, and {most}"
        raise UserError("The network has too many parameters", why, smaller)
    needed = sizes.memory(batch)
    if needed > memory:
        why = f"up to {name} a step on {batch} pictures takes about {needed / 1e9:.1f} GB"
        why += f", and {memory / 1e9:.1f} GB are there"
        raise UserError("The network needs too much memory", why, f"{smaller}, or take smaller pictures")
