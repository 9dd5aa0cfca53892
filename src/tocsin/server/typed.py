"""What people type, as it is kept: text, and moments."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput


def plain(text: str) -> str:
    """Text without blanks around it and without NUL, which no database and no reader can hold."""
    return text.replace("\0", "").strip()


def moment(text: str) -> datetime:
    """A moment from a form field, in UTC as the page says.

    Raises
    ------
    InvalidInput
        It is none.
    """
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInput(_("Give date and time.")) from None
