"""The machines, whose they are, and what lets them in."""

from django.db import migrations, models
import django.db.models.deletion
from keuring_collector.store.before import BEFORE
from keuring_collector.store.making import Together
import uuid


class Migration(migrations.Migration):
    initial = True
    replaces = BEFORE["fleet"]
    dependencies = []

    operations = [
        Together(
            migrations.CreateModel(
                name="Department",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                    ("place", models.CharField(blank=True, max_length=100, verbose_name="place")),
                ],
                options={"ordering": ["name"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Colleague",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("name", models.CharField(max_length=150, verbose_name="name")),
                    ("mail", models.EmailField(max_length=254, unique=True, verbose_name="mail address")),
                    (
                        "department",
                        models.ForeignKey(
                            blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="fleet.department"
                        ),
                    ),
                    ("place", models.CharField(blank=True, max_length=100, verbose_name="place")),
                    ("language", models.CharField(default="nl", max_length=2, verbose_name="language")),
                ],
                options={"ordering": ["name"], "indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Endpoint",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                    ("host_name", models.CharField(db_index=True, max_length=64, verbose_name="machine")),
                    (
                        "state",
                        models.CharField(
                            choices=[("active", "active"), ("revoked", "revoked"), ("replaced", "replaced")],
                            default="active",
                            max_length=10,
                        ),
                    ),
                    ("simulated", models.BooleanField(default=False)),
                    (
                        "colleague",
                        models.ForeignKey(
                            blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="fleet.colleague"
                        ),
                    ),
                    (
                        "department",
                        models.ForeignKey(
                            blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="fleet.department"
                        ),
                    ),
                    ("model", models.CharField(blank=True, db_default="", default="", max_length=256)),
                    ("agent_version", models.CharField(blank=True, db_default="", default="", max_length=64)),
                    ("enrolled_at", models.DateTimeField()),
                    ("revoked_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "replaced_by",
                        models.ForeignKey(
                            blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="fleet.endpoint"
                        ),
                    ),
                ],
                options={
                    "ordering": ["host_name"],
                    "indexes": [
                        models.Index(
                            fields=[
                                "state",
                                "host_name",
                                "id",
                                "department",
                                "simulated",
                                "model",
                                "agent_version",
                                "colleague",
                            ],
                            name="endpoint_listed",
                        ),
                        models.Index(fields=["state", "model", "host_name"], name="endpoint_model"),
                        models.Index(fields=["state", "department", "simulated"], name="endpoint_departments"),
                        models.Index(fields=["enrolled_at"], name="endpoint_enrolled"),
                        models.Index(fields=["state", "enrolled_at", "id"], name="endpoint_due"),
                    ],
                    "constraints": [],
                },
            ),
            migrations.CreateModel(
                name="MachineOwner",
                fields=[
                    ("host_name", models.CharField(max_length=64, primary_key=True, serialize=False)),
                    ("colleague", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="fleet.colleague")),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Warranty",
                fields=[
                    ("serial", models.CharField(max_length=64, primary_key=True, serialize=False)),
                    ("ends", models.DateField(db_index=True)),
                    ("told_at", models.DateTimeField()),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="EnrolmentToken",
                fields=[
                    ("id", models.CharField(max_length=16, primary_key=True, serialize=False)),
                    ("secret_hash", models.BinaryField(max_length=32)),
                    ("created_at", models.DateTimeField()),
                    ("expires_at", models.DateTimeField()),
                    ("uses_left", models.PositiveIntegerField(default=1)),
                    (
                        "department",
                        models.ForeignKey(
                            blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="fleet.department"
                        ),
                    ),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="MachineCertificate",
                fields=[
                    ("fingerprint", models.CharField(max_length=64, primary_key=True, serialize=False)),
                    (
                        "endpoint",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="machine_certificates",
                            to="fleet.endpoint",
                        ),
                    ),
                ],
                options={"indexes": [], "constraints": []},
            ),
            migrations.CreateModel(
                name="Certificate",
                fields=[
                    ("serial", models.CharField(max_length=40, primary_key=True, serialize=False)),
                    (
                        "endpoint",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="certificates",
                            to="fleet.endpoint",
                        ),
                    ),
                    (
                        "token",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.SET_NULL,
                            to="fleet.enrolmenttoken",
                        ),
                    ),
                    ("request_hash", models.BinaryField(max_length=32)),
                    ("chain", models.TextField()),
                    ("not_before", models.DateTimeField()),
                    ("not_after", models.DateTimeField()),
                ],
                options={"indexes": [], "constraints": []},
            ),
        )
    ]
