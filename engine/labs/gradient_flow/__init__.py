"""Gradient flow: recurrent networks learn side by side, and one sees how far back the gradient reaches."""

from engine.labs.gradient_flow.config import NETWORKS, PRESETS, GradientFlowConfig
from engine.labs.gradient_flow.lab import GradientFlow
from engine.labs.gradient_flow.snapshot import (
    Flow,
    GradientFlowSnapshot,
    Health,
    Mechanism,
    Meter,
    Runner,
)

__all__ = [
    "NETWORKS",
    "PRESETS",
    "Flow",
    "GradientFlow",
    "GradientFlowConfig",
    "GradientFlowSnapshot",
    "Health",
    "Mechanism",
    "Meter",
    "Runner",
]
