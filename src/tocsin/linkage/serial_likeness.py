"""How alike two serial numbers are, with the slips of typists and of reading machines."""

from __future__ import annotations

from typing import Literal, TypeAlias

Likeness: TypeAlias = Literal["same", "look-alike", "one slip", "part", "different"]

_LOOK_ALIKE = str.maketrans("OQDILBSZG", "000118526")
SHORTEST_SLIP = 4
"""Shorter numbers are compared as they stand: one slip makes any two of three digits alike."""

SHORTEST_PART = 5
"""A part of a longer number counts from this length on."""


def folded(serial: str) -> str:
    """A serial with look-alike letters as digits: O as 0, I as 1, B as 8 ..."""
    return serial.translate(_LOOK_ALIKE)


def one_slip(one: str, other: str) -> bool:
    """Whether one character is wrong, missing, added, or two neighbours changed places.

    Parameters
    ----------
    one, other : str
        Serials of letters and digits.

    Returns
    -------
    bool
        False for equal serials.
    """
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (len(a) > 1 and a[1] + a[0] + a[2:] == b)
    long, short = (a, b) if len(a) > len(b) else (b, a)
    return long[1:] == short


def likeness(one: str, other: str) -> Likeness:
    """Compare two serial numbers given as letters and digits.

    Parameters
    ----------
    one, other : str
        From ``normal_serial``: dashes and blanks are gone already.

    Returns
    -------
    {"same", "look-alike", "one slip", "part", "different"}
        The first that holds.
    """
    if one == other or (one.lstrip("0") == other.lstrip("0") and one.strip("0")):
        return "same"
    a, b = folded(one), folded(other)
    if a.lstrip("0") == b.lstrip("0") and len(a.lstrip("0")) >= SHORTEST_SLIP - 1:
        return "look-alike"
    if min(len(one), len(other)) >= SHORTEST_SLIP and (one_slip(one, other) or one_slip(a, b)):
        return "one slip"
    short, long = sorted((one, other), key=len)
    if len(short) >= SHORTEST_PART and (long.endswith(short) or long.startswith(short)):
        return "part"
    return "different"


def slip_keys(serial: str) -> list[str]:
    """Keys under which a serial and all that are one slip away from it meet in an index.

    Parameters
    ----------
    serial : str
        Letters and digits.

    Returns
    -------
    list of str
        The folded serial without leading zeros first, then the folded serial and every form of it
        with one character left out. A wrong character, a missing or added one and two exchanged
        neighbours all share a key.
    """
    whole = folded(serial)
    bare = whole.lstrip("0") or "0"
    if len(whole) < SHORTEST_SLIP - 1:
        return [bare]
    others = {whole, *(whole[:i] + whole[i + 1 :] for i in range(len(whole)))} - {bare}
    return [bare, *sorted(others)]
