"""The arithmetic under the pointer, against torch.nn.functional in float64."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from engine.ask import Box, Step
from engine.explain.arithmetic import (
    answer,
    chain,
    explain_chain,
    explain_input,
    explain_softmax,
    explain_value,
)
from engine.explain.arithmetic_format import added, constant, factor, number, product_sum, taken, total
from engine.models.layer import Layer, ReceptiveField

# torch says once that an even kernel costs it a copy; that is what the test asks for.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")


@pytest.fixture(autouse=True)
def _seeded_without_gradients() -> Iterator[None]:
    torch.manual_seed(0)
    with torch.no_grad():
        yield


def everywhere(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(size) for size in shape))


def corners_and_middle(shape: tuple[int, ...]) -> set[tuple[int, ...]]:
    return set(itertools.product(*({0, size // 2, size - 1} for size in shape)))


def exact(module: nn.Module, *inputs: Tensor) -> Tensor:
    """What torch puts out in float64 for the same float32 numbers."""
    module.double()
    try:
        return module(*(x.double() for x in inputs))
    finally:
        module.float()


def check(module: nn.Module, *inputs: Tensor, name: str = "layer") -> list[Step]:
    """Every corner, edge and middle of the output: 1e-12 to float64, 1e-5 to the float32 output."""
    output = module(*inputs)
    wanted = exact(module, *inputs)
    steps = []
    for index in sorted(corners_and_middle(tuple(output.shape[1:]))):
        step = explain_value(module, inputs, output, index, name=name)
        value = step.lines[-1].value
        assert value == pytest.approx(float(wanted[(0, *index)]), rel=1e-12, abs=1e-12)
        assert value == pytest.approx(float(output[(0, *index)]), rel=1e-5, abs=1e-5)
        assert step.layer == name
        assert step.operation
        assert all(line.label and line.formula for line in step.lines)
        steps.append(step)
    return steps


# Convolutions

CONVOLUTIONS = {
    "ordinary": nn.Conv2d(3, 4, 3),
    "no bias": nn.Conv2d(3, 4, 3, bias=False),
    "zeros": nn.Conv2d(3, 4, 3, padding=1),
    "strided": nn.Conv2d(3, 4, 3, stride=2, padding=1),
    "uneven": nn.Conv2d(3, 4, (3, 5), stride=(2, 1), padding=(0, 3), dilation=(2, 1)),
    "reflect": nn.Conv2d(3, 4, 5, padding=2, padding_mode="reflect"),
    "reflect, uneven": nn.Conv2d(3, 4, (3, 5), padding=(3, 1), stride=2, padding_mode="reflect"),
    "replicate": nn.Conv2d(3, 4, 5, padding=3, padding_mode="replicate"),
    "circular": nn.Conv2d(3, 4, 5, stride=2, padding=2, padding_mode="circular"),
    "dilated": nn.Conv2d(3, 4, 3, dilation=3, padding=3),
    "grouped": nn.Conv2d(6, 9, 3, groups=3, padding=1),
    "depthwise": nn.Conv2d(6, 6, 3, groups=6, stride=2, padding=1),
    "depthwise, two each": nn.Conv2d(3, 6, 3, groups=3),
    "pointwise": nn.Conv2d(8, 5, 1),
    "same": nn.Conv2d(3, 4, 4, padding="same"),
    "same, dilated": nn.Conv2d(3, 4, (2, 3), padding="same", dilation=(3, 2)),
    "same, reflect": nn.Conv2d(3, 4, 4, padding="same", padding_mode="reflect"),
    "valid": nn.Conv2d(3, 4, 4, padding="valid"),
}


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolution_adds_up(kind: str) -> None:
    module = CONVOLUTIONS[kind]
    for step in check(module, torch.randn(1, module.in_channels, 9, 8)):
        products = step.products
        assert products is not None
        kernel = tuple(module.weight.shape[1:])
        shapes = [products.patch.shape, products.kernel.shape, products.products.shape, products.inside.shape]
        assert shapes == [kernel] * 4
        assert step.lines[0].value == products.products.sum()
        if module.bias is not None:
            assert len(step.lines) == 2
            assert step.lines[1].value in step.lines[0].value + module.bias.double().numpy()


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolution_shows_the_patch_that_torch_reads(kind: str) -> None:
    """The patch, its channels and where it lies in the padding, against `unfold` of the padded input."""
    module = CONVOLUTIONS[kind]
    x = torch.randn(1, module.in_channels, 9, 8)
    output = module(x)
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    pads = module._reversed_padding_repeated_twice if module.padding != "valid" else [0] * 4
    settings = {"kernel_size": module.kernel_size, "dilation": module.dilation, "stride": module.stride}
    read = F.unfold(F.pad(x, pads, mode=mode).double(), **settings)[0]
    inside = F.unfold(F.pad(torch.ones_like(x), pads), **settings)[0]
    each = module.in_channels // module.groups
    for channel, row, column in corners_and_middle(tuple(output.shape[1:])):
        place = row * output.shape[3] + column
        first = channel // (module.out_channels // module.groups) * each
        shape = (module.in_channels, *module.kernel_size)
        products = explain_value(module, (x,), output, (channel, row, column), name="c").products
        assert products is not None
        np.testing.assert_array_equal(products.channels, np.arange(first, first + each))
        wanted = read[:, place].reshape(shape)[first : first + each]
        np.testing.assert_array_equal(products.patch, wanted.numpy())
        wanted = inside[:, place].reshape(shape)[first : first + each] == 1
        np.testing.assert_array_equal(products.inside, wanted.numpy())
        np.testing.assert_array_equal(products.kernel, module.weight[channel].double().numpy())


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_convolution(data: st.DataObject) -> None:
    def draw(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    groups, kernel, dilation = draw(1, 3), (draw(1, 4), draw(1, 4)), (draw(1, 2), draw(1, 2))
    module = nn.Conv2d(
        groups * draw(1, 2),
        groups * draw(1, 2),
        kernel,
        stride=(draw(1, 3), draw(1, 3)),
        padding=(draw(0, 3), draw(0, 3)),
        dilation=dilation,
        groups=groups,
        bias=data.draw(st.booleans()),
        padding_mode=data.draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"])),
    )
    x = torch.randn(1, module.in_channels, draw(7, 10), draw(7, 10))
    output, wanted = module(x), exact(module, x)
    index = tuple(data.draw(st.integers(0, size - 1)) for size in output.shape[1:])
    value = explain_value(module, (x,), output, index, name="c").lines[-1].value
    assert value == pytest.approx(float(wanted[(0, *index)]), rel=1e-12, abs=1e-12)


class SameConv(nn.Conv2d):
    """TensorFlow's SAME padding: enough for ceil(size / stride) outputs, the odd pixel at the end."""

    def same_padding(self, height: int, width: int) -> tuple[int, int, int, int]:
        pads = []
        for size, k, s, d in zip(
            (width, height), self.kernel_size[::-1], self.stride[::-1], self.dilation[::-1], strict=True
        ):
            needed = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
            pads += [needed // 2, needed - needed // 2]
        return tuple(pads)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, self.same_padding(*x.shape[-2:]))
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (7, 10)])
@pytest.mark.parametrize("kernel", [(3, 3), (5, 3), (2, 4)])
@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_padded_by_the_size_of_its_input(
    size: tuple[int, int], kernel: tuple[int, int], stride: int
) -> None:
    steps = check(SameConv(4, 4, kernel, stride=stride, groups=2), torch.randn(1, 4, *size))
    assert steps[0].lines[0].formula.startswith(f"{2 * kernel[0] * kernel[1]} products summed")


