"""The machines and the places of a department, in indexes in the place of those of the references."""

from django.db import migrations, models
from django.db.models.deletion import SET_NULL


class Migration(migrations.Migration):
    dependencies = [("fleet", "0001_machines")]

    operations = [
        migrations.AddIndex("colleague", models.Index(fields=["department", "place"], name="colleague_places")),
        migrations.AddIndex(
            "endpoint",
            models.Index(fields=["department", "state", "host_name", "id"], name="endpoint_of_department"),
        ),
        migrations.AlterField(
            "colleague",
            "department",
            models.ForeignKey(null=True, blank=True, db_index=False, on_delete=SET_NULL, to="fleet.department"),
        ),
        migrations.AlterField(
            "endpoint",
            "department",
            models.ForeignKey(null=True, blank=True, db_index=False, on_delete=SET_NULL, to="fleet.department"),
        ),
    ]
