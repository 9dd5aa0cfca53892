"""The log as a file that leaves the server: marked as high as what it holds, and itself logged."""

from __future__ import annotations

from django.db import models, transaction
from django.db.models import Max

from tocsin.server.accounts.models import Level
from tocsin.server.audit.export import log_lines
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.services import record

WITHOUT_CONTENTS = "OPEN TLP:CLEAR - commitments and checkpoints only"


@transaction.atomic
def exported_log(
    *, actor: models.Model | str, subject: models.Model | None = None, contents: bool
) -> str:
    """Text of a log file, as the database holds the log now; its leaf is written first.

    Parameters
    ----------
    actor : Model or str
        Who takes it out.
    subject : Model, optional
        Row that the leaf names; the newest leaf where none is given, and no leaf of an empty log.
    contents : bool
        With salts and contents of all leaves, for whoever may read everything.
    """
    newest = Leaf.objects.order_by("-id").first()
    marking = marking_of_contents() if contents else WITHOUT_CONTENTS
    about = subject or newest
    if about is not None:
        record(
            actor=actor,
            action="audit.export",
            subject=about,
            after={
                "contents": contents,
                "leaves": Leaf.objects.exclude(position=None).count(),
                "marking": marking,
            },
        )
    return "".join(log_lines(contents=contents, marking=marking))


def marking_of_contents() -> str:
    """Marking of all contents together: that of the highest leaf, and never below CONFIDENTIAL.

    A content is what its commitment was made of: nothing can be left out of it, so the marking says
    what of people is in it.
    """
    rows = Leaf.objects.exclude(position=None)
    highest = rows.aggregate(most=Max("level"))["most"] or Level.OPEN
    level = Level(max(highest, Level.CONFIDENTIAL))
    realms = " ".join(sorted(set(rows.order_by().values_list("realm", flat=True).distinct())))
    return (
        f"{level.name} TLP:RED - contents of the log of changes, realms: {realms or 'none'}; "
        "personal data: who did what and when, names and reasons as people wrote them"
    )
