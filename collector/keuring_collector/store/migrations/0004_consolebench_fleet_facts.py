from django.db import migrations

from keuring_collector.store import schema


def create(apps, schema_editor):
    for statement in schema.statements(schema_editor.connection.vendor, schema.FLEET_FACTS):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    schema_editor.execute("DROP INDEX fact_fleet")


class Migration(migrations.Migration):
    dependencies = [("store", "0003_cost_notices")]
    operations = [migrations.RunPython(create, drop)]
