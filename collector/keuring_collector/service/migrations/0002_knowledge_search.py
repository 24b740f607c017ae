from django.db import migrations

from keuring_collector.store import article_index


def create(apps, schema_editor):
    for statement in article_index.making(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    for statement in article_index.dropping(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("service", "0001_knowledge_articles")]
    operations = [migrations.RunPython(create, drop)]
