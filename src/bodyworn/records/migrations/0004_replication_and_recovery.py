"""Two types of event more: a stored file was repaired, and everything was copied elsewhere."""

from django.db import migrations, models

TYPES = [
    "access:refused",
    "account:added",
    "capture",
    "capture:repeat",
    "derivation",
    "dock:added",
    "dock:retired",
    "dissemination",
    "fixity check",
    "ingestion",
    "ingestion:repeat",
    "marker:added",
    "marker:removed",
    "quarantine",
    "receipt:issued",
    "recovery",
    "replication",
    "retention:decided",
    "account:sign-in",
    "account:sign-in-failed",
    "account:sign-out",
    "view",
]


class Migration(migrations.Migration):
    dependencies = [("records", "0002_data_keys")]

    operations = [
        migrations.RemoveConstraint(
            model_name="custodyevent", name="custodyevent_type_is_a_known_word"
        ),
        migrations.AlterField(
            model_name="custodyevent",
            name="type",
            field=models.CharField(choices=[(word, word) for word in TYPES], max_length=40),
        ),
        migrations.AddConstraint(
            model_name="custodyevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("type__in", TYPES)),
                name="custodyevent_type_is_a_known_word",
            ),
        ),
    ]
