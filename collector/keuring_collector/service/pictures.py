"""Pictures of articles: PNG, JPEG or WebP by their bytes, whole, without what a camera or a program wrote into them.

Each format is taken apart into its pieces, and put together again of those that make the picture; all else is left out:
where and when it was made, by whom, comments, thumbnails, what hangs behind its end. Nothing that could run is taken:
no SVG. Of a photograph only the way up is kept.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit
from keuring_collector.desk.acting import NotPossible, NotUnderstood
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service.models import Article, ArticlePicture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from keuring_collector.desk.models import Staff

LARGEST: Final = 2 * 2**20  # bytes
WIDEST: Final = 6000  # pixels, each way
MOST: Final = 30  # of an article
LONGEST_ALT: Final = 200
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"})
_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG's markers that tell its size
_JPEG_KEPT: Final = _SIZES | {0xC4, 0xCC, 0xDB, 0xDD, 0xEE}
_ORIENTATION: Final = 0x0112


class NoPicture(ValueError):  # noqa: N818 - named for what it says
    """These bytes are no whole picture of a kind that is taken."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of which only the picture is left; sizes in pixels."""

    kind: str
    ending: str
    width: int
    height: int
    content: bytes

    @property
    def name(self) -> str:
        """What it is called: by its content, with its size."""
        return f"{hashlib.sha256(self.content).hexdigest()[:16]}-{self.width}x{self.height}.{self.ending}"


def clean(content: bytes) -> Picture:
    """The picture in ``content`` and nothing else. Raises NoPicture."""
    try:
        if content.startswith(_PNG):
            made = _png(content)
        elif content.startswith(b"\xff\xd8\xff"):
            made = _jpeg(content)
        elif content.startswith(b"RIFF") and content[8:12] == b"WEBP":
            made = _webp(content)
        else:
            raise NoPicture("of no kind that is taken")
    except (struct.error, IndexError) as error:
        raise NoPicture("broken off") from error
    if not (0 < made.width <= WIDEST and 0 < made.height <= WIDEST):
        raise NoPicture("too many pixels")
    return made


def _png(content: bytes) -> Picture:
    at, kept, seen = len(_PNG), [_PNG], []
    while b"IEND" not in seen:
        size, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + size]
        (check,) = struct.unpack_from(">I", content, at + 8 + size)
        if len(body) != size or zlib.crc32(kind + body) != check:
            raise NoPicture("a piece of it is damaged")
        seen.append(kind)
        if kind in _PNG_KEPT:
            kept.append(content[at : at + 12 + size])
        at += 12 + size
    if seen[0] != b"IHDR" or b"IDAT" not in seen:
        raise NoPicture("without a picture")
    width, height = struct.unpack_from(">II", content, len(_PNG) + 8)
    return Picture("image/png", "png", width, height, b"".join(kept))


def _jpeg(content: bytes) -> Picture:
    at, kept, size, turned, scanned = 2, [], (0, 0), 1, False
    while content[at + 1] != 0xD9:  # the end
        if content[at] != 0xFF:
            raise NoPicture("damaged between its pieces")
        marker = content[at + 1]
        if marker == 0xFF:  # a byte to fill up
            at += 1
            continue
        (length,) = struct.unpack_from(">H", content, at + 2)
        body, ends = content[at + 4 : at + 2 + length], at + 2 + length
        if marker in _SIZES:
            size = struct.unpack_from(">HH", body, 1)
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            turned = _orientation(body[6:])
        if marker == 0xDA:
            scanned, ends = True, _scan_end(content, ends)
        if marker in _JPEG_KEPT or marker == 0xDA:
            kept.append(content[at:ends])
        at = ends
    if not scanned:
        raise NoPicture("without a picture")
    height, width = size
    if turned >= 5:  # lying on its side
        width, height = height, width
    return Picture("image/jpeg", "jpg", width, height, b"\xff\xd8" + _turning(turned) + b"".join(kept) + b"\xff\xd9")


