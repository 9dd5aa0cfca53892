"""The public key by which a person checks a signature: as text, or in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.cli.output import check_readable
from tocsin.errors import InvalidInput

if TYPE_CHECKING:
    from tocsin.sealing import VerifierKey


def verifier_key(text: str) -> VerifierKey:
    """The key that a text is, or that stands in the file of that name.

    Raises
    ------
    InvalidInput
        It is no key, or a secret one.
    """
    from tocsin.sealing import VerifierKey

    if "+" not in text or Path(text).is_file():
        path = Path(text)
        check_readable(path)
        text = path.read_text(encoding="utf-8", errors="replace")
        if text.startswith("PRIVATE+KEY+"):
            raise InvalidInput(f"{path} is a secret key: give the public one (name+id+...)")
    return VerifierKey.parse(text)
