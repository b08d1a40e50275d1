"""The page of the image classification lab."""

from gui.labs.image_classification.page import ImageClassificationPage

__all__ = ["ImageClassificationPage"]
