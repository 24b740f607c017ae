"""Pages go out compressed, quickly: Django's level takes twice as long to save a fifteenth more."""

from __future__ import annotations

import gzip
import secrets
from typing import TYPE_CHECKING, Final

from django.http import HttpResponse
from django.middleware.gzip import GZipMiddleware, re_accepts_gzip
from django.utils.cache import patch_vary_headers

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

LEVEL: Final = 4
FEWEST: Final = 1000  # bytes


class Compressing(GZipMiddleware):
    """Django's, which is left what is no page: streams, what has a tag or is compressed already, and what is short."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The response, compressed for whoever can read that."""
        told = response.has_header("Content-Encoding") or response.has_header("ETag")
        accepted = re_accepts_gzip.search(request.headers.get("Accept-Encoding", ""))
        if not isinstance(response, HttpResponse) or told or not accepted or len(response.content) < FEWEST:
            return super().process_response(request, response)
        patch_vary_headers(response, ("Accept-Encoding",))
        response.content = compressed(response.content, self.max_random_bytes)
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["Content-Encoding"] = "gzip"
        return response


def compressed(content: bytes, most: int) -> bytes:
    """Gzip with a file name of less than ``most`` bytes that is drawn by lot: the length of a page is not to give away
    what is in it (BREACH). Django does the same.
    """
    packed = gzip.compress(content, LEVEL, mtime=0)
    name = b"a" * secrets.randbelow(most) + b"\0"
    return packed[:3] + bytes([gzip.FNAME]) + packed[4:10] + name + packed[10:]
