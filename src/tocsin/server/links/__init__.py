"""Typed links between rows, with actor, time and reason."""
