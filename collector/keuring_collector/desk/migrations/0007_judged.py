"""A verdict that is given or changed after a ticket was closed. The databases change nothing."""

from django.db import migrations, models

KINDS = [
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
    ("judged", "judged afterwards"),
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
]


class Migration(migrations.Migration):
    dependencies = [("desk", "0006_mine")]

    operations = [migrations.AlterField("tickethistory", "kind", models.CharField(choices=KINDS, max_length=15))]
