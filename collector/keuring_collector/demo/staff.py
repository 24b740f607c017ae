"""The simulated desk: on each working morning it looks at the queue and does some of what a desk would do.

Most tickets are left as they are, for whoever looks at the demo. Decisions follow from the plan and the ticket's
number, never from chance, so that the same fleet has the same history.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from keuring_collector.demo.plan import Problem
from keuring_collector.desk import actions, wording
from keuring_collector.desk.models import Staff, Ticket
from keuring_collector.desk.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from zoneinfo import ZoneInfo

    from keuring_collector.demo.fleet import Fleet
    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.plan import Planted

STAFF: Final = (
    ("hidde", "Hidde", "Helpgraag", Role.DESK),
    ("noor", "Noor", "van der Loop", Role.TEAM_LEAD),
    ("cas", "Cas", "Klaarstaan", Role.VISITOR),
)
MORNING: Final = time(9, 10)
# What the desk writes when it has mended something, by what was the matter; as a Dutch desk would.
MENDED: Final = {
    Problem.CLEARED_IN_TIME: "Samen met de collega opgeruimd: oude installatiebestanden en een dubbele fotomap.",
    Problem.BATTERY_WEARING: "Accu vervangen uit voorraad; oude accu ingeleverd.",
    Problem.OVERHEATING: "Ventilator en koelribben schoongemaakt, nieuwe koelpasta.",
    Problem.MEMORY_PRESSURE: "Geheugen uitgebreid met een tweede module.",
}
# What the desk says of a ticket that is no problem, and after how many mornings it has looked.
NO_PROBLEM: Final = {
    Problem.TIGHT_ON_PURPOSE: "Proefmachine met opzettelijk weinig geheugen; wie ermee werkt merkt er niets van."
}
LOOKED: Final = timedelta(days=2)


class Desk:
    """Works on the tickets of a simulated fleet while its history is built."""

    def __init__(self, fleet: Fleet, zone: ZoneInfo, days: int) -> None:
        self._machines: dict[str, Machine] = {machine.host_name: machine for machine in fleet.machines}
        self._staff: list[Staff] = []
        self._last = datetime.fromtimestamp(fleet.now, zone).date()
        today = self._last - timedelta(days=days)
        self._mornings: list[datetime] = []
        while today <= self._last:
            moment = datetime.combine(today, MORNING, tzinfo=zone)
            if today.weekday() < 5 and moment.timestamp() < fleet.now:
                self._mornings.append(moment)
            today += timedelta(days=1)

    def work_until(self, moment: float) -> None:
        """Works the mornings that have passed before ``moment`` (seconds since 1970)."""
        while self._mornings and self._mornings[0].timestamp() <= moment:
            self._work(self._mornings.pop(0))

    def _work(self, morning: datetime) -> None:
        now = morning.astimezone(UTC)
        tickets = Ticket.objects.filter(
            state__in=Ticket.OPEN, endpoint__simulated=True, opened_at__lt=now - timedelta(hours=16)
        )
        for ticket in tickets.select_related("endpoint").order_by("pk"):
            machine = self._machines[ticket.endpoint.host_name]
            mended = next((item for item in machine.planted if item.until != float("inf")), None)
            if mended is not None:
                self._mend(ticket, mended, now, morning.date())
            elif machine.planted and machine.planted[0].problem in NO_PROBLEM:
                self._dismiss(ticket, NO_PROBLEM[machine.planted[0].problem], now)
            elif (self._last - morning.date()).days <= ticket.pk % 7:
                self._handle(ticket, now)

    def _person(self, ticket: Ticket) -> Staff:
        if not self._staff:
            for login, first, last, role in STAFF:
                person, _ = Staff.objects.get_or_create(
                    username=login, defaults={"first_name": first, "last_name": last, "role": role}
                )
                person.set_unusable_password()
                person.save()
                self._staff.append(person)
        return self._staff[ticket.pk % len(self._staff)]

    def _mend(self, ticket: Ticket, item: Planted, now: datetime, today: date) -> None:
        """Plans the visit when it is near, and resolves the ticket once its cause is seen to be gone."""
        visit = datetime.fromtimestamp(item.until, UTC)
        actor = self._person(ticket)
        if ticket.state == Ticket.State.NEW and now < visit < now + timedelta(days=4):
            actions.plan(ticket.pk, actor=actor, now=now, day=max(today, wording.local_day(visit)))
        elif visit < now and not ticket.lines.filter(active=True).exists():
            actions.resolve(
                ticket.pk, actor=actor, now=now, verdict=Ticket.Verdict.RIGHT, text=MENDED.get(item.problem, "")
            )

    def _dismiss(self, ticket: Ticket, reason: str, now: datetime) -> None:
        """Says that a ticket is wrong, once somebody has been to look."""
        if ticket.opened_at < now - LOOKED:
            actions.dismiss(ticket.pk, actor=self._person(ticket), now=now, verdict=Ticket.Verdict.WRONG, reason=reason)

    def _handle(self, ticket: Ticket, now: datetime) -> None:
        """In the last week some tickets are taken, planned, snoozed or dismissed, each once."""
        if ticket.touched:
            return
        actor = self._person(ticket)
        ahead = self._last + timedelta(days=2 + ticket.pk % 5)
        steps: dict[int, Callable[[], object]] = {
            0: lambda: actions.plan(ticket.pk, actor=actor, now=now, day=ahead),
            2: lambda: actions.take(ticket.pk, actor=actor, now=now),
            3: lambda: actions.snooze(ticket.pk, actor=actor, now=now, until=ahead + timedelta(days=3)),
            5: lambda: actions.note(
                ticket.pk, actor=actor, now=now, text="Collega gebeld; komt vrijdag langs met de machine."
            ),
        }
        if ticket.pk % 31 == 7 and ticket.severity <= Ticket.Severity.SOON:
            actions.dismiss(
                ticket.pk,
                actor=actor,
                now=now,
                verdict=Ticket.Verdict.KNOWN,
                reason="Deze machine wordt deze maand al vervangen.",
            )
        elif ticket.pk % 8 in steps:
            steps[ticket.pk % 8]()
