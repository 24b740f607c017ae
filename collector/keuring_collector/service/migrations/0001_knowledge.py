"""Articles, texts and skills."""

from django.conf import settings
from django.db import migrations, models
import django.db.models.deletion
from keuring_collector.store import article_index
from keuring_collector.store.before import BEFORE
from keuring_collector.store.making import Together


def create(apps, schema_editor):
    for statement in article_index.making(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    for statement in article_index.dropping(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    initial = True
    replaces = BEFORE["service"][3:]
    dependencies = [("desk", "0004_desk")]

    operations = [
        Together(
            migrations.CreateModel(
                name="Article",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("title_nl", models.CharField(blank=True, max_length=200)),
                    ("body_nl", models.TextField(blank=True)),
                    ("title_en", models.CharField(blank=True, max_length=200)),
                    ("body_en", models.TextField(blank=True)),
                    ("slug", models.SlugField(max_length=80, unique=True)),
                    (
                        "state",
                        models.CharField(
                            choices=[("draft", "draft"), ("published", "published")], default="draft", max_length=9
                        ),
                    ),
                    ("for_colleagues", models.BooleanField(db_default=False, default=False)),
                    (
                        "owner",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("review_on", models.DateField(blank=True, null=True)),
                    (
                        "from_ticket",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="articles",
                            to="desk.ticket",
                        ),
                    ),
                    ("version", models.PositiveIntegerField(default=0)),
                    ("changed_at", models.DateTimeField()),
                ],
                options={
                    "ordering": ["slug"],
                    "indexes": [models.Index(fields=["review_on"], name="article_review")],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="ArticleLink",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "article",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="links", to="service.article"
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[("rule", "rule"), ("software", "program"), ("model", "model")], max_length=8
                        ),
                    ),
                    ("value", models.CharField(max_length=256)),
                ],
                options={
                    "ordering": ["kind", "value"],
                    "indexes": [models.Index(fields=["kind", "value"], name="article_link")],
                    "constraints": [
                        models.UniqueConstraint(fields=("article", "kind", "value"), name="one_link_per_article")
                    ],
                },
            ),
            migrations.CreateModel(
                name="ArticleVersion",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("title_nl", models.CharField(blank=True, max_length=200)),
                    ("body_nl", models.TextField(blank=True)),
                    ("title_en", models.CharField(blank=True, max_length=200)),
                    ("body_en", models.TextField(blank=True)),
                    (
                        "article",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="service.article"
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
                    ("state", models.CharField(choices=[("draft", "draft"), ("published", "published")], max_length=9)),
                    ("links", models.JSONField(default=list)),
                    ("note", models.CharField(blank=True, max_length=200)),
                ],
                options={
                    "ordering": ["-number"],
                    "constraints": [
                        models.UniqueConstraint(fields=("article", "number"), name="one_version_per_number")
                    ],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="ArticlePicture",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "article",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="pictures", to="service.article"
                        ),
                    ),
                    ("name", models.CharField(max_length=64)),
                    ("kind", models.CharField(max_length=20)),
                    ("size", models.PositiveIntegerField()),
                    ("width", models.PositiveIntegerField()),
                    ("height", models.PositiveIntegerField()),
                    ("alt_nl", models.CharField(blank=True, max_length=200)),
                    ("alt_en", models.CharField(blank=True, max_length=200)),
                    ("content", models.BinaryField()),
                    ("added_at", models.DateTimeField()),
                    (
                        "added_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "ordering": ["added_at", "id"],
                    "constraints": [
                        models.UniqueConstraint(fields=("article", "name"), name="one_picture_per_article")
                    ],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="ArticleHelp",
                fields=[
                    ("slug", models.CharField(max_length=80, primary_key=True, serialize=False)),
                    ("yes", models.PositiveIntegerField(default=0)),
                    ("no", models.PositiveIntegerField(default=0)),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="PackIndexed",
                fields=[
                    ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                    ("fingerprint", models.CharField(blank=True, max_length=64)),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="MessageTemplate",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("key", models.SlugField(max_length=40, unique=True)),
                    ("name_nl", models.CharField(blank=True, max_length=60)),
                    ("subject_nl", models.CharField(blank=True, max_length=120)),
                    ("body_nl", models.TextField(blank=True)),
                    ("name_en", models.CharField(blank=True, max_length=60)),
                    ("subject_en", models.CharField(blank=True, max_length=120)),
                    ("body_en", models.TextField(blank=True)),
                    ("removed", models.BooleanField(default=False)),
                    ("changed_at", models.DateTimeField()),
                    (
                        "changed_by",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={"ordering": ["key"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Skill",
                fields=[
                    ("slug", models.SlugField(max_length=40, primary_key=True, serialize=False)),
                    (
                        "kind",
                        models.CharField(
                            choices=[("technical", "technical"), ("communicative", "communicative")], max_length=13
                        ),
                    ),
                    ("name_nl", models.CharField(blank=True, max_length=60)),
                    ("name_en", models.CharField(blank=True, max_length=60)),
                    ("about_nl", models.CharField(blank=True, max_length=300)),
                    ("about_en", models.CharField(blank=True, max_length=300)),
                ],
                options={"ordering": ["slug"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="SkillNeed",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("kind", models.CharField(choices=[("cause", "cause"), ("visit", "visit")], max_length=5)),
                    ("value", models.CharField(max_length=60)),
                    ("skills", models.JSONField(default=list)),
                ],
                options={
                    "constraints": [models.UniqueConstraint(fields=("kind", "value"), name="one_need_each")],
                    "indexes": [],
                },
            ),
            migrations.CreateModel(
                name="StaffSkill",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "staff",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="skills",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("skill", models.CharField(max_length=40)),
                    (
                        "level",
                        models.PositiveSmallIntegerField(
                            choices=[(1, "learning it"), (2, "can do it alone"), (3, "can teach it")]
                        ),
                    ),
                    ("said_at", models.DateTimeField()),
                    ("confirmed_level", models.PositiveSmallIntegerField(blank=True, null=True)),
                    (
                        "confirmed_by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    "ordering": ["skill"],
                    "indexes": [models.Index(fields=["skill", "level"], name="staffskill_skill")],
                    "constraints": [models.UniqueConstraint(fields=("staff", "skill"), name="one_level_per_skill")],
                },
            ),
            migrations.CreateModel(
                name="GrowthStep",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "staff",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="growth",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    ("skill", models.CharField(max_length=40)),
                    (
                        "goal",
                        models.PositiveSmallIntegerField(
                            choices=[(1, "learning it"), (2, "can do it alone"), (3, "can teach it")]
                        ),
                    ),
                    ("how", models.CharField(blank=True, max_length=300)),
                    ("until", models.DateField(blank=True, null=True)),
                    (
                        "state",
                        models.CharField(
                            choices=[("open", "going on"), ("done", "reached"), ("dropped", "let go")],
                            default="open",
                            max_length=7,
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
                    ("made_at", models.DateTimeField()),
                    ("changed_at", models.DateTimeField()),
                ],
                options={"ordering": ["until", "pk"], "indexes": [], "constraints": []},
            ),
        ),
        migrations.RunPython(create, drop),
    ]
