"""Roles and departments. Whoever was there could do everything but administer, and still can."""

from django.db import migrations, models


def give_roles(apps, schema_editor):
    staff = apps.get_model("desk", "Staff")
    staff.objects.filter(is_superuser=True).update(role="administrator")
    staff.objects.filter(is_superuser=False).update(role="desk")


class Migration(migrations.Migration):
    dependencies = [("desk", "0002_apk_inspections"), ("fleet", "0001_initial")]

    operations = [
        migrations.AddField(
            "staff",
            "role",
            models.CharField(
                choices=[
                    ("viewer", "viewer"),
                    ("desk", "desk"),
                    ("visitor", "visitor"),
                    ("specialist", "specialist"),
                    ("team_lead", "team lead"),
                    ("privacy_officer", "privacy officer"),
                    ("administrator", "administrator"),
                ],
                default="viewer",
                max_length=20,
                verbose_name="role",
            ),
        ),
        migrations.AddField("staff", "limited", models.BooleanField(default=False)),
        migrations.AddField("staff", "departments", models.ManyToManyField(blank=True, to="fleet.department")),
        migrations.RunPython(give_roles, migrations.RunPython.noop),
    ]
