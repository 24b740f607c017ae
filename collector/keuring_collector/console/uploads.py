"""Uploads are cut off while they come in, so that nobody fills a disk with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.files.uploadhandler import FileUploadHandler

from keuring_collector.desk.files import LARGEST

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


class Bounded(FileUploadHandler):
    """Lets through one byte more than the largest file, over all of a request: enough to see that it is too large."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._left = LARGEST + 1

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:  # noqa: ARG002 - Django's
        """What the next handler keeps; None: nothing."""
        kept = raw_data[: self._left]
        self._left -= len(kept)
        return kept or None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:  # noqa: ARG002 - Django's
        """The next handler makes the file."""
        return None
