"""Announcements: what is coming, reading and writing one, who is meant, every version, publishing and withdrawing."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from keuring_collector.console import announcement_form, articles, readings
from keuring_collector.console.permission import NotAllowed, requires, staff_of
from keuring_collector.console.typed import number
from keuring_collector.desk import scope, signals, wording
from keuring_collector.desk.acting import ActionError, NotUnderstood
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.counting import bounded, lately
from keuring_collector.desk.roles import Right
from keuring_collector.fleet.models import Colleague, Endpoint
from keuring_collector.service.announcing import audience, channels, current, letters, measured, timing, writing
from keuring_collector.service.models import Announcement, Said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from django.http import HttpRequest

    from keuring_collector.desk.models import Staff
    from keuring_collector.service.models import AnnouncementVersion

EXAMPLES = 5
SHOWN_OVER = 50
FEWEST_READS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One announcement in a list, in the language that it is read in."""

    announcement: Announcement
    language: str
    title: str
    when: str
    about: str  # what to do, or that it is nothing
    audience: str
    late: bool  # we would have told more by now


@dataclass(frozen=True, slots=True)
class Meant:
    """Who is meant, of what the reader may see. People are counted out loud from five on."""

    words: list[str]
    machines: int
    colleagues: int
    examples: list[Endpoint]
    lacking: list[str]  # languages that it is not written in, of which there are readers
    known: list[tuple[str, list[str]]]  # when nothing is meant: per fact that was chosen what machines say of it


def language() -> str:
    """The reader's."""
    return (get_language() or "nl")[:2]


def row(announcement: Announcement, now: datetime, wanted: str) -> Row:
    """One for a list."""
    spoken = letters.language_of(announcement, wanted)
    must = articles.excerpt(announcement.text("must", spoken))
    return Row(
        announcement,
        spoken,
        announcement.text("title", spoken),
        wording.capitalised(timing.in_words(announcement, now)),
        must,
        "; ".join(audience.in_words(audience.kept(announcement.audience))),
        is_late(announcement, wording.local_day(now)),
    )


def is_late(announcement: Announcement, today: date) -> bool:
    """Whether we would have told more by now, and have not."""
    unknown = announcement.state == Announcement.State.PUBLISHED and announcement.when == Said.When.UNKNOWN
    return unknown and announcement.tell_by is not None and announcement.tell_by < today


def _found(request: HttpRequest, pk: int) -> Announcement:
    """One that the reader may see; drafts are for those who write."""
    staff = staff_of(request)
    for each in current.seen_by(staff):
        if each.pk == pk and (each.state != Announcement.State.DRAFT or staff.may(Right.ACT)):
            return each
    raise Http404(_("There is no such announcement, or it is for departments that you do not see."))


@requires(Right.LOOK)
@require_safe
def announcements(request: HttpRequest) -> HttpResponse:
    """What is coming, what is not known yet, drafts, and what is over."""
    staff, now = staff_of(request), timezone.now()
    today = wording.local_day(now)
    seen = current.seen_by(staff)
    published = [each for each in seen if each.state == Announcement.State.PUBLISHED]
    coming = [each for each in published if not timing.is_over(each, today)]
    dated = sorted((each for each in coming if each.starts_on), key=lambda each: (each.starts_on, each.pk))
    unknown = sorted((each for each in coming if not each.starts_on), key=lambda each: (each.tell_by or today, each.pk))
    over = [each for each in seen if each.state != Announcement.State.DRAFT and timing.is_over(each, today)]
    drafts = [each for each in seen if each.state == Announcement.State.DRAFT] if staff.may(Right.ACT) else []

    def rows(found: list[Announcement]) -> list[Row]:
        return [row(each, now, language()) for each in found]

    context = {
        "dated": rows(dated),
        "unknown": rows(unknown),
        "drafts": rows(drafts),
        "over": rows(over[:SHOWN_OVER]),
        "public": settings.KEURING.public_pages,
    }
    return render(request, "console/announcements.html", context)


@requires(Right.LOOK)
@require_safe
def announcement(request: HttpRequest, pk: int) -> HttpResponse:
    """One announcement, as colleagues read it, and beside it whom it reaches."""
    return _page(request, _found(request, pk), timezone.now())


def _page(
    request: HttpRequest, found: Announcement, now: datetime, wrong: str = "", why: str = "", status: int = 200
) -> HttpResponse:
    staff, today = staff_of(request), wording.local_day(now)
    spoken = letters.language_of(found, language())
    context = {
        **read(found, spoken, now),
        "meant": meant(audience.kept(found.audience), staff, found),
        "told": _told(found),
        "posted": _posted(found),
        "names": [str(channels.Channel(name).label) for name in found.channels],
        "reads": found.reads if found.reads >= FEWEST_READS else None,
        "promises": list(found.promises.select_related("closed_by")),
        "today": today,
        "is_over": timing.is_over(found, today),
        "may_publish": staff.may(Right.ANNOUNCE),
        "public": settings.KEURING.public_pages,
        "wrong": wrong,
        "typed_why": why,
    }
    return render(request, "console/announcement.html", context, status=status)


