"""Image classification: what a convolutional network sees in a picture, layer by layer, and why."""

from engine.labs.image_classification.config import ImageClassificationConfig
from engine.labs.image_classification.lab import ImageClassification
from engine.labs.image_classification.snapshot import ImageClassificationSnapshot, Score

__all__ = ["ImageClassification", "ImageClassificationConfig", "ImageClassificationSnapshot", "Score"]
