from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("desk", "0013_propose_search")]

    operations = [
        migrations.CreateModel(
            name="Kept",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("question", models.CharField(max_length=20)),
                ("about", models.CharField(blank=True, max_length=256)),
                ("departments", models.TextField()),
                ("content", models.JSONField()),
                ("seconds", models.FloatField()),
                ("made_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("question", "about", "departments"), name="one_kept_answer")
                ]
            },
        ),
    ]
