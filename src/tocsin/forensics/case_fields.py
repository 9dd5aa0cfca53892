"""Strict reading of a case's JSON: every error says where it stands and what to write instead."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from tocsin.errors import InvalidInput, ParseError

MAX_CHARACTERS = 1_000_000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def load_json(text: str, *, file: str) -> object:
    """JSON without duplicate keys, NaN or infinity.

    Raises
    ------
    ParseError
        With line and column where the text stops being JSON.
    """
    if len(text) > MAX_CHARACTERS:
        raise ParseError(
            f"longer than {MAX_CHARACTERS} characters: this is no case", code="too_long", file=file
        )
    try:
        found: object = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ParseError(f"no valid JSON at {where}: {error.msg}", code="json", file=file) from None
    except _NotStrict as error:
        raise ParseError(str(error), code="json", file=file) from None
    except (RecursionError, ValueError):
        raise ParseError(
            "nested too deeply, or a number too long", code="json", file=file
        ) from None
    return found


class _NotStrict(Exception):
    """JSON that Python would accept and a case may not hold."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _NotStrict(f"the key {key[:40]!r} stands twice in one object: keep one")
        found[key] = value
    return found


def _refuse(name: str) -> NoReturn:
    raise _NotStrict(f"{name} is no number: leave the value out, or state a limit")


class Fields:
    """An object of the case at a known place, whose keys are read one by one.

    Parameters
    ----------
    value : object
        What stands there.
    place : str
        Where, for example ``chronometers[1].ratio``; empty for the whole case.
    allowed : iterable of str
        Every key it may have.

    Raises
    ------
    InvalidInput
        If it is no object or has another key.
    """

    def __init__(self, value: object, place: str, allowed: Iterable[str]) -> None:
        names = list(allowed)
        self.place = place
        if not isinstance(value, dict):
            raise InvalidInput(f"{place or 'the case'}: an object {{...}} is expected")
        for key in value:
            if key not in names:
                near = difflib.get_close_matches(str(key), names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
                raise InvalidInput(f"{self.at(str(key)[:40])}: unknown key; {hint}")
        self._value: dict[str, Any] = value

    def at(self, key: str) -> str:
        """Place of a key."""
        return f"{self.place}.{key}" if self.place else key

    def has(self, key: str) -> bool:
        """Whether the key is there and not null."""
        return self._value.get(key) is not None

    def raw(self, key: str) -> object:
        """What stands under a key, unchecked; None where nothing does."""
        return self._value.get(key)

    def need(self, key: str, what: str) -> object:
        """What stands under a key that must be there."""
        if not self.has(key):
            raise InvalidInput(f"{self.at(key)}: missing; {what}")
        return self._value[key]

    def text(self, key: str, *, limit: int = 400, default: str | None = None) -> str:
        """A text that is not empty."""
        if default is not None and not self.has(key):
            return default
        value = self.need(key, "a text is expected")
        if not isinstance(value, str) or not value.strip():
            raise InvalidInput(f"{self.at(key)}: a text is expected")
        if len(value) > limit:
            raise InvalidInput(f"{self.at(key)}: longer than {limit} characters")
        return value.strip()

    def choice(self, key: str, allowed: Iterable[str]) -> str:
        """One of some words."""
        words = list(allowed)
        value = self.need(key, f"write one of {', '.join(words)}")
        if value not in words:
            shown = value[:30] if isinstance(value, str) else type(value).__name__
            raise InvalidInput(f"{self.at(key)}: {shown!r} is not one of {', '.join(words)}")
        return str(value)

    def number(
        self,
        key: str,
        *,
        default: float | None = None,
        least: float = -math.inf,
        most: float = math.inf,
        above: float = -math.inf,
    ) -> float:
        """A finite number within limits."""
        if default is not None and not self.has(key):
            return default
        value = self.need(key, "a number is expected")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInput(f"{self.at(key)}: a number is expected, not {_shown(value)}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise InvalidInput(f"{self.at(key)}: the number is too large")
        if not (least <= number <= most and number > above):
            if above > -math.inf:
                bound = f"more than {above:g}"
            elif most < math.inf:
                bound = f"{least:g} to {most:g}"
            else:
                bound = f"{least:g} or more"
            raise InvalidInput(f"{self.at(key)}: must be {bound}, not {number:g}")
        return number

    def flag(self, key: str) -> bool:
        """A truth value, false where it is left out."""
        value = self._value.get(key, False)
        if not isinstance(value, bool):
            raise InvalidInput(f"{self.at(key)}: write true or false, not {_shown(value)}")
        return value

    def date(self, key: str, *, today: dt.date | None) -> dt.date | None:
        """A calendar date ``YYYY-MM-DD``, not after today; None where it is left out."""
        if not self.has(key):
            return None
        value = self._value[key]
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise InvalidInput(f"{self.at(key)}: write a date like 2014-01-15, not {_shown(value)}")
        try:
            day = dt.date.fromisoformat(value)
        except ValueError:
            raise InvalidInput(f"{self.at(key)}: the calendar has no day {value}") from None
        if today is not None and day > today:
            raise InvalidInput(f"{self.at(key)}: {value} lies in the future")
        return day

    def items(self, key: str) -> list[Any]:
        """A list that is not empty."""
        value = self.need(key, "a list [...] is expected")
        if not isinstance(value, list) or not value:
            raise InvalidInput(f"{self.at(key)}: a list [...] with at least one entry is expected")
        return value


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value[:30])
    return json.dumps(value)[:30] if isinstance(value, bool | int | float) else "a list or object"
