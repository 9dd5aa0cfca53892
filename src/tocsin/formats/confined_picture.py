"""Photographs that people bring, drawn anew in a confined child process.

What the child hands back is not believed either: it must be two bare pictures, part by part
(:mod:`tocsin.formats.bare_picture`).
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass

from tocsin.errors import ParseError
from tocsin.formats import confinement
from tocsin.formats.bare_picture import BarePicture, bare_picture
from tocsin.formats.clean_picture import (
    LONGEST_SIDE_PX,
    THUMBNAIL_PX,
    clean_picture,
    warm_up,
)
from tocsin.formats.confined_child import answered, asked
from tocsin.formats.limits import Limits, MiB

PICTURE_LIMITS = Limits(max_bytes=32 * MiB, memory_bytes=1024 * MiB, cpu_s=15, wall_s=20)
_MOST_ANSWER = 32 * MiB
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A picture without anything but its points.

    Parameters
    ----------
    content : bytes
    what : BarePicture
        Its kind and size.
    thumbnail : bytes
        A small JPEG of it.
    """

    content: bytes
    what: BarePicture
    thumbnail: bytes


def redraw(data: bytes, *, limits: Limits = PICTURE_LIMITS) -> Redrawn:
    """A photograph drawn anew.

    Raises
    ------
    ParseError
        It is damaged, too large, no picture that is taken, or its decoder did not survive it.
    """
    if len(data) > limits.max_bytes:
        raise ParseError(f"a picture may be {limits.max_bytes // MiB} MiB large", code="too_large")
    answer = asked(
        "tocsin.formats.confined_picture",
        data,
        what="the picture",
        limits=limits,
        most_answer=_MOST_ANSWER,
    )
    return believed(answer)


def believed(answer: bytes) -> Redrawn:
    """What the child says, if it is two bare pictures of the sizes that it must keep to.

    Raises
    ------
    ParseError
        It is not.
    """
    length = int.from_bytes(answer[:_LENGTH_BYTES], "big")
    content = answer[_LENGTH_BYTES : _LENGTH_BYTES + length]
    thumbnail = answer[_LENGTH_BYTES + length :]
    large, small = bare_picture(content), bare_picture(thumbnail)
    if max(large.width_px, large.height_px) > LONGEST_SIDE_PX:
        raise ParseError("the reader of pictures gave back too large a one", code="crashed")
    if small.media_type != "image/jpeg" or max(small.width_px, small.height_px) > THUMBNAIL_PX:
        raise ParseError("the reader of pictures gave back no thumbnail", code="crashed")
    return Redrawn(content, large, thumbnail)


def main() -> int:
    """Life of the child: read, confine, draw, answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up()
    data = sys.stdin.buffer.read(PICTURE_LIMITS.max_bytes + 1)
    confinement.leave_network()
    confinement.confine(PICTURE_LIMITS)
    return answered(lambda: _drawn(data))


def _drawn(data: bytes) -> bytes:
    drawn = clean_picture(data)
    return len(drawn.shown).to_bytes(_LENGTH_BYTES, "big") + drawn.shown + drawn.thumbnail


if __name__ == "__main__":
    # Nothing is flushed or closed behind the fence: a leave without ceremony.
    os._exit(main())
