"""What the simulated desk has announced: on a date, in a period that moved, not known yet, a promise that it broke, one
that it called off and one that is over; and what it promised on tickets.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keuring_collector.demo.names import DEPARTMENTS
from keuring_collector.demo.staff import STAFF
from keuring_collector.desk import wording
from keuring_collector.desk.models import Staff, Ticket
from keuring_collector.fleet.models import Department
from keuring_collector.service import promises
from keuring_collector.service.announcing import audience, channels, writing
from keuring_collector.service.announcing.audience import Fact, Selection
from keuring_collector.service.announcing.measured import Measured
from keuring_collector.service.models import Announcement, Promise, Said, Told

if TYPE_CHECKING:
    from keuring_collector.store import Store

BY: Final = "noor"  # the team lead
MAIL, MACHINE = channels.Channel.MAIL.value, channels.Channel.MACHINE.value


class Written(NamedTuple):
    """One announcement: how many days ago it was published, and days from now for everything else. ``moved``: the days
    of its first version, and why they changed.
    """

    age: int
    nl: tuple[str, str, str, str]  # title, what it means, what to do, why
    en: tuple[str, str, str, str]
    when: str
    days: tuple[int, ...]
    facts: tuple[Fact, ...] = ()
    department: str = ""
    public: bool = True
    reads: int = 0
    moved: tuple[tuple[int, ...], str] | None = None
    off: str = ""
    kept: bool = False
    measured: tuple[Measured, ...] = ()


ANNOUNCEMENTS: Final = (
    Written(
        2,
        ("We vervangen versleten accu's",
         "Je accu houdt nog minder dan vier vijfde van wat hij kon. Je krijgt een nieuwe; dat duurt tien minuten.", "",
         "Een accu die snel leeg is, laat je in de steek als je ergens anders werkt."),
        ("We replace worn batteries",
         "Your battery holds less than four fifths of what it could. You get a new one; it takes ten minutes.", "",
         "A battery that is soon empty lets you down when you work elsewhere."),
        Said.When.UNKNOWN, (8,), reads=7, measured=(Measured("keuring.battery.health", "below", "80 %", days=30),),
    ),
    Written(
        9,
        ("Windows krijgt zijn jaarlijkse update",
         "Na de update start je machine één keer opnieuw op. Dat duurt **ongeveer een kwartier**. Je bestanden en "
         "instellingen blijven zoals ze zijn.",
         "Laat je machine die avond aan de stroom liggen. Meer hoeft niet.",
         "De versie die je nu hebt, krijgt volgend jaar geen beveiliging meer."),
        ("Windows gets its yearly update",
         "After the update your machine starts anew once. That takes **about a quarter of an hour**. Your files and "
         "settings stay as they are.",
         "Leave your machine on its charger that evening. Nothing more.",
         "The version that you have now gets no security updates from next year on."),
        Said.When.DATE, (12,), (Fact("os.version", "in", ("24H2",)),), reads=61,
    ),
    Written(
        20,
        ("De Slagschip 15 krijgt nieuwe firmware",
         "Je laptop wordt minder warm en de ventilator draait minder vaak. De eerste keer opstarten duurt een paar "
         "minuten.", "",
         "Deze laptops werden in de zomer te warm. De maker heeft daar nu iets aan gedaan."),
        ("The Slagschip 15 gets new firmware",
         "Your laptop runs cooler and its fan turns less often. The first start takes a few minutes.", "",
         "These laptops became too warm in summer. Their maker has now done something about it."),
        Said.When.PERIOD, (6, 17), (Fact("keuring.hardware.model", "in", ("Slagschip 15",)),), reads=38,
        moved=((3, 10), "De maker levert de firmware een week later."),
    ),
    Written(
        4,
        ("Er komen nieuwe dockingstations",
         "Je krijgt een dock waar alles met één kabel op past. Wanneer precies weten we nog niet: de leverancier heeft "
         "nog geen datum.", "",
         "De docks die er nu staan, maken soms geen contact."),
        ("New docking stations are coming",
         "You get a dock that takes everything by one cable. We do not know yet when: the supplier has no date.", "",
         "The docks that are there now sometimes lose contact."),
        Said.When.UNKNOWN, (9,), department=DEPARTMENTS[3].name, reads=3,
    ),
    Written(
        34,
        ("De printers in de kelder verhuizen",
         "Je print straks op de begane grond. Tot die tijd verandert er niets.", "",
         "In de kelder komt een archief."),
        ("The printers in the basement move",
         "You will print on the ground floor. Until then nothing changes.", "",
         "The basement becomes an archive."),
        Said.When.UNKNOWN, (-5,), department=DEPARTMENTS[5].name, reads=12,
    ),
    Written(
        52,
        ("Wifi op de begane grond een ochtend weg",
         "Tussen acht en tien is er geen wifi op de begane grond. Met een kabel kun je gewoon werken.",
         "Zit je op de begane grond? Neem een kabel mee van de balie.", "We vervangen de kastjes aan het plafond."),
        ("No Wi-Fi on the ground floor for a morning",
         "From eight to ten there is no Wi-Fi on the ground floor. By cable you can work as usual.",
         "Do you sit on the ground floor? Fetch a cable at the desk.", "We replace the boxes on the ceiling."),
        Said.When.DATE, (-38,), department=DEPARTMENTS[0].name, reads=74, kept=True,
    ),
    Written(
        27,
        ("Een ander chatprogramma", "Je chat straks in een ander programma.", "", "Het nieuwe is goedkoper."),
        ("Another chat program", "You will chat in another program.", "", "The new one is cheaper."),
        Said.When.DATE, (25,), reads=88,
        off="In de proef miste iedereen het delen van een scherm. We houden wat we hebben.",
    ),
)  # fmt: skip
# Promises on tickets: what, due in how many days, and what became of it.
PROMISED: Final = (
    ("We komen donderdag langs met een nieuwe accu.", -49, Promise.State.KEPT, ""),
    ("Je hebt je laptop voor het weekend terug.", -44, Promise.State.KEPT, ""),
    ("We bellen voor vrijdag wat het wordt.", -36, Promise.State.BROKEN, "De leverancier zei niets en wij ook niet."),
    ("De tweede monitor staat er maandag.", -21, Promise.State.KEPT, ""),
    ("We kijken voor het eind van de week naar de ventilator.", -16, Promise.State.KEPT, ""),
    ("Je krijgt voor dinsdag een grotere schijf.", -3, None, ""),
    ("We komen donderdag langs.", 2, None, ""),
)  # fmt: skip


def write(store: Store, now: float) -> None:
    """Writes them, as the simulated desk; what is there already stays. ``now``: seconds since 1970."""
    moment = datetime.fromtimestamp(now, UTC)
    first, last, role = next(rest for login, *rest in STAFF if login == BY)
    person, _made = Staff.objects.get_or_create(
        username=BY, defaults={"first_name": first, "last_name": last, "role": role}
    )
    for each in ANNOUNCEMENTS:
        if not Announcement.objects.filter(title_nl=each.nl[0]).exists():
            _announce(each, person, store, moment)
    if not Promise.objects.filter(kind=Promise.Kind.HAND).exists():
        _promise(person, moment)


def _announce(each: Written, person: Staff, store: Store, moment: datetime) -> None:
    began = moment - timedelta(days=each.age)
    department = Department.objects.filter(name=each.department).values_list("pk", flat=True)
    selection = Selection(facts=each.facts, measured=each.measured, departments=tuple(department))
    days = each.moved[0] if each.moved else each.days
    made = writing.save(None, _content(each, days, selection, moment), actor=person, now=began)
    made = writing.publish(made, actor=person, now=began)
    _tell(made, "first", selection, store, began)
    if each.moved:
        changed = began + timedelta(days=each.age / 2)
        again = _content(each, each.days, selection, moment, note=each.moved[1])
        made = writing.save(made, again, actor=person, now=changed)
        _tell(made, f"change-{made.changed}", selection, store, changed)
    if each.off:
        ended = moment - timedelta(days=2)
        made = writing.withdraw(made, each.off, actor=person, now=ended)
        _tell(made, "withdrawn", selection, store, ended)
    if each.kept:
        promise = made.promises.get()
        later = began + timedelta(days=(promise.due_on - wording.local_day(began)).days)
        promises.close(promise.pk, Promise.State.KEPT, "", actor=person, now=later)
    Announcement.objects.filter(pk=made.pk).update(reads=each.reads)


def _content(
    each: Written, days: tuple[int, ...], selection: Selection, moment: datetime, note: str = ""
) -> writing.Content:
    texts = {
        (part, language): text
        for language, said in (("nl", each.nl), ("en", each.en))
        for part, text in zip(writing.PARTS, said, strict=True)
    }
    names = ("starts_on", "ends_on") if each.when == Said.When.PERIOD else ("starts_on",)
    if each.when == Said.When.UNKNOWN:
        names = ("tell_by",)
    dated: dict[str, Any] = {
        name: wording.local_day(moment) + timedelta(days=count) for name, count in zip(names, days, strict=True)
    }
    return writing.Content(
        texts, each.when, selection=selection, channels=(MAIL, MACHINE), public=each.public, note=note, **dated
    )


def _tell(made: Announcement, occasion: str, selection: Selection, store: Store, at: datetime) -> None:
    """Notes that everybody was told, as the job would have by now; no mail goes to people who do not exist."""
    machines = audience.machines(selection, store)
    for name in (MAIL, MACHINE):
        channel = channels.CHANNELS[name]
        Told.objects.bulk_create(
            Told(announcement=made, channel=name, occasion=occasion, at=at, **{channel.field: each})
            for each in channel.reached(machines)
        )


def _promise(person: Staff, moment: datetime) -> None:
    """Spread over tickets, the newest first."""
    tickets = Ticket.objects.filter(endpoint__simulated=True).select_related("endpoint__department").order_by("-pk")
    for (text, days, state, why), ticket in zip(PROMISED, tickets[: len(PROMISED)], strict=False):
        due = wording.local_day(moment) + timedelta(days=days)
        began = moment + timedelta(days=min(days, 0) - 4)
        made = promises.make(text, due, actor=person, now=began, ticket=ticket)
        if state:
            promises.close(made.pk, state, why, actor=person, now=moment + timedelta(days=days))
