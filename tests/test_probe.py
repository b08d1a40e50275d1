"""The probe keeps exactly what the layers put out, and leaves nothing behind in the model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import UserError
from engine.probe import Probe, capture, forward_to, select_channel


class Residual(nn.Module):
    """Overwrites activations in place and runs one layer twice, as ResNets from libraries do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.norm(self.conv(x)))
        out += x
        return self.head(self.relu(out).mean((2, 3)))


@pytest.fixture
def model() -> Residual:
    torch.manual_seed(0)
    return Residual().eval().requires_grad_(False)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def expected(model: Residual, x: Tensor) -> dict[str, Tensor]:
    """Every first output, computed without the model's own forward pass."""
    conv = F.conv2d(x, model.conv.weight, model.conv.bias, padding=1)
    norm = F.batch_norm(
        conv, model.norm.running_mean, model.norm.running_var, model.norm.weight, model.norm.bias
    )
    relu = norm.clamp(min=0)
    head = F.linear((relu + x).clamp(min=0).mean((2, 3)), model.head.weight, model.head.bias)
    return {"conv": conv, "norm": norm, "relu": relu, "head": head}


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_outputs_are_what_each_layer_put_out_although_the_network_overwrites_them(model, x, mode):
    with Probe(model) as probe:
        probe.watch(probe.leaves)
        with mode():
            model(x)
    wanted = expected(model, x)
    assert list(probe.outputs) == list(wanted)
    for name, output in probe.outputs.items():
        assert not output.requires_grad
        np.testing.assert_allclose(output.numpy(), wanted[name].numpy(), atol=1e-6)


def test_inputs_are_what_each_layer_received_although_it_works_in_place(model, x):
    captured = capture(model, x, ["norm", "relu"], inputs=True)
    wanted = expected(model, x)
    torch.testing.assert_close(captured.inputs["norm"], (wanted["conv"],))
    torch.testing.assert_close(captured.inputs["relu"], (wanted["norm"],))


def test_a_watched_layer_does_not_change_the_result(model, x):
    assert torch.equal(capture(model, x, inputs=True).result, model(x))


def test_views_are_right_for_a_network_that_overwrites_nothing(x):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval().requires_grad_(False)
    views, copies = capture(model, x, inputs=True, copy=False), capture(model, x, inputs=True)
    torch.testing.assert_close(views.outputs, copies.outputs, rtol=0, atol=0)
    torch.testing.assert_close(views.inputs, copies.inputs, rtol=0, atol=0)
    assert views.outputs["2"].data_ptr() == views.result.data_ptr() != copies.outputs["2"].data_ptr()


def test_only_watched_layers_are_kept_and_watching_can_change(model, x):
    with Probe(model) as probe:
        probe.watch(["conv"])
        model(x)
        assert set(probe.outputs) == {"conv"}
        assert probe.inputs == {}
        probe.watch(["head"], inputs=True)
        model(x)
        assert set(probe.outputs) == set(probe.inputs) == {"head"}
        probe.watch([])
        model(x)
        assert probe.outputs == {}


def test_each_forward_pass_starts_anew_and_leaves_what_was_kept_alone(model, x):
    with Probe(model) as probe:
        probe.watch(["conv"])
        model(x)
        first = probe.outputs
        before = first["conv"].clone()
        model(2 * x)
    assert torch.equal(first["conv"], before)
    assert not torch.equal(probe.outputs["conv"], before)


def test_a_layer_with_several_outputs_gives_its_first_tensor(x):
    lstm = nn.Sequential(nn.Flatten(2), nn.LSTM(64, 5, batch_first=True))
    captured = capture(lstm, x)
    assert torch.equal(captured.outputs["1"], captured.result[0])


def test_an_unknown_layer_is_refused_with_a_suggestion_and_the_watch_goes_on(model, x):
    with Probe(model) as probe:
        probe.watch(["conv"])
        with pytest.raises(UserError, match=r"no layer called “cnv”.*conv"):
            probe.watch(["head", "cnv"])
        model(x)
    assert set(probe.outputs) == {"conv"}


def test_no_hook_stays_after_success_or_an_exception(model, x):
    capture(model, x, inputs=True)
    with pytest.raises(RuntimeError):
        capture(model, torch.zeros(1, 5, 8, 8))
    with pytest.raises(UserError):
        capture(model, x, ["nothing"])
    with Probe(model) as probe:
        probe.watch(["conv"], inputs=True)
        with pytest.raises(RuntimeError):
            model(torch.zeros(1, 5, 8, 8))
        assert hooks(model) == 3
    assert hooks(model) == 0


def test_no_hook_stays_when_the_block_that_uses_the_probe_raises(model):
    def use() -> None:
        with Probe(model) as probe:
            probe.watch(["conv"], inputs=True)
            raise KeyError

    with pytest.raises(KeyError):
        use()
    assert hooks(model) == 0


def test_forward_to_stops_at_the_layer(model, x):
    wanted = expected(model, x)
    model.head.register_forward_pre_hook(lambda *_: pytest.fail("ran past the layer"))
    torch.testing.assert_close(forward_to(model, model.norm, x), wanted["norm"])
    torch.testing.assert_close(forward_to(model, model.norm, x, before=True), wanted["conv"])
    torch.testing.assert_close(forward_to(model, model.relu, x), wanted["relu"])
    assert hooks(model) == 1


def test_forward_to_a_layer_that_never_runs_is_refused(model, x):
    stranger = nn.ReLU()
    with pytest.raises(UserError, match="never runs"):
        forward_to(model, stranger, x)
    assert hooks(stranger) == hooks(model) == 0


def test_select_channel():
    maps = torch.arange(24.0).view(1, 2, 3, 4)
    assert torch.equal(select_channel(maps, 1), maps[0, 1])
    assert select_channel(torch.tensor([[5.0, 7.0]]), 1) == 7
    for channel in (-1, 2):
        with pytest.raises(UserError, match="Choose a channel from 0 to 1"):
            select_channel(maps, channel)
    with pytest.raises(UserError, match="no channels"):
        select_channel(torch.zeros(1, 2, 3), 0)
