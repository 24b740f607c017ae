"""Tickets and their lines. Signing in goes before: its many small steps are cheap while there are few tables."""

from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion
from keuring_collector.store.before import BEFORE
from keuring_collector.store.making import Together


class Migration(migrations.Migration):
    replaces = BEFORE["desk"][2:3]
    dependencies = [
        ("desk", "0001_staff"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]

    operations = [
        Together(
            migrations.CreateModel(
                name="FleetTicket",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("cause", models.CharField(max_length=60)),
                    ("by_hand", models.BooleanField(default=False)),
                    ("opened_at", models.DateTimeField()),
                    ("updated_at", models.DateTimeField()),
                    ("closed_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "owner",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("common", models.JSONField(default=list)),
                ],
                options={
                    "ordering": ["-opened_at", "-id"],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("by_hand", False), ("closed_at", None)),
                            fields=("cause",),
                            name="one_open_fleet_ticket",
                        )
                    ],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="FleetHistory",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "ticket",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="history", to="desk.fleetticket"
                        ),
                    ),
                    ("at", models.DateTimeField()),
                    (
                        "actor",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("opened", "opened"),
                                ("joined", "machines joined"),
                                ("left", "machines left"),
                                ("taken", "taken"),
                                ("acted", "acted on its machines"),
                                ("note", "note"),
                                ("closed", "closed"),
                                ("dissolved", "not one problem"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("detail", models.JSONField(default=dict)),
                ],
                options={"ordering": ["at", "id"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Ticket",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="tickets",
                            to="fleet.endpoint",
                        ),
                    ),
                    ("cause", models.CharField(max_length=60)),
                    ("key", models.CharField(max_length=60)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("new", "new"),
                                ("planned", "planned"),
                                ("snoozed", "snoozed"),
                                ("resolved", "resolved"),
                                ("dismissed", "dismissed"),
                                ("merged", "merged"),
                                ("resting", "at rest"),
                            ],
                            default="new",
                            max_length=10,
                        ),
                    ),
                    (
                        "severity",
                        models.PositiveSmallIntegerField(
                            choices=[(1, "tip"), (2, "watch"), (3, "soon"), (4, "urgent")]
                        ),
                    ),
                    ("opened_at", models.DateTimeField()),
                    ("updated_at", models.DateTimeField()),
                    ("closed_at", models.DateTimeField(blank=True, null=True)),
                    ("expected_at", models.DateTimeField(blank=True, null=True)),
                    ("expected_low", models.DateTimeField(blank=True, null=True)),
                    ("expected_high", models.DateTimeField(blank=True, null=True)),
                    (
                        "owner",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("touched", models.BooleanField(default=False)),
                    ("planned_for", models.DateField(blank=True, null=True)),
                    ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                    ("asleep_by_lines", models.BooleanField(db_default=False, default=False)),
                    (
                        "merged_into",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="merged",
                            to="desk.ticket",
                        ),
                    ),
                    (
                        "parent",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="children",
                            to="desk.fleetticket",
                        ),
                    ),
                    ("dismissal_reason", models.TextField(blank=True)),
                    ("dismissed_severity", models.PositiveSmallIntegerField(blank=True, null=True)),
                    (
                        "verdict",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("right", "right"),
                                ("early", "too early"),
                                ("wrong", "wrong"),
                                ("known", "known already"),
                            ],
                            max_length=5,
                        ),
                    ),
                    ("reopened", models.PositiveIntegerField(default=0)),
                ],
                options={
                    "indexes": [
                        models.Index(fields=["endpoint", "cause"], name="ticket_endpoint_cause"),
                        models.Index(fields=["state", "-severity", "expected_at"], name="ticket_queue"),
                        models.Index(fields=["cause", "-opened_at"], name="ticket_cause"),
                        models.Index(
                            condition=models.Q(("closed_at__isnull", True)),
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
                        ),
                        models.Index(
                            condition=models.Q(("closed_at__isnull", True)),
                            fields=["endpoint", "state", "severity", "closed_at"],
                            name="ticket_open_endpoint",
                        ),
                        models.Index(
                            condition=models.Q(("closed_at__isnull", True)),
                            fields=["cause", "state", "closed_at"],
                            name="ticket_open_cause",
                        ),
                        models.Index(
                            condition=models.Q(("closed_at__isnull", True)),
                            fields=["owner", "state", "planned_for", "severity", "closed_at"],
                            name="ticket_open_owner",
                        ),
                        models.Index(
                            condition=models.Q(("closed_at__isnull", False)),
                            fields=["-closed_at", "-id", "endpoint", "cause", "state", "severity", "owner"],
                            name="ticket_closed",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("state__in", ["new", "planned", "snoozed"])),
                            fields=("key",),
                            name="one_open_ticket",
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="TicketLine",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "ticket",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="desk.ticket"
                        ),
                    ),
                    ("rule", models.CharField(max_length=36)),
                    ("subject", models.CharField(blank=True, max_length=256)),
                    (
                        "severity",
                        models.PositiveSmallIntegerField(
                            choices=[(1, "tip"), (2, "watch"), (3, "soon"), (4, "urgent")]
                        ),
                    ),
                    ("active", models.BooleanField(default=True)),
                    ("since", models.DateTimeField()),
                    ("judged_at", models.DateTimeField()),
                    ("cleared_at", models.DateTimeField(blank=True, null=True)),
                    ("expected_at", models.DateTimeField(blank=True, null=True)),
                    ("expected_low", models.DateTimeField(blank=True, null=True)),
                    ("expected_high", models.DateTimeField(blank=True, null=True)),
                    ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                    ("snoozed_severity", models.PositiveSmallIntegerField(blank=True, null=True)),
                    ("evidence", models.JSONField(default=list)),
                    ("evidence_now", models.JSONField(default=list)),
                ],
                options={
                    "ordering": ["-severity", "expected_at", "subject"],
                    "indexes": [
                        models.Index(
                            condition=models.Q(("snoozed_until__isnull", False)),
                            fields=["snoozed_until"],
                            name="line_asleep",
                        ),
                        models.Index(
                            condition=models.Q(("active", True)), fields=["subject", "ticket"], name="line_about"
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("ticket", "rule", "subject"), name="one_line_per_finding")
                    ],
                },
            ),
            migrations.CreateModel(
                name="TicketLink",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "ticket",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="links", to="desk.ticket"
                        ),
                    ),
                    ("number", models.CharField(max_length=60)),
                    ("url", models.CharField(blank=True, max_length=500)),
                ],
                options={"ordering": ["id"], "indexes": [], "constraints": []},
            ),
        )
    ]
