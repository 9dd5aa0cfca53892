"""Units of activity that people still write beside the becquerel."""

from __future__ import annotations

CURIE_Bq = 3.7e10
"""One curie in Bq, exact by definition (BIPM, The International System of Units, 9th edition)."""
