"""The daily census, and two types of event: it, and the erasure that it looks for."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import Exact

TYPES = [
    "access:refused",
    "account:added",
    "capture",
    "census",
    "derivation",
    "dock:added",
    "dock:retired",
    "deletion",
    "dissemination",
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
]


class Migration(migrations.Migration):
    dependencies = [("records", "0006_metadata_modification")]

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
        migrations.CreateModel(
            name="Census",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(unique=True)),
                ("count", models.BigIntegerField()),
                ("root", models.CharField(max_length=64)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.custodyevent",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Exact(Length(models.F("root")), 64),
                        name="census_root_is_a_sha256",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 0)), name="census_count_not_negative"
                    ),
                ],
            },
        ),
    ]
