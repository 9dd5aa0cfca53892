"""Comparing answers that must not differ."""

from __future__ import annotations

import re
from typing import Any


def comparable(answer: Any, *own_words: object) -> str:
    """Body of an answer without the token of its forms and without what the reader sent.

    What is closed must answer exactly like what is absent; only these may differ.
    """
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())
    for word in own_words:
        text = text.replace(str(word), "…")
    return text
