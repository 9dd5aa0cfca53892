"""Where devices send: one envelope a request, acknowledged when it is durable."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from ninja import Router, Schema

from tocsin.server.ingest.receiving import MOST_BYTES, Refused, receive
from tocsin.server.problems import problem

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


REFUSALS = frozenset({400, 401, 403, 409, 413, 422, 429})


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
    body = request.body
    if len(body) > MOST_BYTES:
        return _refused(Refused("too_large", "too large for a message", status=413, final=True))
    try:
        receipt = receive(body)
    except Refused as refused:
        return _refused(refused)
    return {"receipt": receipt.sha256, "through": receipt.through}


def _refused(refused: Refused) -> JsonResponse:
    said = problem(refused.status, str(refused)) | {
        "refused": refused.code if refused.final else ""
    }
    return JsonResponse(said, status=refused.status)
