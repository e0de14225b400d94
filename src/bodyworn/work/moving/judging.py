"""What a folder of backups proves to somebody outside: numbered steps, and what none of them shows.

It needs the folder and the log's public key: no installation, no database, no key of footage.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bodyworn.core.errors import DamagedError
from bodyworn.core.tasks import Progress, silent
from bodyworn.custody.note import Verifier
from bodyworn.custody.statement import Difference, Statement, read_statement, verify_statement
from bodyworn.custody.verify import Step, Verdict
from bodyworn.work.moving.backups import MARK, Backups
from bodyworn.work.moving.comparing import check_log, check_snapshot
from bodyworn.work.moving.files import recount
from bodyworn.work.moving.snapshot import Head, Snapshot
from bodyworn.work.moving.trees import read_listed

NOT_PROVED: Final = (
    "That the source held everything that it should: the log and its witnesses speak to that.",
    "That its footage opens: no key is in a backup, and only a restore with the keys shows that.",
    "That it is the newest: it speaks of one moment, and of nothing that came or went since.",
)


def is_backup(path: Path) -> bool:
    """Whether a folder of backups lies there, or one snapshot of such a folder."""
    return (path / MARK).is_file() or _is_snapshot(path)


def judge_backup(path: Path, verifier: Verifier, *, progress: Progress = silent) -> Verdict:
    """What a folder of backups holds, its newest snapshot, or the snapshot that was named.

    1. The log's key has signed the snapshot's statement.
    2. It says that both sides held the same.
    3. Rows, small files and lists are those that were signed.
    4. Every stored file is here, and is what the list says.
    5. The log leads from its entries to the checkpoint of the snapshot.

    Reads everything. After a 1 or a 3 that failed nothing else is looked at. Raises MissingError
    backup.none.
    """
    backups = Backups(path.parent.parent if _is_snapshot(path) else path)
    snapshot = backups.snapshot(path.name if _is_snapshot(path) else None)
    note = snapshot.statement.read_bytes()
    stated = verify_statement(note, verifier)
    steps = list(stated.steps)  # 1, 2
    if not steps[0].ok:
        return Verdict(steps=stated.steps, not_proved=NOT_PROVED)
    statement = read_statement(note, verifier)
    steps.append(_rows(snapshot, statement, progress))  # 3
    if steps[-1].ok:
        steps.append(_files(backups, snapshot, statement, progress))  # 4
        steps.append(_log(backups, snapshot, verifier, progress))  # 5
    return Verdict(steps=tuple(steps), proved=_proved(stated, steps), not_proved=NOT_PROVED)


def _rows(snapshot: Snapshot, statement: Statement, progress: Progress) -> Step:
    try:
        wrong = check_snapshot(snapshot, statement, progress=progress)
    except (DamagedError, OSError, ValueError) as error:
        wrong = [Difference("snapshot", str(error))]
    tables = sum(name.startswith("table:") for name in statement.items)
    return _step(3, wrong, f"The rows of {tables} tables, small files and lists were signed so.")


def _files(backups: Backups, snapshot: Snapshot, statement: Statement, progress: Progress) -> Step:
    count, size, _ = statement.items["files"].split()
    listed = read_listed(snapshot.files)
    wrong = recount(listed, target=backups.layout, total=int(count), progress=progress)
    return _step(4, wrong, f"All {int(count):,} files, {int(size):,} bytes, are as they were.")


def _log(backups: Backups, snapshot: Snapshot, verifier: Verifier, progress: Progress) -> Step:
    checkpoint = Head.read(snapshot).checkpoint
    if checkpoint is None:
        return Step(5, "There was no log yet.", ok=True)
    wrong = check_log(backups.log, checkpoint, verifier, progress=progress)
    return _step(5, wrong, "The log leads from its entries to the snapshot's checkpoint.")


def _step(number: int, wrong: list[Difference], good: str) -> Step:
    if not wrong:
        return Step(number, good, ok=True)
    first = wrong[0]
    count = "one thing is" if len(wrong) == 1 else f"{len(wrong)} things are"
    return Step(number, f"{count} not so; the first: {first.item}: {first.sentence}", ok=False)


def _proved(stated: Verdict, steps: Iterable[Step]) -> tuple[str, ...]:
    if not all(step.ok for step in steps):
        return ()
    return (*stated.proved, "Everything that was signed then is in this folder now, unchanged.")


def _is_snapshot(path: Path) -> bool:
    return (path / "statement").is_file() and (path.parent.parent / MARK).is_file()
