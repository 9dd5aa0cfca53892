"""Bringing files, once and within limits; and what leaves the system again."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from tocsin.formats.limits import MiB
from tocsin.server.accounts.models import Level, Organisation, Person
from tocsin.server.accounts.turns import one_at_a_time
from tocsin.server.audit.services import record
from tocsin.server.clock import now
from tocsin.server.files.services import store
from tocsin.server.marking.highwater import Mark
from tocsin.server.marking.models import Compartment, Tlp
from tocsin.server.marking.policy import Reader, decide, may, visible
from tocsin.server.measurements.models import Measurement, State, Upload
from tocsin.server.measurements.services.refusal import Refused
from tocsin.server.measurements.services.turns import enqueue


def most_bytes() -> int:
    """Size of the largest file that is taken."""
    return int(settings.TOCSIN.upload_most_MiB) * MiB


def used_bytes(person: Person, realm: str) -> int:
    """Bytes of a person's uploads in a realm."""
    rows = Upload.objects.filter(created_by=person, realm=realm)
    return int(rows.aggregate(total=Sum("size_bytes"))["total"] or 0)


@transaction.atomic
def upload(
    reader: Reader,
    content: bytes,
    *,
    name: str,
    title: str = "",
    note: str = "",
    level: int = Level.RESTRICTED,
    compartments: Sequence[uuid.UUID] = (),
) -> tuple[Upload, bool]:
    """Keep a file and let it be analysed; what is returned is durable once the transaction ends.

    Parameters
    ----------
    reader : Reader
        Who brings it, and in which realm.
    content : bytes
        As it came.
    name : str
        As it was called.
    level, compartments
        Marking; no higher and no other than the person's own.

    Returns
    -------
    upload, fresh
        ``fresh`` is False where the person can already see an upload of the same bytes by the own
        organisation: that one is returned and nothing is written.

    Raises
    ------
    Refused
        Not allowed, empty, too large, over the quota, or marked beyond what the person may see.
    """
    if not may(reader, "measurements.upload"):
        raise Refused("not_allowed", _("None of your roles allows this."))
    if not content:
        raise Refused("empty", _("The file is empty."))
    most = settings.TOCSIN.upload_most_MiB
    if len(content) > most * MiB:
        raise Refused("too_large", _("The file is larger than {most} MiB.").format(most=most))
    if level > reader.person.clearance:
        raise Refused("level", _("The level is above your own clearance."))
    if not set(compartments) <= reader.compartments:
        raise Refused("compartment", _("You are no member of this compartment."))
    # one upload of an organisation at a time: what is there already and the quota stay true
    one_at_a_time(reader.person.organisation_id)
    known = known_upload(reader, content)
    if known is not None:
        return known, False
    quota = settings.TOCSIN.upload_quota_MiB
    if used_bytes(reader.person, reader.realm) + len(content) > quota * MiB:
        raise Refused(
            "quota",
            _(
                "Your uploads together would be larger than {quota} MiB. Ask an administrator of "
                "the server for more room."
            ).format(quota=quota),
        )
    row = keep_recording(
        content,
        name=name,
        title=title.strip()[:200],
        note=note.strip()[:2000],
        mark=Mark(reader.realm, level, frozenset(compartments), Tlp.RED.value),
        originator=reader.person.organisation,
        actor=reader.person,
    )
    return row, True


@transaction.atomic
def keep_recording(
    content: bytes,
    *,
    name: str,
    title: str,
    mark: Mark,
    originator: Organisation,
    actor: Person | str,
    note: str = "",
) -> Upload:
    """Keep the bytes of a recording under a mark, and let them be analysed.

    Parameters
    ----------
    actor : Person or str
        Who brings them: a person, or ``"system:"`` and the process that received them.
    """
    person = actor if isinstance(actor, Person) else None
    kept = store(content, name=name, actor=actor, originator=originator, **mark.fields())
    mark.stamp(kept)
    at = now()
    row = Upload.objects.create(
        **mark.fields(),
        originator=originator,
        created_at=at,
        created_by=person,
        file=kept,
        sha256=kept.blob_id,
        size_bytes=len(content),
        title=title,
        note=note,
        touched_at=at,
    )
    mark.stamp(row)
    enqueue(row)
    record(
        actor=actor,
        action="measurements.upload",
        subject=row,
        after={"file": kept.name, "sha256": row.sha256, "size_bytes": row.size_bytes},
    )
    return row


def known_upload(reader: Reader, content: bytes) -> Upload | None:
    """Upload of the same bytes by the own organisation, among what the reader may see."""
    sha256 = hashlib.sha256(content).hexdigest()
    rows = visible(reader, Upload.objects.filter(sha256=sha256))
    return rows.filter(originator=reader.person.organisation_id).order_by("created_at").first()


@transaction.atomic
def try_again(reader: Reader, row: Upload) -> None:
    """Let a failed file be read once more, as after a better reader was installed.

    Raises
    ------
    Refused
        Not allowed, or the file did not fail.
    """
    row = Upload.objects.select_for_update().get(pk=row.pk)
    if not decide(reader, "measurements.upload", row).allowed or row.state != State.FAILED:
        raise Refused("not_allowed", _("Only a file that could not be read is tried again."))
    before = {"state": row.state, "code": row.error_code}
    Upload.objects.filter(pk=row.pk).update(
        attempts=0, progress=0.0, error_code="", error_message="", finished_at=None
    )
    enqueue(row)
    record(
        actor=reader.person,
        action="measurements.try_again",
        subject=row,
        before=before,
        after={"state": State.QUEUED.value},
    )


def compartments_of(reader: Reader) -> list[Compartment]:
    """Compartments that a person may give to an upload."""
    return list(Compartment.objects.filter(pk__in=reader.compartments))


@transaction.atomic
def tell_export(reader: Reader, row: Measurement | Upload, what: str) -> None:
    """Leave a trace of what left the system."""
    record(
        actor=reader.person,
        action="measurements.export",
        subject=row,
        after={"what": what, "sha256": row.sha256},
    )
