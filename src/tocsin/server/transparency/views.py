"""Pages on the log: what happened, the proof that it was logged, and checkpoints to keep."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from tocsin.errors import TocsinError
from tocsin.sealing import Checkpoint, NoteRefused, opens
from tocsin.sealing.paper import checkpoint_svg
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level
from tocsin.server.audit import models
from tocsin.server.audit.cosigning import take_cosignatures
from tocsin.server.audit.export import written_note
from tocsin.server.audit.identity import kept_folders, log_key, witness_keys
from tocsin.server.audit.keeping import LogAltered
from tocsin.server.audit.models import Leaf
from tocsin.server.marking.policy import may
from tocsin.server.transparency.exporting import exported_log
from tocsin.server.transparency.forms import CheckpointForm, FilterForm
from tocsin.server.transparency.reading import names_of_actors, one_event, page_of_events
from tocsin.server.transparency.trees import Inclusion, consistency_with, inclusion_of

SHOWN_CHECKPOINTS = 50


def events(request: ReaderRequest) -> HttpResponse:
    """The events that a reader may see, newest first."""
    form = FilterForm(request.GET)
    before = request.GET.get("before", "")
    rows, older = page_of_events(
        request.reader,
        form.filters(),
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
    )
    names = names_of_actors(request.reader, rows)
    kept = {k: v for k, v in request.GET.items() if k in form.fields and v}
    return render(
        request,
        "audit/events.html",
        {
            "form": form,
            "rows": [(row, names.get(row.actor, row.actor)) for row in rows],
            "older": urlencode(kept | {"before": str(older)}) if older is not None else "",
            "filtered": bool(kept),
        },
    )


def event(request: ReaderRequest, pk: int) -> HttpResponse:
    """One event with its content and the proof that it stands in the signed log."""
    leaf = _event(request, pk)
    inclusion, altered = _proof(leaf)
    content_holds = opens(bytes(leaf.commitment), leaf.content, bytes(leaf.salt))
    return render(
        request,
        "audit/event.html",
        {
            "leaf": leaf,
            "level_label": Level(leaf.level).label,
            "actor": names_of_actors(request.reader, [leaf]).get(leaf.actor, leaf.actor),
            "content": json.dumps(leaf.content, ensure_ascii=False, indent=2, sort_keys=True),
            "content_holds": content_holds,
            "commitment": bytes(leaf.commitment).hex(),
            "inclusion": inclusion,
            "proof": [step.hex() for step in inclusion.proof] if inclusion else [],
            "altered": altered,
        },
    )


def proof(request: ReaderRequest, pk: int) -> HttpResponse:
    """The event with salt, proof and checkpoint, for whoever wants to check it elsewhere."""
    leaf = _event(request, pk)
    inclusion, altered = _proof(leaf)
    if inclusion is None:
        return JsonResponse(
            {"detail": altered or _("It is not in a signed checkpoint yet.")}, status=409
        )
    answer = JsonResponse(
        {
            "schema": "tocsin.log-proof/1",
            "position": inclusion.position,
            "commitment": bytes(leaf.commitment).hex(),
            "salt": bytes(leaf.salt).hex(),
            "content": leaf.content,
            "proof": [step.hex() for step in inclusion.proof],
            "checkpoint": inclusion.checkpoint.written(),
            "marking": f"{leaf.realm} level {leaf.level}",
        },
        json_dumps_params={"ensure_ascii": False, "indent": 2},
    )
    answer["Content-Disposition"] = f'attachment; filename="event-{inclusion.position}.json"'
    return answer


def checkpoints(request: ReaderRequest) -> HttpResponse:
    """The newest checkpoint to print and keep, and those before it."""
    newest = models.Checkpoint.objects.first()
    return _checkpoint_page(request, newest)


def checkpoint(request: ReaderRequest, size: int) -> HttpResponse:
    """One checkpoint to print and keep."""
    return _checkpoint_page(request, _checkpoint(size), alone=True)


def checkpoint_text(request: ReaderRequest, size: int) -> HttpResponse:
    """A checkpoint as a file."""
    row = _checkpoint(size)
    answer = HttpResponse(written_note(row), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="checkpoint-{row.size}.txt"'
    return answer


def compare(request: ReaderRequest) -> HttpResponse:
    """Whether the log still begins as a checkpoint says that somebody kept."""
    form = CheckpointForm(request.POST)
    answer: dict[str, Any] = {}
    if form.is_valid():
        try:
            kept = Checkpoint.open(_as_kept(form.cleaned_data["checkpoint"]), log_key().verifier)
            newest, steps = consistency_with(kept)
            answer = {"kept": kept, "newest": newest, "steps": [s.hex() for s in steps]}
        except NoteRefused as error:
            form.add_error("checkpoint", str(error))
        except LogAltered as error:
            answer = {"altered": str(error)}
    return render(request, "audit/compare.html", {"form": form, **answer})


def witness(request: ReaderRequest) -> HttpResponse:
    """Take a checkpoint that came back with a witness's signature."""
    form = CheckpointForm(request.POST)
    if form.is_valid():
        try:
            taken = take_cosignatures(form.cleaned_data["checkpoint"], actor=request.reader.person)
        except TocsinError as error:
            form.add_error("checkpoint", str(error))
        else:
            messages.success(
                request, _("Co-signature kept: {names}.").format(names=", ".join(taken))
            )
            return redirect("audit:checkpoints")
    return _checkpoint_page(
        request, models.Checkpoint.objects.first(), witness_form=form, status=400
    )


