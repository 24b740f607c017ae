"""Visits: where, when, by whom."""

from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion
from keuring_collector.store.before import BEFORE
from keuring_collector.store.making import Together
import uuid


class Migration(migrations.Migration):
    replaces = BEFORE["service"][1:2]
    dependencies = [("service", "0002_workplace")]

    operations = [
        Together(
            migrations.CreateModel(
                name="Place",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "department",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="places", to="fleet.department"
                        ),
                    ),
                    ("building", models.CharField(blank=True, max_length=60)),
                    ("floor", models.CharField(blank=True, max_length=40)),
                    ("room", models.CharField(max_length=60)),
                    ("position", models.PositiveSmallIntegerField(default=0)),
                ],
                options={
                    "ordering": ["position", "pk"],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("department", "building", "floor", "room"), name="one_place_per_name"
                        )
                    ],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="Seat",
                fields=[
                    (
                        "colleague",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            primary_key=True,
                            related_name="seat",
                            serialize=False,
                            to="fleet.colleague",
                        ),
                    ),
                    (
                        "place",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="seats", to="service.place"
                        ),
                    ),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="VisitingHour",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                    (
                        "department",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="visiting_hours",
                            to="fleet.department",
                        ),
                    ),
                    (
                        "visitor",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("weekday", models.PositiveSmallIntegerField()),
                    ("from_minute", models.PositiveSmallIntegerField()),
                    ("minutes", models.PositiveSmallIntegerField()),
                    ("first_on", models.DateField()),
                    ("ended_on", models.DateField(blank=True, null=True)),
                    ("sequence", models.PositiveIntegerField(default=0)),
                    ("changed_at", models.DateTimeField()),
                ],
                options={"ordering": ["weekday", "from_minute", "pk"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="VisitException",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "hour",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="exceptions",
                            to="service.visitinghour",
                        ),
                    ),
                    ("day", models.DateField()),
                    ("reason", models.CharField(max_length=100)),
                ],
                options={
                    "ordering": ["day", "pk"],
                    "constraints": [
                        models.UniqueConstraint(fields=("hour", "day"), name="one_exception_per_hour"),
                        models.UniqueConstraint(
                            condition=models.Q(("hour__isnull", True)), fields=("day",), name="one_holiday"
                        ),
                    ],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="CalendarKey",
                fields=[
                    ("id", models.CharField(max_length=16, primary_key=True, serialize=False)),
                    ("secret_hash", models.BinaryField(max_length=32)),
                    (
                        "owner",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="calendar_keys",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("made_at", models.DateTimeField()),
                    ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Round",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "hour",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="rounds",
                            to="service.visitinghour",
                        ),
                    ),
                    (
                        "department",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="rounds", to="fleet.department"
                        ),
                    ),
                    (
                        "visitor",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("day", models.DateField()),
                    ("starts_at", models.DateTimeField()),
                    ("minutes", models.PositiveSmallIntegerField()),
                    (
                        "state",
                        models.CharField(
                            choices=[("proposed", "suggested"), ("started", "on the way"), ("finished", "finished")],
                            default="proposed",
                            max_length=8,
                        ),
                    ),
                    ("touched", models.BooleanField(default=False)),
                    ("more", models.PositiveIntegerField(default=0)),
                    ("finished_at", models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    "ordering": ["starts_at", "pk"],
                    "indexes": [models.Index(fields=["department", "-day"], name="round_department")],
                    "constraints": [models.UniqueConstraint(fields=("hour", "day"), name="one_round_per_hour")],
                },
            ),
            migrations.CreateModel(
                name="Stop",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "round",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="stops", to="service.round"
                        ),
                    ),
                    ("position", models.PositiveSmallIntegerField(default=0)),
                    (
                        "colleague",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="stops",
                            to="fleet.colleague",
                        ),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to="fleet.endpoint",
                        ),
                    ),
                    (
                        "place",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to="service.place",
                        ),
                    ),
                    ("about", models.CharField(blank=True, max_length=200)),
                    ("minutes", models.PositiveSmallIntegerField()),
                    ("fits", models.BooleanField(default=True)),
                    ("removed", models.BooleanField(default=False)),
                    (
                        "outcome",
                        models.CharField(
                            blank=True,
                            choices=[("helped", "helped"), ("away", "not there"), ("back", "come back later")],
                            max_length=6,
                        ),
                    ),
                    ("back_on", models.DateField(blank=True, null=True)),
                    ("note", models.TextField(blank=True)),
                    ("done_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "done_by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("version", models.PositiveIntegerField(default=0)),
                    ("step", models.UUIDField(blank=True, null=True)),
                ],
                options={
                    "ordering": ["-fits", "position", "pk"],
                    "indexes": [models.Index(fields=["colleague", "-done_at"], name="stop_colleague")],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="TipChance",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="chances", to="fleet.endpoint"
                        ),
                    ),
                    ("rule", models.CharField(max_length=36)),
                    ("subject", models.CharField(blank=True, max_length=256)),
                    ("since", models.DateField()),
                    ("seen_on", models.DateField()),
                    ("gone_on", models.DateField(blank=True, null=True)),
                    ("evidence", models.JSONField(default=list)),
                ],
                options={
                    "ordering": ["since", "rule", "subject"],
                    "indexes": [
                        models.Index(
                            condition=models.Q(("gone_on__isnull", True)),
                            fields=["rule", "endpoint"],
                            name="chance_open",
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("endpoint", "rule", "subject"), name="one_chance_each")
                    ],
                },
            ),
        )
    ]
