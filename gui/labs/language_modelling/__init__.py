"""The page of the language modelling lab."""

from gui.labs.language_modelling.page import LanguageModellingPage

__all__ = ["LanguageModellingPage"]
