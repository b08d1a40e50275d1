"""Everything that may be set in the convnet training lab."""

from __future__ import annotations

from dataclasses import dataclass

from engine.explain.map_settings import order_of_maps, scale_of_maps, shown_map
from engine.settings import Config, setting

DATASETS = ("digits", "mnist", "fashion-mnist", "cifar10", "folder")
WHAT_SUITS = "What suits the pictures"


@dataclass(frozen=True)
class ConvnetTrainingConfig(Config):
    """Everything that may be set in this lab."""

    dataset: str = setting(
        "digits",
        "Pictures",
        "What is learned from: scikit-learn's handwritten digits, which are there at once; MNIST, "
        "Fashion-MNIST or CIFAR-10 from a folder with their files; or a folder (or zip) of your own with a "
        "sub-folder for each class.",
        group="Pictures",
        choices=DATASETS,
        on_page=True,
    )
    data: str = setting(
        "",
        "Place",
        "The folder or zip file that holds the pictures.",
        group="Pictures",
        on_page=True,
    )
    preset: str = setting(
        "auto",
        "Network",
        "A network to begin with: auto takes a pretrained one for a small folder of photographs and a plain "
        "one for all else.",
        group="Network",
        choices=(
            "auto", "plain", "lenet-5", "small-vgg", "small-resnet", "mlp", "single-filter", "transfer",
        ),
        on_page=True,
    )  # fmt: skip
    design: str = setting(
        "",
        "Design",
        "The network block by block, as JSON; empty is the preset's.",
        group="Network",
        on_page=True,
    )
    network: str = setting(
        "",
        "Saved network",
        "A network saved from this lab, to classify with or to train on.",
        group="Network",
        on_page=True,
    )
    epochs: int | None = setting(
        None,
        "Epochs",
        "How often every picture is learned from.",
        group="Training",
        low=1,
        high=10_000,
        optional=True,
        none_label=WHAT_SUITS,
    )
    batch: int = setting(
        64, "Batch", "Pictures from which one update is made.", group="Training", low=1, high=1024
    )
    optimiser: str = setting(
        "adam",
        "Optimiser",
        "Adam (Loshchilov and Hutter's AdamW), or SGD with Nesterov's momentum.",
        group="Training",
        choices=("adam", "sgd"),
    )
    learning_rate: float | None = setting(
        None,
        "Learning rate",
        "Size of the updates: without a choice 0.002 with Adam and 0.05 with SGD.",
        group="Training",
        low=0.0,
        high=10.0,
        step=0.001,
        optional=True,
        none_label="What suits the optimiser",
    )
    momentum: float = setting(
        0.9,
        "Momentum",
        "Share of the last update that the next one keeps (Adam's first beta).",
        group="Training",
        low=0.0,
        high=0.99,
        step=0.01,
    )
    weight_decay: float = setting(
        5e-4,
        "Weight decay",
        "How strongly every update pulls the weights towards zero.",
        group="Training",
        low=0.0,
        high=1.0,
        step=1e-4,
    )
    schedule: str = setting(
        "cosine",
        "Schedule",
        "The learning rate rises and then falls along a cosine to nothing, or stays constant.",
        group="Training",
        choices=("cosine", "constant"),
    )
    label_smoothing: float = setting(
        0.0,
        "Label smoothing",
        "Share of certainty that is asked for in no class in particular (Szegedy et al. 2016).",
        group="Training",
        low=0.0,
        high=0.5,
        step=0.05,
    )
    shift: int = setting(
        0, "Shift", "How far pictures are moved at random.", group="Variation", low=0, high=64, unit="pixels"
    )
    mirror: bool = setting(False, "Mirror", "Half of the pictures are seen in a mirror.", group="Variation")
    cutout: int = setting(
        0,
        "Cutout",
        "Side of a square that is covered at random (DeVries and Taylor 2017).",
        group="Variation",
        low=0,
        high=128,
        unit="pixels",
    )
    pace: float = setting(
        1.0,
        "Pace",
        "What the learning rate is multiplied with, now, while the network learns.",
        group="Training",
        low=0.0,
        high=10.0,
        step=0.1,
        on_page=True,
    )
    layer: str | None = setting(
        None,
        "Layer",
        "The layer whose feature maps, weights and histograms are shown and saved.",
        group="Looking",
        open_choices=True,
        optional=True,
        none_label="An early one",
    )
    order: str = order_of_maps("Looking")
    scale: str = scale_of_maps("Looking")
    channel: int | None = shown_map("Looking")
    explain: str = setting(
        "none",
        "Why",
        "Draws over the pinned picture what speaks for its class, in the network as it is now.",
        group="Looking",
        choices=("none", "grad-cam", "saliency", "integrated-gradients", "smoothgrad", "occlusion"),
    )
    save: str = setting(
        "",
        "Save to",
        "Without a screen: the file that the trained network is saved to (.safetensors).",
        group="Network",
        on_page=True,
    )


RESTARTS = (*("dataset", "data", "preset", "design", "network", "batch", "optimiser", "seed"),)
"""Settings that belong to a run from its beginning: another value is another run."""
NEW_PICTURES = ("dataset", "data")
AT_ONCE = (
    *("epochs", "learning_rate", "momentum", "weight_decay", "schedule", "label_smoothing"),
    *("shift", "mirror", "cutout", "pace"),
)
"""Settings that a run takes on from its next update."""
LOOKING = ("layer", "order", "scale", "channel")
