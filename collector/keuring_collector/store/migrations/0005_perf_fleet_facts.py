"""Lists read the model and the agent's version from the table of endpoints: it is filled, and their index goes."""

from django.db import migrations

INDEX = (
    "CREATE INDEX fact_fleet ON fact (signal_id, endpoint_id, subject, value) WHERE signal_id = 288 OR signal_id = 900"
)
TOLD = ((288, "model", 256), (900, "agent_version", 64))  # signals of the catalogue


def fill(apps, schema_editor):
    text = {"sqlite": "json_extract(value, '$')", "postgresql": "CAST(value AS jsonb) #>> '{}'"}
    for signal, column, most in TOLD:
        told = (
            f"SELECT substr({text[schema_editor.connection.vendor]}, 1, {most}) FROM fact "
            f"WHERE endpoint_id = fleet_endpoint.id AND signal_id = {signal} AND subject = '' AND value <> 'null'"
        )
        schema_editor.execute(f"UPDATE fleet_endpoint SET {column} = coalesce(({told}), '')")


class Migration(migrations.Migration):
    dependencies = [("store", "0004_consolebench_fleet_facts"), ("fleet", "0004_perf_told")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL("DROP INDEX fact_fleet", INDEX),
    ]
