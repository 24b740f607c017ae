from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("desk", "0014_perf_kept")]

    operations = [
        migrations.RemoveIndex("ticket", "ticket_closed"),
        migrations.AddIndex(
            "ticket",
            models.Index(
                condition=models.Q(("closed_at__isnull", False)),
                fields=["-closed_at", "-id", "endpoint", "cause", "state", "severity", "owner"],
                name="ticket_closed",
            ),
        ),
        migrations.AddIndex(
            "ticketline",
            models.Index(condition=models.Q(("active", True)), fields=["subject", "ticket"], name="line_about"),
        ),
        migrations.AddIndex(
            "inspection",
            models.Index(
                condition=models.Q(("current", True)),
                fields=["-issued_at", "-id", "endpoint", "outcome"],
                name="inspection_newest",
            ),
        ),
    ]
