"""What each role at the desk may do: one table, which the console, the API and the commands ask.

Departments are the other half (see scope.py): a role says *what* somebody may do, departments *of whom* they see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping


class Role(models.TextChoices):
    """What somebody is at the desk."""

    VIEWER = "viewer", _("viewer")
    DESK = "desk", _("desk")
    VISITOR = "visitor", _("visitor")
    SPECIALIST = "specialist", _("specialist")
    TEAM_LEAD = "team_lead", _("team lead")
    IT = "it", _("IT department")
    PRIVACY_OFFICER = "privacy_officer", _("privacy officer")
    ADMINISTRATOR = "administrator", _("administrator")


class Right(models.TextChoices):
    """One thing that somebody may do, as the page that refuses it says it."""

    OWN_ACCOUNT = "own_account", _("see to your own account")
    REPORTS = "reports", _("read IT reports and answer in them")
    PLANS = "plans", _("write down what IT plans")
    LOOK = "look", _("see tickets, machines, departments and rules")
    ACT = "act", _("work on tickets")
    RULES = "rules", _("change rules and articles")
    TEXTS = "texts", _("change the templates of messages")
    ANNOUNCE = "announce", _("publish announcements to colleagues")
    STAFF = "staff", _("manage who works at the desk")
    SETTINGS = "settings", _("see the collector's settings")
    AUDIT = "audit", _("see who did and looked at what")
    TEAM = "team", _("lead the team: workload, skills and growth plans of those they lead")


# The IT department sees counts of groups, and neither machines nor colleagues.
_COUNTS: Final = frozenset({Right.OWN_ACCOUNT, Right.REPORTS})
_EVERYBODY: Final = _COUNTS | {Right.LOOK}
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.VIEWER: _EVERYBODY,
    Role.DESK: _EVERYBODY | {Right.ACT},
    Role.VISITOR: _EVERYBODY | {Right.ACT},
    Role.SPECIALIST: _EVERYBODY | {Right.ACT, Right.RULES, Right.ANNOUNCE},
    Role.TEAM_LEAD: _EVERYBODY | {Right.ACT, Right.STAFF, Right.TEXTS, Right.ANNOUNCE, Right.TEAM, Right.PLANS},
    Role.IT: _COUNTS | {Right.PLANS},
    Role.PRIVACY_OFFICER: _EVERYBODY | {Right.SETTINGS, Right.AUDIT},
    # A growth plan is for whom it is of and their team lead alone.
    Role.ADMINISTRATOR: frozenset(Right) - {Right.TEAM},
}
# The roles that somebody with Right.STAFF may give and take; an administrator may do so with every role.
GIVEN_BY_TEAM_LEADS: Final = frozenset({Role.VIEWER, Role.DESK, Role.VISITOR, Role.SPECIALIST, Role.IT})


def holders(right: Right) -> list[Role]:
    """The roles that have a right."""
    return [role for role in Role if right in RIGHTS[role]]


def givable(giver: str) -> frozenset[Role]:
    """The roles that somebody of the role ``giver`` may give, and whose holders they may manage."""
    if giver == Role.ADMINISTRATOR:
        return frozenset(Role)
    return GIVEN_BY_TEAM_LEADS if Right.STAFF in RIGHTS.get(Role(giver), frozenset()) else frozenset()
