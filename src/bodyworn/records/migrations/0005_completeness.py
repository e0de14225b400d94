"""Findings on cameras' counts of their recordings, and their types of event."""

import django.db.models.deletion
from django.db import migrations, models

TYPES = [
    "access:refused",
    "account:added",
    "capture",
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
KINDS = ["gap", "repeat", "reset"]


class Migration(migrations.Migration):
    dependencies = [("records", "0004_replication_and_recovery")]

    operations = [
        migrations.CreateModel(
            name="SequenceFinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=40)),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("since", models.DateTimeField()),
                ("explained_at", models.DateTimeField(null=True)),
                ("explanation", models.CharField(blank=True, max_length=400)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="records.device",
                    ),
                ),
                (
                    "shown_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.recording",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="sequencefinding",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["device", "first"],
                name="finding_standing",
            ),
        ),
        migrations.AddConstraint(
            model_name="sequencefinding",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", KINDS)),
                name="sequencefinding_kind_is_a_known_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="sequencefinding",
            constraint=models.CheckConstraint(
                condition=models.Q(("last__gte", models.F("first"))),
                name="sequencefinding_ends_after_it_starts",
            ),
        ),
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
