"""Model and version of the agent become columns of an endpoint; store.0005 fills them from what machines told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0003_consolebench_lists")]

    operations = [
        migrations.AddField(
            "endpoint", "model", models.CharField(blank=True, db_default="", default="", max_length=256)
        ),
        migrations.AddField(
            "endpoint", "agent_version", models.CharField(blank=True, db_default="", default="", max_length=64)
        ),
    ]
