"""Text of QR codes in a picture, decoded in a confined child process.

The decoder is native code and the picture may come from anybody: the child gives up files, network
and new processes (:mod:`tocsin.formats.confinement`) before it looks at a byte, and what it hands
back is believed only as bytes.
"""

from __future__ import annotations

import os
import signal
import sys

from tocsin.errors import ParseError
from tocsin.formats import confinement, qr_image
from tocsin.formats.confined_child import answered, asked
from tocsin.formats.limits import Limits, MiB

_LENGTH_BYTES = 4
_MOST_ANSWER = MiB


def qr_texts(data: bytes, *, limits: Limits | None = None) -> list[bytes]:
    """Bytes of every QR code in a picture (PNG, JPEG or BMP).

    Raises
    ------
    ParseError
        When the picture is damaged or too large, or the decoder did not survive it.
    """
    limits = limits or Limits()
    if len(data) > limits.max_bytes:
        raise ParseError("the picture is too large", code="too_large")
    answer = asked(
        "tocsin.formats.confined_qr",
        data,
        what="the picture",
        limits=limits,
        most_answer=_MOST_ANSWER,
    )
    return _split(answer)


def _split(answer: bytes) -> list[bytes]:
    texts, at = [], 0
    while at < len(answer):
        length = int.from_bytes(answer[at : at + _LENGTH_BYTES], "big")
        at += _LENGTH_BYTES
        if at + length > len(answer):
            raise ParseError("the reader of QR codes was cut off", code="crashed")
        texts.append(answer[at : at + length])
        at += length
    return texts


def main() -> int:
    """Life of the child: read, confine, decode, answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    qr_image.warm_up()
    limits = Limits()
    data = sys.stdin.buffer.read(limits.max_bytes + 1)
    confinement.leave_network()
    confinement.confine(limits)
    return answered(lambda: _joined(qr_image.texts_in_image(data)))


def _joined(texts: list[bytes]) -> bytes:
    return b"".join(len(t).to_bytes(_LENGTH_BYTES, "big") + t for t in texts)


if __name__ == "__main__":
    # Nothing is flushed or closed behind the fence: a leave without ceremony.
    os._exit(main())
