"""Who sees what: agreements, compartments, releases, two-person steps, and the reasons."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from tocsin.errors import InvalidInput
from tocsin.server.access import ReaderRequest
from tocsin.server.accounts.models import Level, Organisation
from tocsin.server.accounts.roles import known_actions
from tocsin.server.clock import now
from tocsin.server.marking import services
from tocsin.server.marking.models import (
    Agreement,
    Compartment,
    Marked,
    Membership,
    Proposal,
    Reading,
    Release,
    TwoPersonStep,
)
from tocsin.server.marking.policy import decide, may, valid_at
from tocsin.server.sharing.forms import (
    AgreementForm,
    CompartmentForm,
    LevelForm,
    MemberForm,
    ReleaseForm,
)

READERS_SHOWN = 20


def overview(request: ReaderRequest) -> HttpResponse:
    """What one's organisation gives and gets, and what waits for a second person."""
    return _overview(request, AgreementForm(), CompartmentForm())


def _overview(request: ReaderRequest, agreement: Form, compartment_form: Form) -> HttpResponse:
    reader = request.reader
    mine = reader.person.organisation_id
    return render(
        request,
        "marking/overview.html",
        {
            "agreements": Agreement.objects.filter(Q(giver=mine) | Q(receiver=mine))
            .filter(valid_at(reader.at), realm=reader.realm)
            .select_related("giver", "receiver"),
            "mine": mine,
            "compartments": Compartment.objects.filter(pk__in=reader.compartments),
            "proposals": Proposal.objects.filter(
                organisation=mine, decided_at=None, valid_until__gt=now()
            ).select_related("asked_by"),
            "may_release": may(reader, "marking.release"),
            "agreement_form": agreement,
            "compartment_form": compartment_form,
        },
    )


def agreement_new(request: ReaderRequest) -> HttpResponse:
    """Make an agreement."""
    form = AgreementForm(request.POST)
    if form.is_valid():
        try:
            services.agree(request.reader, **form.cleaned_data)
            messages.success(request, _("The agreement holds from now on."))
            return redirect("sharing:overview")
        except InvalidInput as error:
            form.add_error("receiver", str(error))
    return _overview(request, form, CompartmentForm())


