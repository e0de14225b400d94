"""`bodyworn check`: the program looks at its own installation and says what it finds.

Every question is asked, whatever the others brought, but for those that stand on one that
failed. Nothing is changed. A check is a line of the table below and a function in the file of
its neighbourhood: machine, folder or ledger.
"""

from collections.abc import Iterator

from bodyworn.core.clock import system_clock
from bodyworn.core.errors import BodywornError
from bodyworn.settings import Settings
from bodyworn.work.check import fixity, folder, ledger, machine
from bodyworn.work.check.finding import Answer, Check, Finding, Ground, Level, fault
from bodyworn.work.trouble import explained

__all__ = ["CHECKS", "Finding", "Level", "findings"]

SETTINGS = frozenset({"C023"})
FOLDER = frozenset({"C002"})
DATABASE = SETTINGS | FOLDER | {"C003", "C005"}

CHECKS = (
    Check(
        id="C001",
        name="sqlite",
        asks="Is SQLite of a version without the WAL-reset bug?",
        find=machine.sqlite,
    ),
    Check(
        id="C023",
        name="settings",
        asks="Can the settings be read, and is each of them known?",
        find=folder.settings,
    ),
    Check(
        id="C002",
        name="data",
        asks="Is the data folder there, writable, and of a version that this one knows?",
        find=folder.data,
    ),
    Check(
        id="C003",
        name="keys",
        asks="Are all keys there, and readable by their owner alone?",
        find=folder.keys,
        needs=SETTINGS | FOLDER,
    ),
    Check(
        id="C004",
        name="disk",
        asks="Is there room on the disk of the data folder?",
        find=machine.disk,
        needs=FOLDER,
    ),
    Check(
        id="C005",
        name="database",
        asks="Does the database answer, with the tables of this version?",
        find=ledger.database,
        needs=SETTINGS | FOLDER | {"C003"},
    ),
    Check(
        id="C006",
        name="log",
        asks="Do the custody log's files and the database tell one story?",
        find=ledger.log,
        needs=DATABASE,
    ),
    Check(
        id="C007",
        name="events",
        asks="Do events get their place in the log in time?",
        find=ledger.events,
        needs=DATABASE,
    ),
    Check(
        id="C008",
        name="jobs",
        asks="Is background work done, and has none failed?",
        find=ledger.jobs,
        needs=DATABASE,
    ),
    Check(
        id="C009",
        name="arrivals",
        asks="Are finished uploads recorded in time, and can every note be read?",
        find=folder.arrivals,
        needs=FOLDER,
    ),
    Check(
        id="C010",
        name="static",
        asks="Are the pages' style sheets collected?",
        find=folder.static,
        needs=FOLDER,
    ),
    Check(
        id="C011",
        name="encoder",
        asks="Has FFmpeg the encoder that proxies are made with?",
        find=machine.encoder,
        needs=SETTINGS,
    ),
    Check(
        id="C012",
        name="clock",
        asks="Does the clock run, and is it right?",
        find=machine.clock,
        needs=SETTINGS,
    ),
    Check(
        id="C013",
        name="ports",
        asks="Are the three ports ours, or free for us?",
        find=machine.ports,
        needs=SETTINGS | FOLDER,
    ),
    Check(
        id="C014",
        name="tls",
        asks="Is there a good certificate where others could listen in?",
        find=machine.tls,
        needs=SETTINGS,
    ),
    Check(
        id="C015",
        name="time",
        asks="Is no event later than now?",
        find=ledger.time,
        needs=DATABASE,
    ),
    Check(
        id="C016",
        name="witnesses",
        asks="Have enough witnesses cosigned what was published?",
        find=ledger.witnesses,
        needs=DATABASE,
    ),
    Check(
        id="C017",
        name="stamps",
        asks="Did a time-stamp authority sign what was published, and lately?",
        find=ledger.stamps,
        needs=DATABASE,
    ),
    Check(
        id="C018",
        name="patrol",
        asks="Is every stored file read again in time, and none wrong?",
        find=fixity.patrol,
        needs=DATABASE,
    ),
    Check(
        id="C019",
        name="second",
        asks="Is there a second copy of every stored file, and in step?",
        find=fixity.second_copy,
        needs=DATABASE,
    ),
    Check(
        id="C020",
        name="backup",
        asks="Is there a backup of late, and had it everything?",
        find=fixity.backup,
        needs=DATABASE,
    ),
    Check(
        id="C021",
        name="census",
        asks="Was a census made lately, and is its list there?",
        find=ledger.census,
        needs=DATABASE,
    ),
    Check(
        id="C022",
        name="documents",
        asks="Is the certificate good that signs packs?",
        find=machine.documents,
        needs=SETTINGS | FOLDER,
    ),
    Check(
        id="C024",
        name="sealed",
        asks="Can every stored file be opened, and does each belong to a recording?",
        find=ledger.sealed,
        needs=DATABASE,
    ),
)


def findings(
    settings: Settings, trouble: BodywornError | None, *, unread: BodywornError | None = None
) -> Iterator[Finding]:
    """Ask every question, in order. `trouble` is why the database could not be configured,
    `unread` why the settings are not those of the installation."""
    ground = Ground(settings=settings, now=system_clock(), trouble=trouble, unread=unread)
    faults: set[str] = set()
    for check in CHECKS:
        answer = _answer(check, ground, faults)
        if answer.level in (Level.FAULT, Level.NOT_ASKED):
            faults.add(check.id)
        yield Finding(
            id=check.id,
            name=check.name,
            level=answer.level,
            sentence=answer.sentence,
            hint=answer.hint,
        )


def _answer(check: Check, ground: Ground, faults: set[str]) -> Answer:
    """A question that cannot even be asked is a fault with the error's own words."""
    if first := min(check.needs & faults, default=""):
        return Answer(level=Level.NOT_ASKED, sentence=f"Not asked: mend {first} first.")
    try:
        return check.find(ground)
    except Exception as error:  # an edge: whatever is wrong becomes a finding
        known = explained(error)
        return fault(known.message, known.hint)