def _scan_end(content: bytes, at: int) -> int:
    """Where the picture's own bytes end: at a marker that is neither a stuffed byte nor a restart."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise NoPicture("broken off")
        if content[at + 1] not in (0x00, 0xFF, *range(0xD0, 0xD8)):
            return at
        at += 1 if content[at + 1] == 0xFF else 2


def _orientation(tiff: bytes) -> int:
    """The way up, 1 to 8, as a camera wrote it; 1 when it did not, or not well."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 1
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    if first + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(f"{order}H", tiff, first)
    for number in range(min(count, (len(tiff) - first - 2) // 12)):
        tag, _kind, _count, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * number)
        if tag == _ORIENTATION and 1 <= value <= 8:
            return int(value)
    return 1


def _turning(turned: int) -> bytes:
    """An EXIF piece with nothing but the way up; none for a picture that stands upright."""
    if turned == 1:
        return b""
    body = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _webp(content: bytes) -> Picture:
    (declared,) = struct.unpack_from("<I", content, 4)
    if len(content) < declared + 8:
        raise NoPicture("broken off")
    width = height = 0
    kept = []
    for kind, whole in _chunks(content[12 : declared + 8]):
        body = whole
        if kind in (b"ANIM", b"ANMF"):
            raise NoPicture("it moves")
        if kind == b"VP8X":
            width, height = (1 + int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
            body = bytes([body[0] & 0x10]) + body[1:]  # of its flags only that it can be seen through
        elif kind == b"VP8L":
            bits = struct.unpack_from("<I", body, 1)[0]
            width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        elif kind == b"VP8 " and not width:
            width, height = (each & 0x3FFF for each in struct.unpack_from("<HH", body, 6))
        if kind in (b"VP8X", b"VP8L", b"VP8 ", b"ALPH"):
            kept.append(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2))
    if not any(each.startswith((b"VP8 ", b"VP8L")) for each in kept):
        raise NoPicture("without a picture")
    made = b"WEBP" + b"".join(kept)
    return Picture("image/webp", "webp", width, height, b"RIFF" + struct.pack("<I", len(made)) + made)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + size]
        if len(body) != size:
            raise NoPicture("broken off")
        yield kind, body
        at += 8 + size + size % 2


def add(
    article: Article, content: bytes, alts: Mapping[str, str], *, actor: Staff | None, now: datetime
) -> ArticlePicture:
    """Adds a picture. Raises NotUnderstood for what is no picture, too large, or shown to nobody who cannot see."""
    if not content:
        raise NotUnderstood("file", _("Choose a picture first."))
    if len(content) > LARGEST:
        raise NotUnderstood("file", _("This picture is larger than 2 MB. Make it smaller first."))
    told = {language: " ".join(alts.get(language, "").split()) for language in LANGUAGES}
    for language in LANGUAGES:
        if (article.title(language) and not told[language]) or len(told[language]) > LONGEST_ALT:
            raise NotUnderstood(
                f"alt_{language}",
                _("Say in a few words what the picture shows, in each language of the article, for who cannot see it."),
            )
    try:
        picture = clean(content)
    except NoPicture as error:
        raise NotUnderstood(
            "file",
            _("Keuring shows whole pictures as PNG, JPEG or WebP that do not move, of at most 6000 pixels each way."),
        ) from error
    with transaction.atomic():
        Article.objects.select_for_update().get(pk=article.pk)
        if article.pictures.count() >= MOST:
            raise NotPossible(_("This article has thirty pictures already. Take one away first."))
        kept, _made = ArticlePicture.objects.update_or_create(
            article=article, name=picture.name,
            defaults={
                "kind": picture.kind, "size": len(picture.content), "width": picture.width, "height": picture.height,
                "content": picture.content, "added_at": now, "added_by": actor,
                **{f"alt_{language}": alt for language, alt in told.items()},
            },
        )  # fmt: skip
        audit.record_now(actor, "article.changed", f"article/{article.slug}", {"name": picture.name})
    return kept


def remove(article: Article, name: str, *, actor: Staff) -> None:
    """Takes a picture away. Raises NotPossible while the article still shows it."""
    if any(name in article.body(language) for language in LANGUAGES):
        raise NotPossible(_("The article still shows this picture. Take it out of the text first."))
    with transaction.atomic():
        if article.pictures.filter(name=name).delete()[0]:
            audit.record_now(actor, "article.changed", f"article/{article.slug}", {"name": name, "removed": True})
