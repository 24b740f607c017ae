from django.db import migrations

from keuring_collector.service import search_schema


def create(apps, schema_editor):
    for statement in search_schema.statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    for statement in search_schema.dropping(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("service", "0001_knowledge_articles")]
    operations = [migrations.RunPython(create, drop)]
