"""What a text that somebody seeks stands for: machines, colleagues, causes and findings, each looked through once.

Names are compared letter by letter, 100,000 of them for each search, so a search asks for them once, and what it finds
is named to the questions after that. Only of more than a few hundred the databases look by themselves again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from django.db.models import Case, IntegerField, Q, Value, When

from keuring_collector.console import names, readings
from keuring_collector.console.lookups import among, has, many
from keuring_collector.desk import scope
from keuring_collector.desk.counting import MOST, bounded, lately
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.desk.prepared import prepared
from keuring_collector.fleet.models import Colleague, Department, Endpoint
from keuring_collector.store.names import Many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from keuring_collector.desk.scope import Seer

FEW: Final = 2000  # colleagues that are told one by one
MANY: Final = 20_000  # machines; the databases look for more by themselves
_SUBJECTS: Final = 5000  # that a search reads, and models; a desk with more looks through all findings, or machines


@dataclass(frozen=True)
class Sought:
    """A text; each part is looked up when it is asked for, and once. ``by_mail``: colleagues by their address as well,
    though not their machines. ``most``: where more machines have it in their name, only the first so many are told.
    """

    text: str
    by_mail: bool = False
    most: int = MANY + 1

    @cached_property
    def people(self) -> list[tuple[int, bool]] | None:
        """Colleagues that have it in their name or address, and whether it is the name; None: they are too many."""
        by_name, by_address = names.colleagues()
        found = dict.fromkeys(by_name.holding(self.text)[0].tolist(), True)
        if self.by_mail and " " not in self.text:  # which no address holds
            found = dict.fromkeys(by_address.holding(self.text)[0].tolist(), False) | found
        return None if len(found) > FEW else list(found.items())

    @cached_property
    def _kept(self) -> names.Machines:
        return names.Machines(self.text)

    @cached_property
    def _first(self) -> names.Rows:
        """The first machines of that name, in order of their names, but for the latest."""
        return self._kept.named[: min(self.most, MANY + 1)]

    @cached_property
    def _by_name(self) -> names.Rows | None:
        """Machines of that name; None: they are too many."""
        return None if len(self._first) > MANY else np.concatenate([self._first, self._kept.latest])

    def is_whole(self, placed: Sequence[int], wanted: int) -> bool:
        """Whether ``wanted`` machines, placed by name, come before all that were not told as they are over ``most``."""
        told_all = self._by_name is None or len(self._first) < self.most
        return told_all or (len(placed) == wanted and placed[-1] in self._first)

    @cached_property
    def _by_others(self) -> Q | None:
        """What makes a machine fit by the name of its colleague or its department; None: nothing does."""
        conditions = []
        if self.people is None:
            conditions.append(Q(colleague__in=Colleague.objects.filter(has("name", self.text)).values("pk")))
        elif people := [pk for pk, named in self.people if named]:
            conditions.append(among("colleague__pk", many(np.array(people))))
        if departments := [pk for pk, name in _departments() if self.text.lower() in name.lower()]:
            conditions.append(Q(department__in=departments))
        return reduce(or_, conditions) if conditions else None

    @cached_property
    def _others(self) -> names.Rows | None:
        """Machines that fit by another name than their own; None: they are too many."""
        if self._by_others is None:
            return np.zeros(0, dtype=np.int64)
        found = list(Endpoint.objects.filter(self._by_others).order_by().values_list("pk", flat=True)[: FEW + 1])
        return None if len(found) > FEW else np.array(found, dtype=np.int64)

    @cached_property
    def _machines(self) -> names.Rows | None:
        """All machines that fit; None: they are too many."""
        if self._by_name is None or self._others is None:
            return None
        return np.union1d(self._by_name, self._others) if len(self._others) else self._by_name

    @property
    def is_wide(self) -> bool:
        """Whether the machines that fit are so many that some have urgent tickets."""
        return self._machines is None or len(self._machines) > MOST

    def models(self) -> Q:
        """What makes a machine fit by its model."""
        known = readings.store().models(_SUBJECTS + 1)
        if len(known) > _SUBJECTS:
            return has("model", self.text)
        return Q(model__in=[each for each in known if self.text.lower() in each.lower()])

    @cached_property
    def named(self) -> Q:
        """What makes a machine fit: its own name, its colleague's or its department's."""
        if self._machines is not None:
            return among("pk", many(self._machines))
        condition = has("host_name", self.text)
        return condition if self._by_others is None else condition | self._by_others

    def first_machines(self, seer: Seer, most: int) -> list[int]:
        """Machines that ``seer`` may see: of that name, whose name begins so, whose name holds it, and then others."""
        near = Case(
            When(host_name__iexact=self.text, then=Value(0)),
            When(host_name__istartswith=self.text, then=Value(1)),
            When(has("host_name", self.text), then=Value(2)),
            default=Value(3),
            output_field=IntegerField(),
        )
        if seer.department_ids is not None:
            fitting = self.named
        elif self._by_name is None or len(self._by_name) > FEW:
            fitting = among("pk", many(self._kept.first(most)))
        else:
            fitting = self.named if self._others is None else among("pk", many(self._kept.first(most, self._others)))
        found = scope.endpoints(seer).filter(fitting).order_by(near, "host_name", "pk")
        return list(found.values_list("pk", flat=True)[:most])

    def fits(self, *, only_open: bool) -> Fits | None:
        """What makes a ticket fit; None: it is too much to tell, see ``tickets``. ``only_open``: by findings that still
        hold alone.
        """
        subjects = self._subjects(only_open=only_open)
        if self._machines is None or subjects is None:
            return None
        return Fits(*many(self._machines), self._causes, subjects)

    def tickets(self, *, only_open: bool = False) -> Q:
        """What makes a ticket fit: its machine, its cause, or what a finding is about; ``only_open``: by findings that
        still hold alone.
        """
        if (told := self.fits(only_open=only_open)) is not None:
            return told.condition(only_open=only_open)
        on_machines = Q(endpoint__in=Endpoint.objects.filter(self.named).values("pk"))
        subjects = self._subjects(only_open=only_open)
        about = has("subject", self.text) if subjects is None else Q(subject__in=subjects)
        return on_machines | Q(cause__in=self._causes) | _by_lines(about, only_open=only_open)

    @cached_property
    def _causes(self) -> list[str]:
        cause = re.sub(r"[ _]", "-", self.text.lower())
        return [each for each in _causes() if cause in each.lower().replace("_", "-")]

    def _subjects(self, *, only_open: bool) -> list[str] | None:
        """What findings are about that fit; None: they are too many to look at."""
        subjects = [*_subjects(active=True), *(() if only_open else _subjects(active=False))]
        if len(subjects) > _SUBJECTS:
            return None
        return sorted({each for each in subjects if self.text.lower() in each.lower()})


class Fits(NamedTuple):
    """What makes a ticket fit: its machine (see ``Many``), its cause or what a finding is about; values of a query that
    may be prepared.
    """

    text: Any
    size: Any
    bits: Any
    causes: Any
    subjects: Any

    def condition(self, *, only_open: bool) -> Q:
        """The same for a filter; ``only_open``: by findings that still hold alone."""
        on_machines = among("endpoint__pk", Many(self.text, self.size, self.bits))
        return on_machines | Q(cause__in=self.causes) | _by_lines(Q(subject__in=self.subjects), only_open=only_open)


def _by_lines(about: Q, *, only_open: bool) -> Q:
    lines = TicketLine.objects.filter(about)
    return Q(pk__in=(lines.filter(active=True) if only_open else lines).values("ticket"))


@prepared
def _departments() -> QuerySet[Department, tuple[int, str]]:
    return Department.objects.order_by().values_list("pk", "name")


def _causes() -> list[str]:
    """The causes of all tickets; of many, as they were within the last minute."""
    store = readings.store()
    return lately(
        "all causes", lambda: store.causes(resting=True), lambda _causes: bounded(Ticket.objects.all()).is_more
    )


def _subjects(*, active: bool) -> list[str]:
    """What findings are about that hold, or that no longer do; more than _SUBJECTS are not all told."""
    return readings.store().finding_subjects(active=active, most=_SUBJECTS + 1)
