"""What a forger does to a licence sheet."""

from __future__ import annotations

from typing import Any

from tocsin.sealing import LicenceSheet, SigningKey, sign_sheet
from tocsin.server.licensing.models import Sheet


def altered(sheet: Sheet, **changes: Any) -> str:
    """A real sheet with other words and the signature of the real one."""
    signed = sheet.signed()
    return LicenceSheet({**signed.content, **changes}, signed.signature).code()


def forged(sheet: Sheet, key: SigningKey, **changes: Any) -> str:
    """The words of a real sheet, perhaps changed, signed with a key of the forger's."""
    content = {**sheet.signed().content, **changes}
    return sign_sheet(content, key).code()


def under_our_name(sheet: Sheet, key: SigningKey, **changes: Any) -> str:
    """A sheet that names the authority's key, and bears a signature of another."""
    signed = sheet.signed()
    content = {**signed.content, **changes}
    return LicenceSheet(content, sign_sheet(content, key).signature).code()
