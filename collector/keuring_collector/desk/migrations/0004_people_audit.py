"""The audit and the head of its chain."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("desk", "0003_people_roles")]

    operations = [
        migrations.CreateModel(
            "AuditEntry",
            [
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_index=True)),
                ("actor", models.CharField(blank=True, db_index=True, max_length=150)),
                ("action", models.CharField(db_index=True, max_length=40)),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("detail", models.TextField(default="{}")),
                ("digest", models.CharField(max_length=64)),
            ],
            {"indexes": [models.Index(fields=["subject", "-sequence"], name="audit_subject")]},
        ),
        migrations.CreateModel(
            "AuditHead",
            [
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
        ),
    ]
