"""Why something that was asked for is not done."""

from __future__ import annotations

from tocsin.errors import TocsinError


class Refused(TocsinError):
    """What was asked for is not done; ``code`` and message say why.

    Parameters
    ----------
    code : str
        ``empty``, ``too_large``, ``quota``, ``level``, ``compartment``, ``not_allowed``,
        ``background`` or ``setting``.
    message : str
        For people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
