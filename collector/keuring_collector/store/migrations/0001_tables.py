"""The hot tables."""

from django.db import migrations

from keuring_collector.store import schema
from keuring_collector.store.before import BEFORE

ALL = schema.TABLES + schema.BASELINES + schema.NOTICES + schema.RELEASES


def create(apps, schema_editor):
    for statement in schema.statements(schema_editor.connection.vendor, ALL):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    for name in schema.names(ALL):
        schema_editor.execute(f"DROP TABLE {name}")


class Migration(migrations.Migration):
    initial = True
    replaces = BEFORE["store"]
    operations = [migrations.RunPython(create, drop)]
