"""A register of the authority with one holder whose people have accounts."""

from __future__ import annotations

from register_people import few_places, holder, officer, source, works

__all__ = ["few_places", "holder", "officer", "source", "works"]
