"""The form on screen, made from a lab's `Config`."""

from gui.form.form import Form

__all__ = ["Form"]
