"""The APK ticket and its life. Tickets are opened and closed by the write path (store.tickets), in the same
transaction as the report that caused it, and worked on here by people.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models.fleet_tickets import FleetTicket
from keuring_collector.desk.models.staff import Staff
from keuring_collector.fleet.models import Endpoint
from keuring_collector.fleet.rows import FromRow


class Ticket(FromRow):
    """One cause on one endpoint. ``key`` is unique among open tickets, so there is never a second one."""

    class State(models.TextChoices):
        """Where the ticket is in its life."""

        NEW = "new", _("new")
        PLANNED = "planned", _("planned")
        SNOOZED = "snoozed", _("snoozed")
        RESOLVED = "resolved", _("resolved")
        DISMISSED = "dismissed", _("dismissed")
        MERGED = "merged", _("merged")
        RESTING = "resting", _("at rest")  # its colleague objected; see service.workplace.resting

    OPEN: ClassVar = (State.NEW, State.PLANNED, State.SNOOZED)

    class Severity(models.IntegerChoices):
        """How soon somebody should act; the numbers are the engine's."""

        TIP = 1, _("tip")
        WATCH = 2, _("watch")
        SOON = 3, _("soon")
        URGENT = 4, _("urgent")

    class Verdict(models.TextChoices):
        """What the desk thought of the ticket, asked on closing."""

        RIGHT = "right", _("right")
        EARLY = "early", _("too early")
        WRONG = "wrong", _("wrong")
        KNOWN = "known", _("known already")

    # No index of its own: those that begin with it serve as well.
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="tickets", db_index=False)
    cause = models.CharField(max_length=60)
    key = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    expected_at = models.DateTimeField(null=True, blank=True)
    expected_low = models.DateTimeField(null=True, blank=True)
    expected_high = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True)
    touched = models.BooleanField(default=False)  # a person acted on it: it no longer closes itself
    planned_for = models.DateField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    asleep_by_lines = models.BooleanField(default=False, db_default=False)  # snoozed because each line of it is
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="merged")
    parent = models.ForeignKey(FleetTicket, on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    dismissal_reason = models.TextField(blank=True)
    dismissed_severity = models.PositiveSmallIntegerField(null=True, blank=True)
    verdict = models.CharField(max_length=5, choices=Verdict.choices, blank=True)
    reopened = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], name="one_open_ticket", condition=models.Q(state__in=["new", "planned", "snoozed"])
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "cause"], name="ticket_endpoint_cause"),
            models.Index(fields=["state", "-severity", "expected_at"], name="ticket_queue"),
            models.Index(fields=["cause", "-opened_at"], name="ticket_cause"),
            # All that the queue filters, groups and sorts by: of a million tickets it reads no row but the
            # fifty shown. ``closed_at`` and ``id`` because the databases look at the row for what an index does not
            # hold, SQLite for the one and PostgreSQL for the other.
            models.Index(
                fields=[
                    "state",
                    "-severity",
                    "expected_at",
                    "planned_for",
                    "snoozed_until",
                    "parent",
                    "owner",
                    "endpoint",
                    "cause",
                    "opened_at",
                    "closed_at",
                    "id",
                ],
                name="ticket_open",
                condition=models.Q(closed_at__isnull=True),
            ),
            models.Index(
                fields=["endpoint", "state", "severity", "closed_at"],
                name="ticket_open_endpoint",
                condition=models.Q(closed_at__isnull=True),
            ),
            models.Index(
                fields=["cause", "state", "closed_at"],
                name="ticket_open_cause",
                condition=models.Q(closed_at__isnull=True),
            ),
            models.Index(
                fields=["owner", "state", "planned_for", "severity", "closed_at", "expected_at", "id"],
                name="ticket_open_owner",
                condition=models.Q(closed_at__isnull=True),
            ),
            models.Index(
                fields=["-closed_at", "-id", "endpoint", "cause", "state", "severity", "owner"],
                name="ticket_closed",
                condition=models.Q(closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause} @ {self.endpoint}"

    @cached_property
    def findings(self) -> list[TicketLine]:
        """Its lines, read once; whoever reads many tickets sets it (see console.stories)."""
        return list(self.lines.all())

    def get_state_display(self) -> str:  # type: ignore[no-redef]  # the plugin sees the one that Django would make
        """The state in words. Django's own puts all choices together anew for each ticket of a page."""
        return str(self.State(self.state).label)


class TicketLine(FromRow):
    """One finding within a ticket: a rule that is, or was, true for one subject.

    ``snoozed_until``: until then, or until it is graver than ``snoozed_severity``, the line does not count.
    ``evidence`` is a list of {"role", "signal", "statistic", "subject", "value"} as it was when the line opened,
    ``evidence_now`` the same as it was last judged; signals by name.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="lines")
    rule = models.CharField(max_length=36)
    subject = models.CharField(max_length=256, blank=True)
    severity = models.PositiveSmallIntegerField(choices=Ticket.Severity.choices)
    active = models.BooleanField(default=True)
    since = models.DateTimeField()
    judged_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    expected_at = models.DateTimeField(null=True, blank=True)
    expected_low = models.DateTimeField(null=True, blank=True)
    expected_high = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snoozed_severity = models.PositiveSmallIntegerField(null=True, blank=True)
    evidence = models.JSONField(default=list)
    evidence_now = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["-severity", "expected_at", "subject"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket", "rule", "subject"], name="one_line_per_finding"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["snoozed_until"], name="line_asleep", condition=models.Q(snoozed_until__isnull=False)),
            models.Index(fields=["subject", "ticket"], name="line_about", condition=models.Q(active=True)),  # sought
            models.Index(fields=["subject", "ticket"], name="line_about_past", condition=models.Q(active=False)),
        ]


class TicketHistory(models.Model):
    """One thing that happened to a ticket; never changed afterwards. No actor: Keuring itself."""

    class Kind(models.TextChoices):
        """What happened."""

        OPENED = "opened", _("opened")
        LINE = "line", _("finding added")
        CLEARED = "cleared", _("finding cleared")
        WORSENED = "worsened", _("became more urgent")
        MOVED = "moved", _("expected date moved")
        TAKEN = "taken", _("taken")
        ASSIGNED = "assigned", _("assigned")
        RELEASED = "released", _("released")
        PLANNED = "planned", _("planned")
        SNOOZED = "snoozed", _("snoozed")
        WOKE = "woke", _("back from snooze")
        RESOLVED = "resolved", _("resolved")
        DISMISSED = "dismissed", _("dismissed")
        CLOSED_ITSELF = "closed_itself", _("closed itself: the cause is gone")
        REOPENED = "reopened", _("reopened")
        JUDGED = "judged", _("judged afterwards")
        NOTE = "note", _("note")
        MESSAGE = "message", _("message sent")
        LINE_SNOOZED = "line_snoozed", _("finding snoozed")
        LINE_WOKE = "line_woke", _("finding back from snooze")
        FILE = "file", _("file added")
        FILE_REMOVED = "file_removed", _("file removed")
        LINKED = "linked", _("linked")
        UNLINKED = "unlinked", _("link removed")
        MERGED = "merged", _("merged")
        TOOK_IN = "took_in", _("took in another ticket")
        JOINED = "joined", _("joined others")
        LEFT = "left", _("left the others")
        UNDONE = "undone", _("undone")
        RESTED = "rested", _("put to rest")
        WENT_ON = "went_on", _("went on")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField()
    actor = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True)
    kind = models.CharField(max_length=15, choices=Kind.choices)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["ticket", "at"], name="history_ticket_at"),
            models.Index(fields=["kind", "-at"], name="history_kind_at"),  # what happened lately
        ]