def read(found: Announcement, spoken: str, now: datetime) -> dict[str, Any]:
    """What any reader sees of one, in a language that it is written in."""
    versions = [each for each in found.versions.all() if each.state != Announcement.State.DRAFT]
    return {
        "found": found,
        "spoken": spoken,
        "title": found.text("title", spoken),
        "parts": {part: articles.render(found.text(part, spoken)) for part in writing.PARTS[1:]},
        "when": wording.capitalised(timing.in_words(found, now)),
        "late": is_late(found, wording.local_day(now)),
        "changes": [
            (newer, timing.changes(older, newer, now))
            for newer, older in pairwise(versions)
            if newer.state == Announcement.State.PUBLISHED
        ],
    }


def _told(found: Announcement) -> list[tuple[str, int]]:
    """How many were told by each channel in the first place."""
    first = found.told.filter(occasion="first")
    return [(name, first.filter(channel=name).count()) for name in found.channels]


def _posted(found: Announcement) -> list[tuple[str, bool]]:
    """The chat channels that it goes to, and whether it was put there."""
    told = set(found.told.filter(occasion="first", channel=channels.CHAT).values_list("chat", flat=True))
    return [(name, name in told) for name in found.chats]


def meant(selection: audience.Selection, staff: Staff, said: Said | None = None) -> Meant:
    """Who is meant now, within what ``staff`` may see, with some machines as examples."""
    store = readings.store()
    seen = set(scope.endpoints(staff).filter(state=Endpoint.State.ACTIVE).values_list("pk", flat=True))
    machines = audience.machines(selection, store) & seen
    reached = channels.Mail().reached(machines)
    examples = Endpoint.objects.filter(pk__in=sorted(machines)[:EXAMPLES]).select_related("colleague", "department")
    known = [] if machines else [
        (signals.label(fact.signal), audience.known(fact, store, seen)) for fact in selection.facts
    ]  # fmt: skip
    return Meant(
        audience.in_words(selection), len(machines), len(reached), list(examples), _lacking(reached, said), known
    )  # fmt: skip


def _lacking(reached: set[int], said: Said | None) -> list[str]:
    if said is None or not reached:
        return []
    missing = [code for code in ("nl", "en") if not said.text("title", code)]
    speaking = Colleague.objects.filter(language__in=missing) if missing else Colleague.objects.none()
    found = {code for pk, code in speaking.values_list("pk", "language") if pk in reached}
    return sorted(found)


@requires(Right.ACT)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new announcement."""
    if request.method == "POST":
        return _write(request, None)
    return _editor(request, None, announcement_form.fresh(timezone.localdate()))


@requires(Right.ACT)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Changes an announcement; one that is published only by those who may publish."""
    found = _found(request, pk)
    if found.state != Announcement.State.DRAFT and not staff_of(request).may(Right.ANNOUNCE):
        raise NotAllowed(Right.ANNOUNCE)
    if request.method == "POST":
        return _write(request, found)
    return _editor(request, found, announcement_form.of_announcement(found))


def _write(request: HttpRequest, found: Announcement | None) -> HttpResponse:
    typed, staff, now = announcement_form.typed(request.POST), staff_of(request), timezone.now()
    try:
        if request.POST.get("do") == "preview":
            selection = audience.checked(announcement_form.selection(typed))
            return _editor(request, found, typed, preview=meant(selection, staff))
        seen = None if found is None else number(typed["seen"])
        kept = writing.save(found, announcement_form.content(typed), actor=staff, now=now, seen=seen)
    except ActionError as error:
        where = error.field if isinstance(error, NotUnderstood) else ""
        return _editor(request, found, typed, wrong=str(error.message), where=where, status=422)
    if kept.state == Announcement.State.DRAFT:
        messages.success(request, _("Kept as a draft: nobody has been told yet."))
    else:
        messages.success(request, _("Changed. Everybody who reads it sees what changed and when."))
    return HttpResponseRedirect(reverse("announcement", args=[kept.pk]))


