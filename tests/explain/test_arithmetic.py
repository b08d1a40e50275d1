"""From a value back to what made it: chains of layers, the two ends, and numbers as written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from arithmetic_oracle import ResidualSum, SameConv, corners_and_middle, trained_norm
from torch import Tensor, nn
from torch.nn import functional as F

from engine.ask import Box
from engine.explain.arithmetic import answer, chain, explain_chain, explain_input, explain_softmax
from engine.explain.arithmetic_format import added, constant, factor, number, product_sum, taken, total
from engine.models.layer import Layer, ReceptiveField


@pytest.fixture(autouse=True)
def _seeded_without_gradients() -> Iterator[None]:
    torch.manual_seed(0)
    with torch.no_grad():
        yield


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
        "linear map; its receptive field is 3×3 pixels."
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
