"""Dense layers, norms, activations, pooling and sums, against torch.nn.functional in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from arithmetic_oracle import ResidualSum, check, corners_and_middle, everywhere, trained_norm
from torch import Tensor, nn
from torch.nn import functional as F

from engine.explain.arithmetic import explain_value
from engine.explain.arithmetic_format import number
from engine.models.designs.layers import Enlarge, Normalise


@pytest.fixture(autouse=True)
def _seeded_without_gradients() -> Iterator[None]:
    torch.manual_seed(0)
    with torch.no_grad():
        yield


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


@pytest.mark.parametrize(
    "module",
    [nn.GroupNorm(2, 6), nn.GroupNorm(1, 6), nn.GroupNorm(6, 6, 1e-3), nn.GroupNorm(3, 6, affine=False)],
)
@pytest.mark.parametrize("shape", [(1, 6, 4, 5), (1, 6, 3)], ids=str)
def test_group_norm(module: nn.GroupNorm, shape: tuple[int, ...]) -> None:
    check(trained_norm(module), torch.randn(shape) + 1)


def test_pictures_less_their_mean() -> None:
    x = torch.rand(1, 3, 4, 5)
    for step in check(Normalise([0.4, 0.5, 0.6], [0.2, 0.25, 0.3]), x):
        assert step.operation == "by the training pictures"
    (line,) = explain_value(
        Normalise([0.5], [0.25]), (x[:, :1],), (x[:, :1] - 0.5) / 0.25, (0, 0, 0), name="n"
    ).lines
    assert line.formula == f"({number(float(x[0, 0, 0, 0]))} − 0.5000) / 0.2500"


@pytest.mark.parametrize("size", [(5, 7), (9, 9), (12, 30), (31, 9)], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_resampling(size: tuple[int, int], channels: int) -> None:
    x = torch.rand(1, channels, *size)
    module = Enlarge(9)
    for step in check(module, x):
        if size == (9, 9):
            assert step.products is None
        else:
            assert step.products.products.sum() == pytest.approx(step.lines[-1].value, abs=1e-14)
            assert step.products.kernel.sum() == pytest.approx(1.0)
            assert step.products.products.size < x[0, 0].numel(), "only pixels near it take part"
    channel = explain_value(module, (x,), module(x), (2, 4, 4), name="e").products
    assert channel is None or channel.channels.tolist() == [channels - 1]


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


@pytest.mark.parametrize("module", [nn.Softplus(), nn.InstanceNorm2d(3), nn.Dropout(0.5).train()])
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