def _editor(
    request: HttpRequest, found: Announcement | None, typed: Mapping[str, Any], *, preview: Meant | None = None,
    wrong: str = "", where: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    staff = staff_of(request)
    order = sorted((("nl", "Nederlands"), ("en", "English")), key=lambda pair: pair[0] != language())
    context = {
        "found": found,
        "is_published": found is not None and found.state == Announcement.State.PUBLISHED,
        "typed": typed,
        "texts": [(code, name, {part: typed[f"{part}_{code}"] for part in writing.PARTS}) for code, name in order],
        "whens": Said.When.choices,
        "facts": [(signal.name, signals.label(signal.name)) for signal in audience.OFFERED],
        "operators": [(name, str(label)) for name, (_operator, label) in audience.OPERATORS.items()],
        "rows": [
            (number, *(typed[f"{part}_{number}"] for part in ("fact", "operator", "values")))
            for number in range(announcement_form.FACTS)
        ],
        "levels": sorted(
            ((each.name, signals.label(each.name)) for each in measured.offered()), key=lambda pair: pair[1]
        ),
        "comparisons": [(name, str(label)) for name, (_compare, label) in measured.COMPARISONS.items()],
        "level_rows": [
            (number, *(typed[f"{part}_{number}"] for part in announcement_form.MEASURED_PARTS))
            for number in range(measured.MOST)
        ],
        "departments": [(str(pk), name) for pk, name in scope.departments(staff).values_list("pk", "name")],
        "causes": [(cause, cause_label(cause)) for cause in _causes(staff)],
        "channels": channels.Channel.choices,
        "chats": _chats(found),
        "public": settings.KEURING.public_pages,
        "preview": preview,
        "wrong": wrong,
        "where": where,
    }
    return render(request, "console/announcement_edit.html", context, status=status)


def _causes(staff: Staff) -> list[str]:
    """The causes of tickets that they may see; where there are many tickets, as they were within the last minute."""
    seen = scope.tickets(staff)
    answers = staff.may(Right.AUDIT)  # as scope.tickets has it
    about = ("causes ever", staff.department_ids, answers)
    # Those of a few departments are found by their machines, and by no cause.
    of_some = seen.order_by("cause").values_list("cause", flat=True).distinct()
    return lately(
        about,
        lambda: readings.store().causes(resting=answers) if staff.department_ids is None else list(of_some),
        lambda _causes: bounded(seen).is_more,
    )


def _chats(found: Announcement | None) -> list[tuple[str, str]]:
    """The chat channels that can be chosen, with their language; of one that was chosen and is gone there is none."""
    known = {each.name: each.language for each in settings.KEURING.chat}
    chosen = found.chats if found is not None else []
    return [*known.items(), *((name, "") for name in chosen if name not in known)]


@requires(Right.ANNOUNCE)
@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Publishes a draft; from then on colleagues are told."""
    found, now = _found(request, pk), timezone.now()
    try:
        writing.publish(found, actor=staff_of(request), now=now)
    except ActionError as error:
        return _page(request, found, now, str(error.message), status=422)
    messages.success(request, _("Published. Within minutes everybody whom it concerns is told."))
    return HttpResponseRedirect(reverse("announcement", args=[pk]))


@requires(Right.ANNOUNCE)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraws one, with the reason."""
    found, now, why = _found(request, pk), timezone.now(), request.POST.get("why", "")
    try:
        writing.withdraw(found, why, actor=staff_of(request), now=now)
    except ActionError as error:
        return _page(request, found, now, str(error.message), why, 422)
    messages.success(request, _("Withdrawn. Who was told is told so too, with your reason."))
    return HttpResponseRedirect(reverse("announcement", args=[pk]))


@requires(Right.ACT)
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throws a draft away."""
    found = _found(request, pk)
    try:
        writing.discard(found, actor=staff_of(request))
    except ActionError as error:
        return _page(request, found, timezone.now(), str(error.message), status=422)
    messages.success(request, _("Thrown away."))
    return HttpResponseRedirect(reverse("announcements"))


@requires(Right.LOOK)
@require_safe
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """Every version with who, when, why, and line by line what changed."""
    found, now = _found(request, pk), timezone.now()
    kept = list(found.versions.select_related("by"))
    rows = [(each, _compared(older, each, now)) for each, older in zip(kept, [*kept[1:], None], strict=True)]
    return render(request, "console/announcement_versions.html", {"found": found, "rows": rows})


def _compared(older: AnnouncementVersion | None, newer: AnnouncementVersion, now: datetime) -> list[tuple[str, str]]:
    """(mark, line): "+", "-", or " " for what stands around a change; none for the first version."""
    if older is None:
        return []
    was, is_now = (_lines(each, now) for each in (older, newer))
    found = list(difflib.unified_diff(was, is_now, n=0, lineterm=""))[2:]
    return [(line[0], line[1:]) for line in found if not line.startswith("@@") and line[1:].strip()]


def _lines(version: AnnouncementVersion, now: datetime) -> list[str]:
    lines = [timing.in_words(version, now), "; ".join(audience.in_words(audience.kept(version.audience)))]
    for code in ("nl", "en"):
        for part in writing.PARTS:
            lines += version.text(part, code).splitlines()
    return lines
