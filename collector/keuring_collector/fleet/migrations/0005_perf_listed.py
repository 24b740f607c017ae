from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0004_perf_told"), ("store", "0005_perf_fleet_facts")]

    operations = [
        migrations.RemoveIndex("endpoint", "endpoint_listed"),
        migrations.AddIndex(
            "endpoint",
            models.Index(
                fields=["state", "host_name", "id", "department", "simulated", "model", "agent_version", "colleague"],
                name="endpoint_listed",
            ),
        ),
        migrations.AddIndex("endpoint", models.Index(fields=["state", "model", "host_name"], name="endpoint_model")),
        migrations.AddIndex("endpoint", models.Index(fields=["state", "enrolled_at", "id"], name="endpoint_due")),
    ]
