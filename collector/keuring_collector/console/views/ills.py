"""What is ill in common: per model of machine, and per version of a program, beside the rest of the fleet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from keuring_collector.console import fleet_counts
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import illness
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from keuring_collector.desk.illness import Comparison
    from keuring_collector.desk.models import Staff

MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Model:
    """A model: how many of its machines had a ticket lately, and the causes that they have more often than others."""

    name: str
    machines: int
    ill: Comparison
    causes: list[str]

    @property
    def more(self) -> list[str]:
        """These causes, in words."""
        return [cause_label(cause) for cause in self.causes]


@dataclass(frozen=True, slots=True)
class Ill:
    """One cause within a model."""

    cause: str
    label: str
    open_tickets: int
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happened with a program, or with one version of it, in the last 90 days."""

    name: str
    machines: int
    crashes: int
    hangs: int
    hit: int  # machines on which it crashed or hung
    tickets: int = 0
    comparison: Comparison | None = None


@requires(Right.LOOK)
@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """All models with five machines or more; those that stand out first."""
    return render(request, "console/models.html", of_models(staff_of(request)))


def of_models(staff: Staff) -> dict[str, Any]:
    """What is told of all models."""
    answer = fleet_counts.ask("models", staff, timezone.now())
    told, rows, small = answer.content, [], 0
    for name, own in told["models"].items():
        if own["machines"] < illness.FEWEST:
            small += 1
            continue
        more = [
            cause
            for cause, (hit, _opened) in sorted(own["causes"].items())
            if _compare(told, own, hit, told["causes"][cause]).verdict == "more"
        ]
        rows.append(Model(name, own["machines"], _compare(told, own, own["ill"], told["ill"]), more))
    rows.sort(key=lambda row: (-len(row.causes), -row.machines, row.name))
    return {
        "rows": rows[:MOST],
        "small": small,
        "left_out": max(0, len(rows) - MOST),
        "counted_at": answer.counted_at,
    }


def _compare(told: Mapping[str, Any], own: Mapping[str, Any], hit: int, everywhere: int) -> Comparison:
    """The machines of a model that have something, beside all others."""
    return illness.compare(hit, own["machines"], everywhere, told["machines"])


@requires(Right.LOOK)
@require_safe
def model(request: HttpRequest) -> HttpResponse:
    """One model: per cause how many of its machines have it, beside all other machines."""
    return render(request, "console/model.html", of_model(staff_of(request), request.GET.get("name", "")))


def of_model(staff: Staff, name: str) -> dict[str, Any]:
    """What is told of one model. Raises Http404."""
    answer = fleet_counts.ask("models", staff, timezone.now())
    told = answer.content
    own = told["models"].get(name)
    if not own:
        raise Http404(_("There is no machine of this model, or you do not see it."))
    rows = [
        Ill(cause, cause_label(cause), opened, _compare(told, own, hit, told["causes"][cause]))
        for cause, (hit, opened) in own["causes"].items()
    ]
    order = {"more": 0, "unclear": 1, "less": 2, "few": 3}
    rows.sort(key=lambda row: (order[row.comparison.verdict], -row.comparison.ours.count, row.label))
    return {
        "name": name,
        "machines": own["machines"],
        "others": told["machines"] - own["machines"],
        "rows": rows,
        "too_few": own["machines"] < illness.FEWEST,
        "counted_at": answer.counted_at,
    }


@requires(Right.LOOK)
@require_safe
def software(request: HttpRequest) -> HttpResponse:
    """The programs that crashed or hung, those of most machines first."""
    return render(request, "console/software.html", of_software(staff_of(request)))


def of_software(staff: Staff) -> dict[str, Any]:
    """What is told of all programs."""
    answer = fleet_counts.ask("software", staff, timezone.now())
    rows = [Trouble(name, 0, crashes, hangs, hit) for name, (hit, crashes, hangs) in answer.content["programs"].items()]
    rows.sort(key=lambda row: (-row.hit, -row.crashes - row.hangs, row.name))
    return {
        "rows": rows[:MOST],
        "left_out": max(0, len(rows) - MOST),
        "everybody": answer.content["machines"],
        "counted_at": answer.counted_at,
    }


@requires(Right.LOOK)
@require_safe
def program(request: HttpRequest) -> HttpResponse:
    """One program: each version with its machines, crashes, hangs and tickets, beside its other versions."""
    return render(request, "console/program.html", of_program(staff_of(request), request.GET.get("name", "")[:256]))


def of_program(staff: Staff, name: str) -> dict[str, Any]:
    """What is told of one program. Raises Http404."""
    if not name or "\0" in name:
        raise Http404(_("Name a program."))
    answer = fleet_counts.ask("program", staff, timezone.now(), name)
    told = answer.content
    if not told["versions"]:
        raise Http404(_("No machine that you see tells of this program."))
    rows = [
        Trouble(
            version, own["machines"], own["crashes"], own["hangs"], own["hit"], own["tickets"],
            illness.compare(own["ill"], own["machines"], told["ill"], told["machines"]) if own["machines"] else None,
        )
        for version, own in told["versions"].items()
    ]  # fmt: skip
    rows.sort(key=lambda row: (-row.machines, row.name))
    return {
        "name": name,
        "rows": rows[:MOST],
        "machines": told["machines"],
        "hit": told["hit"],
        "counted_at": answer.counted_at,
    }
