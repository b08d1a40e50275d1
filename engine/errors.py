"""The one error that is meant for a person: what went wrong, why, and what to do next."""

from __future__ import annotations


class UserError(Exception):
    """Something the person can understand and act on.

    Every boundary (a file, a model, a setting) turns whatever went wrong behind it into this one
    type. `details` holds the technical cause for "Copy details" and the log; it is never the
    first thing shown.
    """

    def __init__(self, what: str, why: str = "", next: str = "", *, details: str = "") -> None:
        self.what, self.why, self.next, self.details = what, why, next, details
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """What, why and what next as one readable line."""
        text = self.what.rstrip(".")
        if self.why:
            text += f": {self.why.rstrip('.')}"
        text += "."
        if self.next:
            text += f" {self.next.rstrip('.')}."
        return text