def test_a_convolution_with_its_own_forward_is_not_explained_as_an_ordinary_one() -> None:
    class Standardised(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            return F.conv2d(x, self.weight - self.weight.mean(), self.bias)

    module, x = Standardised(2, 2, 3), torch.randn(1, 2, 5, 5)
    output = module(x)
    step = explain_value(module, (x,), output, (1, 2, 0), name="c")
    assert step.products is None
    assert step.operation == "Standardised"
    assert [line.value for line in step.lines] == [float(output[0, 1, 2, 0])]


def test_the_padding_is_counted_in_the_formula() -> None:
    module, x = nn.Conv2d(3, 1, 3, padding=1), torch.randn(1, 3, 4, 4)
    formulas = {
        index: explain_value(module, (x,), module(x), (0, *index), name="c").lines[0].formula
        for index in ((0, 0), (0, 1), (1, 1))
    }
    assert formulas == {
        (0, 0): "27 products summed, 15 of them in the padding",
        (0, 1): "27 products summed, 9 of them in the padding",
        (1, 1): "27 products summed",
    }


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_precisions(dtype: torch.dtype) -> None:
    module = nn.Conv2d(2, 3, 3, padding=1).to(dtype)
    x = torch.randn(1, 2, 5, 5).to(dtype)
    output = module(x)
    wanted = F.conv2d(x.double(), module.weight.double(), module.bias.double(), padding=1)
    for index in everywhere((3, 5, 5)):
        value = explain_value(module, (x,), output, index, name="c").lines[-1].value
        assert value == pytest.approx(float(wanted[(0, *index)]), rel=1e-12, abs=1e-12)


# Dense layers, norms, activations


def test_dense_layer() -> None:
    module, x = nn.Linear(7, 5), torch.randn(1, 7)
    for unit, step in enumerate(check(module, x)[:2]):
        assert step.products is not None
        assert step.products.products.shape == (7, 1, 1)
        assert step.products.inside.all()
        np.testing.assert_array_equal(step.products.channels, np.arange(7))
        np.testing.assert_array_equal(step.products.patch[:, 0, 0], x[0].double().numpy())
        row = module.weight[(0, 2)[unit]].double().numpy()
        np.testing.assert_array_equal(step.products.kernel[:, 0, 0], row)


def test_dense_layer_of_tokens_without_bias() -> None:
    check(nn.Linear(6, 4, bias=False), torch.randn(1, 3, 6))


def trained_norm(module: nn.Module) -> nn.Module:
    """Running statistics, scales and shifts that are not one and zero."""
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape) + 0.5)
    return module.eval()


