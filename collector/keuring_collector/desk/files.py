"""Files beside a ticket: what may be added, how it is kept, and how it may be taken away again.

What a file is, is told from its bytes: a name or a browser's word for it proves nothing. Only what a browser shows
without running it is taken; it is served for download alone, whatever it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import NotPossible, NotUnderstood, held, record
from keuring_collector.desk.models import Attachment, Ticket, TicketHistory

if TYPE_CHECKING:
    from datetime import datetime

    from keuring_collector.desk.models import Staff

LARGEST: Final = 5 * 2**20  # bytes
MOST: Final = 20  # of a ticket
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"%PDF-", "application/pdf"),
)
_PLAIN: Final = (".txt", ".log", ".csv", ".json", ".yaml", ".md")
_ENDINGS: Final = {
    "image/png": (".png",), "image/jpeg": (".jpg", ".jpeg"), "application/pdf": (".pdf",), "image/webp": (".webp",),
    "text/plain": _PLAIN,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in."""

    name: str
    content: bytes


def kind_of(content: bytes, name: str) -> str:
    """The media type that the bytes have, or that plain text has by its ``name``; empty for what is not taken."""
    for magic, kind in _MAGIC:
        if content.startswith(magic):
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    if not name.lower().endswith(_PLAIN) or b"\0" in content:
        return ""
    try:
        content.decode()
    except UnicodeDecodeError:
        return ""
    return "text/plain"


def clean_name(name: str) -> str:
    """A name without folders, control characters and what a file system dislikes; at most 100 characters."""
    base = re.split(r"[/\\]", name)[-1]
    base = re.sub(r'[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069<>:"|?*]', "", base).strip(" .")
    stem, dot, ending = base.rpartition(".")
    return f"{stem[: 99 - len(ending)]}.{ending}" if dot and stem and len(ending) < 10 else base[:100] or "file"


def name_to_save(found: Attachment) -> str:
    """The name under which it is saved: with an ending of what it is, so that a PDF called x.cmd is never run."""
    endings = _ENDINGS.get(found.kind, ())
    return found.name if found.name.lower().endswith(endings) else f"{found.name}{endings[0]}"


def attach(ticket_id: int, *, actor: Staff, now: datetime, upload: Upload | None) -> Attachment:
    """Adds a file, also to a closed ticket. Raises NotUnderstood when it is none, too large, or of another kind."""
    if upload is None or not upload.content:
        raise NotUnderstood("file", _("Choose a file first; an empty one is not kept."))
    if len(upload.content) > LARGEST:
        raise NotUnderstood("file", _("This file is larger than 5 MB. Make it smaller, or link to where it is kept."))
    name = clean_name(upload.name)
    kind = kind_of(upload.content, name)
    if not kind:
        raise NotUnderstood(
            "file", _("Keuring keeps pictures (PNG, JPEG, WebP), PDF and plain text (.txt, .log, .csv, .json) only.")
        )
    with held(ticket_id, None, open_only=False) as ticket:
        if ticket.attachments.count() >= MOST:
            raise NotPossible(_("This ticket has twenty files already. Take one away first."))
        attachment = Attachment.objects.create(
            ticket=ticket, name=name, kind=kind, size=len(upload.content), content=upload.content,
            added_at=now, added_by=actor,
        )  # fmt: skip
        record(ticket, TicketHistory.Kind.FILE, actor, now, name=name)
    return attachment


def remove(ticket_id: int, *, actor: Staff, now: datetime, attachment: int) -> Ticket:
    """Takes a file away for good; that it was there stays in the history."""
    with held(ticket_id, None, open_only=False) as ticket:
        found = ticket.attachments.defer("content").filter(pk=attachment).first()
        if found is None:
            raise NotPossible(_("This file is gone already."))
        record(ticket, TicketHistory.Kind.FILE_REMOVED, actor, now, name=found.name)
        found.delete()
    return ticket
