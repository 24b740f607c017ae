"""Whom an announcement concerns: a selection of machines, which is evaluated anew each time somebody asks.

What is chosen holds together: a machine is meant when all of it is true of that machine. As in rules, a fact that is
not known passes "is not" and fails everything else. Nothing chosen means all machines.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from keuring.signals import catalogue
from keuring.signals.model import Kind, Privacy
from keuring_collector.desk import signals
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.models import Ticket
from keuring_collector.engine.compiled import Operator, Truth
from keuring_collector.engine.facts import test_value
from keuring_collector.fleet.models import Department, Endpoint
from keuring_collector.service.announcing import measured
from keuring_collector.service.announcing.measured import Measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.utils.functional import _StrPromise

    from keuring_collector.store import Store
    from keuring_collector.store.facts import Value

FEWEST: Final = 5  # people; fewer are not counted out loud
MOST: Final = 50  # values or departments of one selection
_PROGRAMS: Final = (catalogue.KEURING_SOFTWARE_VERSION.id, catalogue.KEURING_SOFTWARE_INVENTORY.id)
_SHOWN: Final = 8  # values of a fact
_MOST_NAMES: Final = 500  # programs that one name with stars may mean
# Facts that announcements are about, those that are chosen most first; the API takes any that says nothing of people.
OFFERED: Final = (
    catalogue.OS_NAME, catalogue.OS_VERSION, catalogue.KEURING_HARDWARE_MODEL, catalogue.KEURING_HARDWARE_VENDOR,
    catalogue.KEURING_FIRMWARE_VERSION, catalogue.KEURING_CPU_MODEL, catalogue.KEURING_HARDWARE_CHASSIS,
    catalogue.KEURING_BATTERY_MODEL, catalogue.KEURING_SMART_MODEL, catalogue.KEURING_GPU_MODEL,
    catalogue.KEURING_GPU_DRIVER_VERSION, catalogue.KEURING_DOCK_MODEL, catalogue.KEURING_TPM_VERSION,
    catalogue.KEURING_SECURE_BOOT_ENABLED, catalogue.KEURING_AGENT_VERSION,
)  # fmt: skip
OPERATORS: Final[Mapping[str, tuple[Operator, _StrPromise]]] = {
    "in": (Operator.IN, _("is")),
    "not_in": (Operator.NOT_IN, _("is not")),
    "below": (Operator.VERSION_BELOW, _("is a version before")),
    "from": (Operator.VERSION_FROM, _("is this version or later")),
}
_TRUE, _FALSE = frozenset({"true", "yes", "ja"}), frozenset({"false", "no", "nee"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact by its name in the catalogue; any part of the machine that has it counts."""

    signal: str
    operator: str  # of OPERATORS
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What is chosen. ``software``: a program, whose name may hold stars; the versions are empty for all."""

    software: str = ""
    version_from: str = ""
    version_below: str = ""
    facts: tuple[Fact, ...] = ()
    measured: tuple[Measured, ...] = ()
    cause: str = ""  # machines with an open ticket of it
    departments: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


def kept(found: Mapping[str, Any]) -> Selection:
    """A selection as it was kept."""
    facts = tuple(Fact(each["signal"], each["operator"], tuple(each["values"])) for each in found.get("facts", ()))
    texts = {name: str(found.get(name, "")) for name in ("software", "version_from", "version_below", "cause")}
    values = tuple(Measured(**each) for each in found.get("measured", ()))
    return Selection(**texts, facts=facts, measured=values, departments=tuple(found.get("departments", ())))


def checked(selection: Selection) -> Selection:
    """The selection, if it can be used. Raises NotUnderstood."""
    for name in ("software", "version_from", "version_below", "cause"):
        text = getattr(selection, name)
        if len(text) > 256 or not text.isprintable():
            raise NotUnderstood(name, _("That is one line of at most 256 characters."))
    for name in ("version_from", "version_below"):
        text = getattr(selection, name)
        if text and not selection.software:
            raise NotUnderstood("software", _("Name the program that this version is of."))
        if text and not any(each.isdigit() for each in text):
            raise NotUnderstood(name, _("Write a version with numbers in it, as in 25.8."))
    if selection.software and not selection.software.strip("* "):
        raise NotUnderstood("software", _("Write at least a part of the program's name."))
    for each in selection.facts:
        _check_fact(each)
    if len(selection.measured) > measured.MOST:
        raise NotUnderstood("measured", _("Choose at most two measured values."))
    for value in selection.measured:
        measured.check(value)
    if len(selection.departments) > MOST:
        raise NotUnderstood("departments", _("Choose at most fifty."))
    return selection


def _check_fact(fact: Fact) -> None:
    signal = catalogue.BY_NAME.get(fact.signal)
    if signal is None or signal.kind is not Kind.FACT or signal.privacy not in (Privacy.HARDWARE, Privacy.SOFTWARE):
        raise NotUnderstood("facts", _("Choose a fact of machines that says nothing of people."))
    if fact.operator not in OPERATORS:
        raise NotUnderstood("facts", _("Choose how the fact is compared."))
    if not fact.values or len(fact.values) > MOST or any(len(text) > 256 for text in fact.values):
        raise NotUnderstood("facts", _("Fill in what the fact is to be: one to fifty values."))
    if fact.operator in ("below", "from") and (
        len(fact.values) != 1 or not any(each.isdigit() for each in fact.values[0])
    ):
        raise NotUnderstood("facts", _("Write one version with numbers in it, as in 25.8."))


def machines(selection: Selection, store: Store, among: Iterable[int] | None = None) -> set[int]:
    """The active machines that are meant; with ``among`` only of those. Dear questions come last, about who is left."""
    found = Endpoint.objects.filter(state=Endpoint.State.ACTIVE)
    if selection.departments:
        found = found.filter(department__in=selection.departments)
    meant = set(found.values_list("pk", flat=True))
    if among is not None:
        meant &= set(among)
    if selection.cause and meant:
        ill = Ticket.objects.filter(state__in=Ticket.OPEN, cause=selection.cause)
        meant &= set(ill.order_by().values_list("endpoint", flat=True))
    # Of few machines it is cheaper to read only theirs.
    some = meant if among is not None or len(meant) <= 2000 else None
    for fact in selection.facts:
        if meant:
            values = store.facts_of(catalogue.BY_NAME[fact.signal].id, some)
            meant = _passing(meant, values, OPERATORS[fact.operator][0], _values(fact))
    if selection.software and meant:
        meant = _with_program(selection, store, meant)
    for value in selection.measured:
        if meant:
            meant = measured.passing(value, store, meant, timezone.now().timestamp())
    return meant


def _values(fact: Fact) -> list[str | bool]:
    """The values as the catalogue has them: yes and no for facts that are true or false."""
    lowered = [text.casefold() for text in fact.values]
    if catalogue.BY_NAME[fact.signal].value.name == "BOOLEAN":
        return [text in _TRUE for text in lowered if text in _TRUE | _FALSE]
    return list(fact.values)


def _passing(
    meant: set[int], told: Mapping[tuple[int, str], Value], operator: Operator, values: Sequence[str | bool]
) -> set[int]:
    by_machine: dict[int, list[Value]] = {}
    for (endpoint, _subject), value in told.items():
        by_machine.setdefault(endpoint, []).append(value)
    # "Is not" must hold of every part; the others of at least one.
    together = all if operator is Operator.NOT_IN else any
    return {
        endpoint
        for endpoint in meant
        if together(_passes(operator, values, value) for value in by_machine.get(endpoint, ()))
    }


def _passes(operator: Operator, values: Sequence[str | bool], value: Value) -> bool:
    plain = value if isinstance(value, bool) or value is None else str(value)
    return test_value(operator, values, plain) is Truth.TRUE


def _with_program(selection: Selection, store: Store, meant: set[int]) -> set[int]:
    """Those that have the program, in a version that is meant."""
    limits = [
        (operator, text)
        for operator, text in (
            (Operator.VERSION_FROM, selection.version_from),
            (Operator.VERSION_BELOW, selection.version_below),
        )
        if text
    ]
    having: set[int] = set()
    for name in programs(selection.software, store):
        for endpoint, value in store.fact_about(_PROGRAMS, name).items():
            if endpoint in meant and all(_passes(operator, [text], value) for operator, text in limits):
                having.add(endpoint)
    return having


def known(fact: Fact, store: Store, among: set[int]) -> list[str]:
    """What machines say of a fact, what most of them say first; for whoever mistyped a value."""
    told = store.facts_of(catalogue.BY_NAME[fact.signal].id)
    counts = Counter(str(value) for (endpoint, _subject), value in told.items() if endpoint in among)
    return [value for value, _count in counts.most_common(_SHOWN)]


def programs(name: str, store: Store) -> list[str]:
    """The programs of the fleet that a name means: in any capitals, and with * for any letters."""
    parts = sorted(name.split("*"), key=len)
    # A name of a program may hold brackets, which would mean something to fnmatch.
    pattern = name.casefold().replace("[", "[[]").replace("?", "[?]")
    found = store.subjects(_PROGRAMS, parts[-1].strip(), _MOST_NAMES)
    return [each for each in found if fnmatchcase(each.casefold(), pattern)]


def in_words(selection: Selection) -> list[str]:
    """What is chosen, as people say it, in the language in force; of departments that are gone it says so."""
    told = []
    if selection.departments:
        names = list(Department.objects.filter(pk__in=selection.departments).values_list("name", flat=True))
        told.append(", ".join(names) or gettext("a department that is no longer there"))
    if selection.software:
        told.append(_program_in_words(selection))
    for fact in selection.facts:
        operator = OPERATORS[fact.operator][1] if fact.operator in OPERATORS else fact.operator
        told.append(f"{signals.label(fact.signal)} {operator} {_either(fact.values)}")
    told += [measured.in_words(each) for each in selection.measured]
    if selection.cause:
        told.append(gettext("an open ticket about %(cause)s") % {"cause": cause_label(selection.cause)})
    return told or [gettext("all machines")]


def _program_in_words(selection: Selection) -> str:
    values = {"name": selection.software, "from": selection.version_from, "below": selection.version_below}
    if selection.version_from and selection.version_below:
        return gettext("%(name)s, version %(from)s or later but before %(below)s") % values
    if selection.version_from:
        return gettext("%(name)s, version %(from)s or later") % values
    if selection.version_below:
        return gettext("%(name)s, a version before %(below)s") % values
    return selection.software


def _either(values: Sequence[str]) -> str:
    return pgettext("between values", " or ").join(values)
