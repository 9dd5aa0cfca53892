"""A licence, its sheet and an order of customs, and how each route of licences names them."""

from __future__ import annotations

from typing import Any

from tocsin.server.clock import now
from tocsin.server.licensing.limits import Limit
from tocsin.server.licensing.models import Sheet
from tocsin.server.licensing.orders import Line, check_order
from tocsin.server.licensing.services import (
    Terms,
    decide_version,
    propose_licence,
    propose_version,
)
from tocsin.server.marking.policy import Reader
from tocsin.server.register.models import Holder


def licensing_rows(
    officer: Reader, second: Reader, holder: Holder, canary: str
) -> dict[str, dict[str, Any]]:
    """Routes of licences with the rows that they name; every text holds the canary."""
    today = now().date()
    terms = Terms(
        today,
        today.replace(year=today.year + 1),
        ("hold", "use", "distribute"),
        (Limit(category=1, form="any"),),
        (),
        (f"place {canary}",),
    )
    licence = propose_licence(
        officer, holder, terms, number=f"L-{canary}", reason=f"application {canary}"
    )
    decide_version(second, licence, approve=True, answer=f"seen {canary}")
    propose_version(officer, licence, terms, reason=f"again {canary}")
    sheet = Sheet.objects.get(version__licence=licence)
    order = check_order(officer, holder, sheet.signed(), f"PO {canary}", [Line("Cs-137", 1e9)])
    by_licence = ("licence", "limits_csv", "amend", "decide", "sheet_new")
    return {
        **{f"licensing:{name}": {"pk": licence.pk} for name in by_licence},
        "licensing:step": {"pk": licence.pk, "kind": "suspended"},
        "licensing:sheet_json": {"pk": licence.pk, "nonce": sheet.nonce},
        "licensing:sheet_pdf": {"pk": licence.pk, "nonce": sheet.nonce},
        "licensing:order": {"pk": order.pk},
        "licensing:order_step": {"pk": order.pk, "kind": "cancel"},
        "api:licence": {"pk": licence.pk},
        "api:licences_order": {"pk": order.pk},
        "api:licences_order_step": {"pk": order.pk},
    }
