"""What all tables of an installation hold, so that two of them can be compared."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from own_server import python, surroundings

ROWS = """
import json, sys
from pathlib import Path
from tocsin.server.serving.first_start import start_django
start_django(Path(sys.argv[1]))
from django.db import connection
from tocsin.server.serving.tables import table_names
out = {}
for table in table_names():
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        out[table] = sorted(
            repr([bytes(v) if isinstance(v, memoryview | bytearray) else v for v in row])
            for row in cursor.fetchall()
        )
print(json.dumps(out))
"""


def digest_of_tables(data: Path, url: str = "") -> dict[str, tuple[int, str]]:
    """Number of rows and a hash over all values of each table."""
    rows = json.loads(python(ROWS, data, env=surroundings(url)))
    return {
        table: (len(texts), hashlib.sha256("\n".join(texts).encode()).hexdigest())
        for table, texts in rows.items()
    }
