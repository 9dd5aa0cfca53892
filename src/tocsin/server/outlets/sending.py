"""Sending what is due: logged first, then sent; what fails waits longer each time."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from contextlib import closing
from datetime import datetime, timedelta

from django.db import transaction

from tocsin.errors import InvalidInput
from tocsin.server.audit.services import record
from tocsin.server.duties.timers import each
from tocsin.server.outlets.addresses import Target, target_of
from tocsin.server.outlets.composing import Leaving, content_of, leaving
from tocsin.server.outlets.drawing import cot_events
from tocsin.server.outlets.models import Operation, Standing, Way
from tocsin.server.outlets.signing import HEADER, signature_of
from tocsin.server.own_keys import keys_folder

ACTOR = "system:outlets"
TIMEOUT_S = 3.0
"""A receiver that does not answer must not hold up the other work of the timers for long."""
AGAIN_AFTER = timedelta(seconds=60)
"""Unchanged content is sent again so often, before what was sent goes stale."""
FIRST_WAIT_S, LONGEST_WAIT_S = 10.0, 300.0
MOST_REPLY = 1 << 12


def send_due(at: datetime) -> int:
    """Send for every operation that runs and is due; a step of the timer process."""
    rows = Operation.objects.exclude(way=Way.FETCHED).exclude(agreed_at=None)
    running = rows.filter(stopped_at=None, ends_at__gt=at).select_related("created_by", "agreed_by")
    return each(running, lambda row: _send(row, at))


def wait_of(failures: int) -> timedelta:
    """How long to wait after so many failures."""
    if not failures:
        return timedelta(0)
    return timedelta(seconds=min(FIRST_WAIT_S * 2.0 ** (failures - 1), LONGEST_WAIT_S))


def _send(operation: Operation, at: datetime) -> int:
    if operation.tried_at is not None and at < operation.tried_at + wait_of(operation.failures):
        return 0
    gone = leaving(operation, at)
    same = gone.digest == operation.digest
    fresh = operation.sent_at is not None and at < operation.sent_at + AGAIN_AFTER
    # what has no end of its own at the receiver is told once that nothing is left
    empties = operation.way == Way.WEBHOOK and operation.sent_at is not None and not same
    if not (gone.things or empties) or (same and fresh and not operation.failures):
        return 0
    if not _logged(operation, gone, at):
        return 0
    try:
        _out(operation, gone, at)
    except (OSError, ValueError, http.client.HTTPException, InvalidInput) as error:
        # ValueError: an address that cannot be put on the wire
        _failed(operation, str(error) or type(error).__name__, at)
        return 0
    Operation.objects.filter(pk=operation.pk).update(
        sent_at=at, tried_at=at, failures=0, trouble="", digest=gone.digest
    )
    return 1


@transaction.atomic
def _logged(operation: Operation, gone: Leaving, at: datetime) -> bool:
    """Write down what is about to leave, unless it was switched off this moment."""
    row = Operation.objects.select_for_update().get(pk=operation.pk)
    if row.standing(at) != Standing.RUNNING:
        return False
    record(
        actor=ACTOR,
        action="outlets.send",
        subject=row,
        after={
            "receiver": row.receiver,
            "address": row.address,
            "things": [thing.id for thing in gone.things],
            "held_back": gone.held_back,
            "level": gone.mark.level,
            "tlp": gone.mark.tlp,
            "realm": row.realm,
            "digest": gone.digest,
        },
    )
    return True


@transaction.atomic
def _failed(operation: Operation, why: str, at: datetime) -> None:
    row = Operation.objects.select_for_update().get(pk=operation.pk)
    row.failures, row.trouble, row.tried_at = row.failures + 1, why[:200], at
    row.save(update_fields=["failures", "trouble", "tried_at"])
    record(
        actor=ACTOR,
        action="outlets.failed",
        subject=row,
        after={"failures": row.failures, "trouble": row.trouble},
    )


def _out(operation: Operation, gone: Leaving, at: datetime) -> None:
    target = target_of(operation.way, operation.address)
    if operation.way == Way.WEBHOOK:
        _post(target, json.dumps(content_of(operation, gone, at), sort_keys=True).encode())
        return
    events = cot_events(operation, gone.things, at)
    if target.scheme == "udp":
        _datagrams(target, events)
    else:
        _stream(target, events)


def _datagrams(target: Target, events: list[bytes]) -> None:
    family, kind, protocol, _name, place = socket.getaddrinfo(
        target.host, target.port, type=socket.SOCK_DGRAM
    )[0]
    with closing(socket.socket(family, kind, protocol)) as out:
        for event in events:
            out.sendto(event, place)


def _stream(target: Target, events: list[bytes]) -> None:
    with socket.create_connection((target.host, target.port), timeout=TIMEOUT_S) as plain:
        if target.scheme == "tcp":
            plain.sendall(b"".join(events))
            return
        with _context().wrap_socket(plain, server_hostname=target.host) as secure:
            secure.sendall(b"".join(events))


def _post(target: Target, body: bytes) -> None:
    """One POST; an answer that points elsewhere is a failure, for only this address was agreed."""
    connection = (
        http.client.HTTPSConnection(target.host, target.port, timeout=TIMEOUT_S, context=_context())
        if target.scheme == "https"
        else http.client.HTTPConnection(target.host, target.port, timeout=TIMEOUT_S)
    )
    with closing(connection):
        headers = {"Content-Type": "application/json", HEADER: signature_of(body)}
        connection.request("POST", target.path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(MOST_REPLY)
        if not 200 <= answer.status < 300:
            raise OSError(f"the receiver answers {answer.status}")


def _context() -> ssl.SSLContext:
    """Authorities of the system, or those that the operator names; our certificate if there is one.

    ``keys/outlets-authorities.pem`` and ``keys/outlets-client.pem`` (certificate and key) in the
    data folder.
    """
    keys = keys_folder()
    authorities, own = keys / "outlets-authorities.pem", keys / "outlets-client.pem"
    context = ssl.create_default_context(cafile=authorities if authorities.is_file() else None)
    if own.is_file():
        context.load_cert_chain(own)
    return context
