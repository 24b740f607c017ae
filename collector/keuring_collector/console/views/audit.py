"""Who did and looked at what: filtered, fifty on a page, with what the last check of the chain found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.typed import number, read_day
from keuring_collector.desk import audit as desk_audit
from keuring_collector.desk import audit_chain, wording
from keuring_collector.desk.models import AuditEntry, AuditHead, Staff
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right, Role
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import _StrPromise

PAGE: Final = 50
LOOKS: Final = 20  # the newest, on the page of a machine
FILTERS: Final = ("actor", "action", "subject", "since", "until")
BROKEN: Final[Mapping[str, _StrPromise]] = {
    audit_chain.CHANGED: gettext_lazy("entry %(entry)s was changed after it was written"),
    audit_chain.MISSING: gettext_lazy("entry %(entry)s is missing"),
    audit_chain.CUT: gettext_lazy("the entries from %(entry)s on were cut off"),
    audit_chain.ADDED: gettext_lazy("entry %(entry)s was put in where old entries had been let go"),
}
# The keys of details, and what signs people in, in words.
DETAILS: Final[Mapping[str, _StrPromise]] = {
    "from": pgettext_lazy("audit", "from"),
    "to": pgettext_lazy("audit", "to"),
    "by": pgettext_lazy("audit", "by"),
    "days": pgettext_lazy("audit", "days"),
    "signal": pgettext_lazy("audit", "signal"),
    "ticket": pgettext_lazy("audit", "ticket"),
    "token": pgettext_lazy("audit", "token"),
    "name": pgettext_lazy("audit", "name"),
    "scopes": pgettext_lazy("audit", "scopes"),
    "role": pgettext_lazy("audit", "role"),
    "departments": pgettext_lazy("audit", "departments"),
    "factors": pgettext_lazy("audit", "second factor too"),
    "changed": pgettext_lazy("audit", "changed"),
    "first": pgettext_lazy("audit", "noted for the first time"),
    "last": pgettext_lazy("audit", "up to and including"),
    "version": pgettext_lazy("audit", "version"),
    "entries": pgettext_lazy("audit", "entries"),
    "until": pgettext_lazy("audit", "up to entry"),
    "right": pgettext_lazy("audit", "right"),
    "judged": pgettext_lazy("audit", "judged"),
    "incidents": pgettext_lazy("audit", "incidents"),
    "warranties": pgettext_lazy("audit", "warranties"),
    "colleagues": pgettext_lazy("audit", "for colleagues"),
    "removed": pgettext_lazy("audit", "removed"),
    "restored": pgettext_lazy("audit", "shipped words back"),
    "broken_at": pgettext_lazy("audit", "broken at entry"),
    "digest": pgettext_lazy("audit", "digest"),
    "machine": pgettext_lazy("audit", "machine"),
    "backtest": pgettext_lazy("audit", "number of the trial"),
    "choice": pgettext_lazy("audit", "choice"),
    "rows": pgettext_lazy("audit", "rows"),
    "day": pgettext_lazy("audit", "day"),
    "due": pgettext_lazy("audit", "due on"),
    "when": pgettext_lazy("audit", "when"),
    "what": pgettext_lazy("audit", "what"),
    "hour": pgettext_lazy("audit", "visiting hour"),
    "title": pgettext_lazy("audit", "title"),
    "section": pgettext_lazy("audit", "part"),
    "rule": pgettext_lazy("audit", "rule"),
    "skill": pgettext_lazy("audit", "skill"),
    "skills": pgettext_lazy("audit", "skills"),
    "state": pgettext_lazy("audit", "state"),
    "objection": pgettext_lazy("audit", "number of the objection"),
    "discarded": pgettext_lazy("audit", "thrown away"),
}
BY: Final[Mapping[str, _StrPromise]] = {
    "password": pgettext_lazy("audit", "password"),
    "password+totp": pgettext_lazy("audit", "password and code"),
    "password+recovery_codes": pgettext_lazy("audit", "password and recovery code"),
    "code": pgettext_lazy("audit", "code"),
    "socialaccount": pgettext_lazy("audit", "sign-in service"),
    "oidc": pgettext_lazy("audit", "sign-in service"),
}
# What entries are about: the page of it, and what stands before its name.
PAGES: Final[Mapping[str, str]] = {
    "ticket": "ticket",
    "rule": "rule",
    "report": "inspection",
    "it-report": "it_report",
    "article": "article",
    "announcement": "announcement",
    "department": "visits_department",
    "template": "message_template",
}
KINDS: Final[Mapping[str, _StrPromise]] = {
    "rule": pgettext_lazy("audit", "rule"),
    "report": pgettext_lazy("audit", "APK report"),
    "it-report": pgettext_lazy("audit", "IT report"),
    "article": pgettext_lazy("audit", "article"),
    "announcement": pgettext_lazy("audit", "announcement"),
    "department": pgettext_lazy("audit", "department"),
    "template": pgettext_lazy("audit", "message"),
    "change": pgettext_lazy("audit", "planned change"),
    "promise": pgettext_lazy("audit", "promise"),
    "skill": pgettext_lazy("audit", "skill"),
    "token": pgettext_lazy("audit", "API token"),
    "export": pgettext_lazy("audit", "export"),
}
EXPORTS: Final[Mapping[str, _StrPromise]] = {
    "queue": pgettext_lazy("audit", "of the queue"),
    "machines": pgettext_lazy("audit", "of the machines"),
    "skills": pgettext_lazy("audit", "of the skills"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as people read it."""

    entry: AuditEntry
    action: str
    subject: str
    address: str  # of what it is about; empty when there is no page of it
    detail: str


