"""Uploads on their way in: in memory alone, so that nothing lies on the disk in the clear."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from tocsin.formats.limits import MiB


class InMemory(FileUploadHandler):
    """Keeps each file in memory, and of one that is too large just enough to see that it is.

    Django's own handlers write what is larger than some megabytes to a temporary file.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self._content = BytesIO()
        self._room = settings.TOCSIN.upload_most_MiB * MiB + 1

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep a piece as far as there is room; no other handler gets it."""
        piece = raw_data[: self._room]
        self._room -= len(piece)
        self._content.write(piece)
        return None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        """The whole file, or its beginning where it is too large."""
        size = self._content.tell()
        self._content.seek(0)
        return InMemoryUploadedFile(
            file=self._content,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type or "",
            size=size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
