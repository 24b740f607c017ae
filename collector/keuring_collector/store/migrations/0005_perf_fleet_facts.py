"""Lists read the model and the agent's version from the table of endpoints; their index over facts goes."""

from django.db import migrations

INDEX = (
    "CREATE INDEX fact_fleet ON fact (signal_id, endpoint_id, subject, value) WHERE signal_id = 288 OR signal_id = 900"
)


class Migration(migrations.Migration):
    dependencies = [("store", "0004_consolebench_fleet_facts"), ("fleet", "0004_perf_told")]

    operations = [migrations.RunSQL("DROP INDEX fact_fleet", INDEX)]