@pytest.mark.parametrize(
    "module",
    [
        nn.BatchNorm2d(3),
        nn.BatchNorm2d(3, eps=1e-3),
        nn.BatchNorm2d(3, affine=False),
        nn.BatchNorm2d(3, track_running_stats=False),
    ],
)
def test_batch_norm(module: nn.BatchNorm2d) -> None:
    for step in check(trained_norm(module), torch.randn(1, 3, 4, 5)):
        if module.affine:
            assert step.lines[-1].value == pytest.approx(step.lines[-2].value, rel=1e-12)


def test_the_folded_batch_norm_is_scale_times_x_plus_shift() -> None:
    module = nn.BatchNorm2d(1, eps=0.0).eval()
    for name, value in {"running_mean": 1.0, "running_var": 4.0, "weight": 3.0, "bias": 0.5}.items():
        getattr(module, name).fill_(value)
    x = torch.full((1, 1, 1, 1), 2.0)
    lines = explain_value(module, (x,), module(x), (0, 0, 0), name="bn").lines
    assert [line.formula for line in lines] == [
        "(2.000 − 1.000) / √(4.000 + 0)",
        "0.5000 × 3.000 + 0.5000",
        "2.000 × 1.500 − 1.000",
    ]
    assert [line.value for line in lines] == [0.5, 2.0, 2.0]


def test_batch_norm_of_a_batch_in_training() -> None:
    module, x = nn.BatchNorm2d(3).train(), torch.randn(4, 3, 5, 5)
    wanted = F.batch_norm(x.double(), None, None, training=True)
    for index in corners_and_middle((3, 5, 5)):
        value = explain_value(module, (x,), module(x), index, name="bn").lines[-1].value
        assert value == pytest.approx(float(wanted[(0, *index)]), abs=1e-12)


