"""The convnet training page."""

from gui.labs.convnet_training.page import ConvnetTrainingPage

__all__ = ["ConvnetTrainingPage"]
