"""The Python page of the guide: ten lines, and a table of names that exist where it says."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "python.md"


def test_names_of_the_table_are_where_it_says() -> None:
    rows = re.findall(r"^\| `(tocsin\.\w+)` \|[^|]*\|([^|]*)\|$", PAGE.read_text(), re.M)
    assert len(rows) == 8
    for package, names in rows:
        public = importlib.import_module(package).__all__
        missing = [name for name in re.findall(r"`(\w+)`", names) if name not in public]
        assert missing == [], package


def test_from_file_to_answer_takes_ten_lines() -> None:
    """The first example without its imports reads, analyses, lists peaks and plots."""
    first = re.search(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert first is not None
    lines = [x for x in first[1].splitlines() if x and not x.startswith(("from", "import"))]
    assert len(lines) <= 10
    for word in ("read(", "analyze(", "list_peaks(", "draw_peaks(", "render_html("):
        assert word in first[1]
