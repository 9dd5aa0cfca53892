"""Groups of incidents as the ITDB defines them, edition by edition, from a data file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from django.utils.translation import get_language

PRESENT = "2024"
"""Edition in use now."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group of one edition of the definitions.

    Parameters
    ----------
    edition, code : str
        Together they name it.
    names, definitions : dict
        By language, ``en`` and ``fr``.
    source : str
        Where it stands.
    verification : str
        ``read`` at the source, or ``second-hand``.
    """

    edition: str
    code: str
    names: dict[str, str]
    definitions: dict[str, str]
    source: str
    verification: str

    @property
    def name(self) -> str:
        """In the reader's language."""
        return self.names[_language()]

    @property
    def words(self) -> str:
        """The definition in the reader's language."""
        return self.definitions[_language()]


@cache
def groups() -> dict[tuple[str, str], Group]:
    """Every group by edition and code."""
    text = (files(__package__) / "data" / "groups.csv").read_text(encoding="utf-8")
    return {
        (row["edition"], row["code"]): Group(
            row["edition"],
            row["code"],
            {"en": row["name"], "fr": row["name_fr"]},
            {"en": row["words"], "fr": row["words_fr"]},
            row["source"],
            row["verification"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def present_groups() -> list[Group]:
    """Groups of the edition in use now."""
    return [group for (edition, _code), group in groups().items() if edition == PRESENT]


def _language() -> str:
    return "fr" if (get_language() or "").startswith("fr") else "en"
