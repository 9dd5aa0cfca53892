"""One event with its proof in a file: that it stands in the log that a checkpoint states.

JSON: ``schema`` (``tocsin.log-proof/1``), ``position``, ``commitment``, ``salt`` (hexadecimal),
``content``, ``proof`` (list of hexadecimal hashes), ``checkpoint`` (signed note).
"""

from __future__ import annotations

import json
from typing import Any

from tocsin.errors import ParseError
from tocsin.sealing.checkpoint import Checkpoint
from tocsin.sealing.commitment import opens
from tocsin.sealing.findings import Finding, Verdict
from tocsin.sealing.keys import VerifierKey
from tocsin.sealing.merkle import leaf_hash
from tocsin.sealing.note import NoteRefused
from tocsin.sealing.proofs import ProofRefused, verify_inclusion

SCHEMA = "tocsin.log-proof/1"


def read_event_proof(data: bytes, *, file: str = "") -> dict[str, Any] | None:
    """The proof that a file holds; None when it is no such file at all.

    Raises
    ------
    ParseError
        When it says that it is one, and a part is missing or of the wrong kind.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return None
    try:
        return {
            "position": _whole(found["position"]),
            "commitment": bytes.fromhex(found["commitment"]),
            "salt": bytes.fromhex(found["salt"]),
            "content": found["content"],
            "proof": [bytes.fromhex(step) for step in found["proof"]],
            "checkpoint": str(found["checkpoint"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ParseError(
            "the proof of an event lacks a part", code="malformed", file=file
        ) from error


def verify_event(proof: dict[str, Any], *, key: VerifierKey) -> Verdict:
    """Judge the proof of an event.

    Parameters
    ----------
    proof : dict
        As :func:`read_event_proof` gives it.
    key : VerifierKey
        Key of the log, got from elsewhere: without it a proof shows nothing.

    Returns
    -------
    Verdict
        ``size`` and ``held`` are those of the checkpoint in the file.
    """
    findings: list[Finding] = []
    position, size = proof["position"], 0
    if not opens(proof["commitment"], proof["content"], proof["salt"]):
        text = "the content is not the one that was committed to"
        findings.append(Finding("changed", position, position, text))
    try:
        checkpoint = Checkpoint.open(proof["checkpoint"], key)
        size = checkpoint.size
        verify_inclusion(
            leaf=leaf_hash(proof["commitment"]),
            position=position,
            size=size,
            proof=proof["proof"],
            root=checkpoint.root,
        )
    except NoteRefused as error:
        findings.append(Finding("other log", None, None, str(error)))
    except ProofRefused as error:
        findings.append(Finding("forged", position, position, str(error)))
    return Verdict(
        origin=key.name,
        size=size,
        findings=tuple(findings),
        pinned=True,
        held=size,
        held_outside=None,
        disclosed=int(not findings),
    )


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("a position is a whole number")
    return value
