"""Edition of the templates, for reports: what code and what data made them."""

from __future__ import annotations

import hashlib
from importlib import resources

RESPONSE_EDITION = "2"
"""Raised whenever the response changes on purpose."""

_FILES = (
    "attenuation.csv",
    "elements.csv",
    "fluorescence.csv",
    "intrinsic.json",
    "materials.json",
    "models.json",
)


def _version() -> str:
    folder = resources.files("tocsin.detectors") / "data"
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((folder / name).read_bytes())
    for item in sorted((folder / "models").iterdir(), key=lambda i: i.name):
        digest.update(item.name.encode() + item.read_bytes())
    return f"{RESPONSE_EDITION}+{digest.hexdigest()[:12]}"


TEMPLATE_LIBRARY_VERSION = _version()
"""``EDITION+HASH`` of the response and of its data files."""
