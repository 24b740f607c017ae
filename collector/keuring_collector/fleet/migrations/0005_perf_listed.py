from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0004_perf_told")]

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
    ]
