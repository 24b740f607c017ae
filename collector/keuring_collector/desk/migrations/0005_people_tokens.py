"""Tokens for programs."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("desk", "0004_people_audit")]

    operations = [
        migrations.CreateModel(
            "ApiToken",
            [
                ("id", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("secret_hash", models.BinaryField(max_length=32)),
                ("name", models.CharField(max_length=80)),
                ("scopes", models.CharField(max_length=100)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_on", models.DateField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            {"ordering": ["-created_at"]},
        ),
    ]