def agreement_end(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """End an agreement."""
    row = get_object_or_404(
        Agreement,
        pk=pk,
        giver=request.reader.person.organisation,
        realm=request.reader.realm,
    )
    services.end_agreement(request.reader, row, reason=request.POST.get("reason", "")[:400])
    messages.success(request, _("The agreement is ended; what it opened is closed."))
    return redirect("sharing:overview")


def compartment_new(request: ReaderRequest) -> HttpResponse:
    """Make a compartment."""
    form = CompartmentForm(request.POST)
    if form.is_valid():
        try:
            row = services.add_compartment(request.reader, **form.cleaned_data)
            return redirect("sharing:compartment", row.pk)
        except InvalidInput as error:
            form.add_error("code", str(error))
    return _overview(request, AgreementForm(), form)


def compartment(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """One compartment with its members; for members alone."""
    return _compartment(request, _mine(request, pk), MemberForm())


def _mine(request: ReaderRequest, pk: UUID) -> Compartment:
    if pk not in request.reader.compartments:
        raise Http404
    return get_object_or_404(Compartment, pk=pk)


def _compartment(request: ReaderRequest, row: Compartment, form: Form) -> HttpResponse:
    members = row.members.filter(valid_until=None).select_related("person__organisation")
    return render(
        request, "marking/compartment.html", {"row": row, "members": members, "form": form}
    )


def member_new(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Let a person in."""
    row = _mine(request, pk)
    form = MemberForm(request.POST)
    if form.is_valid():
        services.add_member(
            request.reader, row, form.cleaned_data["email"], reason=form.cleaned_data["reason"]
        )
        return redirect("sharing:compartment", pk)
    return _compartment(request, row, form)


def member_end(request: ReaderRequest, pk: int) -> HttpResponse:
    """End a membership."""
    row = get_object_or_404(
        Membership, pk=pk, valid_until=None, compartment__in=request.reader.compartments
    )
    try:
        services.end_membership(request.reader, row, reason=request.POST.get("reason", "")[:400])
    except InvalidInput as error:
        messages.error(request, str(error))
    if row.person_id == request.reader.person.pk:
        return redirect("sharing:overview")
    return redirect("sharing:compartment", row.compartment_id)


def proposal_decide(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Approve or refuse what another person asked for."""
    get_object_or_404(Proposal, pk=pk, organisation=request.reader.person.organisation)
    try:
        services.decide_proposal(
            request.reader,
            pk,
            approve="approve" in request.POST,
            answer=request.POST.get("answer", "")[:400],
        )
        messages.success(request, _("Decided."))
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("sharing:overview")


def _row(request: ReaderRequest, noun: str, pk: UUID) -> Marked:
    try:
        return services.visible_row(request.reader, noun, pk)
    except InvalidInput:
        raise Http404 from None


def explain(request: ReaderRequest, noun: str, pk: UUID) -> HttpResponse:
    """Why one sees a row, who else may, and who did."""
    row = _row(request, noun, pk)
    mine = row.originator_id == request.reader.person.organisation_id
    action = f"{noun.split('.')[0]}.read"
    decision = decide(request.reader, action if action in known_actions() else "", row)
    readings = Reading.objects.filter(noun=noun, row_id=pk) if mine else Reading.objects.none()
    return render(
        request,
        "marking/explain.html",
        {
            "row": row,
            "noun": noun,
            "level": Level(row.level).label,
            "decision": decision,
            "mine": mine,
            "releases": Release.objects.filter(noun=noun, row_id=pk, ended_at=None).select_related(
                "receiver"
            )
            if mine
            else [],
            "agreements": Agreement.objects.filter(
                giver=row.originator, noun=noun, most_level__gte=row.level
            )
            .filter(valid_at(request.reader.at), realm=row.realm)
            .select_related("receiver")
            if mine
            else [],
            "readings": readings.select_related("person__organisation").order_by("-at")[
                :READERS_SHOWN
            ],
            "release_form": ReleaseForm(),
            "level_form": LevelForm(initial={"level": row.level}),
            "may_release": mine and may(request.reader, "marking.release"),
        },
    )


def release_row(request: ReaderRequest, noun: str, pk: UUID) -> HttpResponse:
    """Open a row to an organisation; for another State a second person must approve."""
    row = _row(request, noun, pk)
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose an organisation and give a reason."))
        return redirect("sharing:explain", noun, pk)
    receiver: Organisation = form.cleaned_data["receiver"]
    reason = form.cleaned_data["reason"]
    try:
        if services.is_abroad(request.reader.person.organisation, receiver):
            services.propose(
                request.reader,
                row,
                TwoPersonStep.RELEASE_ABROAD,
                reason=reason,
                receiver=str(receiver.pk),
            )
            messages.success(request, _("Proposed: a second person must approve."))
        else:
            services.release(request.reader, row, receiver, reason=reason)
            messages.success(request, _("The row is open to the organisation."))
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("sharing:explain", noun, pk)


def release_end(request: ReaderRequest, pk: UUID) -> HttpResponse:
    """Close a released row again."""
    opened = get_object_or_404(Release, pk=pk, ended_at=None)
    _row(request, opened.noun, opened.row_id)
    try:
        services.end_release(request.reader, opened, reason=request.POST.get("reason", "")[:400])
        messages.success(request, _("The row is closed to the organisation."))
    except InvalidInput as error:
        messages.error(request, str(error))
    return redirect("sharing:explain", opened.noun, opened.row_id)


def level(request: ReaderRequest, noun: str, pk: UUID) -> HttpResponse:
    """Raise a level, or propose to lower it."""
    row = _row(request, noun, pk)
    form = LevelForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a level and give a reason."))
        return redirect("sharing:explain", noun, pk)
    wanted, reason = form.cleaned_data["level"], form.cleaned_data["reason"]
    try:
        if wanted > row.level:
            services.raise_level(request.reader, row, wanted, reason=reason)
            messages.success(request, _("The level is raised."))
        else:
            services.propose(
                request.reader, row, TwoPersonStep.LOWER_LEVEL, reason=reason, level=wanted
            )
            messages.success(request, _("Proposed: a second person must approve."))
    except InvalidInput as error:
        messages.error(request, str(error))
    if wanted > request.reader.person.clearance:
        return redirect("home")
    return redirect("sharing:explain", noun, pk)
