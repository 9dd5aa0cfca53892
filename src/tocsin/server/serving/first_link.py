"""The one-time link of the first administrator: on a terminal, or in a file for its owner alone.

Whoever has the link becomes administrator. What a service prints goes to the journal, which others
read and which is kept: there the link never stands.
"""

from __future__ import annotations

import os
from pathlib import Path

NAME = "first-administrator-link"


def hand_over(link: str | None, data: Path, *, terminal: bool) -> str:
    """What to print about the link; without a terminal the link goes to a file instead.

    Parameters
    ----------
    link : str or None
        Address that opens the server once; None when an administrator is there already.
    data : Path
        Data folder, closed to others.
    terminal : bool
        Whether a person reads what is printed.

    Returns
    -------
    str
        A line for the operator, empty without a link.
    """
    path = data / NAME
    # of an earlier start: it opens nothing any more
    path.unlink(missing_ok=True)
    if link is None:
        return ""
    if terminal:
        return f"First administrator, once and for 24 hours: {link}"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{link}\n")
    return f"First administrator: the link, once and for 24 hours, stands in {path}"