@requires(Right.AUDIT)
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """The audit, newest first."""
    chosen = {name: request.GET.get(name, "").strip()[:200] for name in FILTERS}
    found = _found(chosen)
    if (before := number(request.GET.get("before", ""))) is not None:
        found = found.filter(sequence__lt=before)
    entries = list(found.order_by("-sequence")[: PAGE + 1])
    more = entries[PAGE - 1].sequence if len(entries) > PAGE else None
    query = {name: value for name, value in chosen.items() if value}
    head = AuditHead.objects.first() or AuditHead()
    context: dict[str, Any] = {
        "rows": rows(entries[:PAGE]),
        "chosen": chosen,
        "is_filtered": bool(query),
        "actors": Staff.objects.order_by("username").values_list("username", flat=True),
        "actions": sorted(((slug, str(text)) for slug, text in desk_audit.ACTIONS.items()), key=lambda pair: pair[1]),
        "further": "?" + urlencode({**query, "before": more}) if more else "",
        "newest": "?" + urlencode(query) if before is not None else "",
        "head": head,
        "broken": _broken(head),
    }
    return render(request, "console/audit.html", context)


@requires(Right.AUDIT)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Checks the chain now."""
    desk_audit.flush()
    found = audit_chain.check_and_note(timezone.now())
    desk_audit.record(staff_of(request), "audit.checked", detail={"until": found.until, "broken_at": found.broken_at})
    if found.broken_at is None:
        messages.success(request, _("The chain holds: nothing was changed, removed or put in."))
    return redirect("audit")


def _found(chosen: Mapping[str, str]) -> QuerySet[AuditEntry, Any]:
    found = AuditEntry.objects.all()
    if chosen["actor"]:
        found = found.filter(actor=chosen["actor"])
    if chosen["action"]:
        found = found.filter(action=chosen["action"])
    if chosen["subject"]:
        found = found.filter(_about(chosen["subject"]))
    if since := read_day(chosen["since"]):
        found = found.filter(at__gte=_midnight(since))
    if until := read_day(chosen["until"]):
        found = found.filter(at__lt=_midnight(until + timedelta(days=1)))
    return found


def _about(text: str) -> Any:
    from django.db.models import Q

    machines = Endpoint.objects.filter(host_name__icontains=text)[:200]
    return Q(subject__icontains=text) | Q(subject__in=[desk_audit.machine(endpoint) for endpoint in machines])


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone()).astimezone(UTC)


def _broken(head: AuditHead) -> str:
    return str(BROKEN[head.broken_why]) % {"entry": head.broken_at} if head.broken_why in BROKEN else ""


def looks(endpoint: Endpoint) -> list[Row]:
    """Who looked at a machine last."""
    return [_row(entry, endpoint) for entry in _newest(desk_audit.machine(endpoint))]


@prepared
def _newest(subject: Any) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(subject=subject).order_by("-sequence")[:LOOKS]


def rows(entries: Iterable[AuditEntry]) -> list[Row]:
    """Entries in words; one query for the machines they name."""
    listed = list(entries)
    found = {desk_audit.machine(endpoint): endpoint for endpoint in _machines(listed)}
    return [_row(entry, found.get(entry.subject)) for entry in listed]


def _machines(entries: Iterable[AuditEntry]) -> list[Endpoint]:
    named = set()
    for entry in entries:
        kind, _slash, name = entry.subject.partition("/")
        if kind == "machine":
            try:
                named.add(UUID(name))
            except ValueError:
                continue
    return list(Endpoint.objects.filter(uuid__in=named)) if named else []


def _row(entry: AuditEntry, endpoint: Endpoint | None) -> Row:
    subject, address = _told(entry.subject)
    if endpoint is not None:
        subject, address = endpoint.host_name, reverse("machine", args=[endpoint.uuid])
    return Row(entry, str(desk_audit.ACTIONS.get(entry.action, entry.action)), subject, address, _detail(entry))


def _told(subject: str) -> tuple[str, str]:
    """What an entry is about, in words, and the address of its page; empty where it has none."""
    kind, _slash, name = subject.partition("/")
    route = PAGES.get(kind)
    try:
        address = reverse(route, args=[name]) if route and name else ""
    except NoReverseMatch:  # an older name, which no page has now
        address = ""
    if kind == "ticket":
        return f"#{name}", address
    if kind == "staff" or not name:
        return name or subject, ""
    return f"{KINDS[kind]} {EXPORTS.get(name, name)}" if kind in KINDS else name, address


def _detail(entry: AuditEntry) -> str:
    told = {key: value for key, value in entry.told.items() if key != "all"}  # of settings: what stayed as it was
    if isinstance(told.get("first"), str):  # of days that were looked at, and no "first time"
        told = {"from": told.pop("first"), **told}
    return " · ".join(
        f"{DETAILS.get(key, key)}: {_plain(value)}" for key, value in told.items() if value not in ({}, None, "")
    )


def _plain(value: Any) -> str:
    """A value of a detail; of somebody's role and departments, None is all departments."""
    if isinstance(value, dict) and set(value) == {"role", "departments"}:
        seen = _("all departments") if value["departments"] is None else _plain(value["departments"])
        return f"{_plain(value['role'])}, {seen}"
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_plain(inner)}" for key, inner in value.items())
    if value is True:
        return _("yes")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    if isinstance(value, str) and value in Role.values:
        return str(Role(value).label)
    if isinstance(value, str) and (day := read_day(value)):
        return wording.full_day(day)
    return str(BY.get(value, value)) if isinstance(value, str) else str(value)