def test_batch_norm_of_features() -> None:
    check(trained_norm(nn.BatchNorm1d(5)), torch.randn(1, 5))


@pytest.mark.parametrize(
    "module",
    [nn.LayerNorm(6), nn.LayerNorm((4, 6)), nn.LayerNorm(6, bias=False), nn.LayerNorm(6, 1e-3, False)],
)
def test_layer_norm(module: nn.LayerNorm) -> None:
    check(trained_norm(module), torch.randn(1, 4, 6))


class LayerNorm2d(nn.LayerNorm):
    """Normalises the channels of each place, as torchvision's does."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def test_layer_norm_of_channels() -> None:
    check(trained_norm(LayerNorm2d(5)), torch.randn(1, 5, 3, 4))


class Permute(nn.Module):
    """As torchvision's."""

    def __init__(self, dims: list[int]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.dims)


@pytest.mark.parametrize("dims", [[0, 2, 3, 1], [0, 3, 1, 2], [0, 1, 3, 2]])
def test_permuted_values_are_found(dims: list[int]) -> None:
    check(Permute(dims), torch.randn(1, 3, 4, 5))


ACTIVATIONS: dict[nn.Module, Callable[[Tensor], Tensor]] = {
    nn.ReLU(): F.relu,
    nn.ReLU(inplace=False): F.relu,
    nn.ReLU6(): F.relu6,
    nn.Hardtanh(-0.5, 2.0): lambda x: F.hardtanh(x, -0.5, 2.0),
    nn.SiLU(): F.silu,
    nn.Sigmoid(): torch.sigmoid,
    nn.Tanh(): torch.tanh,
    nn.Hardswish(): F.hardswish,
    nn.Hardsigmoid(): F.hardsigmoid,
    nn.GELU(): F.gelu,
    nn.GELU(approximate="tanh"): lambda x: F.gelu(x, approximate="tanh"),
    nn.LeakyReLU(0.1): lambda x: F.leaky_relu(x, 0.1),
    nn.ELU(0.7): lambda x: F.elu(x, 0.7),
    nn.PReLU(1): lambda x: F.prelu(x, torch.tensor([0.25], dtype=torch.float64)),
}


@pytest.mark.parametrize("module", ACTIVATIONS, ids=lambda module: str(module))
def test_activation(module: nn.Module) -> None:
    values = [-800.0, -9.0, -3.0, -1.25, -1e-3, 0.0, 1e-3, 0.5, 1.25, 3.0, 6.0, 9.0, 800.0]
    x = torch.tensor(values).view(1, 1, 1, -1)
    output = module(x)
    wanted = ACTIVATIONS[module](x.double())
    for place, value in enumerate(values):
        step = explain_value(module, (x,), output, (0, 0, place), name="act")
        assert step.lines[-1].value == pytest.approx(float(wanted[0, 0, 0, place]), rel=1e-12, abs=1e-12)
        shown = (number(value), number(-value))
        assert any(text in step.lines[-1].formula for text in shown)


def test_activation_formulas_read_as_they_should() -> None:
    def formula(module: nn.Module, value: float) -> str:
        x = torch.full((1, 1), value)
        return explain_value(module, (x,), module(x), (0,), name="act").lines[-1].formula

    assert formula(nn.ReLU6(), 0.887) == "min(max(0, 0.8870), 6)"
    assert formula(nn.ReLU(), -0.887) == "max(0, −0.8870)"
    assert formula(nn.SiLU(), -2.0) == "(−2.000) / (1 + e^2.000)"
    assert formula(nn.LeakyReLU(0.01), -2.0) == "0.01 × (−2.000)"
    assert formula(nn.LeakyReLU(0.01), 2.0) == "2.000, above 0, is kept"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("module", [nn.ReLU(), nn.ReLU6(), nn.Sigmoid(), nn.Tanh(), nn.ELU()])
