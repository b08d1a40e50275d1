"""The sums of products under the pointer, against torch.nn.functional in float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from arithmetic_oracle import SameConv, check, corners_and_middle, everywhere, exact
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from engine.explain.arithmetic import explain_value

# torch says once that an even kernel costs it a copy; that is what the test asks for.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")


@pytest.fixture(autouse=True)
def _seeded_without_gradients() -> Iterator[None]:
    torch.manual_seed(0)
    with torch.no_grad():
        yield


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


@settings(max_examples=40, deadline=None, database=None)
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
