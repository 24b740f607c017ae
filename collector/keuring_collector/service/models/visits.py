"""Visits: where colleagues sit, when the desk comes along, and each round with its stops and what became of them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Staff, Ticket
from keuring_collector.fleet.models import Colleague, Department, Endpoint
from keuring_collector.service.models.tips import TipChance


class Place(models.Model):
    """A room or a desk of a department. ``position`` is the order in which one walks past."""

    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="places")
    building = models.CharField(max_length=60, blank=True)
    floor = models.CharField(max_length=40, blank=True)
    room = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["department", "building", "floor", "room"], name="one_place_per_name")
        ]

    def __str__(self) -> str:
        return ", ".join(part for part in (self.building, self.floor, self.room) if part)


class Seat(models.Model):
    """Where a colleague sits, when the desk says so. Without one their imported place is taken, if it names a room."""

    colleague = models.OneToOneField(Colleague, on_delete=models.CASCADE, primary_key=True, related_name="seat")
    place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="seats")


class VisitingHour(models.Model):
    """A fixed hour in each week. Its day never changes: it ends and another begins, so that calendars follow.

    ``from_minute`` is on the desk's clock; from ``ended_on`` it is no longer held. ``sequence`` grows with each change
    that calendars must hear of, exceptions too.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="visiting_hours")
    visitor = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    weekday = models.PositiveSmallIntegerField()  # 0: Monday
    from_minute = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField()
    first_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["weekday", "from_minute", "pk"]


class VisitException(models.Model):
    """A day on which an hour is not held; without an hour: on which none is, such as a holiday."""

    hour = models.ForeignKey(VisitingHour, on_delete=models.CASCADE, null=True, blank=True, related_name="exceptions")
    day = models.DateField()
    reason = models.CharField(max_length=100)

    class Meta:
        ordering: ClassVar = ["day", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hour", "day"], name="one_exception_per_hour"),
            models.UniqueConstraint(fields=["day"], name="one_holiday", condition=models.Q(hour__isnull=True)),
        ]


class CalendarKey(models.Model):
    """A secret address of somebody's calendar feeds. Of the secret only the SHA-256 is kept."""

    id = models.CharField(max_length=16, primary_key=True)
    secret_hash = models.BinaryField(max_length=32)
    owner = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="calendar_keys")
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class Round(models.Model):
    """One walk past a department. Proposed by Keuring, and followed by it until somebody changes or starts it."""

    class State(models.TextChoices):
        """How far it is."""

        PROPOSED = "proposed", _("suggested")
        STARTED = "started", _("on the way")
        FINISHED = "finished", _("finished")

    hour = models.ForeignKey(VisitingHour, on_delete=models.SET_NULL, null=True, related_name="rounds")
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="rounds")
    visitor = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    day = models.DateField()
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    touched = models.BooleanField(default=False)  # somebody changed it: it no longer follows what is open
    more = models.PositiveIntegerField(default=0)  # colleagues to say hello to for whom there is no time
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["starts_at", "pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["hour", "day"], name="one_round_per_hour")]
        indexes: ClassVar = [models.Index(fields=["department", "-day"], name="round_department")]


class Stop(models.Model):
    """Somebody to see on a round, and what became of it. ``version`` grows with each outcome.

    ``fits``: whether there is time for it within the hour. ``removed``: taken away; it is kept, because a phone that
    was offline may still send what happened there.
    """

    class Outcome(models.TextChoices):
        """What became of it."""

        HELPED = "helped", _("helped")
        AWAY = "away", _("not there")
        BACK = "back", _("come back later")

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="stops")
    position = models.PositiveSmallIntegerField(default=0)
    colleague = models.ForeignKey(Colleague, on_delete=models.SET_NULL, null=True, blank=True, related_name="stops")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    place = models.ForeignKey(Place, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    about = models.CharField(max_length=200, blank=True)  # of one that was added by hand
    minutes = models.PositiveSmallIntegerField()
    fits = models.BooleanField(default=True)
    removed = models.BooleanField(default=False)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True)
    back_on = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=0)
    step = models.UUIDField(null=True, blank=True)  # with which the outcome can be taken back for a minute

    class Meta:
        ordering: ClassVar = ["-fits", "position", "pk"]
        indexes: ClassVar = [models.Index(fields=["colleague", "-done_at"], name="stop_colleague")]


class StopItem(models.Model):
    """One thing that a stop is about. ``days``: since when somebody was not seen, or a machine not heard of."""

    class Kind(models.TextChoices):
        """What it is."""

        TICKET = "ticket", _("ticket")
        INSPECTION = "inspection", _("inspection")
        TIP = "tip", _("tip")
        ANNOUNCEMENT = "announcement", _("announcement")
        SILENT = "silent", _("machine not heard of")
        HELLO = "hello", _("just say hello")

    stop = models.ForeignKey(Stop, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    days = models.PositiveIntegerField(null=True, blank=True)
    text = models.CharField(max_length=200, blank=True)
    chance = models.ForeignKey(TipChance, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["pk"]


class Deed(models.Model):
    """What a phone sent once, by its key, with what was answered: sent again it is answered again, and not done."""

    key = models.UUIDField(primary_key=True)
    actor = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(db_index=True)
    answer = models.JSONField(default=dict)
