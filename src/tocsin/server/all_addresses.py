"""Reading all addresses when a process starts, not in its first write."""

from __future__ import annotations

from django.urls import get_resolver


def read_all_addresses() -> None:
    """Import all pages and their addresses now, which takes a second or more.

    The first alarm or call names its page. Done then, inside the transaction that writes it, the
    reading would hold up every device of a server with one writer. Needs Django set up.
    """
    get_resolver().reverse_dict  # noqa: B018
