"""Every route, method, role and organisation: nothing of one organisation shows to another.

The routes come from the table that the server enforces; a route that names a row and for which this
file knows no row fails. Every text of the world below holds a canary; no answer to a stranger does.
"""

from __future__ import annotations

import difflib
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from answers import body_of, comparable
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern
from holdings_canary import holdings_rows
from ingest_canary import ingest_rows
from licensing_rows import licensing_rows
from outlets_canary import outlets_rows
from oversight_rows import oversight_rows
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tracing_rows import tracing_rows

from tocsin.server.access import rules
from tocsin.server.accounts.models import Person
from tocsin.server.accounts.roles import ELEVATED, ROLE_NAMES, actions_of
from tocsin.server.accounts.services import elevate, invite, make_token
from tocsin.server.alarms.facts import Facts, Kind
from tocsin.server.alarms.models import Alarm
from tocsin.server.alarms.services import Command, act, add_response_entry, raise_from_information
from tocsin.server.audit.models import Leaf
from tocsin.server.audit.sequencer import seal_now
from tocsin.server.clock import now
from tocsin.server.documents.models import Kind as Paper
from tocsin.server.documents.services import attach
from tocsin.server.duties.models import Clock, Notice, Shift
from tocsin.server.duties.services import plan_shift, start_clocks
from tocsin.server.incidents.imports import bring as bring_incidents
from tocsin.server.incidents.models import Incident
from tocsin.server.incidents.notification import make_notification
from tocsin.server.incidents.opening import Draft, ObjectDraft, ReportDraft, open_incident
from tocsin.server.incidents.releasing import ask_release
from tocsin.server.incidents.tasks import give_task
from tocsin.server.incidents.watching import watch
from tocsin.server.marking.highwater import mark_of
from tocsin.server.marking.models import Reading
from tocsin.server.marking.policy import reader_of
from tocsin.server.marking.services import add_compartment, agree, propose, release
from tocsin.server.measurements import services as measurements
from tocsin.server.measurements import tasks
from tocsin.server.measurements.models import Measurement
from tocsin.server.register.entries import TEXT_FIELDS, entry_of
from tocsin.server.register.holders import holder_named
from tocsin.server.register.imports import bring
from tocsin.server.register.life import Kind as Life
from tocsin.server.register.looked_at import say_right
from tocsin.server.register.saved_views import keep_view
from tocsin.server.register.services import register_source, report
from tocsin.server.statistics.reading import Asked
from tocsin.server.statistics.services import make_sheet as make_fact_sheet

CANARY = "canary7h3"
EXACT = ("14.681237", "-17.432107")
"""An exact place: no page, table or program shows it without a reason."""
ALSO_NEEDS = {
    "documents:add": "register.report",
    "documents:document": "register.read",
    "documents:file": "register.read",
    "documents:thumbnail": "register.read",
    "api:documents_on": "register.read",
    "api:documents_file": "register.read",
}
"""What a route needs beside its action because of the row that is asked for: here a source's."""
OF_ONE_PERSON = frozenset({"register:view_delete"})
"""Routes whose row belongs to its maker: everybody else is told that there is none."""
SURVEY = "mobile_nsdd/Q67_Mobile.N42"
EXPECTED_TO_NAME_PEOPLE = frozenset({"accounts:invitation"})
"""Routes that open by a secret and not by a role."""


