"""Licence sheets on paper: PDF/A with the code, and the text of the code in its description."""

from __future__ import annotations

import datetime as dt

from tocsin.report.document import (
    Block,
    Document,
    facts,
    figure,
    heading,
    small,
    table,
    verdict_box,
)
from tocsin.report.drawing import Drawn
from tocsin.report.typeset import typeset
from tocsin.report.wording import becquerel_text
from tocsin.sealing import LicenceSheet, sheet_svg
from tocsin.server.licensing.limits import Limit

REAL = "LIVE"
HOW = (
    "This paper proves nothing by itself. Only the code is signed: read it on the check page of "
    "the authority, or with: tocsin licence-check FILE --key KEY. What the check shows counts, not "
    "what is printed. A sheet is for one vendor; for another one the holder takes a fresh sheet."
)


def sheet_pdf(sheet: LicenceSheet) -> bytes:
    """A sheet to print, as PDF/A-2a; the same bytes for the same sheet and versions."""
    content = sheet.content
    code = sheet.code()
    places = "; ".join(content["places"]) or "any"
    blocks: list[Block] = [
        verdict_box(f"Licence {content['number']} of {content['holder']}", "calm"),
        facts(
            [
                ("Issued by", content["issuer"]),
                ("Holder", content["holder"]),
                ("Number and version", f"{content['number']}, version {content['version']}"),
                ("Valid", f"{content['valid_from']} to {content['valid_until']}"),
                ("Permits to", ", ".join(content["acts"])),
                ("Practices", ", ".join(content["practices"]) or "any"),
                ("Places", places),
                ("Sheet", f"{content['nonce']}, signed {content['issued_at']}"),
                ("Key", content["key"]),
            ]
        ),
        heading("Limits"),
        *table(
            "What is held, on the way and on order counts together, in activities of the day.",
            ["Nuclides", "Form", "One source", "Together", "Sources"],
            [_row(Limit.of(limit)) for limit in content["limits"]],
            widths=[1.6, 0.8, 1, 1, 0.7],
            right=[2, 3, 4],
        ),
        figure(
            Drawn(
                sheet_svg(sheet),
                "QR code of the signed licence sheet",
                "The signed licence as a QR code.",
            )
        ),
        small(HOW),
    ]
    return typeset(
        Document(
            title=f"Licence sheet {content['number']}",
            realm=content["realm"],
            banner=""
            if content["realm"] == REAL
            else f"{content['realm']}: no licence; for training only",
            provenance=f"Sheet {content['nonce']}",
            blocks=blocks,
            created=dt.datetime.fromisoformat(content["issued_at"]),
            keywords=(code,),
        )
    )


def _row(limit: Limit) -> tuple[str, ...]:
    what = ", ".join(limit.nuclides) or f"all together: category {limit.category} or less grave"
    return (
        what,
        limit.form,
        becquerel_text(limit.source_Bq, significant=4) if limit.source_Bq else "–",
        becquerel_text(limit.total_Bq, significant=4) if limit.total_Bq else "–",
        str(limit.sources) if limit.sources else "–",
    )
