"""The people of the desk, and the record of what they do."""

import django.contrib.auth.models
import django.contrib.auth.validators
from django.db import migrations, models
import django.utils.timezone
from keuring_collector.store.before import BEFORE
from keuring_collector.store.making import Together


class Migration(migrations.Migration):
    initial = True
    replaces = BEFORE["desk"][3:]
    dependencies = [("auth", "0012_alter_user_first_name_max_length"), ("fleet", "0001_machines")]

    operations = [
        Together(
            migrations.CreateModel(
                name="Staff",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("password", models.CharField(max_length=128, verbose_name="password")),
                    ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                    (
                        "is_superuser",
                        models.BooleanField(
                            default=False,
                            help_text="Designates that this user has all permissions without explicitly assigning them.",
                            verbose_name="superuser status",
                        ),
                    ),
                    (
                        "username",
                        models.CharField(
                            error_messages={"unique": "A user with that username already exists."},
                            help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                            max_length=150,
                            unique=True,
                            validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                            verbose_name="username",
                        ),
                    ),
                    ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                    ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                    ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                    (
                        "is_staff",
                        models.BooleanField(
                            default=False,
                            help_text="Designates whether the user can log into this admin site.",
                            verbose_name="staff status",
                        ),
                    ),
                    (
                        "is_active",
                        models.BooleanField(
                            default=True,
                            help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                            verbose_name="active",
                        ),
                    ),
                    (
                        "date_joined",
                        models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                    ),
                    ("language", models.CharField(blank=True, max_length=2, verbose_name="language")),
                    ("must_change_password", models.BooleanField(default=False)),
                    (
                        "role",
                        models.CharField(
                            choices=[
                                ("viewer", "viewer"),
                                ("desk", "desk"),
                                ("visitor", "visitor"),
                                ("specialist", "specialist"),
                                ("team_lead", "team lead"),
                                ("it", "IT department"),
                                ("privacy_officer", "privacy officer"),
                                ("administrator", "administrator"),
                            ],
                            default="viewer",
                            max_length=20,
                            verbose_name="role",
                        ),
                    ),
                    ("limited", models.BooleanField(default=False)),
                    (
                        "groups",
                        models.ManyToManyField(
                            blank=True,
                            help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                            related_name="user_set",
                            related_query_name="user",
                            to="auth.group",
                            verbose_name="groups",
                        ),
                    ),
                    (
                        "user_permissions",
                        models.ManyToManyField(
                            blank=True,
                            help_text="Specific permissions for this user.",
                            related_name="user_set",
                            related_query_name="user",
                            to="auth.permission",
                            verbose_name="user permissions",
                        ),
                    ),
                    ("departments", models.ManyToManyField(blank=True, to="fleet.department")),
                ],
                options={
                    "verbose_name": "user",
                    "verbose_name_plural": "users",
                    "abstract": False,
                    "indexes": [],
                    "constraints": [],
                },
                managers=[("objects", django.contrib.auth.models.UserManager())],
            ),
            migrations.CreateModel(
                name="AuditEntry",
                fields=[
                    ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("at", models.DateTimeField(db_index=True)),
                    ("actor", models.CharField(blank=True, db_index=True, max_length=150)),
                    ("action", models.CharField(db_index=True, max_length=40)),
                    ("subject", models.CharField(blank=True, max_length=200)),
                    ("detail", models.TextField(default="{}")),
                    ("digest", models.CharField(max_length=64)),
                ],
                options={
                    "indexes": [models.Index(fields=["subject", "-sequence"], name="audit_subject")],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="AuditHead",
                fields=[
                    ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                    ("sequence", models.BigIntegerField(default=0)),
                    ("digest", models.CharField(blank=True, max_length=64)),
                    ("base_sequence", models.BigIntegerField(default=0)),
                    ("base_digest", models.CharField(blank=True, max_length=64)),
                    ("checked_at", models.DateTimeField(blank=True, null=True)),
                    ("checked_until", models.BigIntegerField(default=0)),
                    ("broken_at", models.BigIntegerField(blank=True, null=True)),
                    ("broken_why", models.CharField(blank=True, max_length=20)),
                ],
                options={"indexes": [], "constraints": []},
            ),
        )
    ]
