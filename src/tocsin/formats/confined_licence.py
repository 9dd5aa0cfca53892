"""The licence sheet in what somebody presents, read in a confined child process.

A sheet comes from whoever wants to buy: as signed JSON, as the printed PDF, as a photograph of its
code or as the text of the code. The child gives up files, network and new processes
(:mod:`tocsin.formats.confinement`) before it unpacks anything, and answers in the one plain form of
a signed sheet, which is checked again here. Whether the signature holds is not asked.
"""

from __future__ import annotations

import os
import signal
import sys

from tocsin.errors import ParseError
from tocsin.formats import confinement
from tocsin.formats.confined_child import answered, asked
from tocsin.formats.confined_qr import qr_texts
from tocsin.formats.limits import Limits, MiB
from tocsin.sealing import LicenceSheet, read_sheet

CODE = b"TOCSIN:L1:"
"""How the text of a code begins."""
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM")
_MOST_ANSWER = 4 * MiB


def read_licence(data: bytes, *, file: str = "") -> LicenceSheet:
    """The licence sheet in a file, a picture or the text of a code; its signature is not checked.

    Raises
    ------
    ParseError
        No sheet is in it, a damaged one, or it did not let itself be read.
    """
    limits = Limits()
    if len(data) > limits.max_bytes:
        raise ParseError("is too large for a licence sheet", code="too_large", file=file)
    try:
        if data.startswith(_PICTURES):
            data = _code_in(data, limits)
        answer = asked(
            "tocsin.formats.confined_licence",
            data,
            what="the licence sheet",
            limits=limits,
            most_answer=_MOST_ANSWER,
        )
        return read_sheet(answer)
    except ParseError as error:
        raise ParseError(error.reason, code=error.code, file=file) from error


def _code_in(picture: bytes, limits: Limits) -> bytes:
    found = (text for text in qr_texts(picture, limits=limits) if text.startswith(CODE))
    text = next(found, None)
    if text is None:
        raise ParseError("no code of a licence sheet can be read in the picture")
    return text


def main() -> int:
    """Life of the child: read, confine, parse, answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits = Limits()
    data = sys.stdin.buffer.read(limits.max_bytes + 1)
    confinement.leave_network()
    confinement.confine(limits)
    return answered(lambda: read_sheet(data).document())


if __name__ == "__main__":
    # Nothing is flushed or closed behind the fence: a leave without ceremony.
    os._exit(main())
