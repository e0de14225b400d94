"""Questions about the database: reachable and current, agreeing with the log, no work stuck.

Only the first may be asked of a database that could not be configured; the others need it.
"""

from datetime import timedelta
from itertools import islice

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from bodyworn.core.clock import system_clock
from bodyworn.records import queries_of_one as queries
from bodyworn.records.models import CustodyEvent, Job, JobState, Recording
from bodyworn.work import census as censuses
from bodyworn.work import data_keys, timestamps
from bodyworn.work.arrival_keys import age_of, without_row
from bodyworn.work.check.finding import Answer, Ground, fault, good, warning
from bodyworn.work.house import House
from bodyworn.work.witnesses import witnessed

LONG = timedelta(minutes=5)
LONG_NAMELESS = timedelta(days=1)
MOST_NAMED = 100


def database(ground: Ground) -> Answer:
    """It answers, and its tables are those of this version."""
    if ground.trouble:
        raise ground.trouble
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return fault(
            f"{len(missing)} changes of the tables are missing.",
            "Run `bodyworn init` again; it changes nothing that exists.",
        )
    unknown = set(executor.loader.applied_migrations) - set(executor.loader.graph.nodes)
    if any(app == "records" for app, _ in unknown):
        return fault(
            "The database was changed by a newer version.",
            "Install the newer version again; an older one would do damage.",
        )
    return good(f"The database ({connection.vendor}) answers, and its tables are current.")


def log(ground: Ground) -> Answer:
    """The log's files and the database tell one story. Raises DamagedError."""
    written = House.open(ground.settings).log.checkpoint()
    known = queries.last_checkpoint()
    size = written.size if written else 0
    placed = CustodyEvent.objects.filter(leaf_index__isnull=False).count()
    if known and (not written or written.size < known.size):
        return fault(
            f"The log's folder has {size} entries, the database knows of {known.size}.",
            "The log's folder is an old copy. Restore the newest one; nothing may be added now.",
        )
    if size > placed:
        return fault(
            f"The log has {size} entries, the database has {placed} of them.",
            "The database is an old copy. Restore the newest one; the log names what is missing.",
        )
    return good(f"The log has {size} entries under its checkpoint, and the database agrees.")


def events(ground: Ground) -> Answer:
    """Events that wait for their place in the log."""
    waiting = CustodyEvent.objects.filter(leaf_index__isnull=True)
    oldest = waiting.order_by("id").values_list("at", flat=True).first()
    if oldest and ground.settings.now() - oldest > LONG:
        return warning(
            f"{waiting.count()} events have waited for more than five minutes for the log.",
            "Run `bodyworn serve`: its keeper gives them their place.",
        )
    return good(f"{waiting.count()} events wait for their place in the log.")


def time(ground: Ground) -> Answer:
    """The clock has not gone back behind what was already recorded."""
    newest = CustodyEvent.objects.order_by("-id").values_list("at", flat=True).first()
    if newest and newest > ground.settings.now() + LONG:
        return fault(
            f"The newest event is of {newest:%d %B %Y, %H:%M} UTC, which is still to come.",
            "Set the machine's clock, best by NTP. Events keep their order whatever it says.",
        )
    return good("No event is later than now.")


def sealed(ground: Ground) -> Answer:
    """Every recorded blob can be opened, and none lies here that nobody has recorded."""
    house = House.open(ground.settings)
    lost = data_keys.lost(house.keyring)
    if lost:
        return fault(
            f"The keys of {len(lost)} buckets are not here; the first is {lost[0]}.",
            "What lies in them cannot be opened. Bring back keys/buckets from its own backup, or "
            "connect the key token; what was destroyed on purpose has no rows any more.",
        )
    old = (digest for digest in without_row(house) if age_of(house, digest) > LONG_NAMELESS)
    nameless = list(islice(old, MOST_NAMED + 1))
    if nameless:
        count = f"{len(nameless)}" if len(nameless) <= MOST_NAMED else f"More than {MOST_NAMED}"
        return warning(
            f"{count} stored files belong to no recording; the first is {nameless[0].short}….",
            "A crash leaves such files, and they were acknowledged to nobody. If an arrival note "
            "names one, mend the note; the key of their day is destroyed after a week.",
        )
    here = len(house.keyring.buckets())
    return good(f"The keys of {here} buckets are here, and every stored file is recorded.")


def witnesses(ground: Ground) -> Answer:
    """Who outside keeps checkpoints of the log, and since when nobody does. Raises SetupError."""
    found = witnessed(House.open(ground.settings))
    if found is None:
        return warning(
            "No witness outside keeps checkpoints of this log.",
            "Find some and set witness_policy; docs/how-to/run-a-witness.md says how.",
        )
    sentences = " ".join([found.told(ground.settings.now()), *found.troubles])
    if found.contradicting:
        return fault(
            sentences,
            "Change nothing. Either the log's folder is an old copy, or its history was changed.",
        )
    if found.troubles or found.is_late(ground.settings.now()):
        return warning(sentences, "Nothing is lost: they are asked again. Ask their keepers.")
    return good(sentences)


def stamps(ground: Ground) -> Answer:
    """Whose clock outside vouches for the log, and whether lately. Raises SetupError."""
    house = House.open(ground.settings)
    found = timestamps.standing(house)
    if found is None:
        return good("No time-stamp authority is set; only this machine's clock dates the log.")
    timestamps.certificates_of(ground.settings)
    told = found.told(ground.settings.now())
    if found.is_late(ground.settings.now()) or (found.trouble and not found.stamped):
        return warning(
            f"{told} {found.trouble}".strip(),
            "Nothing is lost: it is asked again. Look at timestamp_authority, or ask its keeper.",
        )
    return good(told)


def census(ground: Ground) -> Answer:
    """The newest census is of today or yesterday, and its list has its name."""
    newest = next(iter(censuses.rows(1)), None)
    if newest is None:
        if not Recording.objects.exists():
            return good("Nothing is held yet, so there is no census.")
        return warning("No census was made yet.", "`bodyworn serve` makes one a day.")
    if not censuses.file_is_there(House.open(ground.settings), newest):
        return fault(
            f"The list of the census of {newest.day} is missing; its leaf stands in the log.",
            "`bodyworn serve` makes it again if nothing has changed; else fetch it from a backup.",
        )
    if ground.settings.now().date() - newest.day > timedelta(days=1):
        return warning(
            f"The newest census is of {newest.day}.", "Run `bodyworn serve`: it makes one a day."
        )
    return good(f"The census of {newest.day} has {newest.count} recordings.")


def jobs(_: Ground) -> Answer:
    """Background work that failed for good, or that nobody does."""
    failed = Job.objects.filter(state=JobState.FAILED).order_by("id")
    if failed.exists():
        first = failed[0]
        return warning(
            f"{failed.count()} jobs failed; the first is {first.kind}: {first.error}",
            "The footage itself is safe. Mend the cause; `bodyworn ingest` orders it again.",
        )
    lost = Job.objects.filter(state=JobState.RUNNING, lease_until__lt=system_clock() - LONG)
    if lost.exists():
        return warning(
            f"{lost.count()} jobs were left by a worker that ended.",
            "Run `bodyworn serve`: its keeper does them again.",
        )
    waiting = Job.objects.filter(state=JobState.QUEUED).count()
    return good(f"{waiting} jobs wait, none has failed.")
