"""What each of PyTorch's operations does to what the values of a tensor see of the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.models.sight import Sight, joined, plain, scattered
from engine.models.traced_call import WINDOWED, Call

Shape = Sequence[int]

KEEPING = {"detach", "_to_copy", "alias", "lift_fresh", "hardswish", "_prelu_kernel", "rsub", "dropout"}
"""Operations on each place alone that PyTorch does not mark as such."""
UPSAMPLING = {"upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_bilinear2d", "upsample_bicubic2d"}
ATTENDING = {
    "bmm",
    "baddbmm",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention",
}
"""Products of matrices that were both made from the picture, all their rows with all their columns."""


def sight_after(call: Call, shape: Shape) -> Sight:
    """What the values of a result of `shape` see; `call.sights` must not be empty.

    Of an operation without a rule it is only known that it sees no more than its inputs do.
    """
    rule = _rule(call)
    sight = rule(call, call.source, shape) if rule and call.source else None
    if sight is None and (call.pointwise or call.name in KEEPING):
        sight = joined(call.sights, shape)
    return sight or scattered(call.sights, shape, exact=False)


Rule = Callable[[Call, Sight, Shape], "Sight | None"]
"""From the call and its main input's sight to its result's; None where the rule does not fit."""


def _rule(call: Call) -> Rule | None:
    if "batch_norm" in call.name:
        return _batch_normed
    for names, rule in FAMILIES:
        if call.name in names:
            return rule
    return None


def _batch_normed(call: Call, source: Sight, shape: Shape) -> Sight | None:
    if tuple(shape) != source.shape:
        return None
    training = call.arguments.get("training", call.arguments.get("train", False))
    return scattered([source], shape, exact=True) if training else source


def _normed(call: Call, source: Sight, shape: Shape) -> Sight | None:
    """Group norm over each picture, layer norm over the last dimensions, softmax over one."""
    if tuple(shape) != source.shape:
        return None
    if call.name == "native_group_norm":
        return source.everywhere(range(1, len(shape)))
    if call.name == "native_layer_norm":
        return source.everywhere(range(len(shape) - len(call["normalized_shape"]), len(shape)))
    return source.everywhere([call.place()])


def _windowed(call: Call, source: Sight, shape: Shape) -> Sight | None:
    window = call.window()
    if not source.is_map():
        return None
    if window is None:
        return _resampled(call, source, shape)
    sight = source
    for number, place in enumerate((-2, -1)):
        sight = sight.windowed(
            len(shape) + place,
            window.kernel[number],
            window.stride[number],
            window.padding[number],
            window.dilation[number],
        )
    return sight.resized(shape)


def _padded(call: Call, source: Sight, shape: Shape) -> Sight:
    sight = source
    for step, before in enumerate(call["pad"][::2], start=1):
        sight = sight.windowed(len(shape) - step, 1, 1, before)
    return sight.resized(shape)


def _pooled(call: Call, source: Sight, shape: Shape) -> Sight | None:
    """Adaptive pooling: even windows where the sizes divide, the whole picture for one value."""
    if not source.is_map():
        return None
    sight = source
    for place in (len(shape) - 2, len(shape) - 1):
        before, after = source.shape[place], shape[place]
        if after == 1:
            sight = sight.everywhere([place])
        elif before % after == 0:
            sight = sight.windowed(place, before // after, before // after, 0)
        else:
            sight = sight.blurred(place)
    return sight.resized(shape)


def _resampled(call: Call, source: Sight, shape: Shape) -> Sight | None:
    if not source.is_map():
        return None
    return source.blurred(len(shape) - 2).blurred(len(shape) - 1).resized(shape)


def _reduced(call: Call, source: Sight, shape: Shape) -> Sight:
    rank = len(source.dimensions)
    named = call.arguments.get("dim")
    named = [named] if isinstance(named, int) else named or range(rank)
    places = {place % rank for place in named}
    sight = source.everywhere(places)
    if len(shape) < rank:
        return sight.permuted(place for place in range(rank) if place not in places)
    return sight.resized(shape)


def _multiplied(call: Call, source: Sight, shape: Shape) -> Sight | None:
    """A dense layer: rows of the input times a matrix that was not made from the picture."""
    if len(call.sights) > 1:
        return None
    last = len(source.dimensions) - 1
    return source.everywhere([last]).with_dimension(last, plain(shape[-1]))


def _attended(call: Call, source: Sight, shape: Shape) -> Sight | None:
    if len(call.sights) == 1:
        return _multiplied(call, source, shape)
    if len(shape) < 3:
        return None
    places = (len(shape) - 2, len(shape) - 1)
    return joined([sight.everywhere(places).resized(shape) for sight in call.sights], shape)


def _reshaped(call: Call, source: Sight, shape: Shape) -> Sight:
    return source.reshaped(shape)


def _permuted(call: Call, source: Sight, shape: Shape) -> Sight:
    rank = len(source.dimensions)
    if call.name == "permute":
        return source.permuted(place % rank for place in call["dims"])
    order = list(range(rank))
    first, second = (call.place("dim0"), call.place("dim1")) if call.name == "transpose" else (0, rank - 1)
    order[first], order[second] = order[second], order[first]
    return source.permuted(order)


def _expanded(call: Call, source: Sight, shape: Shape) -> Sight:
    return source.broadcast(shape)


def _restrided(call: Call, source: Sight, shape: Shape) -> Sight | None:
    """Pooling sets new strides on its one value a channel; of anything else the order may be lost."""
    runs = any(factor.axis is not None for dimension in source.dimensions for factor in dimension)
    return source if tuple(shape) == source.shape and not runs else None


def _concatenated(call: Call, source: Sight, shape: Shape) -> Sight:
    return joined(call.sights, shape, along=call["dim"] % len(shape))


def _sliced(call: Call, source: Sight, shape: Shape) -> Sight:
    place = call.place()
    length = source.shape[place]
    start = call["start"] or 0
    start = max(start + length, 0) if start < 0 else start
    return source.windowed(place, 1, call["step"], -start).resized(shape)


def _selected(call: Call, source: Sight, shape: Shape) -> Sight:
    place = call.place()
    one = (*source.shape[:place], 1, *source.shape[place + 1 :])
    sight = source.windowed(place, 1, 1, -(call["index"] % source.shape[place]))
    others = (other for other in range(len(one)) if other != place)
    return sight.resized(one).everywhere([place]).permuted(others)


def _split(call: Call, source: Sight, shape: Shape) -> Sight:
    return source.everywhere([call.place()], exact=False).resized(shape)


FAMILIES: tuple[tuple[set[str], Rule], ...] = (
    (WINDOWED, _windowed),
    (UPSAMPLING, _resampled),
    ({"constant_pad_nd"}, _padded),
    ({"_adaptive_avg_pool2d", "adaptive_max_pool2d"}, _pooled),
    ({"mean", "sum", "amax", "amin"}, _reduced),
    ({"native_group_norm", "native_layer_norm", "_softmax", "_log_softmax"}, _normed),
    ({"addmm", "mm"}, _multiplied),
    (ATTENDING, _attended),
    ({"view", "_unsafe_view", "_reshape_alias", "unsqueeze", "squeeze"}, _reshaped),
    ({"permute", "transpose", "t"}, _permuted),
    ({"expand"}, _expanded),
    ({"as_strided"}, _restrided),
    ({"cat"}, _concatenated),
    ({"slice"}, _sliced),
    ({"select"}, _selected),
    ({"split", "split_with_sizes"}, _split),
)