@dataclass
class World:
    """What customs hold, and how each route names it."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)


def row_routes() -> dict[str, set[str]]:
    """Routes that name a row, with the names of what they take."""
    found: dict[str, set[str]] = {}

    def walk(resolver: URLResolver, namespace: str, above: set[str]) -> None:
        for entry in resolver.url_patterns:
            taken = above | set(entry.pattern.converters)
            if isinstance(entry, URLResolver):
                inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
                walk(entry, inner, taken)
            elif taken and isinstance(entry.pattern, RoutePattern):
                found[f"{namespace}{entry.name}"] = taken

    walk(get_resolver(), "", set())
    return found


@pytest.fixture
def world(
    recordings: Path,
    person: Callable[..., Person],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> World:
    officer = reader_of(person("officer", clearance=2, name=f"Officer {CANARY}"))
    boss = reader_of(person("supervisor", "point_of_contact", clearance=2, name=f"Boss {CANARY}"))
    expert = reader_of(person("expert", clearance=2))
    upload, _fresh = measurements.upload(
        officer,
        (recordings / SURVEY).read_bytes(),
        name=f"{CANARY}.n42",
        title=f"Title {CANARY}",
        note=f"Note {CANARY}",
    )
    with django_capture_on_commit_callbacks(execute=True):
        tasks.analyse_upload.func(str(upload.pk))
    measurement = Measurement.objects.get()
    alarm = Alarm.objects.order_by("raised_at", "pk").first()
    assert alarm is not None
    act(officer, alarm, Command(Kind.ACKNOWLEDGED, note=f"seen {CANARY}"))
    act(officer, alarm, Command(Kind.EXPERT_CALLED, reason="not_identified"))
    act(expert, alarm, Command(Kind.EXPERT_TOOK))
    with django_capture_on_commit_callbacks(execute=True):
        act(
            expert,
            alarm,
            Command(
                Kind.CONFIRMED,
                reason="orphan_source",
                note=CANARY,
                evidence=(f"spectrum {CANARY}",),
                confidence=0.9,
                cannot_exclude=(),
            ),
        )
    incident = Incident.objects.get()
    informed = raise_from_information(
        boss,
        title=f"Tip {CANARY}",
        reason="tip",
        note=f"told {CANARY}",
        facts=Facts(neutron=True, dose_rate_uSv_h=5000.0),
    )
    add_response_entry(boss, informed, kind="entered", at=now(), who=f"Person {CANARY}", place="x")
    registrar = reader_of(person("register_officer", clearance=2))
    given = source_given(CANARY)
    holder_named(registrar, given["holder"], organisation=registrar.person.organisation)
    held = register_source(registrar, entry_of(given, today=now().date()))
    moved = report(
        registrar, held, Life.MOVE, happened_on=now().date(), place=f"{CANARY} store", note=CANARY
    )
    view = keep_view(registrar, f"view {CANARY}", {"text": CANARY}, shared=True)
    table = bring(registrar, f"Holder,Nuclide\n{CANARY},{CANARY}\n".encode(), name=f"{CANARY}.csv")
    photo = attach(
        registrar,
        held,
        picture_of(CANARY),
        name=f"{CANARY}.png",
        kind=Paper.PHOTOGRAPH,
        words=CANARY,
    )
    gone = register_source(registrar, entry_of(given | {"serial": CANARY}, today=now().date()))
    report(registrar, gone, Life.THEFT, happened_on=now().date(), note=f"gone {CANARY}")
    attach(
        registrar,
        gone,
        picture_of(CANARY),
        name=f"{CANARY}.png",
        kind=Paper.PHOTOGRAPH,
        words=CANARY,
    )
    told = open_incident(
        boss.person,
        Draft(
            values={"title": f"Told {CANARY}", "place": CANARY, "summary": CANARY, "country": "XX"},
            objects=(ObjectDraft({"model": CANARY, "serials": [{"value": CANARY}]}),),
            report=ReportDraft(channel="hand", title=f"Report {CANARY}", original=CANARY),
            reason=f"heard {CANARY}",
        ),
        mark=mark_of(incident),
        originator=boss.person.organisation,
    )
    job = give_task(boss, told, what=f"Ask {CANARY}", who=boss.person, until=now().date())
    watched = watch(boss, "serial", CANARY)
    wish = ask_release(boss, told, ["place"], audience="public", reason=f"wish {CANARY}")
    form = make_notification(boss, told, kind="initial", contact=f"Office {CANARY}")
    rows_of = bring_incidents(boss, f"Title\n{CANARY}\n".encode(), name=f"{CANARY}.csv")
    traced = tracing_rows(registrar, alarm, gone, CANARY)
    shift = plan_shift(
        boss, person=officer.person, role="officer", start=now(), end=now() + timedelta(hours=1)
    )
    clocks = start_clocks(
        boss,
        incident,
        profile_code="US",
        duties=("loss_telephone",),
        at=boss.at,
        reason=f"clock {CANARY}",
    )
    compartment = add_compartment(boss, code=CANARY.upper(), name=f"Circle {CANARY}")
    other = person("expert", of="laboratory").organisation
    agreement = agree(
        boss, receiver=other, noun="alarms.alarm", most_level=0, reason=f"for {CANARY}"
    )
    opened = release(boss, incident, other, reason=f"asked {CANARY}")
    proposal = propose(boss, incident, "lower_level", level=0, reason=f"old {CANARY}")
    token, _secret = make_token(
        officer.person, name=CANARY, realm="EXERCISE", scopes=["alarms.read"], days=1
    )
    seal_now(now())
    leaf = Leaf.objects.filter(position__isnull=False, subject_id=str(upload.pk)).first()
    assert leaf is not None
    notice = Notice.objects.order_by("created_at").first()
    assert notice is not None
    size = Leaf.objects.filter(position__isnull=False).count()
    numbers = make_fact_sheet(boss, Asked(now().date(), now().year))
    by_row: dict[str, Any] = {
        "alarms": alarm,
        "incidents": incident,
        "duties:shift_cancel": Shift.objects.get(pk=shift.pk),
        "duties:notice_acknowledge": notice,
        "duties:clock_end": Clock.objects.get(pk=clocks[0].pk),
    }
    second = reader_of(person("register_officer", clearance=2, name=f"Second {CANARY}"))
    why = {"en": CANARY}
    said = say_right(registrar, held, "place_missing", why, reason=CANARY)
    rows: dict[str, dict[str, Any]] = {
        "incidents:report": {"pk": told.of_reports.get().report_id},
        "incidents:watch_end": {"number": watched.pk},
        "incidents:release_decide": {"number": wish.pk},
        "incidents:task_end": {"pk": job.pk},
        **licensing_rows(registrar, second, held.holder, CANARY),
        **oversight_rows(registrar, held, CANARY),
        **holdings_rows(registrar, held, CANARY),
        **ingest_rows(officer, CANARY),
        **outlets_rows(officer, CANARY),
        "statistics:sheet_pdf": {"pk": numbers.pk, "form": "full", "language": "en"},
        "statistics:sheet": {"pk": numbers.pk},
        "statistics:sheet_approve": {"pk": numbers.pk},
        "api:statistics_sheet": {"pk": numbers.pk},
        "documents:add": {"noun": "register.source", "pk": held.pk},
        "api:documents_on": {"noun": "register.source", "pk": held.pk},
        "register:report": {"pk": held.pk, "kind": "loss"},
        "register:wrong": {"pk": held.pk, "number": moved.number},
        "register:finding": {"pk": held.pk, "kind": said.kind},
        "api:register_wrong": {"pk": held.pk, "number": moved.number},
        "register:view_delete": {"pk": view.pk},
        "register:holder": {"pk": held.holder_id},
        "register:holder_edit": {"pk": held.holder_id},
        "accounts:invitation": {"token": invite(officer.person, actor="system:test")},
        "accounts:token_end": {"pk": token.pk},
        "accounts:organisation_state": {"pk": officer.person.organisation_id},
        "accounts:role_end": {"pk": officer.person.assignments.get().pk},
        "sharing:agreement_end": {"pk": agreement.pk},
        "sharing:release_end": {"pk": opened.pk},
        "sharing:compartment": {"pk": compartment.pk},
        "sharing:member_new": {"pk": compartment.pk},
        "sharing:member_end": {"pk": compartment.members.get().pk},
        "sharing:proposal_decide": {"pk": proposal.pk},
        "audit:event": {"pk": leaf.pk},
        "audit:proof": {"pk": leaf.pk},
        "api:log_event": {"pk": leaf.pk},
        "audit:checkpoint": {"size": size},
        "audit:checkpoint_text": {"size": size},
        "alarms:step": {"pk": alarm.pk, "kind": "opinion"},
        "measurements:places": {"pk": measurement.pk, "number": 1},
        "picture:replay": {"pk": measurement.pk},
        "api:measurement_file": {"pk": measurement.pk, "what": "n42"},
    }
    key = Authenticator.objects.create(
        user=officer.person, type="webauthn", data={"name": CANARY, "credential": {}}
    )
    for name in ("edit", "remove"):
        rows[f"mfa_{name}_webauthn"] = {"pk": key.pk}
    for name in ("alarms:response", "alarms:response_csv", "api:alarms_response"):
        rows[name] = {"pk": informed.pk}
    for name in ("explain", "release", "level"):
        rows[f"sharing:{name}"] = {"noun": "alarms.alarm", "pk": alarm.pk}
    for name in ("person", "role_grant", "person_state", "person_invite"):
        rows[f"accounts:{name}"] = {"pk": officer.person.pk}
    for route in row_routes():
        if route in rows:
            continue
        plain = route.removeprefix("api:").replace("duties_", "duties:")
        if plain.startswith(("measurements:upload", "measurements_upload")):
            rows[route] = {"pk": upload.pk}
        elif plain.startswith("documents"):
            rows[route] = {"pk": photo.pk}
        elif plain.startswith("register:import"):
            rows[route] = {"pk": table.pk}
        elif plain.startswith("register"):
            rows[route] = {"pk": held.pk}
        elif plain.startswith("incidents:object") and plain != "incidents:object_new":
            rows[route] = {"pk": told.with_objects.get().object_id}
        elif plain.startswith("incidents:notification") and plain.split("_")[-1] not in {
            "new",
            "incidents:notifications",
        }:
            rows[route] = {"pk": form.pk}
        elif plain.startswith("incidents:import"):
            rows[route] = {"pk": rows_of.pk}
        elif plain.startswith(("tracing", "notices")):
            rows[route] = {"pk": traced(plain)}
        elif plain in by_row:
            rows[route] = {"pk": by_row[plain].pk}
        elif plain.startswith(("measurement", "alarms", "incidents")):
            noun = plain.replace("_", ":").split(":")[0]
            row = measurement if noun.startswith("measurement") else by_row[noun]
            rows[route] = {"pk": row.pk}
    return World(rows)


def picture_of(text: str) -> bytes:
    """A picture with a text in its metadata."""
    told, out = PngInfo(), io.BytesIO()
    told.add_text("Comment", text)
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=told)
    return out.getvalue()


def source_given(canary: str) -> dict[str, str]:
    """A source of which every text holds a canary."""
    names = ("holder", *TEXT_FIELDS)
    given = {name: f"{name} {canary}" for name in names}
    known = {"nuclide": "Cs-137", "activity": "1 TBq", "reference_date": "2020-01-01"}
    return given | known | {"latitude": EXACT[0], "longitude": EXACT[1]}


def nothing_like(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The same address for a row that is not there."""
    absent = dict(kwargs)
    for name, value in kwargs.items():
        if isinstance(value, uuid.UUID):
            absent[name] = uuid.uuid4()
        elif isinstance(value, int) and name in {"pk", "size", "number"}:
            absent[name] = 10**9 + value
        elif name == "token":
            absent[name] = "tocsin_nothing"
    return absent


