"""The page of the gradient flow lab."""

from gui.labs.gradient_flow.page import GradientFlowPage

__all__ = ["GradientFlowPage"]
