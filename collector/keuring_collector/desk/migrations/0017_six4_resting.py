from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("desk", "0016_itreport_role"),
    ]

    operations = [
        migrations.AlterField(
            model_name="ticket",
            name="state",
            field=models.CharField(
                choices=[
                    ("new", "new"),
                    ("planned", "planned"),
                    ("snoozed", "snoozed"),
                    ("resolved", "resolved"),
                    ("dismissed", "dismissed"),
                    ("merged", "merged"),
                    ("resting", "at rest"),
                ],
                default="new",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="tickethistory",
            name="kind",
            field=models.CharField(
                choices=[
                    ("opened", "opened"),
                    ("line", "finding added"),
                    ("cleared", "finding cleared"),
                    ("worsened", "became more urgent"),
                    ("moved", "expected date moved"),
                    ("taken", "taken"),
                    ("assigned", "assigned"),
                    ("released", "released"),
                    ("planned", "planned"),
                    ("snoozed", "snoozed"),
                    ("woke", "back from snooze"),
                    ("resolved", "resolved"),
                    ("dismissed", "dismissed"),
                    ("closed_itself", "closed itself: the cause is gone"),
                    ("reopened", "reopened"),
                    ("note", "note"),
                    ("message", "message sent"),
                    ("line_snoozed", "finding snoozed"),
                    ("line_woke", "finding back from snooze"),
                    ("file", "file added"),
                    ("file_removed", "file removed"),
                    ("linked", "linked"),
                    ("unlinked", "link removed"),
                    ("merged", "merged"),
                    ("took_in", "took in another ticket"),
                    ("joined", "joined others"),
                    ("left", "left the others"),
                    ("undone", "undone"),
                    ("rested", "put to rest"),
                    ("went_on", "went on"),
                ],
                max_length=15,
            ),
        ),
    ]
