"""Of whom or of which machine a page of My workplace tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keuring_collector.fleet.models import Colleague, Endpoint

if TYPE_CHECKING:
    import uuid

    from django.db.models import QuerySet

    from keuring_collector.fleet.models import Department


@dataclass(frozen=True, slots=True)
class Whose:
    """A colleague with all their machines, or one machine: of who came by a link no more is known.

    ``colleague`` None: a machine alone.
    """

    machine_ids: tuple[int, ...]
    colleague: Colleague | None = None

    @property
    def machines(self) -> QuerySet[Endpoint]:
        """The machines, those in use first."""
        found = Endpoint.objects.filter(pk__in=self.machine_ids).select_related("department", "colleague")
        return found.order_by("state", "host_name")

    @property
    def department(self) -> Department | None:
        """The colleague's; where no colleague is known the machine's."""
        if self.colleague is not None:
            return self.colleague.department
        return next((each.department for each in self.machines if each.department), None)

    @property
    def person(self) -> str:
        """Who it is, as far as that is known, for whatever each may do once."""
        ids = {self.colleague.pk} if self.colleague else {each.colleague_id for each in self.machines} - {None}
        return f"colleague/{ids.pop()}" if len(ids) == 1 else f"machines/{self.machine_ids}"

    def machine(self, identity: uuid.UUID) -> Endpoint | None:
        """One of them; None when it is another's."""
        return self.machines.filter(uuid=identity).first()


def of_colleague(colleague: Colleague) -> Whose:
    """All that belongs to a colleague, also machines that are no longer in use."""
    return Whose(tuple(colleague.endpoint_set.order_by("pk").values_list("pk", flat=True)), colleague)


def of_machine(endpoint: Endpoint) -> Whose:
    """One machine."""
    return Whose((endpoint.pk,))


def by_mail(mail: str) -> Colleague | None:
    """The colleague with a mail address, whatever its capitals."""
    found = list(Colleague.objects.filter(mail__iexact=mail)[:2]) if mail else []
    return found[0] if len(found) == 1 else None
