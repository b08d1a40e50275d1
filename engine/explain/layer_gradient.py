"""What a small change of a layer's output would do to the loss of one picture."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import UserError


def layer_gradient(model: nn.Module, layer: nn.Module, x: Tensor, label: int) -> Tensor:
    """dL/dA of the layer's output A, of its shape without the batch: (C, h, w) or (features,).

    L is the cross-entropy in nats of `label` for the one picture `x` (1, C, H, W). The model is in evaluation
    mode and stays as it is: no hook remains, no parameter's gradient is touched. A layer that runs
    several times counts with its last call. Raises UserError where the loss does not depend on the layer.
    """
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _args: object, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[-1].clone()  # what follows may work in place, which a leaf does not allow

    handle = layer.register_forward_hook(keep)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            logits = model(x.clone())
            loss = F.cross_entropy(logits, torch.tensor([label], device=logits.device))
            needs = bool(kept) and loss.requires_grad
            gradient = torch.autograd.grad(loss, kept[-1], allow_unused=True)[0] if needs else None
    finally:
        handle.remove()
    if gradient is None:
        raise UserError("The answer does not depend on this layer", next="Choose another layer")
    return gradient[0]
