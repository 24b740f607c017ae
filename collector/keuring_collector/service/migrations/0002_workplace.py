"""Announcements, tips, and how the workplace is felt."""

from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion
from keuring_collector.store.before import BEFORE
from keuring_collector.store.making import Together
import uuid


class Migration(migrations.Migration):
    replaces = BEFORE["service"][2:3]
    dependencies = [("service", "0001_knowledge")]

    operations = [
        Together(
            migrations.CreateModel(
                name="Announcement",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("title_nl", models.CharField(blank=True, max_length=200)),
                    ("means_nl", models.TextField(blank=True)),
                    ("must_nl", models.TextField(blank=True)),
                    ("why_nl", models.TextField(blank=True)),
                    ("title_en", models.CharField(blank=True, max_length=200)),
                    ("means_en", models.TextField(blank=True)),
                    ("must_en", models.TextField(blank=True)),
                    ("why_en", models.TextField(blank=True)),
                    (
                        "when",
                        models.CharField(
                            choices=[
                                ("date", "on a date"),
                                ("period", "in a period"),
                                ("unknown", "we do not know yet"),
                            ],
                            default="unknown",
                            max_length=7,
                        ),
                    ),
                    ("starts_on", models.DateField(blank=True, null=True)),
                    ("ends_on", models.DateField(blank=True, null=True)),
                    ("tell_by", models.DateField(blank=True, null=True)),
                    (
                        "state",
                        models.CharField(
                            choices=[("draft", "draft"), ("published", "published"), ("withdrawn", "withdrawn")],
                            default="draft",
                            max_length=9,
                        ),
                    ),
                    (
                        "author",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("made_at", models.DateTimeField()),
                    ("published_at", models.DateTimeField(blank=True, null=True)),
                    ("changed_at", models.DateTimeField()),
                    ("withdrawn_why", models.CharField(blank=True, max_length=400)),
                    ("version", models.PositiveIntegerField(default=0)),
                    ("changed", models.PositiveIntegerField(default=0)),
                    ("audience", models.JSONField(default=dict)),
                    ("channels", models.JSONField(default=list)),
                    ("chats", models.JSONField(default=list)),
                    ("public", models.BooleanField(default=False)),
                    ("remind_days", models.PositiveSmallIntegerField(default=3)),
                    ("reads", models.PositiveIntegerField(default=0)),
                    ("step", models.UUIDField(default=uuid.uuid4, editable=False)),
                    ("next_look", models.DateTimeField(blank=True, null=True)),
                    ("nudged", models.CharField(blank=True, max_length=40)),
                ],
                options={
                    "ordering": ["-made_at", "-id"],
                    "indexes": [
                        models.Index(fields=["state", "-published_at"], name="announcement_state"),
                        models.Index(fields=["next_look"], name="announcement_look"),
                    ],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="AnnouncementVersion",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("title_nl", models.CharField(blank=True, max_length=200)),
                    ("means_nl", models.TextField(blank=True)),
                    ("must_nl", models.TextField(blank=True)),
                    ("why_nl", models.TextField(blank=True)),
                    ("title_en", models.CharField(blank=True, max_length=200)),
                    ("means_en", models.TextField(blank=True)),
                    ("must_en", models.TextField(blank=True)),
                    ("why_en", models.TextField(blank=True)),
                    (
                        "when",
                        models.CharField(
                            choices=[
                                ("date", "on a date"),
                                ("period", "in a period"),
                                ("unknown", "we do not know yet"),
                            ],
                            default="unknown",
                            max_length=7,
                        ),
                    ),
                    ("starts_on", models.DateField(blank=True, null=True)),
                    ("ends_on", models.DateField(blank=True, null=True)),
                    ("tell_by", models.DateField(blank=True, null=True)),
                    (
                        "announcement",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="versions",
                            to="service.announcement",
                        ),
                    ),
                    ("number", models.PositiveIntegerField()),
                    ("at", models.DateTimeField()),
                    (
                        "by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "state",
                        models.CharField(
                            choices=[("draft", "draft"), ("published", "published"), ("withdrawn", "withdrawn")],
                            max_length=9,
                        ),
                    ),
                    ("audience", models.JSONField(default=dict)),
                    ("note", models.CharField(blank=True, max_length=400)),
                ],
                options={
                    "ordering": ["-number"],
                    "constraints": [
                        models.UniqueConstraint(fields=("announcement", "number"), name="one_announcement_version")
                    ],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="Told",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "announcement",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="told", to="service.announcement"
                        ),
                    ),
                    ("channel", models.CharField(max_length=10)),
                    ("occasion", models.CharField(max_length=30)),
                    ("at", models.DateTimeField()),
                    (
                        "colleague",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="fleet.colleague",
                        ),
                    ),
                    (
                        "endpoint",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="+",
                            to="fleet.endpoint",
                        ),
                    ),
                    ("chat", models.CharField(blank=True, max_length=40)),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("colleague__isnull", False)),
                            fields=("announcement", "channel", "occasion", "colleague"),
                            name="colleague_told_once",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("endpoint__isnull", False)),
                            fields=("announcement", "channel", "occasion", "endpoint"),
                            name="machine_told_once",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("chat", ""), _negated=True),
                            fields=("announcement", "channel", "occasion", "chat"),
                            name="chat_told_once",
                        ),
                    ],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="ItReport",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("kind", models.CharField(choices=[("week", "week"), ("month", "month")], max_length=5)),
                    ("starts", models.DateField()),
                    ("ends", models.DateField()),
                    ("issued_at", models.DateTimeField()),
                    ("content", models.JSONField(default=dict)),
                    ("digest", models.CharField(max_length=64)),
                    ("mailed_at", models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    "ordering": ["-ends", "kind", "-id"],
                    "constraints": [models.UniqueConstraint(fields=("kind", "starts"), name="one_it_report")],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="ItComment",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "report",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="comments", to="service.itreport"
                        ),
                    ),
                    ("section", models.CharField(max_length=40)),
                    ("at", models.DateTimeField()),
                    (
                        "author",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                        ),
                    ),
                    ("text", models.TextField()),
                ],
                options={"ordering": ["at", "id"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="MoodCount",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "department",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="+", to="fleet.department"
                        ),
                    ),
                    ("month", models.DateField()),
                    (
                        "source",
                        models.CharField(
                            choices=[
                                ("visit", "a visit"),
                                ("ticket", "a ticket"),
                                ("link", "a link in a mail"),
                                ("page", "My workplace"),
                            ],
                            max_length=6,
                        ),
                    ),
                    ("value", models.PositiveSmallIntegerField()),
                    ("count", models.PositiveIntegerField(default=0)),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("department", "month", "source", "value"), name="one_mood_count"
                        )
                    ],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="MoodLine",
                fields=[
                    ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    (
                        "department",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="+", to="fleet.department"
                        ),
                    ),
                    ("month", models.DateField()),
                    ("text", models.CharField(max_length=200)),
                ],
                options={
                    "ordering": ["id"],
                    "indexes": [models.Index(fields=["month", "department"], name="mood_line_month")],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="MoodLinkUsed",
                fields=[
                    ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                    ("forget_on", models.DateField()),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="EntryLink",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("secret_hash", models.BinaryField(max_length=32, unique=True)),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="entry_links", to="fleet.endpoint"
                        ),
                    ),
                    ("made_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="TipLook",
                fields=[
                    (
                        "endpoint",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            primary_key=True,
                            related_name="tip_look",
                            serialize=False,
                            to="fleet.endpoint",
                        ),
                    ),
                    ("looked_on", models.DateField(db_index=True)),
                ],
                options={"indexes": [], "constraints": []},
            ),
        )
    ]
