from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("fleet", "0005_perf_listed")]

    operations = [
        migrations.CreateModel(
            name="Warranty",
            fields=[
                ("serial", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("ends", models.DateField(db_index=True)),
                ("told_at", models.DateTimeField()),
            ],
        ),
    ]