def test_what_is_not_finite_stays_so(module: nn.Module, value: float) -> None:
    x = torch.full((1, 1), value)
    found = explain_value(module, (x,), module(x), (0,), name="act").lines[-1].value
    assert found == pytest.approx(float(module(x)), nan_ok=True)


def test_a_learned_slope_for_each_channel() -> None:
    module = nn.PReLU(3)
    module.weight.copy_(torch.tensor([0.1, 0.2, 0.3]))
    check(module, torch.randn(1, 3, 4, 4))


# Pooling


@pytest.mark.parametrize(
    "module",
    [
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.MaxPool2d((3, 2), stride=(1, 2), dilation=(2, 1)),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        nn.MaxPool2d(3, stride=3, padding=1, ceil_mode=True),
        nn.AdaptiveMaxPool2d((3, 4)),
        nn.AdaptiveMaxPool2d(1),
    ],
    ids=str,
)
def test_max_pooling_names_the_winner(module: nn.Module) -> None:
    x = torch.randn(1, 2, 10, 9) - 5  # all negative: padding must never win
    module.return_indices = True
    _, winners = module(x)
    module.return_indices = False
    output = module(x)
    check(module, x)
    for index in everywhere(tuple(output.shape[1:])):
        step = explain_value(module, (x,), output, index, name="pool")
        row, column = divmod(int(winners[(0, *index)]), 9)
        assert step.lines[-1].formula.endswith(f", in row {row}, column {column}")
        assert step.products is not None
        assert step.products.kernel.sum() == 1
        assert step.products.products.sum() == step.lines[-1].value
        assert step.products.channels.tolist() == [index[0]]
        assert step.products.inside[step.products.kernel == 1].all()


@pytest.mark.parametrize(
    "module",
    [
        nn.AvgPool2d(2),
        nn.AvgPool2d(3, stride=2, padding=1),
        nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
        nn.AvgPool2d((3, 2), stride=(1, 2), divisor_override=5),
        nn.AvgPool2d(3, stride=2, ceil_mode=True),
        nn.AvgPool2d(4, stride=3, padding=1, ceil_mode=True),
        nn.AvgPool2d(4, stride=3, padding=2, ceil_mode=True, count_include_pad=False),
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveAvgPool2d((3, 4)),
        nn.AdaptiveAvgPool2d((None, 2)),
    ],
    ids=str,
)
def test_average_pooling(module: nn.Module) -> None:
    for step in check(module, torch.randn(1, 2, 11, 9)):
        assert step.products is not None
        assert step.products.products.sum() == pytest.approx(step.lines[-1].value, abs=1e-14)


# Sums, softmax, what passes on, what is not known


class ResidualSum(nn.Module):
    def forward(self, *terms: Tensor) -> Tensor:
        return sum(terms[1:], terms[0])


def test_residual_sum() -> None:
    a, b = torch.tensor([[1.5]]), torch.tensor([[-0.25]])
    step = explain_value(ResidualSum(), (a, b), a + b, (0,), name="add")
    assert step.lines[-1].formula == "1.500 − 0.2500"
    check(ResidualSum(), torch.randn(1, 2, 3, 4), torch.randn(1, 2, 3, 4))
    check(ResidualSum(), *(torch.randn(1, 2, 3, 4) for _ in range(3)))


@pytest.mark.parametrize(
    ("dim", "shape"), [(1, (1, 6)), (-1, (1, 3, 6)), (1, (1, 3, 4, 5)), (2, (1, 3, 4, 5))]
)
def test_softmax_layer(dim: int, shape: tuple[int, ...]) -> None:
    check(nn.Softmax(dim), torch.randn(shape))


@pytest.mark.parametrize(
    "module", [nn.Identity(), nn.Dropout(0.5).eval(), nn.Dropout2d(0.5).eval(), nn.Flatten(2)]
)
def test_what_is_passed_on(module: nn.Module) -> None:
    assert len(check(module, torch.randn(1, 3, 4, 5))[0].lines) == 1


def test_flatten_finds_the_place() -> None:
    check(nn.Flatten(), torch.randn(1, 3, 4, 5))
    check(nn.Unflatten(1, (3, 4)), torch.randn(1, 12))


