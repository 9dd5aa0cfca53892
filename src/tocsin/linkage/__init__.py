"""Room ``linkage``: fields from the text of notices, and found things matched to lost ones."""

from tocsin.linkage.notice import Notice, read_notice

__all__ = ["Notice", "read_notice"]
