"""Where two pictures part, against torch.nn.functional and by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.errors import UserError
from engine.explain.comparison import Divergence, layer_divergence


def one(a: Tensor, b: Tensor) -> Divergence:
    (found,) = layer_divergence({"layer": a}, {"layer": b})
    return found


@pytest.mark.parametrize("shape", [(1, 3, 5, 7), (1, 10)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_against_torch(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    a, b = torch.randn(shape).to(dtype), (torch.randn(shape) + 0.5).to(dtype)
    found = one(a, b)
    x, y = a.double().flatten(), b.double().flatten()
    assert found.cosine_distance == pytest.approx(1 - float(F.cosine_similarity(x, y, dim=0)), abs=1e-14)
    assert found.l2 == pytest.approx(float(F.pairwise_distance(x, y, eps=0)), rel=1e-14)
    assert found.relative_l2 == pytest.approx(found.l2 / float((x.norm() + y.norm()) / 2), rel=1e-14)


@pytest.mark.parametrize(
    ("a", "b", "cosine_distance", "l2", "relative_l2"),
    [
        ([3.0, 4.0], [3.0, 4.0], 0.0, 0.0, 0.0),
        ([3.0, 4.0], [-4.0, 3.0], 1.0, 50**0.5, 2**0.5),
        ([3.0, 4.0], [-3.0, -4.0], 2.0, 10.0, 2.0),
        ([3.0, 4.0], [6.0, 8.0], 0.0, 5.0, 2 / 3),
        ([0.0, 0.0], [0.0, 0.0], 0.0, 0.0, 0.0),
        ([3.0, 4.0], [0.0, 0.0], 1.0, 5.0, 2.0),
    ],
)
def test_by_hand(
    a: list[float], b: list[float], cosine_distance: float, l2: float, relative_l2: float
) -> None:
    wanted = pytest.approx((cosine_distance, l2, relative_l2), abs=1e-15)
    for found in (one(torch.tensor([a]), torch.tensor([b])), one(torch.tensor([b]), torch.tensor([a]))):
        assert (found.cosine_distance, found.l2, found.relative_l2) == wanted


def test_equal_activations_are_exactly_zero_apart() -> None:
    a = torch.randn(1, 64, 20, 20, generator=torch.Generator().manual_seed(0))
    assert one(a, a.clone()) == Divergence("layer", 0.0, 0.0, 0.0)


def test_a_tiny_difference_is_not_lost_to_rounding() -> None:
    """An angle of 1e-9 is a cosine distance of 5e-19, which 1 − cos rounds to 0 in float64."""
    a = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    found = one(a, torch.tensor([[1.0, 1e-9]], dtype=torch.float64))
    assert found.cosine_distance == pytest.approx(5e-19, rel=1e-6)


def test_layers_keep_their_order() -> None:
    outputs = {name: torch.ones(1, 2) for name in ("stem", "body", "head")}
    assert [each.layer for each in layer_divergence(outputs, dict(reversed(outputs.items())))] == list(
        outputs
    )


@pytest.mark.parametrize("other", [{"stem": torch.ones(1, 3)}, {"head": torch.ones(1, 2)}, {}])
def test_different_networks_are_not_compared(other: dict[str, Tensor]) -> None:
    with pytest.raises(UserError, match="different networks") as raised:
        layer_divergence({"stem": torch.ones(1, 2)}, other)
    assert "stem: (1, 2) and " in raised.value.details
