"""The first tables."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                ("name", models.CharField(max_length=60, unique=True)),
                ("display", models.CharField(max_length=120)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("administrator", "administrator"),
                            ("investigator", "investigator"),
                            ("officer", "officer"),
                            ("supervisor", "supervisor"),
                        ],
                        max_length=40,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Device",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("serial", models.CharField(max_length=200, unique=True)),
                ("make", models.CharField(max_length=200)),
                ("model", models.CharField(max_length=200)),
                ("last_docked_at", models.DateTimeField(null=True)),
                ("last_sequence", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Officer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("rank", models.CharField(max_length=20)),
            ],
        ),
        migrations.CreateModel(
            name="Unit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True)),
                ("borough", models.CharField(db_index=True, max_length=60)),
            ],
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("size", models.BigIntegerField(unique=True)),
                ("root", models.CharField(max_length=64)),
                ("note", models.TextField()),
                ("signed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length(models.F("root")), 64
                        ),
                        name="checkpoint_root_is_a_sha256",
                    )
                ],
            },
        ),
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
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("destroyed_at__isnull", True)),
                        fields=["id"],
                        name="closedbucket_to_destroy",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("bucket", "generation"), name="closedbucket_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Copy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("clip", "clip"),
                            ("frames", "frames"),
                            ("index", "index"),
                            ("master", "master"),
                            ("proxy", "proxy"),
                            ("redacted", "redacted"),
                            ("sidecar", "sidecar"),
                            ("sound", "sound"),
                            ("strip", "strip"),
                            ("working", "working"),
                        ],
                        max_length=40,
                    ),
                ),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("size", models.BigIntegerField()),
                ("media_type", models.CharField(max_length=80)),
                ("name", models.CharField(blank=True, max_length=255)),
                ("recipe", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("checked_at", models.DateTimeField(null=True)),
                (
                    "derived_from",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="records.copy"
                    ),
                ),
            ],
        ),
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
            options={
                "indexes": [
                    models.Index(fields=["bucket", "generation"], name="datakey_of_bucket")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length(models.F("sha256")), 64
                        ),
                        name="datakey_sha256_is_a_sha256",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("generation__gte", 1)),
                        name="datakey_generations_count_from_one",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Disclosure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("recipient", models.CharField(max_length=200)),
                ("purpose", models.CharField(max_length=200)),
                ("made_at", models.DateTimeField()),
                (
                    "copy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="records.copy"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Dock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True)),
                ("place", models.CharField(max_length=120)),
                ("token_sha256", models.CharField(max_length=64, unique=True)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length(models.F("token_sha256")), 64
                        ),
                        name="dock_token_sha256_is_a_sha256",
                    )
                ],
            },
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
                (
                    "device",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasures",
                        to="records.device",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Exhibit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=40)),
                ("case", models.CharField(max_length=60)),
                ("produced_at", models.DateTimeField()),
                (
                    "copy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="records.copy"
                    ),
                ),
                (
                    "produced_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="device",
            name="holder",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cameras",
                to="records.officer",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="officer",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, to="records.officer"
            ),
        ),
        migrations.CreateModel(
            name="Recording",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=40, unique=True)),
                ("upload", models.CharField(max_length=64, unique=True)),
                ("filename", models.CharField(max_length=255)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("locality", models.CharField(blank=True, max_length=200)),
                ("borough", models.CharField(blank=True, max_length=200)),
                ("category", models.CharField(blank=True, max_length=200)),
                ("sequence", models.BigIntegerField(null=True)),
                ("started_at", models.DateTimeField()),
                ("started_at_source", models.CharField(max_length=20)),
                ("triggered_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField()),
                ("duration_ms", models.BigIntegerField()),
                ("clock_offset_ms", models.BigIntegerField(null=True)),
                ("received_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("dock", models.CharField(blank=True, max_length=200)),
                (
                    "condition",
                    models.CharField(
                        choices=[
                            ("damaged", "damaged"),
                            ("not-video", "not-video"),
                            ("playable", "playable"),
                            ("unreadable", "unreadable"),
                        ],
                        max_length=40,
                    ),
                ),
                ("condition_reason", models.CharField(max_length=400)),
                ("container", models.CharField(blank=True, max_length=40)),
                ("video", models.CharField(blank=True, max_length=120)),
                ("audio", models.CharField(blank=True, max_length=120)),
                ("probe", models.JSONField(default=dict)),
                ("pseudonym_salt", models.BinaryField(max_length=16)),
                (
                    "device",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="records.device"
                    ),
                ),
                (
                    "officer",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="records.officer"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="records.unit"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Marker",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("frame", models.BigIntegerField()),
                ("at_ms", models.BigIntegerField()),
                ("label", models.CharField(max_length=200)),
                ("made_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "recording",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="markers",
                        to="records.recording",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200, unique=True)),
                ("kind", models.CharField(max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("done", "done"),
                            ("failed", "failed"),
                            ("queued", "queued"),
                            ("running", "running"),
                        ],
                        max_length=40,
                    ),
                ),
                ("lease_until", models.DateTimeField(null=True)),
                ("worker", models.CharField(blank=True, max_length=120)),
                ("tries", models.IntegerField(default=0)),
                ("asked_by", models.CharField(max_length=120)),
                ("asked_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("code_version", models.CharField(max_length=40)),
                ("output", models.JSONField(default=list)),
                ("error", models.CharField(blank=True, max_length=400)),
                (
                    "recording",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="records.recording",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Fix",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("latitude", models.FloatField()),
                ("longitude", models.FloatField()),
                ("accuracy_m", models.FloatField(null=True)),
                ("speed_mps", models.FloatField(null=True)),
                (
                    "recording",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="track",
                        to="records.recording",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CustodyEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.CharField(max_length=32, unique=True)),
                (
                    "type",
                    models.CharField(
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
                (
                    "operation",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("alteration", "alteration"),
                            ("collection", "collection"),
                            ("combination", "combination"),
                            ("consultation", "consultation"),
                            ("disclosure", "disclosure"),
                            ("erasure", "erasure"),
                        ],
                        max_length=40,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=120)),
                ("subject", models.CharField(max_length=120)),
                (
                    "purpose",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("check", "check"),
                            ("complaint", "complaint"),
                            ("investigation", "investigation"),
                            ("own-statement", "own-statement"),
                            ("supervision", "supervision"),
                        ],
                        max_length=40,
                    ),
                ),
                ("detail", models.JSONField(default=dict)),
                ("salts", models.JSONField(default=dict)),
                ("leaf", models.BinaryField()),
                ("leaf_hash", models.CharField(max_length=64, unique=True)),
                ("leaf_index", models.BigIntegerField(null=True, unique=True)),
                (
                    "erasure",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="records.erasure",
                    ),
                ),
                (
                    "recording",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="records.recording",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="copy",
            name="recording",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="copies",
                to="records.recording",
            ),
        ),
        migrations.CreateModel(
            name="Complaint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=40, unique=True)),
                ("received_at", models.DateTimeField()),
                ("place", models.CharField(blank=True, max_length=200)),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField()),
                (
                    "officer",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="records.officer"
                    ),
                ),
                (
                    "recordings",
                    models.ManyToManyField(related_name="complaints", to="records.recording"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Redaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("what", models.CharField(max_length=120)),
                ("reason", models.CharField(max_length=400)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("confirmed", "confirmed"),
                            ("proposed", "proposed"),
                            ("refused", "refused"),
                        ],
                        max_length=40,
                    ),
                ),
                ("from_ms", models.BigIntegerField()),
                ("until_ms", models.BigIntegerField()),
                ("boxes", models.JSONField(default=list)),
                ("made_at", models.DateTimeField()),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "recording",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redactions",
                        to="records.recording",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RetentionDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("keep_until", models.DateTimeField(null=True)),
                ("rule", models.CharField(max_length=80)),
                ("reason", models.CharField(max_length=400)),
                ("decided_at", models.DateTimeField()),
                ("decided_by", models.CharField(max_length=120)),
                (
                    "recording",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="retention",
                        to="records.recording",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SequenceFinding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("gap", "gap"), ("repeat", "repeat"), ("reset", "reset")],
                        max_length=40,
                    ),
                ),
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.recording",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="officer",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="officers",
                to="records.unit",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="unit",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="users",
                to="records.unit",
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
                        condition=django.db.models.lookups.Exact(
                            django.db.models.functions.text.Length(models.F("root")), 64
                        ),
                        name="census_root_is_a_sha256",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 0)), name="census_count_not_negative"
                    ),
                ],
            },
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
        migrations.AddConstraint(
            model_name="exhibit",
            constraint=models.UniqueConstraint(
                fields=("case", "reference"), name="exhibit_once_a_case"
            ),
        ),
        migrations.AddIndex(
            model_name="marker",
            index=models.Index(fields=["recording", "at_ms"], name="marker_in_order"),
        ),
        migrations.AddConstraint(
            model_name="marker",
            constraint=models.CheckConstraint(
                condition=models.Q(("frame__gte", 0)), name="marker_frame_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="marker",
            constraint=models.CheckConstraint(
                condition=models.Q(("at_ms__gte", 0)), name="marker_at_ms_not_negative"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=["lease_until", "id"],
                name="job_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["done", "failed", "queued", "running"])),
                name="job_state_is_a_known_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("tries__gte", 0)), name="job_tries_not_negative"
            ),
        ),
        migrations.AddIndex(
            model_name="fix",
            index=models.Index(fields=["recording", "at"], name="fix_in_order"),
        ),
        migrations.AddIndex(
            model_name="custodyevent",
            index=models.Index(fields=["recording", "-id"], name="event_of_recording"),
        ),
        migrations.AddIndex(
            model_name="custodyevent",
            index=models.Index(fields=["actor", "-id"], name="event_of_actor"),
        ),
        migrations.AddIndex(
            model_name="custodyevent",
            index=models.Index(
                condition=models.Q(("leaf_index__isnull", True)),
                fields=["id"],
                name="event_waiting",
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
        migrations.AddConstraint(
            model_name="custodyevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "operation__in",
                        [
                            "alteration",
                            "collection",
                            "combination",
                            "consultation",
                            "disclosure",
                            "erasure",
                            "",
                        ],
                    )
                ),
                name="custodyevent_operation_is_a_known_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="custodyevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "purpose__in",
                        ["check", "complaint", "investigation", "own-statement", "supervision", ""],
                    )
                ),
                name="custodyevent_purpose_is_a_known_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="custodyevent",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length(models.F("leaf_hash")), 64
                ),
                name="custodyevent_leaf_hash_is_a_sha256",
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "clip",
                            "frames",
                            "index",
                            "master",
                            "proxy",
                            "redacted",
                            "sidecar",
                            "sound",
                            "strip",
                            "working",
                        ],
                    )
                ),
                name="copy_kind_is_a_known_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.Exact(
                    django.db.models.functions.text.Length(models.F("sha256")), 64
                ),
                name="copy_sha256_is_a_sha256",
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gte", 0)), name="copy_size_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "master")),
                fields=("sha256",),
                name="copy_master_kept_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "master")),
                fields=("recording",),
                name="copy_one_master",
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.UniqueConstraint(
                fields=("recording", "kind", "sha256"), name="copy_same_bytes_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["master", "sidecar"]),
                    ("derived_from__isnull", False),
                    _connector="OR",
                ),
                name="copy_has_a_parent_unless_master_or_sidecar",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_at__gte", models.F("from_at"))),
                name="complaint_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="redaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["confirmed", "proposed", "refused"])),
                name="redaction_state_is_a_known_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="redaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("from_ms__gte", 0)), name="redaction_from_ms_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="redaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_ms__gt", models.F("from_ms"))),
                name="redaction_ends_after_it_starts",
            ),
        ),
        migrations.AddIndex(
            model_name="retentiondecision",
            index=models.Index(fields=["recording", "-id"], name="retention_newest"),
        ),
        migrations.AddIndex(
            model_name="retentiondecision",
            index=models.Index(fields=["keep_until"], name="retention_due"),
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
                condition=models.Q(("kind__in", ["gap", "repeat", "reset"])),
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
        migrations.AddIndex(
            model_name="recording",
            index=models.Index(fields=["-started_at", "-id"], name="recording_newest"),
        ),
        migrations.AddIndex(
            model_name="recording",
            index=models.Index(
                fields=["officer", "-started_at", "-id"], name="recording_by_officer"
            ),
        ),
        migrations.AddIndex(
            model_name="recording",
            index=models.Index(fields=["unit", "-started_at", "-id"], name="recording_by_unit"),
        ),
        migrations.AddIndex(
            model_name="recording",
            index=models.Index(
                fields=["borough", "-started_at", "-id"], name="recording_by_borough"
            ),
        ),
        migrations.AddIndex(
            model_name="recording",
            index=models.Index(fields=["device", "sequence"], name="recording_by_sequence"),
        ),
        migrations.AddConstraint(
            model_name="recording",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("condition__in", ["damaged", "not-video", "playable", "unreadable"])
                ),
                name="recording_condition_is_a_known_word",
            ),
        ),
        migrations.AddConstraint(
            model_name="recording",
            constraint=models.CheckConstraint(
                condition=models.Q(("duration_ms__gte", 0)),
                name="recording_duration_ms_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="recording",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_at__gte", models.F("started_at"))),
                name="recording_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("role__in", ["administrator", "investigator", "officer", "supervisor"])
                ),
                name="user_role_is_a_known_word",
            ),
        ),
    ]
