"""Views of the queue that somebody keeps under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from keuring_collector.console import listing
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.desk.models import SavedFilter
from keuring_collector.desk.prepared import prepared

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from keuring_collector.console.listing import Choices
    from keuring_collector.desk.models import Staff

MOST: Final = 12


class SavedChip(NamedTuple):
    """A kept view: its row, its address, and whether it is the one on the screen."""

    pk: int
    name: str
    address: str
    on: bool


def chips(staff: Staff, choices: Choices) -> list[SavedChip]:
    """The views that ``staff`` keeps, by name."""
    here = choices.address()
    return [SavedChip(kept.pk, kept.name, "?" + kept.query, here == "?" + kept.query) for kept in _of(staff.pk)]


@prepared
def _of(staff: Any) -> QuerySet[SavedFilter]:
    return SavedFilter.objects.filter(staff=staff)


def keep(staff: Staff, name: str, query: str) -> None:
    """Keeps the view that an address shows; one of the same name is replaced. Raises NotUnderstood."""
    name = " ".join(name.split())
    if not name or len(name) > 40:
        raise NotUnderstood("name", _("Give the view a name of at most 40 characters."))
    plain = listing.read(QueryDict(query)).address()[1:]
    if len(plain) > 400:
        raise NotUnderstood("name", _("This view is too long to keep. Take a filter away."))
    others = SavedFilter.objects.filter(staff=staff).exclude(name=name)
    if others.count() >= MOST:
        raise NotUnderstood("name", _("You keep twelve views already. Forget one first."))
    SavedFilter.objects.update_or_create(staff=staff, name=name, defaults={"query": plain})
