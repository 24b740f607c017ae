"""Pulls incidents out of the ITSM: page by page from where it left off, each number at most once, and nothing guessed.

Where it left off is when the last incident changed, so one that gets its category later is looked at again. It is kept
after every page: what breaks off goes on from there.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
from django.db import transaction
from django.utils.translation import override

from keuring.signals import catalogue
from keuring_collector.connectors import sources
from keuring_collector.connectors.sources import SourceError, TryLaterError
from keuring_collector.connectors.web import Session
from keuring_collector.desk import audit, incidents
from keuring_collector.desk.models import Incident, IncidentLeftOut, IncidentSource
from keuring_collector.fleet.models import Endpoint
from keuring_collector.fleet.serials import canonical
from keuring_collector.rulepack.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from keuring_collector.config import Settings
    from keuring_collector.connectors.sources import Found, Page, Reads
    from keuring_collector.store import Store

log = structlog.get_logger(__name__)
MOST_PAGES: Final = 500  # of one run
OVERLAP: Final = dt.timedelta(minutes=10)
MOST_LEFT_OUT: Final = 2000  # that are kept by name; the oldest go first


@dataclass(slots=True)
class Pulled:
    """What one run found: how many were read, new, there already, set aside on purpose, and left out for a reason."""

    read: int = 0
    added: list[Incident] = field(default_factory=list)
    already: int = 0
    aside: int = 0
    left: list[IncidentLeftOut] = field(default_factory=list)
    more: bool = False  # it broke off before the end; the next run goes on
    seen: set[str] = field(default_factory=set)  # numbers

    def reasons(self) -> list[str]:
        """Why some were left out, each with how many, those most frequent first; for people who read English."""
        with override("en"):
            told = Counter(
                f"{IncidentLeftOut.Why(each.why).label}: {each.machine or each.category or '(empty)'}"
                for each in self.left
            )
        return [f"{what} ({times})" for what, times in told.most_common()]


class Matching:
    """What incidents are of: the cause by the mapping, the machine by name, serial number or its colleague."""

    def __init__(self, settings: Settings, causes: Collection[str], store: Store) -> None:
        self.mapping = settings.incident_causes
        for category, cause in self.mapping:
            if cause and cause not in causes:
                raise SourceError(
                    f"setting 'incidents_causes', {category!r}: no rule has the cause {cause!r}; "
                    f"{nearest(cause, causes)}".rstrip("; ")
                )
        self._store = store
        self._names: dict[str, int] | None = None
        self._serials: dict[str, int] | None = None

    def cause(self, category: str) -> str | None:
        """The cause of a category; empty for what is left out on purpose, None for one that no line fits."""
        folded = category.casefold()
        return next((cause for pattern, cause in self.mapping if _fits(folded, pattern)), None)

    def machine(self, found: Found) -> int | None:
        """The machine that an incident names; only where it names none, the one machine of whoever reported it."""
        if found.machine:
            if self._names is None:
                self._names = incidents.machines_by_name()
            return self._names.get(found.machine.casefold()) or self._by_serial(found.machine)
        if not found.mail:
            return None
        theirs = Endpoint.objects.filter(state=Endpoint.State.ACTIVE, colleague__mail__iexact=found.mail)
        several = list(theirs.values_list("pk", flat=True)[:2])
        return several[0] if len(several) == 1 else None

    def _by_serial(self, serial: str) -> int | None:
        if self._serials is None:
            told = self._store.facts_of(catalogue.KEURING_HARDWARE_SERIAL_NUMBER.id)
            active = set(Endpoint.objects.filter(state=Endpoint.State.ACTIVE).values_list("pk", flat=True))
            rows = [(canonical(str(value)), pk) for (pk, _subject), value in told.items() if pk in active]
            times = Counter(name for name, _pk in rows)
            # Boards without a number of their own share words like "To be filled by O.E.M.": those name nobody.
            self._serials = {name: pk for name, pk in rows if times[name] == 1}
        return self._serials.get(canonical(serial))


def _fits(category: str, pattern: str) -> bool:
    folded = pattern.casefold()
    return category.startswith(folded[:-1]) if folded.endswith("*") else category == folded


def pull(
    settings: Settings, causes: Collection[str], store: Store, now: dt.datetime, stop: Callable[[], bool]
) -> Pulled | None:
    """One run of the job; None while it was asked to wait. Raises SourceError, which the page of incidents shows."""
    row, _new = IncidentSource.objects.get_or_create(
        name=settings.incidents_from, defaults={"since": begins(settings, now)}
    )
    if row.wait_until is not None and row.wait_until > now:
        return None
    row.looked_at, row.wait_until, row.error = now, None, ""
    pulled = Pulled()
    try:
        matching = Matching(settings, causes, store)
        with Session(settings.private_networks) as session:
            _all(row, sources.open_source(settings, session), matching, pulled, now, stop)
    except SourceError as error:
        row.error = str(error)[:2000]
        if isinstance(error, TryLaterError):
            row.wait_until = now + dt.timedelta(seconds=error.seconds)
        raise
    finally:
        row.read += pulled.read
        row.added += len(pulled.added)
        row.save()
        _let_go(settings.incidents_from)
        if pulled.added:
            audit.record_now(None, "incidents.imported", "", {"name": row.name, "incidents": len(pulled.added)})
    log.info("incidents pulled", source=row.name, read=pulled.read, added=len(pulled.added), left_out=len(pulled.left))
    return pulled


def begins(settings: Settings, now: dt.datetime) -> dt.datetime:
    """Where the next look begins."""
    row = IncidentSource.objects.filter(name=settings.incidents_from).first()
    return row.since if row is not None else now - dt.timedelta(days=settings.incidents_days)


def go_back(settings: Settings, since: dt.datetime) -> None:
    """Lets the next look begin at a moment; what was read before is left as it is."""
    IncidentSource.objects.update_or_create(name=settings.incidents_from, defaults={"since": since})


def look(settings: Settings, causes: Collection[str], store: Store, since: dt.datetime, now: dt.datetime) -> Pulled:
    """What a run from ``since`` on would find; writes nothing. Raises SourceError."""
    matching, pulled = Matching(settings, causes, store), Pulled()
    with Session(settings.private_networks) as session:
        for page, _until in _pages(sources.open_source(settings, session), since, pulled, bool):
            _sort(page.found, matching, pulled, settings.incidents_from, now)
    return pulled


def _all(
    row: IncidentSource, source: Reads, matching: Matching, pulled: Pulled, now: dt.datetime, stop: Callable[[], bool]
) -> None:
    # Some search engines list a change later than one that came after it. What broke off goes on where it was.
    since, row.whole = row.since - OVERLAP if row.whole else row.since, False
    for page, until in _pages(source, since, pulled, stop):
        before = len(pulled.added), len(pulled.left)
        _sort(page.found, matching, pulled, row.name, now)
        added, left = pulled.added[before[0] :], pulled.left[before[1] :]
        with transaction.atomic():
            incidents.add(added)
            numbers = [each.number for each in page.found]
            IncidentLeftOut.objects.filter(source=row.name, number__in=numbers).delete()
            IncidentLeftOut.objects.bulk_create(left, ignore_conflicts=True)
            row.since = max(row.since, until)
            IncidentSource.objects.filter(pk=row.pk).update(since=row.since, whole=False)
    row.whole = not pulled.more


def _pages(
    source: Reads, since: dt.datetime, pulled: Pulled, stop: Callable[[], bool]
) -> Iterator[tuple[Page, dt.datetime]]:
    """Pages, and until when each has everything. Asks from the last change on each time: pages by number alone would
    miss those that change meanwhile and move to the end. What changed within the same second comes twice.
    """
    start = 0
    for _number in range(MOST_PAGES):
        if stop():
            break
        page = source.page(since, start)
        pulled.read += len({each.number for each in page.found} - pulled.seen)
        last = max((each.changed for each in page.found), default=since).replace(microsecond=0)
        since, start = (last, 0) if last > since else (since, start + len(page.found))
        yield page, since
        if not page.more:
            return
    pulled.more = True


def _sort(found: Sequence[Found], matching: Matching, pulled: Pulled, name: str, now: dt.datetime) -> None:
    """Puts each incident of a page where it belongs."""
    found = [each for each in found if each.number and each.number not in pulled.seen]
    numbers = [each.number for each in found]
    known = set(Incident.objects.filter(number__in=numbers).values_list("number", flat=True))
    for each in found:
        pulled.seen.add(each.number)
        if each.number in known:
            pulled.already += 1
            continue
        cause = matching.cause(each.category)
        if cause == "":
            pulled.aside += 1
            continue
        machine = matching.machine(each) if cause is not None else None
        if cause is None or machine is None:
            pulled.left.append(_left_out(each, name, cause, now))
            continue
        at = min(each.at, now)
        pulled.added.append(
            Incident(
                endpoint_id=machine, cause=cause, at=at, number=each.number[:60], source=name, imported_at=now
            )
        )  # fmt: skip


def _left_out(found: Found, name: str, cause: str | None, now: dt.datetime) -> IncidentLeftOut:
    """Nothing of whom it is about: of a machine its name only where that is what is not known."""
    why = IncidentLeftOut.Why.CATEGORY
    if cause is not None:
        why = IncidentLeftOut.Why.MACHINE if found.machine else IncidentLeftOut.Why.NO_MACHINE
    return IncidentLeftOut(
        source=name, number=found.number[:60], at=min(found.at, now), category=found.category[:200], why=why,
        machine=found.machine[:64] if why == IncidentLeftOut.Why.MACHINE else "",
    )  # fmt: skip


def _let_go(name: str) -> None:
    kept = IncidentLeftOut.objects.filter(source=name).order_by("-at", "-pk").values_list("pk", flat=True)
    IncidentLeftOut.objects.filter(pk__in=list(kept[MOST_LEFT_OUT : 2 * MOST_LEFT_OUT])).delete()
