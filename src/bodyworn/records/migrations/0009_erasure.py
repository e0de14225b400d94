"""What was erased, the buckets that were closed, and the words for both."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0008_words"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClosedBucket",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bucket", models.CharField(max_length=120)),
                ("generation", models.PositiveIntegerField()),
                ("why", models.CharField(max_length=40)),
                ("by", models.CharField(max_length=120)),
                ("closed_at", models.DateTimeField()),
                ("destroyed_at", models.DateTimeField(null=True)),
                ("event", models.CharField(blank=True, max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=40, unique=True)),
                ("pseudonym", models.CharField(max_length=64, unique=True)),
                ("pseudonym_salt", models.BinaryField(max_length=16)),
                ("sequence", models.BigIntegerField(null=True)),
                ("started_at", models.DateTimeField()),
                ("policy", models.CharField(max_length=200)),
                ("authority", models.CharField(max_length=200)),
                ("reason", models.CharField(max_length=400)),
                ("asked_by", models.CharField(max_length=120)),
                ("is_early", models.BooleanField()),
                ("ordered_at", models.DateTimeField()),
                ("files", models.JSONField()),
                ("shared", models.JSONField(default=list)),
                ("buckets", models.JSONField()),
                ("arrivals", models.JSONField()),
                ("handed_out", models.IntegerField()),
                ("event", models.CharField(max_length=32, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("done", "done"), ("ordered", "ordered")], max_length=40
                    ),
                ),
                ("done_at", models.DateTimeField(null=True)),
                ("certificate", models.TextField(blank=True)),
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
                    ("key:destroyed", "key:destroyed"),
                    ("key:re-wrapped", "key:re-wrapped"),
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
        migrations.AlterField(
            model_name="sequencefinding",
            name="shown_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="records.recording",
            ),
        ),
        migrations.AddIndex(
            model_name="closedbucket",
            index=models.Index(
                condition=models.Q(("destroyed_at__isnull", True)),
                fields=["id"],
                name="closedbucket_to_destroy",
            ),
        ),
        migrations.AddConstraint(
            model_name="closedbucket",
            constraint=models.UniqueConstraint(
                fields=("bucket", "generation"), name="closedbucket_once"
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="device",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="erasures",
                to="records.device",
            ),
        ),
        migrations.AddField(
            model_name="custodyevent",
            name="erasure",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="records.erasure",
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
                            "key:destroyed",
                            "key:re-wrapped",
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
        migrations.AddIndex(
            model_name="erasure",
            index=models.Index(
                condition=models.Q(("state", "ordered")), fields=["id"], name="erasure_unfinished"
            ),
        ),
        migrations.AddIndex(
            model_name="erasure",
            index=models.Index(fields=["device", "sequence"], name="erasure_by_sequence"),
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["done", "ordered"])),
                name="erasure_state_is_a_known_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length(models.F("pseudonym")), 64
                ),
                name="erasure_pseudonym_is_a_sha256",
            ),
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.CheckConstraint(
                condition=models.Q(("handed_out__gte", 0)), name="erasure_handed_out_not_negative"
            ),
        ),
    ]
