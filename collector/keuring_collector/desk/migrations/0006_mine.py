"""The open tickets of somebody with their expected date and number: today's are found without reading them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("desk", "0005_past_findings")]

    operations = [
        migrations.RemoveIndex("ticket", "ticket_open_owner"),
        migrations.AddIndex(
            "ticket",
            models.Index(
                fields=["owner", "state", "planned_for", "severity", "closed_at", "expected_at", "id"],
                name="ticket_open_owner",
                condition=models.Q(closed_at__isnull=True),
            ),
        ),
    ]
