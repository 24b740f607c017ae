from django.db import migrations

from keuring_collector.store import schema


def create(apps, schema_editor):
    for statement in schema.statements(schema_editor.connection.vendor, schema.RELEASES):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    for name in schema.names(schema.RELEASES):
        schema_editor.execute(f"DROP TABLE {name}")


class Migration(migrations.Migration):
    dependencies = [("store", "0005_perf_fleet_facts")]
    operations = [migrations.RunPython(create, drop)]
