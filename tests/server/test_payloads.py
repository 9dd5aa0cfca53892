"""Scripts, formulas and template code in every text field: shown as text, nowhere alive."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from answers import body_of
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from lxml import html

from tocsin.server.access import rules
from tocsin.server.accounts.models import Person
from tocsin.server.accounts.services import elevate
from tocsin.server.alarms.models import Alarm
from tocsin.server.marking.models import Reading
from tocsin.server.measurements.models import Upload

MARK = "x9qz"
"""Part of every payload, so that it is found again wherever it comes out."""
CODE = f"alert('{MARK}')"
SCRIPTS = (
    "<script>{c}</script>",
    "</script><script>{c}</script>",
    "<img src=x onerror={c}>",
    "<svg/onload={c}>",
    "<svg><script>{c}</script></svg>",
    "<iframe srcdoc='<script>{c}</script>'></iframe>",
    "<a href='javascript:{c}'>a</a>",
    "<body onload={c}>",
    "<details open ontoggle={c}>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror={c}>",
    "<style>*{{background:url(https://outside.example/{c})}}</style>",
    "<link rel=stylesheet href=https://outside.example/{c}>",
    "<meta http-equiv=refresh content='0;url=javascript:{c}'>",
    "<base href=https://outside.example/{c}>",
    "<form action=https://outside.example/{c}><button>b</button></form>",
    "<div hx-get=/people/ hx-trigger=load hx-on:click={c}>",
    "<template><script>{c}</script></template>",
)
FRAMES = (
    "{p}",
    '"{p}',
    "'{p}",
    '">{p}',
    "'>{p}",
    "--> {p}",
    "]]>{p}",
    "</title>{p}",
    "</textarea>{p}",
)
FORMULAS = (
    "={m}+1",
    "+{m}",
    "-{m}",
    "@SUM({m})",
    "\t={m}",
    "\r={m}",
    '=HYPERLINK("https://outside.example/{m}")',
    "=cmd|'/C calc'!{m}",
    "%0A={m}",
    ";={m}",
)
TEMPLATES = (
    "{{{{ {m} }}}}{{{{ 7|add:42000042 }}}}",
    "{{% debug %}}{m}",
    "{{% include '/etc/passwd' %}}{m}",
    "${{42000042+7}}{m}",
    "#{{42000042+7}}{m}",
    "{m}\\u003cscript\\u003e{c}\\u003c/script\\u003e",
    "%(name)s {m} {{0.__class__}}",
    "\u202e{m}\u2066<b>",
    "{m}\x0bvertical",
)


def payloads() -> list[str]:
    framed = (f.format(p=s.format(c=CODE, m=MARK)) for s, f in itertools.product(SCRIPTS, FRAMES))
    others = (p.format(c=CODE, m=MARK) for p in (*FORMULAS, *TEMPLATES))
    found = [*framed, *others]
    doubled = [f"{a}{b}"[:190] for a, b in zip(found, reversed(found), strict=True)]
    return [*found, *doubled][:300]


ALL = payloads()


def fill(
    texts: list[str], person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> dict[str, Client]:
    """Every text field of every form, filled by the pages themselves."""
    roles = ("officer", "supervisor", "point_of_contact")
    boss = person(*roles, clearance=2)
    admin = person("administrator", of="customs", clearance=2)
    elevate(admin, reason=texts[0])
    browser, office = signed_in(boss), signed_in(admin)
    for i, text in enumerate(texts):
        name = text.replace("/", "_").replace("\x00", "")[:90] or "x"
        browser.post(
            reverse("measurements:upload"),
            {
                "file": SimpleUploadedFile(name, f"{i}".encode()),
                "title": text,
                "note": text,
                "level": "1",
            },
        )
        browser.post(
            reverse("alarms:inform"),
            {"title": text, "reason": "tip", "note": text, "level": "1", "neutron": "on"},
        )
        browser.post(reverse("sharing:compartment_new"), {"code": f"C-{i:04}", "name": text[:190]})
        browser.post(
            reverse("accounts:tokens"),
            {"name": text[:80], "realm": "EXERCISE", "scopes": ["alarms.read"], "days": "1"},
        )
        office.post(
            reverse("accounts:person_new"),
            {
                "name": text[:110],
                "email": f"p{i}@customs.example",
                "organisation": str(admin.organisation_id),
                "clearance": "1",
                "realms": ["EXERCISE"],
            },
        )
    assert Upload.objects.count() == Alarm.objects.count() == len(texts)
    for i, alarm in enumerate(Alarm.objects.all()[:10]):
        step = reverse("alarms:step", kwargs={"pk": alarm.pk, "kind": "measured"})
        browser.post(step, {"note": texts[i], "dose_rate_uSv_h": "900"})
        browser.post(
            reverse("alarms:response", kwargs={"pk": alarm.pk}),
            {"kind": "entered", "at": "2026-01-01T00:00", "who": texts[i][:110], "place": texts[i]},
        )
    return {"boss": browser, "office": office}


def pages(browsers: dict[str, Client]) -> Iterator[tuple[str, Any]]:
    """All pages without a row, and the pages of some rows."""
    addresses = []
    for (route, method), rule in sorted(rules().items()):
        if method != "GET" or rule.needs == "closed" or route.startswith(("mfa", "account_")):
            continue
        try:
            addresses.append(reverse(route))
        except Exception:  # noqa: BLE001, S112 - a route that names a row
            continue
    addresses += [reverse("alarms:alarm", kwargs={"pk": a.pk}) for a in Alarm.objects.all()[:40]]
    addresses += [reverse("alarms:response", kwargs={"pk": a.pk}) for a in Alarm.objects.all()[:10]]
    addresses += [
        reverse("measurements:upload_state", kwargs={"pk": u.pk}) for u in Upload.objects.all()[:40]
    ]
    for name, browser in browsers.items():
        for address in addresses:
            for page in ("", "?page=2", f"?q={MARK}<script>{CODE}</script>"):
                Reading.objects.all().delete()
                yield f"{name} {address}{page}", browser.get(address + page)


def check(browsers: dict[str, Client]) -> int:
    shown = 0
    for where, answer in pages(browsers):
        assert answer.status_code < 500, where
        kind = answer.get("Content-Type", "")
        text = body_of(answer)
        shown += MARK in text
        if kind.startswith("text/html"):
            alive(where, text)
        elif kind.startswith("text/csv"):
            for row in csv.reader(io.StringIO(text)):
                for cell in row:
                    if MARK in cell:
                        assert cell[:1] not in "=+-@\t\r\0", (where, cell)
    return shown


def alive(where: str, text: str) -> None:
    """Fail if anything that a person wrote has become part of the page."""
    page = html.fromstring(text)
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        assert element.tag not in {"iframe", "base", "math", "mglyph", "object", "embed"}, where
        if element.tag in {"script", "style", "template"}:
            assert MARK not in (element.text_content() or ""), where
        for name, value in element.attrib.items():
            assert not name.startswith(("on", "hx-on")), (where, name)
            if name in {"href", "src", "action", "formaction", "srcdoc"}:
                start = value.strip().lower()
                assert not start.startswith(("javascript:", "data:text", "vbscript:")), where
                assert "outside.example" not in start.split("?")[0], where
    assert "42000049" not in text, f"{where}: a template ran"


@pytest.mark.django_db
def test_some_of_them(person: Callable[..., Person], signed_in: Callable[[Person], Client]) -> None:
    assert check(fill(ALL[::12], person, signed_in)) > 30


@pytest.mark.verify
@pytest.mark.django_db
def test_all_three_hundred(
    person: Callable[..., Person], signed_in: Callable[[Person], Client]
) -> None:
    assert len(ALL) == len(set(ALL)) == 300
    assert check(fill(ALL, person, signed_in)) > 100
