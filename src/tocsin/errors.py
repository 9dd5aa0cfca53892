"""The errors of Tocsin: one root, one class per kind of mistake a caller can act on.

``TocsinError``
    ``InvalidInput``   an argument is out of its stated range or of the wrong kind
    ``ParseError``     a file cannot be read (what, where, what to do)
    ``Uncalibrated``   an energy is asked of a spectrum that has no trustworthy calibration
    ``OutOfDomain``    a model is asked outside its range of validity
    ``NotFound``       a name (nuclide, detector) that the library does not hold
"""

from __future__ import annotations


class TocsinError(Exception):
    """Root of all errors that Tocsin raises on purpose."""


class InvalidInput(TocsinError, ValueError):
    """An argument is wrong: the message names it, its value and what is allowed."""


class NotFound(TocsinError, LookupError):
    """A name is not in the library: the message names it and near matches."""


class Uncalibrated(TocsinError):
    """An energy is needed and the spectrum has no trustworthy energy calibration."""


class OutOfDomain(TocsinError, ValueError):
    """A model is asked outside the range in which it is valid."""


class ParseError(TocsinError):
    """A file cannot be read completely.

    Parameters
    ----------
    reason : str
        What is wrong and what the reader of the message can do, in one line.
    code : str
        Stable machine-readable kind, for example ``"truncated"``.
    file : str
        Name of the file as the user gave it (empty for bytes without a name).
    offset : int, optional
        Byte offset or line at which reading stopped, where it is known.
    """

    def __init__(
        self, reason: str, *, code: str = "unreadable", file: str = "", offset: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.file = file
        self.offset = offset

    def __str__(self) -> str:
        where = f" (at {self.offset})" if self.offset is not None else ""
        name = f"{self.file}: " if self.file else ""
        return f"{name}{self.reason}{where}"