@pytest.mark.parametrize("module", [nn.Softplus(), nn.GroupNorm(1, 3), nn.Dropout(0.5).train()])
def test_an_unknown_layer_gets_no_invented_formula(module: nn.Module) -> None:
    x = torch.rand(1, 3, 4, 4) + 1
    output = module(x)
    step = explain_value(module, (x,), output, (2, 1, 3), name="odd")
    assert step.operation == type(module).__name__
    assert step.products is None
    assert [line.value for line in step.lines] == [float(output[0, 2, 1, 3])]
    assert "not known" in step.lines[0].formula


def test_an_input_overwritten_in_place_is_said_not_hidden() -> None:
    module, x = nn.Conv2d(2, 2, 3), torch.randn(1, 2, 5, 5)
    output = module(x)
    x.mul_(-3)
    step = explain_value(module, (x,), output, (0, 1, 1), name="c")
    assert step.products is None
    assert step.lines[-1].value == float(output[0, 0, 1, 1])
    assert "captured input gives another" in step.lines[-1].formula


@pytest.mark.parametrize("index", [(2, 0, 0), (0, 3, 0), (0, 0, -1), (0, 0), (0, 0, 0, 0)])
def test_a_place_outside_the_output(index: tuple[int, ...]) -> None:
    module, x = nn.Conv2d(1, 2, 3), torch.randn(1, 1, 5, 5)
    with pytest.raises(IndexError, match="no place in an output of shape"):
        explain_value(module, (x,), module(x), index, name="c")


# Numbers as they are written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.46, "1.460"),
        (-0.31, "−0.3100"),
        (0.0, "0"),
        (-0.0, "0"),
        (27, "27.00"),
        (1234.5678, "1235"),
        (9999.96, "10000"),
        (12345.6, "12346"),
        (-1.5e6, "−1.500e6"),
        (2.5e-7, "2.500e−7"),
        (1e-4, "0.0001000"),
        (1e100, "1.000e100"),
        (float("nan"), "NaN"),
        (float("inf"), "∞"),
        (-float("inf"), "−∞"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


def test_terms() -> None:
    assert constant(1e-3) == "0.001"
    assert constant(1e-5) == "1e−5"
    assert factor(-2) == "(−2.000)"
    assert (added(-2), added(2), taken(-2), taken(2)) == ("− 2.000", "+ 2.000", "+ 2.000", "− 2.000")
    assert total([-1, 2, -3]) == "−1.000 + 2.000 − 3.000"
    assert product_sum([1, -2], [3, 4]) == "1.000 × 3.000 + (−2.000) × 4.000"
    assert product_sum([0] * 5, [0] * 5) == "5 products summed"


# From a value back to what made it


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = SameConv(3, 15, 3, stride=2, bias=False)
        self.norm = trained_norm(nn.BatchNorm2d(15, eps=1e-3))
        self.act = nn.ReLU6()
        self.add = ResidualSum()
        self.pool = nn.AdaptiveAvgPool2d((2, 2))
        self.flatten = nn.Flatten()
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(60, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.conv(x)))
        return self.head(self.drop(self.flatten(self.pool(self.add(x, x)))))


KINDS = {
    "conv": "convolution",
    "norm": "batch norm",
    "act": "activation",
    "add": "residual sum",
    "pool": "pooling",
    "head": "dense",
}
READS = {
    "conv": ("input",),
    "norm": ("conv",),
    "act": ("norm",),
    "add": ("act", "act"),
    "pool": ("add",),
    "flatten": ("pool",),
    "drop": ("flatten",),
    "head": ("drop",),
}
FIELD = ReceptiveField(3, 3, 2, 2, 0, 0)

Seen = tuple[nn.Module, dict[str, Layer], dict[str, tuple[Tensor, ...]], dict[str, Tensor]]


