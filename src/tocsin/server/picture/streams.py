"""The stream of the live picture: one message a second until the listener may hear no more."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial

from django.http import HttpResponseBase

from tocsin.server.access import ReaderRequest
from tocsin.server.ingest.shedding import map_is_shed
from tocsin.server.marking.listening import Listener, beats, listener_of, stream_of, told_to
from tocsin.server.marking.policy import Reader
from tocsin.server.picture.composing import Seen, picture

BEAT_S = 1.0
SHED_BEATS = 5
"""Under load the picture is drawn at one beat of so many; whether the viewer may listen is asked at
every one."""
NEEDS = "measurements.read"


async def live(request: ReaderRequest) -> HttpResponseBase:
    """The picture as it changes."""
    return stream_of(events(listener_of(request, request.reader)))


def events(listener: Listener, beat_s: float = BEAT_S) -> AsyncIterator[str]:
    """Messages until the listener may listen no more; the first holds the whole tracks."""
    seen, turn, told = Seen(), 0, ""

    def say(reader: Reader) -> str:
        nonlocal turn, told
        turn += 1
        # what was told before is not told again: a sign of life goes out in its place
        if not (told and turn % SHED_BEATS and map_is_shed()):
            told = json.dumps(picture(reader, seen), separators=(",", ":"))
        return told

    return beats(partial(told_to, listener, NEEDS, say), beat_s)
