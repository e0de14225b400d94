"""Wrapped data keys, and the word for a check that is about to be made."""

import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0001_first"),
    ]

    operations = [
        migrations.CreateModel(
            name="DataKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("bucket", models.CharField(max_length=120)),
                ("generation", models.PositiveIntegerField(default=1)),
                ("wrapped", models.BinaryField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
        ),
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
                    ("capture:repeat", "capture:repeat"),
                    ("derivation", "derivation"),
                    ("dock:added", "dock:added"),
                    ("dock:retired", "dock:retired"),
                    ("dissemination", "dissemination"),
                    ("fixity:begun", "fixity:begun"),
                    ("fixity check", "fixity check"),
                    ("ingestion", "ingestion"),
                    ("ingestion:repeat", "ingestion:repeat"),
                    ("marker:added", "marker:added"),
                    ("marker:removed", "marker:removed"),
                    ("quarantine", "quarantine"),
                    ("receipt:issued", "receipt:issued"),
                    ("retention:decided", "retention:decided"),
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
                            "capture:repeat",
                            "derivation",
                            "dock:added",
                            "dock:retired",
                            "dissemination",
                            "fixity:begun",
                            "fixity check",
                            "ingestion",
                            "ingestion:repeat",
                            "marker:added",
                            "marker:removed",
                            "quarantine",
                            "receipt:issued",
                            "retention:decided",
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
        migrations.AddIndex(
            model_name="datakey",
            index=models.Index(fields=["bucket", "generation"], name="datakey_of_bucket"),
        ),
        migrations.AddConstraint(
            model_name="datakey",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length(models.F("sha256")), 64
                ),
                name="datakey_sha256_is_a_sha256",
            ),
        ),
        migrations.AddConstraint(
            model_name="datakey",
            constraint=models.CheckConstraint(
                condition=models.Q(("generation__gte", 1)),
                name="datakey_generations_count_from_one",
            ),
        ),
    ]
