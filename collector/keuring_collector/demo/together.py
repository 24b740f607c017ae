"""What desk, IT and a colleague did in the simulated organisation: the reports of last week and last month with
answers, planned changes, machines with one problem, an objection, and a link to a colleague's own page.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from keuring_collector.demo.staff import STAFF
from keuring_collector.desk import gathering, wording
from keuring_collector.desk.models import FleetTicket, Staff, Ticket
from keuring_collector.desk.roles import Role
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service.it_report import answering, issuing, planning
from keuring_collector.service.models import PlannedChange
from keuring_collector.service.workplace import entering, objecting, whose
from keuring_collector.store import open_store

if TYPE_CHECKING:
    from keuring_collector.config import Settings
    from keuring_collector.rulepack import RulePack
    from keuring_collector.store.store import Store

IT: Final = ("iris", "Iris", "Inkoop", Role.IT)
# (what, what it means, in how many days; None: not known yet)
PLANS: Final = (
    ("Wifi op de tweede verdieping vernieuwd",
     "Op die dag valt het draadloze net 's ochtends twee keer kort weg. Je hoeft niets te doen.", 12),
    ("Nieuwe versie van Office", "Je ziet nieuwe knoppen; we leggen ze uit op de dag zelf.", 40),
    ("Andere VPN", "We kiezen nog. Zodra we de dag weten, staat hij hier.", None),
)  # fmt: skip
ANSWERS: Final = (
    ("iris", "replacing", "Accu's zijn besteld voor dit kwartaal. @noor, plannen jullie het vervangen per afdeling?"),
    ("noor", "replacing", "Doen we: te beginnen bij de afdeling met de meeste."),
    ("iris", "recurring", "We nemen dit mee naar de leverancier."),
)
SHARED: Final = "battery-wear"  # the cause of a fleet ticket
NOTE: Final = "Allemaal dezelfde serie; de leverancier stuurt nieuwe accu's. @cas, vervang jij ze op je rondes?"


def work(settings: Settings, pack: RulePack, now: float) -> None:
    """Does it, once. ``now``: seconds since 1970."""
    moment = datetime.fromtimestamp(now, UTC)
    people = {login: _person(login, first, last, role) for login, first, last, role in (*STAFF, IT)}
    for title, about, days in PLANS:
        if not PlannedChange.objects.filter(title=title).exists():
            when = (wording.local_day(moment) + timedelta(days=days)).isoformat() if days is not None else ""
            planning.write({"title": title, "about": about, "when": when}, actor=people["iris"], now=moment)
    store = open_store(settings.database_url)
    try:
        for report in issuing.issue_due(store, pack, moment, settings.prices):
            for login, section, text in ANSWERS:
                answering.answer(report, section, text, actor=people[login], now=moment)
        put_together(store, people["noor"], moment)
    finally:
        store.close()
    objector = Endpoint.objects.filter(simulated=True, colleague__isnull=False).order_by("-pk").first()
    if objector is not None and objecting.standing(objector) is None:
        text = "Ik wil graag weten waarom mijn machine beoordeeld wordt; ik werk met gevoelige dossiers."
        objecting.make(whose.of_machine(objector), objector, text, moment - timedelta(days=3))


def put_together(store: Store, actor: Staff, now: datetime) -> None:
    """Makes one problem of the worn batteries of the model that has most of them."""
    worn = Ticket.objects.filter(cause=SHARED, state__in=Ticket.OPEN, parent=None)
    models = Counter(worn.values_list("endpoint__model", flat=True)).most_common(1)
    if FleetTicket.objects.exists() or not models or models[0][1] < 2:
        return
    tickets = worn.filter(endpoint__model=models[0][0]).values_list("pk", flat=True)
    fleet = gathering.gather_by_hand(store, tickets, actor=actor, now=now)
    gathering.note(fleet.pk, actor=actor, now=now, text=NOTE)


def colleagues_link(console: str) -> tuple[str, str] | None:
    """A link that opens My workplace of a simulated colleague with something to see, and the name of their machine."""
    machines = Endpoint.objects.filter(simulated=True, colleague__isnull=False).order_by("pk")
    shown = machines.filter(inspections__isnull=False, tickets__isnull=False)
    machine = shown.filter(chances__gone_on=None, chances__isnull=False).first() or shown.first()
    machine = machine or machines.filter(tickets__isnull=False).first() or machines.first()
    if machine is None:
        return None
    return f"{console}workplace/enter/{entering.make(machine, datetime.now(UTC))}/", machine.host_name


def _person(login: str, first: str, last: str, role: Role) -> Staff:
    person, _made = Staff.objects.get_or_create(
        username=login, defaults={"first_name": first, "last_name": last, "role": role}
    )
    return person
