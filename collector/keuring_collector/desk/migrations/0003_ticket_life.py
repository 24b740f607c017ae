"""What happens to tickets, and what waits to become one."""

from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion
from keuring_collector.store.before import BEFORE
from keuring_collector.store.making import Together


class Migration(migrations.Migration):
    replaces = BEFORE["desk"][1:2]
    dependencies = [("desk", "0002_tickets")]

    operations = [
        Together(
            migrations.CreateModel(
                name="TicketHistory",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "ticket",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="history", to="desk.ticket"
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
                                ("line", "finding added"),
                                ("cleared", "finding cleared"),
                                ("worsened", "became more urgent"),
                                ("moved", "expected date moved"),
                                ("taken", "taken"),
                                ("assigned", "assigned"),
                                ("released", "released"),
                                ("planned", "planned"),
                                ("snoozed", "snoozed"),
                                ("woke", "back from snooze"),
                                ("resolved", "resolved"),
                                ("dismissed", "dismissed"),
                                ("closed_itself", "closed itself: the cause is gone"),
                                ("reopened", "reopened"),
                                ("note", "note"),
                                ("message", "message sent"),
                                ("line_snoozed", "finding snoozed"),
                                ("line_woke", "finding back from snooze"),
                                ("file", "file added"),
                                ("file_removed", "file removed"),
                                ("linked", "linked"),
                                ("unlinked", "link removed"),
                                ("merged", "merged"),
                                ("took_in", "took in another ticket"),
                                ("joined", "joined others"),
                                ("left", "left the others"),
                                ("undone", "undone"),
                                ("rested", "put to rest"),
                                ("went_on", "went on"),
                            ],
                            max_length=15,
                        ),
                    ),
                    ("detail", models.JSONField(default=dict)),
                ],
                options={
                    "ordering": ["at", "id"],
                    "indexes": [
                        models.Index(fields=["ticket", "at"], name="history_ticket_at"),
                        models.Index(fields=["kind", "-at"], name="history_kind_at"),
                    ],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="TicketOutcome",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "ticket",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE, related_name="outcome", to="desk.ticket"
                        ),
                    ),
                    (
                        "result",
                        models.CharField(
                            choices=[
                                ("undecided", "not known yet"),
                                ("came", "the problem came"),
                                ("early", "the problem came long after"),
                                ("nothing", "the problem did not come"),
                            ],
                            max_length=9,
                        ),
                    ),
                    ("kind", models.CharField(blank=True, max_length=9)),
                    ("came_at", models.DateTimeField(blank=True, null=True)),
                    ("looked_at", models.DateTimeField()),
                ],
                options={
                    "indexes": [
                        models.Index(
                            condition=models.Q(("result", "undecided")), fields=["looked_at"], name="outcome_undecided"
                        )
                    ],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="Quiet",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("maintenance", "maintenance"),
                                ("silence", "silence"),
                                ("objection", "objection"),
                            ],
                            max_length=11,
                        ),
                    ),
                    ("reason", models.CharField(max_length=400)),
                    (
                        "department",
                        models.ForeignKey(
                            blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="fleet.department"
                        ),
                    ),
                    ("model", models.CharField(blank=True, max_length=256)),
                    ("host_name", models.CharField(blank=True, max_length=64)),
                    (
                        "endpoint",
                        models.ForeignKey(
                            blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="fleet.endpoint"
                        ),
                    ),
                    ("cause", models.CharField(blank=True, max_length=60)),
                    ("starts_at", models.DateTimeField()),
                    ("ends_at", models.DateTimeField()),
                    ("weekday", models.PositiveSmallIntegerField(blank=True, null=True)),
                    ("from_minute", models.PositiveSmallIntegerField(blank=True, null=True)),
                    ("minutes", models.PositiveSmallIntegerField(blank=True, null=True)),
                    ("made_at", models.DateTimeField()),
                    (
                        "made_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "ended_by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "ordering": ["starts_at", "id"],
                    "indexes": [models.Index(fields=["ends_at"], name="quiet_ends")],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="Waiting",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="waiting", to="fleet.endpoint"
                        ),
                    ),
                    ("cause", models.CharField(max_length=60)),
                    ("rule", models.CharField(max_length=36)),
                    ("subject", models.CharField(blank=True, max_length=256)),
                    (
                        "severity",
                        models.PositiveSmallIntegerField(
                            choices=[(1, "tip"), (2, "watch"), (3, "soon"), (4, "urgent")]
                        ),
                    ),
                    (
                        "why",
                        models.CharField(
                            choices=[
                                ("intake", "the intake period"),
                                ("rule", "the rule, which only reports yet"),
                                ("maintenance", "maintenance"),
                                ("silence", "a silence"),
                                ("objection", "the answer to an objection"),
                                ("budget", "room in the budget of tickets"),
                            ],
                            max_length=11,
                        ),
                    ),
                    (
                        "quiet",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="waiting",
                            to="desk.quiet",
                        ),
                    ),
                    ("waiting_since", models.DateTimeField()),
                    ("since", models.DateTimeField()),
                    ("judged_at", models.DateTimeField()),
                    ("expected_at", models.DateTimeField(blank=True, null=True)),
                    ("expected_low", models.DateTimeField(blank=True, null=True)),
                    ("expected_high", models.DateTimeField(blank=True, null=True)),
                    ("evidence", models.JSONField(default=list)),
                ],
                options={
                    "indexes": [
                        models.Index(fields=["why", "-severity", "expected_at"], name="waiting_order"),
                        models.Index(fields=["rule"], name="waiting_rule"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("endpoint", "rule", "subject"), name="one_waiting_per_finding")
                    ],
                },
            ),
            migrations.CreateModel(
                name="Undo",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("step", models.UUIDField()),
                    (
                        "ticket",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="undos", to="desk.ticket"
                        ),
                    ),
                    (
                        "actor",
                        models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL),
                    ),
                    ("until", models.DateTimeField(db_index=True)),
                    ("before", models.JSONField()),
                    ("after", models.CharField(max_length=200)),
                ],
                options={
                    "constraints": [models.UniqueConstraint(fields=("step", "ticket"), name="one_undo_per_ticket")],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="Outgoing",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("step", models.UUIDField(blank=True, null=True)),
                    (
                        "ticket",
                        models.ForeignKey(
                            blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to="desk.ticket"
                        ),
                    ),
                    ("ready_at", models.DateTimeField()),
                    ("chat", models.CharField(blank=True, max_length=40)),
                    ("to", models.EmailField(blank=True, max_length=254)),
                    ("subject", models.CharField(max_length=200)),
                    ("body", models.TextField()),
                    ("reply_to", models.EmailField(blank=True, max_length=254)),
                    ("attempts", models.PositiveSmallIntegerField(default=0)),
                    ("sent_at", models.DateTimeField(blank=True, null=True)),
                    ("error", models.TextField(blank=True)),
                    ("expires_at", models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    "indexes": [
                        models.Index(
                            condition=models.Q(("sent_at__isnull", True)), fields=["ready_at"], name="outgoing_waiting"
                        )
                    ],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="Attachment",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "ticket",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="attachments", to="desk.ticket"
                        ),
                    ),
                    ("name", models.CharField(max_length=100)),
                    ("kind", models.CharField(max_length=40)),
                    ("size", models.PositiveIntegerField()),
                    ("content", models.BinaryField()),
                    ("added_at", models.DateTimeField()),
                    (
                        "added_by",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                        ),
                    ),
                ],
                options={"ordering": ["added_at", "id"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Notice",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "staff",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="notices",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "ticket",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="desk.ticket"
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[("mention", "mentioned you"), ("assigned", "assigned it to you")], max_length=10
                        ),
                    ),
                    (
                        "by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("at", models.DateTimeField()),
                    ("seen_at", models.DateTimeField(blank=True, null=True)),
                    ("text", models.TextField(blank=True)),
                    ("step", models.UUIDField(blank=True, null=True)),
                ],
                options={
                    "ordering": ["-at", "-id"],
                    "indexes": [models.Index(fields=["staff", "seen_at", "-at"], name="notice_staff")],
                    "constraints": [],
                },
            ),
        )
    ]
