"""Skills: who can what, one's own page with growth plan and workload, what the work asks, and what is short.

Nobody is ranked: people stand by name, and only skills are compared.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import fleet_counts, pack, stories
from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.exports import safe
from keuring_collector.console.views.several import chosen
from keuring_collector.desk import audit, scope
from keuring_collector.desk.acting import ActionError, NotUnderstood
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.roles import Right
from keuring_collector.service.models import Level, Skill, SkillNeed, StaffSkill
from keuring_collector.service.skills import catalogue, gaps, growth, needs, profiles, routing, workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from keuring_collector.desk.models import Staff


def _number(text: str) -> int:
    """A number of a form; 0 for what is none."""
    return number(text) or 0


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise NotUnderstood("until", _("Choose a date.")) from error


def _done(request: HttpRequest, act: Callable[[], object], told: str, back: str) -> HttpResponse:
    """Does it and goes back, with what was done or why not."""
    try:
        act()
    except ActionError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, told)
    return HttpResponseRedirect(back)


@requires(Right.ACT)
@require_safe
def skills(request: HttpRequest) -> HttpResponse:
    """The catalogue, with who can what."""
    viewer, state = staff_of(request), pack.current()
    people = {person.pk: person for person in profiles.team()}
    said: dict[str, list[tuple[Staff, StaffSkill]]] = {}
    rows = {(row.staff_id, row.skill): row for row in StaffSkill.objects.filter(staff__in=people)}
    known = catalogue.everything(state.pack)
    for slug in known:
        said[slug] = [(person, row) for pk, person in people.items() if (row := rows.get((pk, slug)))]
    groups = [
        (
            label,
            [
                (
                    skill,
                    [pair for pair in said[slug] if pair[1].level >= Level.ALONE],
                    [pair for pair in said[slug] if pair[1].level < Level.ALONE],
                )
                for slug, skill in known.items()
                if skill.kind == kind
            ],
        )
        for kind, label in Skill.Kind.choices
    ]
    context = {
        "groups": groups,
        "kinds": Skill.Kind.choices,
        "said": bool(rows),
        "has_page": viewer.pk in people,
        "may_add": viewer.may(Right.STAFF),
    }
    return render(request, "console/skills.html", context)


@requires(Right.STAFF)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Adds a skill to the catalogue, or words one anew."""
    typed = {name: request.POST.get(name, "") for name in ("kind", "name_nl", "name_en", "about_nl", "about_en")}
    slug = request.POST.get("slug", "")
    return _done(
        request,
        lambda: catalogue.put(
            staff_of(request), typed["kind"], (typed["name_nl"], typed["name_en"]),
            (typed["about_nl"], typed["about_en"]), slug,
        ),
        _("The skill is in the catalogue."),
        reverse("skills"),
    )  # fmt: skip


def _found(pk: int) -> Staff:
    person = next((each for each in profiles.team() if each.pk == pk), None)
    if person is None:
        raise Http404(_("Nobody of that number works on tickets."))
    return person


