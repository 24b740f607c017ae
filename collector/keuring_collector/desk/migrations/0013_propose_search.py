from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("desk", "0012_words_messages"),
    ]

    operations = [
        migrations.AddField(
            model_name="backtest",
            name="incidents",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="backtest",
            name="search",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="backtest",
            name="found",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
