"""What findings were about that no longer hold, for the search in closed tickets."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("desk", "0004_desk")]

    operations = [
        migrations.AddIndex(
            model_name="ticketline",
            index=models.Index(
                condition=models.Q(("active", False)), fields=["subject", "ticket"], name="line_about_past"
            ),
        ),
    ]
