"""A restore: from a folder of backups and a folder of keys into an empty data folder and database.

1. the statement is signed by the key that is restored, and lists and rows are those it signed
2. keys, stored files, log, small files, rows
3. everything is counted again where it lies now
4. a statement is signed: both sides hold the same, or what differs; only then the folder opens

Nothing is recorded and no checkpoint is signed: a restore may be a drill, while the installation
itself goes on, and one key must not sign two histories.
"""

from dataclasses import dataclass
from pathlib import Path

from bodyworn.core.errors import DamagedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.custody.note import Signer, load_signer
from bodyworn.custody.statement import MOST_NAMED, Difference, Kind, Statement, write_statement
from bodyworn.records import beside
from bodyworn.records.engine import database as database_of
from bodyworn.settings import Settings
from bodyworn.store.layout import Layout
from bodyworn.work import data_keys
from bodyworn.work.keyrings import keyring_of
from bodyworn.work.moving import filling
from bodyworn.work.moving.backup import keep_statement
from bodyworn.work.moving.backups import Backups
from bodyworn.work.moving.comparing import check_snapshot, signed_statement
from bodyworn.work.moving.ending import finish
from bodyworn.work.moving.files import pour
from bodyworn.work.moving.snapshot import Head, Snapshot
from bodyworn.work.moving.trees import read_listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a restore or a move ended."""

    statement: Statement
    path: Path  # of the signed statement
    keyless: tuple[str, ...] = ()  # buckets without their key: what lies in them stays closed


def restore(
    folder: Path,
    *,
    to: Path,
    keys: Path,
    database: str = "",
    snapshot: str | None = None,
    progress: Progress = silent,
) -> Ended:
    """Fill an empty folder from a backup; give the same again where it was interrupted.

    Needs Django configured with any database. `database` is a PostgreSQL URL, empty for SQLite.
    Raises DamagedError restore.not-as-signed before anything is written; MissingError backup.none;
    SetupError move.not-empty, move.database-used, move.keys-missing, disk.full; RefusedError
    move.other-form, move.of-something-else.
    """
    target, backups = Layout(to.absolute()), Backups(folder.absolute())
    chosen = backups.snapshot(snapshot)
    filling.require_keys(keys, target)
    signer = load_signer(keys / target.log_key.name)
    statement = signed_statement(chosen, signer.verifier)
    _require(check_snapshot(chosen, statement, progress=progress))  # 1
    place = database_of(database, target.records)
    filling.begin(target, of=chosen.folder.name, database=database)
    is_new = not filling.is_ours(target)
    with filling.alone(target), beside.target(place, afresh=is_new) as using:
        filling.refuse_used(using, target)
        filling.copy_keys(keys, target.keys)  # 2
        return _filled(chosen, backups, target, signer, using, database, progress)


def _filled(
    chosen: Snapshot,
    backups: Backups,
    target: Layout,
    signer: Signer,
    using: str,
    database: str,
    progress: Progress,
) -> Ended:
    head, total = Head.read(chosen), sum(1 for _ in read_listed(chosen.files))
    filling.refuse_other_form(head, using)
    listed = read_listed(chosen.files)
    wrong = pour(listed, source=backups.layout, target=target, total=total, progress=progress)
    if not wrong:
        filling.lay_log(backups.log, head, target, progress=progress)
        filling.lay_parts(chosen, target, database=database)
        filling.lay_rows(chosen, using, progress=progress)
        wrong = filling.counted_again(  # 3
            chosen, head, target, using, signer.verifier, progress=progress
        )
    statement = _statement(chosen, head, wrong, signer)
    note = write_statement(statement, signer)  # 4
    path = keep_statement(target, note, f"{chosen.folder.name}-{Kind.RESTORE}")
    keyless = () if wrong else keyless_in(target, using)
    if not wrong:
        finish(target)
    return Ended(statement=statement, path=path, keyless=keyless)


def keyless_in(target: Layout, using: str) -> tuple[str, ...]:
    """Sealed bytes are the same without their keys, and nobody can watch them: that is told too.

    Such a folder opens all the same: a key may be brought later, and others are all there.
    """
    keyring = keyring_of(Settings.load(target.root))
    return tuple(str(bucket) for bucket in data_keys.lost(keyring, using=using))


def _statement(chosen: Snapshot, head: Head, wrong: list[Difference], signer: Signer) -> Statement:
    signed = signed_statement(chosen, signer.verifier)
    return Statement(
        kind=Kind.RESTORE,
        at=head.at,
        source=f"backup {chosen.folder.name}",
        target="data folder",
        items=signed.items,
        differences=tuple(wrong[:MOST_NAMED]),
    )


def _require(wrong: list[Difference]) -> None:
    if wrong:
        named = "; ".join(f"{one.item} {one.sentence}" for one in wrong[:10])
        raise DamagedError(
            "restore.not-as-signed",
            f"This backup is not what was signed: {named}.",
            hint="Keep it as it is. Restore an older snapshot, or another copy of this backup.",
            differences=[f"{one.item} {one.sentence}" for one in wrong],
        )
