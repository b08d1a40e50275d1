"""What the values of a whole tensor see of the picture, followed through changes of shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import prod

from engine.models.layer import ReceptiveField
from engine.models.receptive_field import Axis, together

Y, X = 0, 1


@dataclass(frozen=True)
class Factor:
    """`length` places along one dimension of a tensor; `axis` is Y or X where the picture runs along them."""

    length: int
    axis: int | None = None


Dimension = tuple[Factor, ...]
"""The factors of one dimension, slowest first: one, or several where dimensions were flattened into it."""


def plain(length: int) -> Dimension:
    """A dimension along which the picture does not run (channels, features)."""
    return (Factor(length),)


@dataclass(frozen=True)
class Sight:
    """What the values of one tensor see along Y and X, and which dimensions run along these axes."""

    axes: tuple[Axis, Axis]
    dimensions: tuple[Dimension, ...]

    @classmethod
    def of_input(cls, shape: Sequence[int]) -> Sight:
        """A picture (N, C, H, W), each of whose values sees itself; any other shape sees we know not what."""
        if len(shape) != 4:
            unknown = Axis(extent=0, size=0, jump=0, exact=False)
            return cls((unknown, unknown), tuple(plain(length) for length in shape))
        batch, channels, height, width = shape
        rows, columns = (Factor(height, Y),), (Factor(width, X),)
        return cls((Axis(height), Axis(width)), (plain(batch), plain(channels), rows, columns))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(_length(dimension) for dimension in self.dimensions)

    def field(self) -> ReceptiveField | None:
        """The receptive field, or None where the values do not follow one rule."""
        mixed = any(len(dimension) > 1 and _runs(dimension) for dimension in self.dimensions)
        if mixed or not all(axis.exact for axis in self.axes):
            return None
        y, x = self.axes
        return ReceptiveField(y.size, x.size, y.jump, x.jump, y.start, x.start)

    def axis_at(self, place: int) -> int | None:
        """Y or X where dimension `place` is the rows or the columns of the picture and nothing else."""
        dimension = self.dimensions[place]
        return dimension[0].axis if len(dimension) == 1 else None

    def is_map(self) -> bool:
        """Whether the last two dimensions are the picture's rows and columns, or see it all alike."""
        *others, rows, columns = self.dimensions
        plain_others = not any(_runs(dimension) for dimension in others)
        alone = all(len(dimension) == 1 for dimension in (rows, columns))
        return plain_others and alone and rows[0].axis in (None, Y) and columns[0].axis in (None, X)

    def seeing(self, number: int, axis: Axis) -> Sight:
        """The same, but with `axis` along Y or X."""
        y, x = self.axes
        return replace(self, axes=(axis, x) if number == Y else (y, axis))

    def windowed(self, place: int, kernel: int, stride: int, before: int, dilation: int = 1) -> Sight:
        """After a window slid along dimension `place`; see `Axis.windowed`."""
        number = self.axis_at(place)
        if number is None:
            return self
        return self.seeing(number, self.axes[number].windowed(kernel, stride, before, dilation))

    def everywhere(self, places: Iterable[int], *, exact: bool = True) -> Sight:
        """After each value came to depend on all the others along the dimensions `places`."""
        sight = self
        for place in places:
            for factor in sight.dimensions[place]:
                if factor.axis is not None:
                    axis = sight.axes[factor.axis].everywhere(factor.length, exact=exact)
                    sight = sight.seeing(factor.axis, axis)
            sight = sight.with_dimension(place, plain(_length(sight.dimensions[place])))
        return sight

    def blurred(self, place: int) -> Sight:
        """After dimension `place` was resampled: still the picture's, but by no simple rule."""
        dimension = self.dimensions[place]
        return self.everywhere([place], exact=False).with_dimension(place, dimension)

    def with_dimension(self, place: int, dimension: Dimension) -> Sight:
        """The same, but with another dimension `place`."""
        before, after = self.dimensions[:place], self.dimensions[place + 1 :]
        return replace(self, dimensions=(*before, dimension, *after))

    def resized(self, shape: Sequence[int]) -> Sight:
        """The same dimensions with other lengths; a flattened one that changes is lost."""
        sight = self
        for place, length in enumerate(shape):
            dimension = sight.dimensions[place]
            if _length(dimension) != length:
                if len(dimension) > 1:
                    sight = sight.everywhere([place], exact=False)
                sight = sight.with_dimension(place, (Factor(length, sight.axis_at(place)),))
        return sight

    def permuted(self, order: Iterable[int]) -> Sight:
        """With the dimensions in another order, or fewer of them."""
        return replace(self, dimensions=tuple(self.dimensions[place] for place in order))

    def reshaped(self, shape: Sequence[int]) -> Sight:
        """The same values in the same order under another shape; an axis cut in pieces is lost."""
        if tuple(shape) == self.shape:
            return self
        singles = [place for place, length in enumerate(self.shape) if length == 1]
        sight = self.everywhere(singles)
        factors = [factor for dimension in sight.dimensions for factor in dimension if factor.length > 1]
        dimensions: list[Dimension] = []
        for length in shape:
            taken = _take(factors, length)
            if taken is None:
                return scattered([self], shape, exact=False)
            dimensions.append(taken)
        kept = {factor.axis for dimension in dimensions for factor in dimension}
        lost = [place for place, dimension in enumerate(sight.dimensions) if not _runs(dimension) <= kept]
        return replace(sight.everywhere(lost, exact=False), dimensions=tuple(dimensions))

    def broadcast(self, shape: Sequence[int], along: int | None = None) -> Sight:
        """Repeated to `shape`; along dimension `along` it becomes a part of a longer whole."""
        missing = [plain(1)] * (len(shape) - len(self.dimensions))
        sight = replace(self, dimensions=(*missing, *self.dimensions))
        if along is not None:
            sight = sight.everywhere([along], exact=False).with_dimension(along, plain(shape[along]))
        repeated = [place for place, length in enumerate(sight.shape) if length != shape[place]]
        sight = sight.everywhere(repeated)
        for place in repeated:
            sight = sight.with_dimension(place, plain(shape[place]))
        return sight