def asked(browser: Client, method: str, address: str) -> Any:
    data = {} if method == "GET" else {"reason": "r", "note": "n"}
    if method == "GET":
        return browser.get(address)
    answer = browser.post(address, data)
    browser.get("/")  # shows, and so takes away, what the step had to say
    return answer


@pytest.mark.recordings
@pytest.mark.django_db
def test_no_route_shows_anything_to_another_organisation(
    world: World, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    unknown = [
        route
        for route in row_routes()
        if route not in world.rows
        and any(r == route and v.needs != "closed" for (r, _), v in rules().items())
    ]
    assert not unknown, f"say which row these routes name: {unknown}"
    strangers: list[tuple[str, Client]] = [
        ("nobody", Client()),
        ("no role", signed_in(person(of="police"))),
    ]
    for role in ROLE_NAMES:
        who = person(role, of="police", clearance=3)
        if actions_of().get(role, frozenset()) & ELEVATED:
            elevate(who, reason="test")
        strangers.append((role, signed_in(who)))
    faults: list[str] = []
    seen = 0
    for (route, method), rule in sorted(rules().items()):
        if rule.needs == "closed" or route in EXPECTED_TO_NAME_PEOPLE or route == "account_logout":
            continue
        kwargs = world.rows.get(route, {})
        for role, browser in strangers:
            Reading.objects.all().delete()
            address = reverse(route, kwargs=kwargs)
            answer = asked(browser, method, address)
            seen += 1
            where = f"{method} {route} as {role}: {answer.status_code}"
            text = body_of(answer)
            headers = " ".join(f"{k}: {v}" for k, v in answer.headers.items())
            if CANARY in (text + headers).lower():
                faults.append(f"{where} shows the canary")
            if EXACT[0] in text:
                faults.append(f"{where} shows an exact place")
            if answer.status_code >= 500:
                faults.append(f"{where} is a fault of the server")
            if not kwargs or route.startswith("audit:checkpoint"):
                continue
            nowhere = reverse(route, kwargs=nothing_like(kwargs))
            other = asked(browser, method, nowhere)
            same = (answer.status_code, comparable(answer, address)) == (
                other.status_code,
                comparable(other, nowhere),
            )
            if not same and not answer.streaming:
                faults.append(f"{where} differs from what is absent ({other.status_code})")
                faults += difflib.unified_diff(
                    comparable(answer, address).splitlines(),
                    comparable(other, nowhere).splitlines(),
                    lineterm="",
                    n=0,
                )
            if method == "GET" and answer.status_code == 200:
                faults.append(f"{where} is open")
    assert not faults, "\n".join(faults)
    assert seen > 500


@pytest.mark.recordings
@pytest.mark.django_db
def test_within_the_organisation_each_role_does_what_the_table_says(
    world: World, person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    faults: list[str] = []
    shown = 0
    for role in ROLE_NAMES:
        who = person(role, clearance=2)
        may = actions_of().get(role, frozenset())
        if may & ELEVATED:
            elevate(who, reason="test")
        browser = signed_in(who)
        for (route, method), rule in sorted(rules().items()):
            if (
                method != "GET"
                or rule.needs in {"closed", "public"}
                or route.startswith(("mfa", "account"))
            ):
                continue
            Reading.objects.all().delete()
            kwargs = world.rows.get(route, {})
            answer = asked(browser, method, reverse(route, kwargs=kwargs))
            where = f"{route} as {role}: {answer.status_code}"
            if rule.needs not in may and rule.needs != "signed-in":
                if answer.status_code != (404 if kwargs else 403):
                    faults.append(f"{where}, but the table does not allow it")
            elif answer.status_code >= 500:
                faults.append(f"{where} is a fault of the server")
            elif route in OF_ONE_PERSON or ALSO_NEEDS.get(route, rule.needs) not in may | {
                "signed-in"
            }:
                if answer.status_code != 404:
                    faults.append(f"{where}, but the row is not for this role")
            elif rule.needs != "signed-in" and kwargs and answer.status_code == 404:
                faults.append(f"{where}, but the table allows it")
            text = body_of(answer)
            shown += CANARY in text.lower()
            if any(part in text for part in EXACT):
                faults.append(f"{where} shows an exact place without a reason")
    assert not faults, "\n".join(faults)
    assert shown > 20, "the canaries are nowhere: the test would see no leak"
