"""Operations for a reader, and for who fetches by a token."""

from __future__ import annotations

import hashlib
import uuid

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from tocsin.server.clock import now
from tocsin.server.marking.policy import Reader, visible
from tocsin.server.outlets.models import Operation, Standing, Way


def operations_for(reader: Reader) -> QuerySet[Operation]:
    """Operations that a reader may see, the latest first."""
    rows = Operation.objects.select_related("created_by", "agreed_by", "stopped_by", "originator")
    return visible(reader, rows)


def operation_for(reader: Reader, pk: uuid.UUID) -> Operation:
    """One operation, or 404."""
    return get_object_or_404(operations_for(reader), pk=pk)


def fetched_by(token: str) -> Operation | None:
    """The running operation of a token; None for every other one."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    row = Operation.objects.filter(token_sha256=digest, way=Way.FETCHED).first()
    return row if row is not None and row.standing(now()) == Standing.RUNNING else None
