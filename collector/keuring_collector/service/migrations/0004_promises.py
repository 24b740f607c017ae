"""Tips, promises, planned changes, objections."""

from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion
from keuring_collector.store.before import BEFORE
from keuring_collector.store.making import Together


class Migration(migrations.Migration):
    replaces = BEFORE["service"][:1]
    dependencies = [("service", "0003_visits")]

    operations = [
        Together(
            migrations.CreateModel(
                name="TipOffer",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="tip_offers", to="fleet.endpoint"
                        ),
                    ),
                    (
                        "colleague",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="tip_offers",
                            to="fleet.colleague",
                        ),
                    ),
                    ("rule", models.CharField(max_length=36)),
                    ("subject", models.CharField(blank=True, max_length=256)),
                    (
                        "way",
                        models.CharField(
                            choices=[("notice", "on the machine"), ("visit", "in person"), ("page", "on My workplace")],
                            max_length=6,
                        ),
                    ),
                    ("offered_on", models.DateField()),
                    ("reached_on", models.DateField(blank=True, null=True)),
                    ("why", models.CharField(blank=True, max_length=10)),
                    ("among", models.PositiveSmallIntegerField(default=1)),
                    ("sent", models.BooleanField(default=False)),
                    ("mailed", models.BooleanField(default=False)),
                    (
                        "by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "outcome",
                        models.CharField(
                            choices=[
                                ("open", "offered"),
                                ("aside", "not for them"),
                                ("gone", "it went away"),
                                ("stayed", "it is still there"),
                                ("unknown", "not known"),
                                ("missed", "did not reach them"),
                            ],
                            default="open",
                            max_length=7,
                        ),
                    ),
                    ("decided_on", models.DateField(blank=True, null=True)),
                ],
                options={
                    "ordering": ["-offered_on", "-pk"],
                    "indexes": [
                        models.Index(fields=["colleague", "rule"], name="offer_colleague"),
                        models.Index(fields=["endpoint", "rule"], name="offer_endpoint"),
                        models.Index(fields=["rule", "offered_on"], name="offer_rule"),
                        models.Index(fields=["outcome", "offered_on"], name="offer_open"),
                    ],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="StopItem",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "stop",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="items", to="service.stop"
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("ticket", "ticket"),
                                ("inspection", "inspection"),
                                ("tip", "tip"),
                                ("announcement", "announcement"),
                                ("silent", "machine not heard of"),
                                ("hello", "just say hello"),
                            ],
                            max_length=12,
                        ),
                    ),
                    (
                        "ticket",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="desk.ticket",
                        ),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="fleet.endpoint",
                        ),
                    ),
                    ("days", models.PositiveIntegerField(blank=True, null=True)),
                    ("text", models.CharField(blank=True, max_length=200)),
                    (
                        "chance",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to="service.tipchance",
                        ),
                    ),
                ],
                options={"ordering": ["pk"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="PlannedChange",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("title", models.CharField(max_length=120)),
                    ("about", models.TextField(blank=True)),
                    ("when", models.DateField(blank=True, null=True)),
                    (
                        "state",
                        models.CharField(
                            choices=[("planned", "planned"), ("done", "done"), ("cancelled", "not going ahead")],
                            default="planned",
                            max_length=9,
                        ),
                    ),
                    (
                        "made_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("changed_at", models.DateTimeField()),
                ],
                options={
                    "ordering": [models.OrderBy(models.F("when"), nulls_last=True), "id"],
                    "indexes": [],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="Deed",
                fields=[
                    ("key", models.UUIDField(primary_key=True, serialize=False)),
                    (
                        "actor",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                        ),
                    ),
                    ("at", models.DateTimeField(db_index=True)),
                    ("answer", models.JSONField(default=dict)),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Promise",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("date", "date of an announcement"),
                                ("tell_by", "day on which we tell more"),
                                ("hand", "made by somebody"),
                            ],
                            max_length=7,
                        ),
                    ),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("open", "open"),
                                ("kept", "kept"),
                                ("broken", "not kept"),
                                ("withdrawn", "withdrawn"),
                            ],
                            default="open",
                            max_length=9,
                        ),
                    ),
                    ("text", models.CharField(blank=True, max_length=400)),
                    ("due_on", models.DateField()),
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
                    ("closed_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "closed_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("reason", models.CharField(blank=True, max_length=400)),
                    (
                        "announcement",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="promises",
                            to="service.announcement",
                        ),
                    ),
                    (
                        "ticket",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="promises",
                            to="desk.ticket",
                        ),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="promises",
                            to="fleet.endpoint",
                        ),
                    ),
                    (
                        "stop",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="promises",
                            to="service.stop",
                        ),
                    ),
                    (
                        "department",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="promises",
                            to="fleet.department",
                        ),
                    ),
                ],
                options={
                    "ordering": ["due_on", "pk"],
                    "indexes": [models.Index(fields=["state", "due_on"], name="promise_due")],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="Objection",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="objections", to="fleet.endpoint"
                        ),
                    ),
                    (
                        "colleague",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="objections",
                            to="fleet.colleague",
                        ),
                    ),
                    ("made_at", models.DateTimeField()),
                    ("answer_by", models.DateField()),
                    ("reason", models.TextField(blank=True)),
                    (
                        "state",
                        models.CharField(
                            choices=[("open", "waiting for an answer"), ("upheld", "upheld"), ("refused", "refused")],
                            default="open",
                            max_length=7,
                        ),
                    ),
                    ("answer", models.TextField(blank=True)),
                    ("answered_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "answered_by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "quiet",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="desk.quiet"
                        ),
                    ),
                ],
                options={
                    "ordering": ["answer_by", "id"],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("state", "open")), fields=("endpoint",), name="one_open_objection"
                        )
                    ],
                    "indexes": [],
                },
            ),
        )
    ]
