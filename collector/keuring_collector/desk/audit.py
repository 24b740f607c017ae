"""Writing down who did and looked at what.

``record`` is for looks: it keeps the entry in memory and a thread writes what came in within a second, so that pages
never wait for the database's one writer, nor ingest for pages. ``record_now`` is for changes: it writes in the
transaction of the change itself, so that there is never one without the other.

Subjects are written kind/name: machine/<uuid>, ticket/<number>, staff/<name>, rule/<name>, report/<number>,
export/<list>.
"""

from __future__ import annotations

import atexit
import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit_chain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Endpoint

log = structlog.get_logger(__name__)

ACTIONS: Final[Mapping[str, _StrPromise]] = {
    "machine.viewed": _("looked at a machine"),
    "windows.viewed": _("looked at a machine by the window"),
    "signed.in": _("signed in"),
    "signed.in_failed": _("failed to sign in"),
    "signed.out": _("signed out"),
    "password.changed": _("changed their password"),
    "mfa.added": _("added a second factor"),
    "mfa.removed": _("removed a second factor"),
    "mfa.codes": _("made recovery codes"),
    "token.made": _("made an API token"),
    "token.revoked": _("revoked an API token"),
    "staff.added": _("added somebody to the desk"),
    "staff.role": _("changed somebody's role"),
    "staff.on": _("switched an account on"),
    "staff.off": _("switched an account off"),
    "staff.reset": _("gave a one-time password"),
    "report.issued": _("issued an APK report"),
    "report.mailed": _("mailed an APK report"),
    "settings.changed": _("the settings changed"),
    "rules.changed": _("the rules changed"),
    "rule.tried": _("tried a rule on history"),
    "rule.saved": _("changed a rule"),
    "article.changed": _("changed an article"),
    "template.changed": _("changed a template of messages"),
    "announcement.changed": _("changed an announcement"),
    "announcement.published": _("published an announcement"),
    "announcement.withdrawn": _("withdrew an announcement"),
    "promise.made": _("made a promise"),
    "promise.closed": _("said what became of a promise"),
    "skill.changed": _("changed a skill"),
    "skill.need": _("changed what the work asks"),
    "skill.said": _("said what they can do"),
    "skill.confirmed": _("confirmed a skill"),
    "growth.viewed": _("looked at a growth plan"),
    "growth.changed": _("changed a growth plan"),
    "tip.told": _("told a tip in person"),
    "tip.aside": _("put a tip aside for a colleague"),
    "rule.demoted": _("let a rule fall to advice"),
    "incidents.imported": _("imported incidents"),
    "warranties.imported": _("told warranties"),
    "warranty.told": _("told the warranty of a machine"),
    "chat.tested": _("tried a chat channel"),
    "it_report.issued": _("issued an IT report"),
    "it_report.answered": _("answered in an IT report"),
    "change.planned": _("wrote down a planned change"),
    "change.settled": _("said what became of a planned change"),
    "workplace.link_asked": _("had a link to My workplace sent to a machine"),
    "workplace.entered": _("opened My workplace"),
    "workplace.exported": _("took an export of their own data"),
    "objection.made": _("objected to being judged"),
    "objection.answered": _("answered an objection"),
    "export.made": _("exported"),
    "visits.changed": _("changed visiting hours"),
    "calendar.made": _("made a calendar address"),
    "calendar.revoked": _("revoked a calendar address"),
    "audit.checked": _("checked the audit"),
    "audit.expired": _("let go of old audit entries"),
}
WAIT_SECONDS: Final = 1.0  # how long a look may stay in memory
MOST_WAITING: Final = 1000  # above this a look is written at once, or refused


class Entry(NamedTuple):
    """What is to be written down."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: str


_waiting: list[Entry] = []
_lock = threading.Lock()  # over the list
_writing = threading.Lock()  # one writes at a time, so that entries stay in order
_timer: list[threading.Timer] = []


def machine(endpoint: Endpoint) -> str:
    """A machine as a subject."""
    return f"machine/{endpoint.uuid}"


def made(actor: Staff | str | None, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> Entry:
    """An entry of this moment. ``actor`` None: Keuring itself, or somebody at the collector's command line."""
    name = actor if isinstance(actor, str) else actor.get_username() if actor else ""
    text = json.dumps(detail or {}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Entry(datetime.now(UTC), name[:150], action[:40], subject[:200], text)


def record(actor: Staff | str | None, action: str, subject: str = "", detail: Mapping[str, Any] | None = None) -> None:
    """Writes down a look, within a second. Raises DatabaseError when so many wait that the database must be away:
    what cannot be written down is not shown either.
    """
    with _lock:
        _waiting.append(made(actor, action, subject, detail))
        full = len(_waiting) > MOST_WAITING
        if not _timer:
            timer = threading.Timer(WAIT_SECONDS, _write_later)
            timer.daemon = True
            _timer.append(timer)
            timer.start()
    if full:
        flush()


def record_now(
    actor: Staff | str | None, action: str, subject: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """Writes down a change, in the transaction in force."""
    audit_chain.append([made(actor, action, subject, detail)])


def flush() -> int:
    """Writes what waits; returns how many entries. What cannot be written waits on, and DatabaseError is raised."""
    with _writing:
        with _lock:
            taken = list(_waiting)
        if taken:
            audit_chain.append(taken)
            with _lock:
                del _waiting[: len(taken)]
        return len(taken)


def _write_later() -> None:
    with _lock:
        _timer.clear()
    try:
        flush()
    except DatabaseError as error:
        log.warning("looks wait to be written down", waiting=len(_waiting), error=str(error))
    finally:
        close_old_connections()


def forget() -> None:
    """Lets go of what waits, unwritten; for whoever puts another database in place."""
    with _lock:
        for timer in _timer:
            timer.cancel()
        _timer.clear()
        _waiting.clear()


@atexit.register
def _write_at_the_end() -> None:
    if _waiting:
        try:
            flush()
        except DatabaseError as error:
            log.error("looks were not written down", lost=len(_waiting), error=str(error))
