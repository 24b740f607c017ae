"""Model and version of the agent become columns of an endpoint, filled from what the machines told."""

from django.db import migrations, models

TOLD = ((288, "model", 256), (900, "agent_version", 64))  # signals of the catalogue


def fill(apps, schema_editor):
    text = {"sqlite": "json_extract(value, '$')", "postgresql": "CAST(value AS jsonb) #>> '{}'"}
    for signal, column, most in TOLD:
        told = (
            f"SELECT substr({text[schema_editor.connection.vendor]}, 1, {most}) FROM fact "  # noqa: S608
            f"WHERE endpoint_id = fleet_endpoint.id AND signal_id = {signal} AND subject = '' AND value <> 'null'"
        )
        schema_editor.execute(f"UPDATE fleet_endpoint SET {column} = coalesce(({told}), '')")  # noqa: S608


class Migration(migrations.Migration):
    dependencies = [("fleet", "0003_consolebench_lists"), ("store", "0004_consolebench_fleet_facts")]

    operations = [
        migrations.AddField(
            "endpoint", "model", models.CharField(blank=True, db_default="", default="", max_length=256)
        ),
        migrations.AddField(
            "endpoint", "agent_version", models.CharField(blank=True, db_default="", default="", max_length=64)
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
