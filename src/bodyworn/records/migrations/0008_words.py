"""The words of events once sealing, counting and moving are together."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0007_census"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="custodyevent",
            name="custodyevent_type_is_a_known_word",
        ),
        migrations.AlterField(
            model_name="custodyevent",
            name="type",
            field=models.CharField(
                choices=[
                    ("access:refused", "access:refused"),
                    ("account:added", "account:added"),
                    ("capture", "capture"),
                    ("census", "census"),
                    ("derivation", "derivation"),
                    ("dock:added", "dock:added"),
                    ("dock:retired", "dock:retired"),
                    ("deletion", "deletion"),
                    ("dissemination", "dissemination"),
                    ("fixity:begun", "fixity:begun"),
                    ("fixity check", "fixity check"),
                    ("ingestion", "ingestion"),
                    ("ingestion:repeat", "ingestion:repeat"),
                    ("marker:added", "marker:added"),
                    ("marker:removed", "marker:removed"),
                    ("metadata modification", "metadata modification"),
                    ("quarantine", "quarantine"),
                    ("receipt:issued", "receipt:issued"),
                    ("recovery", "recovery"),
                    ("replication", "replication"),
                    ("retention:decided", "retention:decided"),
                    ("sequence:closed", "sequence:closed"),
                    ("sequence:explained", "sequence:explained"),
                    ("sequence:gap", "sequence:gap"),
                    ("sequence:repeat", "sequence:repeat"),
                    ("sequence:reset", "sequence:reset"),
                    ("account:sign-in", "account:sign-in"),
                    ("account:sign-in-failed", "account:sign-in-failed"),
                    ("account:sign-out", "account:sign-out"),
                    ("view", "view"),
                ],
                max_length=40,
            ),
        ),
        migrations.AddConstraint(
            model_name="custodyevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "type__in",
                        [
                            "access:refused",
                            "account:added",
                            "capture",
                            "census",
                            "derivation",
                            "dock:added",
                            "dock:retired",
                            "deletion",
                            "dissemination",
                            "fixity:begun",
                            "fixity check",
                            "ingestion",
                            "ingestion:repeat",
                            "marker:added",
                            "marker:removed",
                            "metadata modification",
                            "quarantine",
                            "receipt:issued",
                            "recovery",
                            "replication",
                            "retention:decided",
                            "sequence:closed",
                            "sequence:explained",
                            "sequence:gap",
                            "sequence:repeat",
                            "sequence:reset",
                            "account:sign-in",
                            "account:sign-in-failed",
                            "account:sign-out",
                            "view",
                        ],
                    )
                ),
                name="custodyevent_type_is_a_known_word",
            ),
        ),
    ]
