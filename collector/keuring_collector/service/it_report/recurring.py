"""Causes that come back, what those machines have in common, and what IT could do about each at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from keuring.signals.catalogue import KEURING_HARDWARE_MODEL
from keuring_collector.desk import illness, wording
from keuring_collector.desk.causes import cause_label
from keuring_collector.service.it_report.around import FEWEST
from keuring_collector.service.it_report.parts import Part, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

    from keuring_collector.service.it_report.around import Around

SHOWN: Final = 12
_BATTERY = gettext_lazy("Buy batteries of these models ahead and change them in one round.")
_DISK = gettext_lazy("Keep drives in stock, and check that the backup of these machines works before they are changed.")
_FULL = gettext_lazy(
    "Look at what fills these disks: one setting or program often does; order larger ones from now on."
)
_UPDATE = gettext_lazy("Roll the update out to these machines centrally, and look why it did not come by itself.")
_HEAT = gettext_lazy("Have these machines cleaned in one round, and ask the maker whether the model is known for it.")
_MEMORY = gettext_lazy("Order more memory for these machines, and choose more when the next ones are bought.")
_NETWORK = gettext_lazy("Measure the network where these machines are: an access point, a cable or a driver.")
_START = gettext_lazy("Look at what starts along: one program or policy usually costs most of the time.")
_GUARD = gettext_lazy("Set it by policy for all machines at once, and look why these did not get it.")
_END = gettext_lazy("Plan the move to the next version now, and tell colleagues the date as soon as it is known.")
PROPOSALS: Final[Mapping[str, _StrPromise]] = {
    "battery-wear": _BATTERY, "battery-full": _BATTERY,
    "disk-failing": _DISK, "disk-endurance": _DISK, "disk-slow": _DISK, "disk-cable": _DISK, "slow-disk": _DISK,
    "volume-space": _FULL, "disk-nearly-full": _FULL,
    "updates-stale": _UPDATE, "firmware-drivers": _UPDATE, "program-versions": _UPDATE, "restart-pending": _UPDATE,
    "application-faults": _UPDATE,
    "heat": _HEAT, "disk-heat": _HEAT, "sudden-shutdowns": _HEAT,
    "memory-short": _MEMORY, "memory-small": _MEMORY, "processor-short": _MEMORY,
    "network-link": _NETWORK, "wifi": _NETWORK,
    "start-slow": _START, "sign-in-slow": _START, "restart-helps": _START,
    "disk-encryption": _GUARD, "firewall": _GUARD, "malware-protection": _GUARD, "backup": _GUARD,
    "clock-off": _GUARD, "certificates": _GUARD,
    "os-support": _END, "software-support": _END, "replacement": _END, "warranty": _END,
}  # fmt: skip
OTHERWISE: Final = gettext_lazy("Look together at two or three of these tickets: what they share is what to mend.")


def recurring(around: Around) -> Part:
    """Causes on five machines or more within ninety days, or opened again and again; the most frequent first."""
    since = around.span[1] - illness.LATELY
    tickets = around.tickets.filter(opened_at__gte=since, opened_at__lt=around.span[1])
    counts = Counter(tickets.order_by().values_list("cause", flat=True))
    again = Counter(tickets.filter(reopened__gt=0).order_by().values_list("cause", flat=True))
    everybody = set(around.machines)
    models = around.groups(KEURING_HARDWARE_MODEL.id)
    rows = []
    for cause, count in counts.most_common():
        machines = around.lately.get(cause, set()) & everybody
        if len(machines) < FEWEST:
            continue
        more = [
            name
            for name, group in sorted(models.items())
            if illness.compare_machines(group, machines, everybody).verdict == "more"
        ]
        rows.append(
            [
                cause_label(cause), wording.number(count), wording.number(len(machines)),
                wording.number(again[cause]), ", ".join(more) or "–", str(PROPOSALS.get(cause, OTHERWISE)),
            ]
        )  # fmt: skip
    if not rows:
        return Part([_("No cause came back on five machines or more within ninety days.")])
    lead = ngettext(
        "%(n)s cause keeps coming back; most often: %(cause)s.",
        "%(n)s causes keep coming back; most often: %(cause)s.",
        len(rows),
    ) % {"n": len(rows), "cause": rows[0][0]}
    columns = [_("cause"), _("tickets, 90 days"), _("machines"), _("came back"), _("above all"), _("proposal")]
    return Part([lead], [Table(_("Causes that come back"), columns, rows[:SHOWN], numbers=[1, 2, 3])])
