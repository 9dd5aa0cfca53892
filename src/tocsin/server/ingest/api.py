"""Where devices send: one envelope a request, acknowledged when it is durable."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from ninja import Router, Schema

from tocsin.server.ingest.door import TOO_LARGE, said_of
from tocsin.server.ingest.gathering import Outcome
from tocsin.server.ingest.receiving import MOST_BYTES, Refused, receive

router = Router(tags=["devices"])


class ReceiptOut(Schema):
    """What the device may let go: this envelope, and its lane up to a number (-1 for none)."""

    receipt: str
    through: int


class WhyOut(Schema):
    """What is wrong, for programs and for people."""

    code: str
    message: str


class RefusedOut(Schema):
    """Why an envelope is not taken; ``refused`` is empty where another try may do."""

    detail: str
    error: WhyOut
    refused: str = ""


REFUSALS = frozenset({400, 401, 403, 409, 413, 422, 429, 503})


@router.post(
    "",
    response={200: ReceiptOut, REFUSALS: RefusedOut},
    url_name="ingest",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
def ingest(request: HttpRequest) -> Any:
    """Take one signed envelope of an enrolled device. The signature is what lets it in."""
    # in ``tocsin serve`` the door before Django answers; this is the same without it
    body = request.body
    outcome: Outcome
    try:
        if len(body) > MOST_BYTES:
            raise Refused("too_large", TOO_LARGE, status=413, final=True)
        outcome = receive(body)
    except Refused as refused:
        outcome = refused
    status, said = said_of(outcome)
    return JsonResponse(said, status=status)
