"""What a text that somebody seeks stands for: machines, colleagues, causes and findings, each looked through once.

Names are compared letter by letter, 100,000 of them for each search, so a search asks for them once, and what it finds
is named to the questions after that. Only of more than a few hundred the databases look by themselves again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Case, Field, IntegerField, Q, Value, When
from django.db.models.lookups import IContains

from keuring_collector.console import readings
from keuring_collector.desk import scope
from keuring_collector.desk.counting import bounded, lately
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.fleet.models import Colleague, Department, Endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from keuring_collector.desk.scope import Seer

FEW: Final = 2000  # are named one by one
_SUBJECTS: Final = 5000  # that a search reads; a desk with more looks through all findings


@Field.register_lookup
class Holds(IContains):
    """``icontains``, of which PostgreSQL folds capitals as in ASCII where the text is that: in half the time."""

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """As the lookup that it is a kind of."""
        return IContains(self.lhs, self.rhs).as_sql(compiler, connection)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """For PostgreSQL."""
        if not self.rhs.isascii():
            return self.as_sql(compiler, connection)
        left, params = compiler.compile(self.lhs)
        pattern = connection.ops.prep_for_like_query(self.rhs.lower())
        return f'LOWER({left} COLLATE "C") LIKE %s', [*params, f"%{pattern}%"]


def has(field: str, text: str) -> Q:
    """What makes a field hold a text, in any capitals."""
    return Q(**{f"{field}__holds": text})


@dataclass(frozen=True)
class Sought:
    """A text; each part is looked up when it is asked for, and once. ``by_mail``: colleagues by their address as well,
    though not their machines.
    """

    text: str
    by_mail: bool = False

    @cached_property
    def people(self) -> list[tuple[int, bool]] | None:
        """Colleagues that have it in their name or address, and whether it is the name; None: they are too many."""
        name = has("name", self.text)
        named = Case(When(name, then=Value(1)), default=Value(0), output_field=IntegerField())
        by_mail = self.by_mail and " " not in self.text  # which no address holds
        found = Colleague.objects.filter(name | has("mail", self.text) if by_mail else name).order_by()
        rows = list(found.annotate(named=named).values_list("pk", "named")[: FEW + 1])
        return None if len(rows) > FEW else [(pk, bool(told)) for pk, told in rows]

    @cached_property
    def named(self) -> Q:
        """What makes a machine fit: its own name, its colleague's or its department's."""
        condition = has("host_name", self.text)
        if self.people is None:
            condition |= Q(colleague__in=Colleague.objects.filter(has("name", self.text)).values("pk"))
        elif people := [pk for pk, named in self.people if named]:
            condition |= Q(colleague__in=people)
        if departments := list(Department.objects.filter(has("name", self.text)).values_list("pk", flat=True)):
            condition |= Q(department__in=departments)
        return condition

    def first_machines(self, seer: Seer, most: int) -> list[int]:
        """Machines that ``seer`` may see: of that name, whose name begins so, whose name holds it, and then others."""
        near = Case(
            When(host_name__iexact=self.text, then=Value(0)),
            When(host_name__istartswith=self.text, then=Value(1)),
            When(has("host_name", self.text), then=Value(2)),
            default=Value(3),
            output_field=IntegerField(),
        )
        found = scope.endpoints(seer).filter(self.named).order_by(near, "host_name", "pk")
        return list(found.values_list("pk", flat=True)[:most])

    def tickets(self, machines: Sequence[int] | None = None, *, only_open: bool = False) -> Q:
        """What makes a ticket fit: its machine, its cause, or what a finding is about; ``only_open``: by findings that
        still hold alone. ``machines``: those that fit, where that was asked already; more than FEW may be but a part.
        """
        if machines is None:
            machines = list(Endpoint.objects.filter(self.named).order_by().values_list("pk", flat=True)[: FEW + 1])
        many = len(machines) > FEW
        condition = Q(endpoint__in=Endpoint.objects.filter(self.named).values("pk") if many else machines)
        cause = re.sub(r"[ _]", "-", self.text.lower())
        if causes := [each for each in _causes() if cause in each.lower().replace("_", "-")]:
            condition |= Q(cause__in=causes)
        if (lines := self._lines(only_open=only_open)) is not None:
            condition |= Q(id__in=lines.values("ticket"))
        return condition

    def _lines(self, *, only_open: bool) -> QuerySet[TicketLine] | None:
        """The findings that are about it; None: there are none."""
        subjects = [*_subjects(active=True), *(() if only_open else _subjects(active=False))]
        found = TicketLine.objects.filter(active=True) if only_open else TicketLine.objects.all()
        if len(subjects) > _SUBJECTS:
            return found.filter(has("subject", self.text))
        fitting = {each for each in subjects if self.text.lower() in each.lower()}
        return found.filter(subject__in=fitting) if fitting else None


def _causes() -> list[str]:
    """The causes of all tickets; of many, as they were within the last minute."""
    store = readings.store()
    return lately(
        "all causes", lambda: store.causes(resting=True), lambda _causes: bounded(Ticket.objects.all()).is_more
    )


def _subjects(*, active: bool) -> list[str]:
    """What findings are about that hold, or that no longer do; more than _SUBJECTS are not all told."""
    return readings.store().finding_subjects(active=active, most=_SUBJECTS + 1)
