"""The tables beside the nuclide library, checked against their manifest when they are read."""

from __future__ import annotations

import csv
import hashlib
import json
from functools import cache
from importlib import resources
from typing import Any

from tocsin.errors import ParseError

_MANIFEST = "companions.json"


@cache
def companions_manifest() -> dict[str, Any]:
    """The manifest: sources with edition, licence and verification, and the sha256 of each table.

    Returns
    -------
    dict
        ``sources`` by key; ``files`` and ``computed_with`` with sha256 by file name.
    """
    path = resources.files("tocsin.nuclear") / "data" / _MANIFEST
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def companion_rows(file: str) -> list[dict[str, str]]:
    """Rows of one table of ``data/``, each as a dict by column.

    Parameters
    ----------
    file : str
        Its name, as ``coincidences.csv``; the manifest has them all.

    Raises
    ------
    ParseError
        If the table is not the one that the manifest names.
    """
    content = (resources.files("tocsin.nuclear") / "data" / file).read_bytes()
    if hashlib.sha256(content).hexdigest() != companions_manifest()["files"][file]:
        raise ParseError(
            "a table of the nuclide library does not match its manifest; reinstall Tocsin or "
            "rebuild it",
            code="checksum",
            file=file,
        )
    return list(csv.DictReader(content.decode("utf-8").splitlines()))
