from django.db import migrations

INDEX = (
    "CREATE INDEX fact_fleet ON fact (signal_id, endpoint_id, subject, value) WHERE signal_id = 288 OR signal_id = 900"
)


class Migration(migrations.Migration):
    dependencies = [("store", "0003_cost_notices")]
    operations = [migrations.RunSQL(INDEX, "DROP INDEX fact_fleet")]
