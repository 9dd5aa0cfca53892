"""Text from outside (file names, words of a file) made fit for one line of a message."""

from __future__ import annotations

import re

MAX_NAME = 255
MAX_REASON = 500


def one_line(text: str, *, limit: int) -> str:
    """The text without line ends, control signs and lone surrogates, cut in its middle.

    A name with an escape sequence in it must not reach a terminal, a log or a header as it is.
    What is no printable sign becomes ``U+FFFD``; both ends of a long text are kept.
    """
    if len(text) > limit:
        half = (limit - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def format_hint(file_name: str) -> str:
    """The end of a file name, in plain ASCII: all that a guess at the format needs."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", file_name[-64:])