@pytest.fixture
def seen() -> Seen:
    """A small network after one forward pass: its layers, and what went in and out of each."""
    model, inputs, outputs = Small().eval(), {}, {}

    def keep(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
            inputs[name], outputs[name] = given, output

        return hook

    for name, module in model.named_children():
        module.register_forward_hook(keep(name))
    model(torch.randn(1, 3, 10, 10))
    layers = {
        name: Layer(
            name=name,
            group="all",
            kind=KINDS.get(name, "other"),
            type=type(module).__name__,
            shape=tuple(outputs[name].shape[1:]),
            inputs=READS[name],
            parameters=0,
            multiply_adds=0,
            field=FIELD if name in ("conv", "norm", "act") else None,
        )
        for name, module in model.named_children()
    }
    return model, layers, inputs, outputs


@pytest.mark.parametrize(
    ("name", "index", "names"),
    [
        ("conv", (14, 4, 4), ["conv"]),
        ("norm", (14, 4, 4), ["conv", "norm"]),
        ("act", (3, 0, 4), ["conv", "norm", "act"]),
        ("add", (0, 1, 2), ["add"]),
        ("pool", (5, 1, 0), ["pool"]),
        ("drop", (14,), ["pool", "flatten", "drop"]),
        ("head", (3,), ["head"]),
    ],
)
def test_chain_goes_back_to_what_makes_the_value(
    seen: Seen, name: str, index: tuple[int, ...], names: list[str]
) -> None:
    model, layers, inputs, outputs = seen
    assert list(chain(model, layers, name)) == names
    steps = explain_chain(model, layers, inputs, outputs, name, index)
    assert [step.layer for step in steps] == names
    assert steps[-1].lines[-1].value == pytest.approx(float(outputs[name][(0, *index)]), abs=1e-5)


def test_each_step_starts_from_the_number_the_one_before_ends_with(seen: Seen) -> None:
    model, layers, inputs, outputs = seen
    conv, norm, act = explain_chain(model, layers, inputs, outputs, "act", (3, 2, 1))
    assert norm.lines[0].formula.startswith(f"({number(conv.lines[-1].value)} ")
    assert number(norm.lines[-1].value) in act.lines[0].formula


def test_flatten_leads_to_the_map_it_came_from(seen: Seen) -> None:
    model, layers, inputs, outputs = seen
    pool, *_ = explain_chain(model, layers, inputs, outputs, "flatten", (14,))
    assert pool.products is not None
    assert pool.products.channels.tolist() == [3]  # 14 = 3 · 4 + 1 · 2 + 0
    assert pool.lines[-1].value == pytest.approx(float(outputs["pool"][0, 3, 1, 0]), abs=1e-6)


def test_chain_stops_where_nothing_was_captured(seen: Seen) -> None:
    model, layers, inputs, outputs = seen
    del inputs["conv"]
    assert [s.layer for s in explain_chain(model, layers, inputs, outputs, "act", (0, 0, 0))] == [
        "norm",
        "act",
    ]


@pytest.mark.parametrize("between", [lambda x: x.flip(3), lambda x: x * 2, lambda x: x[:, :3]])
def test_chain_ends_where_a_layer_received_something_else(
    seen: Seen, between: Callable[[Tensor], Tensor]
) -> None:
    """Whatever the layers say they read: the numbers handed over decide."""
    model, layers, inputs, outputs = seen
    outputs["conv"] = between(outputs["conv"])
    assert [s.layer for s in explain_chain(model, layers, inputs, outputs, "act", (0, 0, 1))] == [
        "norm",
        "act",
    ]


def test_chain_goes_through_a_change_of_shape_outside_any_layer(seen: Seen) -> None:
    model, layers, inputs, outputs = seen
    layers = {**layers, "drop": Layer(**{**vars(layers["drop"]), "inputs": ("pool",)})}
    pool, drop = explain_chain(model, layers, inputs, outputs, "drop", (14,))
    assert (pool.layer, drop.layer) == ("pool", "drop")
    assert pool.lines[-1].value == pytest.approx(float(outputs["pool"][0, 3, 1, 0]), abs=1e-6)


def test_chain_ends_where_an_operation_came_between(seen: Seen) -> None:
    model, layers, _, _ = seen
    layers = {**layers, "norm": Layer(**{**vars(layers["norm"]), "inputs": ("?",)})}
    assert chain(model, layers, "act") == ("norm", "act")


def test_answer(seen: Seen) -> None:
    model, layers, inputs, outputs = seen
    found = answer(model, layers, inputs, outputs, "act", (3, 2, 1))
    assert found.title == "act · map 3, row 2, column 1"
    assert found.value == float(outputs["act"][0, 3, 2, 1])
    assert found.shape == (15, 5, 5)
    assert found.field == Box(4, 2, 7, 5)
    assert found.steps[-1].lines[-1].value == pytest.approx(found.value, abs=1e-5)
    assert found.meaning == (
        "This activation (ReLU6) is applied to each value on its own; without it, layers would add up to one "
        "linear map; its receptive field is 3×3 pixels of the picture."
    )


@pytest.mark.parametrize("name", READS)
def test_every_layer_of_a_network_answers(seen: Seen, name: str) -> None:
    model, layers, inputs, outputs = seen
    for index in corners_and_middle(layers[name].shape):
        found = answer(model, layers, inputs, outputs, name, index)
        assert found.value == float(outputs[name][(0, *index)])
        assert found.steps[-1].lines[-1].value == pytest.approx(found.value, abs=1e-5)
        assert found.meaning.startswith("This ")
        assert found.meaning.endswith(".")
        assert "no simple formula" not in found.meaning


def test_the_field_of_the_first_value_is_where_torch_reads(seen: Seen) -> None:
    """The box holds exactly the pixels whose change changes the value."""
    model, layers, inputs, outputs = seen
    x = inputs["conv"][0].clone().requires_grad_()
    with torch.enable_grad():
        model.conv(x)[0, 2, 1, 3].backward()
    rows, columns = (x.grad[0].abs().sum(0) > 0).nonzero().unbind(1)
    box = answer(model, layers, inputs, outputs, "conv", (2, 1, 3)).field
    assert box == Box(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)


# The two ends


def test_softmax_of_logits() -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0]])
    found = explain_softmax(logits, ["cat", "cup", "rocket"], 2)
    assert found.title == "rocket · class 2"
    assert found.value == float(F.softmax(logits, 1)[0, 2])
    last = found.steps[-1].lines[-1]
    assert last.value == pytest.approx(float(F.softmax(logits.double(), 1)[0, 2]), rel=1e-12)
    assert [line.formula for line in found.steps[0].lines] == [
        "e^(2.000 − 3.000), 3.000 is the largest",
        "3 exponentials summed",
        "0.3679 / 1.503",
    ]