@requires(Right.ACT)
@require_safe
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: what they can do; and for themselves and their team lead the workload and the growth plan."""
    viewer, someone, state, now = staff_of(request), _found(pk), pack.current(), timezone.now()
    known, levels = catalogue.everything(state.pack), profiles.levels_of(someone)
    own = viewer.pk == someone.pk
    context: dict[str, Any] = {
        "person": someone,
        "own": own,
        "leads": profiles.leads(viewer, someone),
        "profile": [(skill, levels.get(slug)) for slug, skill in known.items() if own or slug in levels],
        "levels": Level.choices,
        "known": list(known.values()),
        "today": timezone.localtime(now).date(),
    }
    if workload.may_see(viewer, someone):
        context["load"] = workload.of([someone], now).get(someone.pk, workload.Load())
    if growth.may_see(viewer, someone):
        steps = growth.plan(viewer, someone)
        context["plan"] = [(step, catalogue.named([step.skill], known)[0]) for step in steps]
        context["learn_next"] = gaps.learn_next(fleet_counts.gaps(viewer, now)[0], someone)
    response = render(request, "console/skills_person.html", context)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@requires(Right.ACT)
@require_POST
def say(request: HttpRequest) -> HttpResponse:
    """What the reader says they can do."""
    viewer, state = staff_of(request), pack.current()
    levels = {
        name.removeprefix("level-"): _number(str(value))
        for name, value in request.POST.items()
        if name.startswith("level-")
    }
    return _done(
        request, lambda: profiles.say(viewer, levels, state.pack, timezone.now()), _("Kept."),
        reverse("skills_person", args=[viewer.pk]),
    )  # fmt: skip


@requires(Right.TEAM)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """A team lead agrees with what somebody says."""
    someone = _found(pk)
    return _done(
        request,
        lambda: profiles.confirm(staff_of(request), someone, request.POST.get("skill", ""), timezone.now()),
        _("Confirmed."),
        reverse("skills_person", args=[pk]),
    )


@requires(Right.ACT)
@require_POST
def grow(request: HttpRequest, pk: int) -> HttpResponse:
    """Adds a step to a growth plan, or turns one; for whom it is of and their team lead."""
    viewer, someone, now, typed = staff_of(request), _found(pk), timezone.now(), request.POST
    if not growth.may_see(viewer, someone):
        raise Http404(_("Nobody of that number works on tickets."))
    if typed.get("do") == "turn":
        return _done(
            request,
            lambda: growth.turn(viewer, someone, _number(typed.get("step", "")), typed.get("state", ""), now),
            _("Kept."),
            reverse("skills_person", args=[pk]) + "#growth",
        )
    return _done(
        request,
        lambda: growth.add(
            viewer, someone, skill=typed.get("skill", ""), goal=_number(typed.get("goal", "")),
            how=typed.get("how", ""), until=_date(typed.get("until", "")), pack=pack.current().pack, now=now,
        ),
        _("It is in the plan."),
        reverse("skills_person", args=[pk]) + "#growth",
    )  # fmt: skip


@requires(Right.TEAM)
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """Whom the reader leads, with what each has on hand, by name."""
    viewer, now = staff_of(request), timezone.now()
    people = profiles.team(viewer)
    loads = workload.of(people, now)
    unconfirmed: dict[int, int] = {}
    for row in StaffSkill.objects.filter(staff__in=people):
        if not row.is_confirmed:
            unconfirmed[row.staff_id] = unconfirmed.get(row.staff_id, 0) + 1
    rows = [(each, loads.get(each.pk, workload.Load()), unconfirmed.get(each.pk, 0)) for each in people]
    return render(request, "console/skills_team.html", {"rows": rows})


@requires(Right.ACT)
@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    """Which skill each rule, cause and visit asks."""
    state = pack.current()
    asking, known = needs.Needs(state.pack), catalogue.everything(state.pack)
    causes = [
        (
            cause, cause_label(cause), catalogue.named(asking.by_rules(cause), known),
            asking.set_for(SkillNeed.Kind.CAUSE, cause),
            sorted(rule.name for rule in state.pack.rules.values() if rule.cause == cause),
        )
        for cause in asking.causes
    ]  # fmt: skip
    context = {
        "causes": sorted(causes, key=lambda row: row[1].casefold()),
        "visits": [(about, label, asking.of_visit(about)) for about, label in needs.VISITS.items()],
        "known": list(known.values()),
        "names": {slug: skill.name for slug, skill in known.items()},
        "may_set": staff_of(request).may(Right.STAFF),
    }
    return render(request, "console/skills_asked.html", context)


@requires(Right.STAFF)
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Sets what a cause or a visit asks."""
    kind, value = request.POST.get("kind", ""), request.POST.get("value", "")
    return _done(
        request,
        lambda: needs.put(staff_of(request), kind, value, request.POST.getlist("skill"), pack.current().pack),
        _("Kept; it counts from now on."),
        reverse("skills_asked") + "#" + quote(f"{kind}-{value}"[:80]),
    )


@requires(Right.ACT)
@require_safe
def short(request: HttpRequest) -> HttpResponse:
    """Skills in demand against skills present, and what to learn next."""
    found, counted_at = fleet_counts.gaps(staff_of(request), timezone.now())
    context = {
        "gaps": found,
        "next": [gap for gap in found if gap.is_short][:3],
        "said": any(gap.can or gap.learning for gap in found),
        "months": gaps.MONTHS,
        "counted_at": counted_at,
    }
    return render(request, "console/skills_short.html", context)


@requires(Right.ACT)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The gap report as CSV: skills and numbers, without names."""
    staff, now = staff_of(request), timezone.now()
    found, _counted_at = fleet_counts.gaps(staff, now)
    audit.record_now(staff, "export.made", "export/skills", {"rows": len(found)})
    target = io.StringIO()
    target.write("\ufeff")
    out = csv.writer(target)
    out.writerow([_("Skill"), _("Kind"), _("Tickets"), _("Visits ahead"), _("Can do it"), _("Learning it"), _("State")])
    for gap in found:
        kind = Skill.Kind(gap.skill.kind).label
        out.writerow(
            [safe(gap.skill.name), kind, gap.tickets, gap.visits, len(gap.can), len(gap.learning), gap.told]
        )  # fmt: skip
    response = HttpResponse(target.getvalue(), content_type="text/csv; charset=utf-8")
    day = timezone.localtime(now).date().isoformat()
    response.headers["Content-Disposition"] = f'attachment; filename="keuring-skills-{day}.csv"'
    return response


@requires(Right.ACT)
@require_POST
def who(request: HttpRequest) -> HttpResponse:
    """Who could help with the ticked tickets, together; giving them away goes on as from the queue."""
    staff, now, state = staff_of(request), timezone.now(), pack.current()
    marks = chosen(request)
    found = list(stories.listed(scope.tickets(staff).filter(pk__in=marks)).order_by("pk"))
    if not found:
        messages.error(request, _("Nothing was selected. Tick some tickets first, or press x on a row."))
        return HttpResponseRedirect(reverse("queue"))
    language = (get_language() or "nl")[:2]
    context = {
        "rows": [stories.row(ticket, state, language, now) for ticket in found],
        "marks": [f"{ticket.pk}@{marks[ticket.pk] or ''}" for ticket in found],
        "help": routing.suggest(found, state.pack, now),
        "title": ngettext("Who could help with this ticket", "Who could help with these tickets", len(found)),
        "query": request.GET.urlencode(),
    }
    return render(request, "console/skills_who.html", context)
