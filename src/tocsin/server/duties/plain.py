"""Text of people as it is kept."""

from __future__ import annotations


def plain(text: str) -> str:
    """Text without blanks around it and without NUL, which no database and no reader can hold."""
    return text.replace("\0", "").strip()
