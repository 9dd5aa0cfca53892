"""What apps above do with an import once it is read: they compare it with everything else."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.server.notices.models import NoticeImport

Comparer = Callable[[NoticeImport, Callable[[int, int], None]], dict[str, int]]
"""Takes an import and a function that is told how far it is; gives counts for its page."""
COMPARERS: list[Comparer] = []
AFTER_UNDO: list[Callable[[NoticeImport], None]] = []
"""Hear that the incidents of an import are withdrawn."""