def test_softmax_of_a_thousand_classes() -> None:
    logits = torch.randn(1, 1000) * 20
    for index in (0, int(logits.argmax()), int(logits.argmin()), 999):
        value = explain_softmax(logits, [str(i) for i in range(1000)], index).steps[-1].lines[-1].value
        assert value == pytest.approx(float(F.softmax(logits.double(), 1)[0, index]), rel=1e-12)
    with pytest.raises(IndexError):
        explain_softmax(logits, [""] * 1000, 1000)


def test_input_pixel() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    planes = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255
    x = (planes - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    found = explain_input(x, rgb, mean.tolist(), std.tolist(), 4, 1)
    assert found.title == "picture · row 4, column 1"
    assert found.field == Box(4, 1, 5, 2)
    assert found.shape == (3, 5, 6)
    assert [step.operation for step in found.steps] == ["red", "green", "blue", "mean of the three"]
    for channel, step in enumerate(found.steps[:3]):
        assert step.lines[0].formula == f"{rgb[4, 1, channel]} / 255"
        assert step.lines[-1].value == pytest.approx(float(x[0, channel, 4, 1]), abs=1e-6)
    assert found.steps[-1].lines[-1].value == pytest.approx(found.value, abs=1e-6)
    with pytest.raises(IndexError):
        explain_input(x, rgb, mean.tolist(), std.tolist(), 5, 0)
