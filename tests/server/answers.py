"""Comparing answers that must not differ."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import async_to_sync

PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who exist in tests alone


def body_of(answer: Any) -> str:
    """All of an answer's body, streamed or not; of what never ends the first part."""
    if not answer.streaming:
        parts = [answer.content]
    elif answer.is_async:
        parts = [async_to_sync(_first)(answer.streaming_content)]
    else:
        parts = list(answer.streaming_content)
    return b"".join(parts).decode(errors="replace")


async def _first(stream: AsyncIterator[bytes]) -> bytes:
    return await anext(aiter(stream))


def comparable(answer: Any, *own_words: object) -> str:
    """Body of an answer without the token of its forms and without what the reader sent.

    What is closed must answer exactly like what is absent; only these may differ.
    """
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", body_of(answer))
    for word in own_words:
        text = text.replace(str(word), "…")
    return text
