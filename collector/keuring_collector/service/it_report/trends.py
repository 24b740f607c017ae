"""Trends by model, system, driver and program: which groups have more tickets than the rest of the fleet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from keuring.signals import catalogue
from keuring_collector.desk import illness, wording
from keuring_collector.desk.causes import cause_label
from keuring_collector.service.it_report.around import FEWEST
from keuring_collector.service.it_report.parts import Part, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keuring_collector.desk.illness import Comparison
    from keuring_collector.service.it_report.around import Around

SHOWN: Final = 12
DRIVERS: Final = (catalogue.KEURING_DRIVER_VERSION.id, catalogue.KEURING_GPU_DRIVER_VERSION.id)
PROGRAMS: Final = (catalogue.KEURING_SOFTWARE_VERSION.id, catalogue.KEURING_SOFTWARE_INVENTORY.id)
FAULTS: Final = (catalogue.KEURING_APPLICATION_CRASH.id, catalogue.KEURING_APPLICATION_HANG.id)


@dataclass(frozen=True, slots=True)
class Group:
    """Machines with something in common, beside all others: over ninety days, in the period, and in the one before."""

    name: str
    machines: set[int]
    comparison: Comparison
    now: int
    before: int
    more: list[str]


def trends(around: Around) -> Part:
    """A table for models, systems, drivers and programs each; what stands out is said first."""
    tables, lead = [], []
    for caption, groups in _kinds(around):
        found = sorted(_told(around, groups), key=lambda each: (_ORDER[each.comparison.verdict], -len(each.machines)))
        lead += [
            _("%(name)s has tickets more often than the rest: %(share)s of %(n)s machines, others %(others)s.")
            % {
                "name": each.name,
                "share": wording.amount(each.comparison.ours.value, "1"),
                "n": len(each.machines),
                "others": wording.amount(each.comparison.others.value, "1"),
            }
            for each in found
            if each.comparison.verdict == "more"
        ]
        tables.append(_table(caption, found))
    faults = _faults(around)
    tables += [faults] if faults.rows else []
    return Part(
        lead[:6] or [_("No model, system, driver or program stands out.")],
        [table for table in tables if table.rows],
        [
            _("A group stands out when its 95 % interval (Wilson) lies clear of that of all other machines. Groups of "
              "fewer than five machines are left out: they would tell about somebody.")
        ],
    )  # fmt: skip


_ORDER: Final = {"more": 0, "unclear": 1, "less": 2, "few": 3}
_VERDICTS: Final[dict[str, Callable[[], str]]] = {
    "more": lambda: _("more often"),
    "less": lambda: _("less often"),
    "unclear": lambda: _("no clear difference"),
    "few": lambda: _("too few to tell"),
}


def _kinds(around: Around) -> Iterator[tuple[str, dict[str, set[int]]]]:
    yield _("By model"), around.groups(catalogue.KEURING_HARDWARE_MODEL.id)
    yield _("By operating system"), _systems(around)
    yield _("By driver"), _versions(around, DRIVERS)
    yield _("By program and version"), _versions(around, PROGRAMS)


def _systems(around: Around) -> dict[str, set[int]]:
    names = around.store.facts_of(catalogue.OS_NAME.id)
    versions = around.store.facts_of(catalogue.OS_VERSION.id)
    both = {key: f"{name} {versions.get(key) or ''}".strip() for key, name in names.items() if name}
    return _large(illness.groups(both, set(around.machines)))


def _versions(around: Around, signals: tuple[int, ...]) -> dict[str, set[int]]:
    """By what the fact is about and its version, as in "Wi-Fi 22.1"."""
    found: dict[str, set[int]] = {}
    for signal in signals:
        for (endpoint, subject), version in around.store.facts_of(signal).items():
            if endpoint in around.machines and version not in (None, ""):
                found.setdefault(f"{subject} {version}".strip(), set()).add(endpoint)
    return _large(found)


def _large(groups: dict[str, set[int]]) -> dict[str, set[int]]:
    return {name: group for name, group in groups.items() if len(group) >= FEWEST}


def _told(around: Around, groups: dict[str, set[int]]) -> Iterator[Group]:
    everybody = set(around.machines)
    ill = set().union(*around.lately.values()) & everybody
    now = set().union(*around.opened(around.span).values())
    before = set().union(*around.opened(around.before).values())
    for name, group in groups.items():
        if len(everybody - group) < FEWEST:
            continue  # nothing to hold it against
        comparison = illness.compare_machines(group, ill, everybody)
        more = [
            cause_label(cause)
            for cause, hit in sorted(around.lately.items())
            if comparison.verdict == "more" and illness.compare_machines(group, hit, everybody).verdict == "more"
        ]
        yield Group(name, group, comparison, len(now & group), len(before & group), more)


def _table(caption: str, found: list[Group]) -> Table:
    return Table(
        caption,
        [_("group"), _("machines"), _("with a ticket, 90 days"), _("new in this time"), _("in the time before"),
         _("than the others"), _("stands out by")],
        [
            [
                each.name, wording.number(len(each.machines)), _share(each.comparison.ours), few(each.now),
                few(each.before), _VERDICTS[each.comparison.verdict](), ", ".join(each.more) or "–",
            ]
            for each in found[:SHOWN]
        ],
        numbers=[1, 3, 4],
    )  # fmt: skip


def few(count: int) -> str:
    """A number of machines of a group; under five it is not told."""
    return "< 5" if 0 < count < FEWEST else wording.number(count)


def _share(of: illness.Share) -> str:
    """A share with its interval; where those who have it are few, only that they are."""
    if 0 < of.count < FEWEST:
        return "< 5"
    low, high = (wording.amount(value, "1") for value in of.interval)
    return f"{wording.amount(of.value, '1')} ({low} – {high})"


def _faults(around: Around) -> Table:
    """The versions of programs that crashed or hung on five machines or more."""
    since = (around.span[1] - illness.LATELY).timestamp()
    hit: dict[tuple[str, str], set[int]] = {}
    times: dict[tuple[str, str], int] = {}
    for endpoint, _signal, program, version, count in around.store.event_counts(FAULTS, since):
        if program and endpoint in around.machines:
            hit.setdefault((program, version), set()).add(endpoint)
            times[program, version] = times.get((program, version), 0) + count
    found = sorted((key for key, machines in hit.items() if len(machines) >= FEWEST), key=lambda key: -len(hit[key]))
    return Table(
        ngettext("Programs that fail, %(n)s day", "Programs that fail, %(n)s days", illness.LATELY.days)
        % {"n": illness.LATELY.days},
        [_("program"), _("version"), _("machines"), _("crashes and hangs")],
        [
            [program, version or "–", wording.number(len(hit[program, version])),
             wording.number(times[program, version])]
            for program, version in found[:SHOWN]
        ],
        numbers=[2, 3],
    )  # fmt: skip