def joined(sights: Sequence[Sight], shape: Sequence[int], along: int | None = None) -> Sight:
    """What values of `shape` see that are made from several tensors place by place, or laid end to end.

    The tensors are broadcast against each other; with `along` they are parts of that dimension instead.
    """
    aligned = [sight.broadcast(shape, along) for sight in sights]
    dimensions: list[Dimension] = []
    for place, length in enumerate(shape):
        choices = {sight.dimensions[place] for sight in aligned if _runs(sight.dimensions[place])}
        if len(choices) > 1:
            return scattered(sights, shape, exact=False)
        dimensions.append(choices.pop() if choices else plain(length))
    running = [factor.axis for dimension in dimensions for factor in dimension if factor.axis is not None]
    if len(running) > len(set(running)):
        return scattered(sights, shape, exact=False)
    lengths = {factor.axis: factor.length for dimension in dimensions for factor in dimension}
    y, x = (together([s.axes[number] for s in aligned], lengths.get(number, 1)) for number in (Y, X))
    return Sight((y, x), tuple(dimensions))


def scattered(sights: Sequence[Sight], shape: Sequence[int], *, exact: bool) -> Sight:
    """What values of `shape` see that may depend on everything (`exact`: do depend on everything)."""
    whole = [sight.everywhere(range(len(sight.dimensions)), exact=exact) for sight in sights]
    axes = [together([sight.axes[number] for sight in whole], 1) for number in (Y, X)]
    y, x = axes if exact else [replace(axis, exact=False) for axis in axes]
    return Sight((y, x), tuple(plain(length) for length in shape))


def _length(dimension: Dimension) -> int:
    return prod(factor.length for factor in dimension)


def _runs(dimension: Dimension) -> set[int]:
    """The picture's axes that run along `dimension`."""
    return {factor.axis for factor in dimension if factor.axis is not None}


def _take(factors: list[Factor], length: int) -> Dimension | None:
    """Takes factors with `length` places off the front of the list; None where the cut falls inside one."""
    taken: list[Factor] = []
    missing = length
    while missing > 1:
        if not factors:
            return None
        factor = factors.pop(0)
        if missing % factor.length == 0:
            taken.append(factor)
            missing //= factor.length
        elif factor.length % missing == 0:
            taken.append(Factor(missing))
            factors.insert(0, Factor(factor.length // missing))
            missing = 1
        else:
            return None
    runs = groupby(taken, key=lambda factor: factor.axis)
    return tuple(Factor(_length(tuple(run)), axis) for axis, run in runs) or plain(length)