def export(request: ReaderRequest) -> HttpResponse:
    """Commitments and checkpoints of the whole log: no content, for the independent verifier."""
    person = request.reader.person
    answer = HttpResponse(
        exported_log(actor=person, subject=person, contents=False),
        content_type="application/jsonl; charset=utf-8",
    )
    answer["Content-Disposition"] = 'attachment; filename="log.jsonl"'
    return answer


def _event(request: ReaderRequest, pk: int) -> Leaf:
    leaf = one_event(request.reader, pk)
    if leaf is None:
        raise Http404
    return leaf


def _proof(leaf: Leaf) -> tuple[Inclusion | None, str]:
    try:
        return inclusion_of(leaf), ""
    except (LogAltered, NoteRefused) as error:
        return None, str(error)


def _checkpoint(size: int) -> models.Checkpoint:
    row = models.Checkpoint.objects.filter(size=size).first() if size < 2**63 else None
    if row is None:
        raise Http404
    return row


def _checkpoint_page(
    request: ReaderRequest,
    row: models.Checkpoint | None,
    *,
    alone: bool = False,
    witness_form: CheckpointForm | None = None,
    status: int = 200,
) -> HttpResponse:
    key = log_key().verifier
    shown: dict[str, Any] = {"row": None}
    if row is not None:
        try:
            signed = Checkpoint.open(written_note(row), key)
            # Our own drawing of a code: digits and letters in attributes, nothing of a person's.
            code = mark_safe(checkpoint_svg(signed))  # noqa: S308
            shown = {"row": row, "note": signed.written(), "code": code}
        except (NoteRefused, TocsinError) as error:
            shown = {"row": row, "altered": str(error)}
    return render(
        request,
        "audit/checkpoints.html",
        {
            **shown,
            "alone": alone,
            "key": str(key),
            "origin": key.name,
            "rows": models.Checkpoint.objects.prefetch_related("cosignatures")[:SHOWN_CHECKPOINTS],
            "waiting": Leaf.objects.filter(position=None).count(),
            "places": [_place(folder) for folder in kept_folders(key)],
            "witnesses": witness_keys(),
            "compare_form": CheckpointForm(auto_id="compare_%s"),
            "witness_form": witness_form or CheckpointForm(auto_id="witness_%s"),
            "may_witness": may(request.reader, "audit.witness"),
            "may_export": may(request.reader, "audit.export"),
        },
        status=status,
    )


def _place(folder: Any) -> dict[str, Any]:
    there = folder.is_there()
    try:
        newest = folder.newest() if there else None
    except LogAltered:
        return {"name": folder.place.name, "there": there, "unreadable": True}
    return {
        "name": folder.place.name,
        "there": there,
        "size": None if newest is None else newest.size,
    }


def _as_kept(text: str) -> str:
    """Text of a form field as it was written: browsers send CR LF."""
    return text.replace("\r\n", "\n").strip("\n") + "\n"
