"""The sheet that somebody presents, as the pages and programs take it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tocsin.errors import ParseError
from tocsin.formats.confined_licence import read_licence
from tocsin.sealing import LicenceSheet
from tocsin.server.register.holders import Refused


def sheet_in(presented: bytes | str) -> LicenceSheet:
    """The sheet in an uploaded file or a typed code, read in a confined child process.

    Raises
    ------
    Refused
        None can be read.
    """
    data = presented.encode("utf-8", errors="replace") if isinstance(presented, str) else presented
    try:
        return read_licence(data)
    except ParseError as error:
        raise Refused(
            _("No licence sheet can be read in this: {why}").format(why=error.reason)
        ) from error
