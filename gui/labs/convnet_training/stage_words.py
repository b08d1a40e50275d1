"""The sentences of an update in slow motion."""

from __future__ import annotations

from engine.labs.convnet_training import Stage

PHASE_NAMES = {
    "batch": "Batch",
    "forward": "Forward",
    "loss": "Loss",
    "backward": "Backward",
    "update": "Update",
}
NOT_YET = {
    "maps": "The first layer computes its maps next.",
    "gradients": "The gradients come with the backward pass.",
    "classes": "The answer comes when the last layer has computed.",
}


def stage_sentence(stage: Stage, classes: tuple[str, ...]) -> str:
    """What has just happened, with its numbers."""
    return {
        "batch": _batch,
        "forward": _forward,
        "loss": _loss,
        "backward": _backward,
        "update": _update,
    }[stage.phase](stage, classes)


def _batch(stage: Stage, classes: tuple[str, ...]) -> str:
    return (
        f"Update {stage.update:,} begins with {stage.size} pictures. One of them, “{stage.name}” of the "
        f"class “{classes[stage.truth]}”, is followed on its way through the network."
    )


def _forward(stage: Stage, classes: tuple[str, ...]) -> str:
    count, height, width = (0, 0, 0) if stage.shown is None else stage.shown.values.shape
    what = f"{count} maps of {height} × {width}" if height * width > 1 and count > 1 else "its values"
    return f"{stage.layer} has computed {what} from what came before it, for all {stage.size} pictures."


def _loss(stage: Stage, classes: tuple[str, ...]) -> str:
    share = 0.0 if stage.probabilities is None else float(stage.probabilities[stage.truth])
    return (
        f"The network gives its class “{classes[stage.truth]}” {percent(share)}, which costs "
        f"−ln {share:.4g} = {stage.picture_loss:.4g} nats. Over all {stage.size} pictures the loss is "
        f"{stage.loss:.4g}: that is what is to become smaller."
    )


def _backward(stage: Stage, classes: tuple[str, ...]) -> str:
    line = f"The loss’s gradient has reached {stage.layer}: red raises the loss, blue lowers it."
    if stage.gradient_norm is not None:
        line += f" The gradient of its own weights has the norm {stage.gradient_norm:.3g}."
    return line


def _update(stage: Stage, classes: tuple[str, ...]) -> str:
    if not stage.updates:
        return "The loss is no number, so this update is not made."
    better = "fallen" if stage.loss_after < stage.loss else "risen"
    return (
        f"Update {stage.update:,} is made: every layer has learned a little. The loss of this batch has "
        f"{better} from {stage.loss:.4g} to {stage.loss_after:.4g} nats. Play goes through the next one."
    )


def percent(share: float) -> str:
    """A probability: "12.3 %"."""
    return f"{100 * share:.3g} %"


def place_words(stage: Stage) -> str:
    """Where in its phase it stands: "5 of 14"."""
    return f"{stage.place} of {stage.layers}" if stage.layers else ""
