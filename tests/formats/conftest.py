"""What the tests of formats share: one sandboxed reader, the schema, the list of recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from tocsin.formats import Reader

# Files of the recordings' folder that hold no recording.
NO_RECORDING = (".md", ".sha256", ".xsd", ".tsv", ".dat")


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    """One sandboxed reader for all tests."""
    with Reader() as shared:
        yield shared


@pytest.fixture(scope="session")
def n42_schema(shared_data: Path) -> etree.XMLSchema:
    """The N42 schema."""
    return etree.XMLSchema(etree.parse(shared_data / "schemas" / "n42" / "n42.xsd"))


@pytest.fixture(scope="session")
def recording_paths(recordings: Path) -> list[Path]:
    """Every file of the recordings' folder that may hold a recording."""
    return [
        p
        for p in sorted(recordings.rglob("*"))
        if p.is_file() and not p.name.lower().endswith(NO_RECORDING) and "drf" not in p.parts
    ]
