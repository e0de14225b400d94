"""No event, no change: where the ledger cannot write, nothing else is written either."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core import serializers
from tests.people import ADMINISTRATOR, CAROL
from tests.work.arriving import DOCK, alices_team, arrive, film

import bodyworn.work
from bodyworn.core.errors import DamagedError
from bodyworn.core.terms import Purpose, Role
from bodyworn.core.types import Actor
from bodyworn.records import ledger, models
from bodyworn.rules.access import AT_THE_MACHINE
from bodyworn.work import description, export, ingest, people, review
from bodyworn.work.house import House

OPERATOR = Actor(name=f"{AT_THE_MACHINE}root")
Verb = Callable[[House, Path], object]


def reference() -> str:
    return models.Recording.objects.get().reference


def marker() -> int:
    return models.Marker.objects.get().pk


VERBS: dict[str, Verb] = {
    "take in": lambda house, _: ingest.take_in(house, arrive(house, film(2)), by=DOCK),
    "take in the same bytes": lambda house, _: ingest.take_in(
        house, arrive(house, filename="again.mp4"), by=DOCK
    ),
    "open": lambda house, _: review.open_recording(
        house, CAROL, reference(), purpose=Purpose.INVESTIGATION
    ),
    "mark": lambda house, _: review.add_marker(
        house, CAROL, reference(), frame=1, at_ms=40, label="here"
    ),
    "unmark": lambda house, _: review.remove_marker(house, CAROL, reference(), marker()),
    "describe": lambda house, _: description.describe_recording(
        house, OPERATOR, reference(), description.Said(title="Lost property"), reason="It is."
    ),
    "check": lambda house, _: review.check_file(house, CAROL, reference()),
    "export": lambda house, folder: export.export(
        house, CAROL, reference(), folder / "out", purpose=Purpose.INVESTIGATION
    ),
    "add an account": lambda house, _: people.add_user(
        house,
        name="mallory",
        password="correct horse battery",
        display="Mallory",
        role=Role.ADMINISTRATOR,
        by=ADMINISTRATOR,
    ),
    "add a dock": lambda house, _: people.add_dock(
        house, name="BX-99", place="Brixton", by=ADMINISTRATOR
    ),
    "retire a dock": lambda house, _: people.retire_dock(house, name="BX-07", by=ADMINISTRATOR),
}


def everything() -> dict[str, str]:
    """All rows as text, by table."""
    tables = [model for model in vars(models).values() if hasattr(model, "_meta")]
    return {
        table.__name__: serializers.serialize("json", table._base_manager.order_by("pk"))
        for table in tables
    }


@pytest.fixture
def furnished(house: House) -> House:
    """One recording with a marker, one account, one dock."""
    alices_team()
    ingest.take_in(house, arrive(house), by=DOCK)
    people.add_dock(house, name="BX-07", place="Brixton", by=ADMINISTRATOR)
    people.add_user(
        house,
        name="carol",
        password="correct horse battery",
        display="DC C. Patel",
        role=Role.INVESTIGATOR,
        by=ADMINISTRATOR,
    )
    review.add_marker(house, CAROL, reference(), frame=1, at_ms=40, label="here")
    return house


@pytest.mark.parametrize("verb", VERBS)
def test_a_ledger_that_cannot_write_stops_the_change(
    furnished: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DamagedError("test.ledger", "The ledger cannot write.")

    before = everything()
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "record", fail)
        with pytest.raises(DamagedError) as damaged:
            VERBS[verb](furnished, tmp_path)
    assert damaged.value.code == "test.ledger"
    assert everything() == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", VERBS)
def test_the_same_change_with_its_event_is_made(
    furnished: House, tmp_path: Path, verb: str
) -> None:
    before = models.CustodyEvent.objects.count()
    VERBS[verb](furnished, tmp_path)
    assert models.CustodyEvent.objects.count() > before


# ---- and nobody writes evidence beside the ledger ------------------------------------------------

WRITES = {"bulk_create", "create", "create_user", "get_or_create", "save", "update"}
EVIDENCE = {
    "Complaint",
    "Copy",
    "Disclosure",
    "Dock",
    "Exhibit",
    "Fix",
    "Marker",
    "Recording",
    "Redaction",
    "RetentionDecision",
    "User",
}
FOLDER = Path(bodyworn.work.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))


def writes_evidence(tree: ast.AST) -> bool:
    """Whether it says `Copy.objects….create(` or the like of a table of evidence."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in WRITES
        and any(isinstance(n, ast.Name) and n.id in EVIDENCE for n in ast.walk(node.func))
        for node in ast.walk(tree)
    )


def records_events(tree: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "record"
        and isinstance(node.value, ast.Name)
        and node.value.id == "ledger"
        for node in ast.walk(tree)
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_whatever_writes_evidence_writes_events(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert records_events(tree) or not writes_evidence(tree), (
        f"{path.name} writes evidence and never calls ledger.record"
    )


def test_the_scan_sees_what_it_looks_for() -> None:
    writers = {path.stem for path in MODULES if writes_evidence(ast.parse(path.read_text()))}
    assert {"entry", "people", "review"} <= writers
