"""Comparing answers that must not differ."""

from __future__ import annotations

import re
from typing import Any


def body_of(answer: Any) -> str:
    """All of an answer's body, streamed or not."""
    parts = [answer.content] if not answer.streaming else list(answer.streaming_content)
    return b"".join(parts).decode(errors="replace")


def comparable(answer: Any, *own_words: object) -> str:
    """Body of an answer without the token of its forms and without what the reader sent.

    What is closed must answer exactly like what is absent; only these may differ.
    """
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", body_of(answer))
    for word in own_words:
        text = text.replace(str(word), "…")
    return text
