"""The counts of a fact sheet once more, by SQL alone: no line of the counting code is used."""

from __future__ import annotations

from typing import Any

from django.db import connection

LATEST = """
WITH said AS (
  SELECT s.incident_id, s.field, s.value,
         ROW_NUMBER() OVER (
           PARTITION BY s.incident_id, s.field ORDER BY s.known_at DESC, s.id DESC
         ) AS n
  FROM incidents_incidentstatement s WHERE s.known_at < %(end)s
), fact AS (SELECT incident_id, field, value FROM said WHERE n = 1),
row1 AS (
  SELECT i.id AS incident,
    (SELECT {kind} FROM fact f WHERE f.incident_id = i.id AND f.field = 'kind') AS kind,
    (SELECT {status} FROM fact f WHERE f.incident_id = i.id AND f.field = 'status') AS status,
    (SELECT {group} FROM fact f WHERE f.incident_id = i.id AND f.field = 'group') AS grp,
    (SELECT {edition} FROM fact f WHERE f.incident_id = i.id AND f.field = 'group') AS edition,
    (SELECT substr({start}, 1, 4) FROM fact f
      WHERE f.incident_id = i.id AND f.field = 'interval') AS year,
    (SELECT {transport} FROM fact f
      WHERE f.incident_id = i.id AND f.field = 'transport') AS transport,
    (SELECT {share} FROM fact f WHERE f.incident_id = i.id AND f.field = 'recovered') AS share
  FROM incidents_incident i
  WHERE EXISTS (SELECT 1 FROM incidents_incidentstatement s
                WHERE s.incident_id = i.id AND s.known_at < %(end)s)
), counted AS (
  SELECT * FROM row1 WHERE status IS NULL OR status NOT IN ('denied', 'withdrawn')
)
"""
# A text in a JSON column keeps its quotes in SQLite and loses them by #>> in PostgreSQL
SQLITE = {
    "kind": "json_extract(f.value, '$')",
    "status": "json_extract(f.value, '$')",
    "group": "json_extract(f.value, '$.group')",
    "edition": "json_extract(f.value, '$.edition')",
    "start": "json_extract(f.value, '$.from')",
    "transport": "CASE json_extract(f.value, '$') WHEN 1 THEN 'yes' ELSE 'no' END",
    "share": "json_extract(f.value, '$.share')",
}
POSTGRESQL = {
    "kind": "f.value #>> '{{}}'",
    "status": "f.value #>> '{{}}'",
    "group": "f.value ->> 'group'",
    "edition": "f.value ->> 'edition'",
    "start": "f.value ->> 'from'",
    "transport": "CASE f.value #>> '{{}}' WHEN 'true' THEN 'yes' ELSE 'no' END",
    "share": "f.value ->> 'share'",
}


def asked(end: Any, query: str) -> list[tuple[Any, ...]]:
    parts = SQLITE if connection.vendor == "sqlite" else POSTGRESQL
    text = LATEST.format(**{k: v.replace("{{}}", "{}") for k, v in parts.items()}) + query
    with connection.cursor() as cursor:
        given = end if connection.vendor != "sqlite" else end.strftime("%Y-%m-%d %H:%M:%S")
        cursor.execute(text, {"end": given})
        return list(cursor.fetchall())


def by_group(end: Any, edition: str) -> dict[tuple[int, str], int]:
    rows = asked(
        end,
        f"""SELECT year, CASE WHEN edition = '{edition}' THEN grp ELSE '' END AS g, COUNT(*)
        FROM counted WHERE year IS NOT NULL GROUP BY 1, 2""",  # noqa: S608 - a test's own text
    )
    return {(int(year), key or ""): n for year, key, n in rows}


def by_kind(end: Any) -> dict[tuple[int, str], int]:
    rows = asked(
        end, "SELECT year, kind, COUNT(*) FROM counted WHERE year IS NOT NULL GROUP BY 1, 2"
    )
    return {(int(year), key or ""): n for year, key, n in rows}


def by_transport(end: Any) -> dict[tuple[int, str], int]:
    rows = asked(
        end,
        """SELECT year, transport, COUNT(*) FROM counted
        WHERE year IS NOT NULL AND kind IN ('theft', 'loss') GROUP BY 1, 2""",
    )
    return {(int(year), key or ""): n for year, key, n in rows}


def by_recovery(end: Any) -> dict[tuple[int, str], int]:
    rows = asked(
        end,
        """SELECT year, share, COUNT(*) FROM counted
        WHERE year IS NOT NULL AND kind IN ('theft', 'loss') GROUP BY 1, 2""",
    )
    return {(int(year), key or ""): n for year, key, n in rows}


def by_nuclide(end: Any) -> dict[tuple[int, str], int]:
    if connection.vendor == "sqlite":
        each, name = "json_each(o.value) e", "json_extract(e.value, '$.nuclide')"
    else:
        each, name = "jsonb_array_elements(o.value) AS e(value)", "e.value ->> 'nuclide'"
    rows = asked(
        end,
        f"""SELECT c.year, {name}, COUNT(DISTINCT c.incident) FROM counted c
        JOIN incidents_objectincident t ON t.incident_id = c.incident AND t.known_at < %(end)s
        JOIN incidents_objectstatement o ON o.object_id = t.object_id AND o.field = 'contents'
        AND o.known_at < %(end)s CROSS JOIN {each}
        WHERE c.year IS NOT NULL GROUP BY 1, 2""",  # noqa: S608 - parts of this file
    )
    return {(int(year), key): n for year, key, n in rows}


def not_counted(end: Any) -> int:
    return int(
        asked(end, "SELECT COUNT(*) FROM row1 WHERE status IN ('denied', 'withdrawn')")[0][0]
    )
