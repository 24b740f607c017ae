"""What the desk has besides tickets: inspections, incidents, trying of rules, jobs."""

from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion
from keuring_collector.store.before import BEFORE
from keuring_collector.store.making import Together


class Migration(migrations.Migration):
    replaces = BEFORE["desk"][:1]
    dependencies = [("desk", "0003_ticket_life")]

    operations = [
        Together(
            migrations.CreateModel(
                name="Inspection",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="inspections", to="fleet.endpoint"
                        ),
                    ),
                    ("issued_at", models.DateTimeField()),
                    (
                        "issued_by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "outcome",
                        models.CharField(
                            choices=[
                                ("pass", "approved"),
                                ("advice", "approved, with advice"),
                                ("fail", "not approved"),
                                ("unmeasurable", "not measurable"),
                            ],
                            max_length=12,
                        ),
                    ),
                    ("valid_until", models.DateField(blank=True, null=True)),
                    ("next_due", models.DateField()),
                    ("current", models.BooleanField(default=True)),
                    ("content", models.JSONField(default=dict)),
                    ("digest", models.CharField(blank=True, max_length=64)),
                    ("mailed_at", models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    "ordering": ["-issued_at", "-id"],
                    "indexes": [
                        models.Index(fields=["endpoint", "-issued_at"], name="inspection_endpoint"),
                        models.Index(fields=["current", "next_due"], name="inspection_due"),
                        models.Index(
                            condition=models.Q(("current", True)),
                            fields=["-issued_at", "-id", "endpoint", "outcome"],
                            name="inspection_newest",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("current", True)), fields=("endpoint",), name="one_current_inspection"
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="Incident",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="incidents", to="fleet.endpoint"
                        ),
                    ),
                    ("cause", models.CharField(max_length=60)),
                    ("at", models.DateTimeField()),
                    ("number", models.CharField(blank=True, max_length=60)),
                    ("source", models.CharField(blank=True, max_length=30)),
                    ("imported_at", models.DateTimeField()),
                ],
                options={
                    "indexes": [
                        models.Index(fields=["-at"], name="incident_at"),
                        models.Index(fields=["number"], name="incident_number"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("endpoint", "cause", "at", "number"), name="one_incident_once"),
                        models.UniqueConstraint(
                            condition=models.Q(("source", ""), _negated=True),
                            fields=("source", "number"),
                            name="one_incident_a_number",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="IncidentSource",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("name", models.CharField(max_length=30, unique=True)),
                    ("since", models.DateTimeField()),
                    ("looked_at", models.DateTimeField(blank=True, null=True)),
                    ("wait_until", models.DateTimeField(blank=True, null=True)),
                    ("error", models.TextField(blank=True)),
                    ("whole", models.BooleanField(default=True)),
                    ("read", models.PositiveIntegerField(default=0)),
                    ("added", models.PositiveIntegerField(default=0)),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="IncidentLeftOut",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("source", models.CharField(max_length=30)),
                    ("number", models.CharField(max_length=60)),
                    ("at", models.DateTimeField()),
                    ("category", models.CharField(blank=True, max_length=200)),
                    (
                        "why",
                        models.CharField(
                            choices=[
                                ("category", "no cause for its category"),
                                ("machine", "a machine that is not known here"),
                                ("no_machine", "no machine"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("machine", models.CharField(blank=True, max_length=64)),
                ],
                options={
                    "indexes": [models.Index(fields=["source", "-at"], name="incident_left_out_at")],
                    "constraints": [models.UniqueConstraint(fields=("source", "number"), name="one_incident_left_out")],
                },
            ),
            migrations.CreateModel(
                name="RuleSwitch",
                fields=[
                    ("rule", models.CharField(max_length=36, primary_key=True, serialize=False)),
                    ("opens", models.BooleanField()),
                    ("at", models.DateTimeField()),
                    (
                        "by",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                        ),
                    ),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Demotion",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("rule", models.CharField(max_length=36)),
                    ("at", models.DateTimeField()),
                    ("right", models.PositiveIntegerField()),
                    ("of", models.PositiveIntegerField()),
                    ("high", models.FloatField()),
                    ("floor", models.FloatField()),
                    ("ended_at", models.DateTimeField(blank=True, null=True)),
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
                    "ordering": ["-at", "-id"],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at", None)), fields=("rule",), name="one_demotion_in_force"
                        )
                    ],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="Backtest",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("rule", models.CharField(max_length=60)),
                    ("text", models.TextField()),
                    ("before", models.TextField(blank=True)),
                    ("compare", models.BooleanField()),
                    ("since", models.DateField(blank=True, null=True)),
                    ("until", models.DateField(blank=True, null=True)),
                    ("everything", models.BooleanField()),
                    ("model", models.CharField(blank=True, max_length=256)),
                    ("incidents", models.BooleanField(default=True)),
                    ("search", models.BooleanField(default=False)),
                    ("found", models.JSONField(blank=True, default=dict)),
                    (
                        "asked_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("asked_at", models.DateTimeField()),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("waiting", "waiting for its turn"),
                                ("running", "running"),
                                ("done", "done"),
                                ("failed", "failed"),
                                ("cancelled", "stopped"),
                            ],
                            default="waiting",
                            max_length=9,
                        ),
                    ),
                    ("machines", models.PositiveIntegerField(blank=True, null=True)),
                    ("machines_done", models.PositiveIntegerField(default=0)),
                    ("attempts", models.PositiveSmallIntegerField(default=0)),
                    ("leased_until", models.DateTimeField(blank=True, null=True)),
                    ("leased_by", models.CharField(blank=True, max_length=80)),
                    ("began_at", models.DateTimeField(blank=True, null=True)),
                    ("ended_at", models.DateTimeField(blank=True, null=True)),
                    ("error", models.TextField(blank=True)),
                    ("answer", models.TextField(blank=True)),
                    ("saved_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "saved_by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("departments", models.ManyToManyField(to="fleet.department")),
                ],
                options={
                    "ordering": ["-asked_at", "-id"],
                    "indexes": [models.Index(fields=["state", "asked_at"], name="backtest_next")],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="SavedFilter",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "staff",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="filters",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("name", models.CharField(max_length=40)),
                    ("query", models.CharField(max_length=400)),
                ],
                options={
                    "ordering": ["name"],
                    "constraints": [models.UniqueConstraint(fields=("staff", "name"), name="one_filter_per_name")],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="ApiToken",
                fields=[
                    ("id", models.CharField(max_length=16, primary_key=True, serialize=False)),
                    ("secret_hash", models.BinaryField(max_length=32)),
                    (
                        "owner",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="tokens",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("name", models.CharField(max_length=80)),
                    ("scopes", models.CharField(max_length=100)),
                    ("created_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                    ("revoked_at", models.DateTimeField(blank=True, null=True)),
                    ("last_used_on", models.DateField(blank=True, null=True)),
                ],
                options={"ordering": ["-created_at"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="DeskState",
                fields=[
                    ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                    ("rule_by_rule", models.BooleanField()),
                    ("intake_days", models.FloatField()),
                    ("budget", models.FloatField()),
                    ("time_zone", models.CharField(max_length=64)),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Job",
                fields=[
                    ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                    ("due_at", models.DateTimeField()),
                    ("leased_until", models.DateTimeField(blank=True, null=True)),
                    ("leased_by", models.CharField(blank=True, max_length=80)),
                    ("last_ok_at", models.DateTimeField(blank=True, null=True)),
                    ("last_error", models.TextField(blank=True)),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Kept",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("question", models.CharField(max_length=20)),
                    ("about", models.CharField(blank=True, max_length=256)),
                    ("departments", models.TextField()),
                    ("content", models.JSONField()),
                    ("seconds", models.FloatField()),
                    ("made_at", models.DateTimeField()),
                    ("asked_at", models.DateTimeField()),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(fields=("question", "about", "departments"), name="one_kept_answer")
                    ],
                    "indexes": [],
                },
            ),
        )
    ]
