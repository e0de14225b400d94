"""Whatever one row is changed to, by whoever has the database's password, `verify` refuses it.

Every column of every table: one that custody does not vouch for stands in `tests.work.tampering`
with the reason beside it. `BODYWORN_TAMPERINGS` says how many changes chance makes of each kind.
"""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.work import tampering
from tests.work.everything import furnish
from tests.work.tampering import BITS, Field, Row, Table

from bodyworn.records.models import Copy, DataKey
from bodyworn.work import verify
from bodyworn.work.house import House
from bodyworn.work.verify import StoreVerdict, verify_store

pytestmark = pytest.mark.django_db(transaction=True)

TAMPERINGS = int(os.environ.get("BODYWORN_TAMPERINGS", "40"))
CHANCE = 20260414
some = settings(
    max_examples=TAMPERINGS,
    # Every change is taken back, so one store serves them all; a smaller change tells no more.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@pytest.fixture
def store(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Everything that a row can be about, placed and published; the bytes are another test's."""
    furnish(house)
    monkeypatch.setattr(verify, "_bytes_are_unchanged", lambda *_: "Not read.")
    verdict = verify_store(house)
    assert verdict.ok, verdict.wrong
    return house


def verdict_after(
    store: House,
    change: Callable[[], object],
    *,
    names: set[str] | None = None,
    of: Row | None = None,
) -> StoreVerdict | None:
    """What is found after it; None where the database refuses the change. It is taken back.

    What the row is called then is added to its `names`.
    """
    with transaction.atomic():
        try:
            if not tampering.is_let_through(change):
                return None
            if of is not None and names is not None:
                left = type(of)._base_manager.filter(pk=of.pk)
                names.update(*map(tampering.names_of, left))
            return verify_store(store)
        finally:
            transaction.set_rollback(True)


def check_refused(store: House, row: Row, change: Callable[[], object], what: str) -> bool:
    """It is refused, by name; False where the database itself did."""
    names = tampering.names_of(row)
    verdict = verdict_after(store, change, names=names, of=row)
    if verdict is None:
        return False
    assert not verdict.ok, f"{what} of {type(row).__name__} {row} went unnoticed"
    said = tampering.told(verdict.wrong)
    assert any(name in said for name in names), f"{what} of {row}: {said}"
    return True


def changed(store: House, field: Field, row: Row, bits: int) -> bool:
    """Whether one of the other values was let through; each that was is refused."""
    return any(
        check_refused(
            store,
            row,
            lambda value=value: tampering.write(row, **{field.attname: value}),  # type: ignore[misc]
            f"{field.name} = {value!r}",
        )
        for value in tampering.other_values(field, row, bits)
    )


def test_another_value_of_any_column_is_refused(store: House) -> None:
    chance, idle = random.Random(CHANCE), []
    for table in tampering.tables():
        for field in tampering.columns(table):
            rows = tampering.rows_of(table)
            chance.shuffle(rows)
            if not any(changed(store, field, row, chance.randrange(2**24)) for row in rows):
                idle.append(f"{table.__name__}.{field.name}")
    assert idle == [], "no other value is let through, or there is no row"


def test_the_list_of_what_nobody_vouches_for_names_what_there_is() -> None:
    found: dict[str, Table] = {table.__name__: table for table in tampering.tables()}
    found[DataKey.__name__] = DataKey
    for name, listed in tampering.NOT_VOUCHED.items():
        assert set(listed) <= {field.name for field in found[name]._meta.concrete_fields}
    assert set(tampering.MAY_GO) | set(tampering.MAY_COME) <= set(found)


def test_a_key_that_is_not_its_bytes_own_is_refused(house: House) -> None:
    """Nothing tells what a key should be but the bytes that it opens, so here they are read."""
    furnish(house)
    chance, rows = random.Random(CHANCE), list(DataKey.objects.order_by("pk"))
    for field in tampering.columns(DataKey):
        row = chance.choice(rows)
        old: dict[str, Any] = {field.attname: getattr(row, field.attname)}
        new = {field.attname: tampering.other_values(field, row, chance.randrange(2**24))[0]}
        check_key(house, row, lambda row=row, new=new: tampering.write(row, **new), old)  # type: ignore[misc]
    one, other = chance.sample(rows, 2)
    theirs = {"wrapped": other.wrapped, "bucket": other.bucket, "generation": other.generation}
    mine = {name: getattr(one, name) for name in theirs}
    check_key(house, one, lambda: tampering.write(one, **theirs), mine)
    tampering.remove(one)
    assert one.sha256 in tampering.told(verify_store(house).wrong)


def check_key(
    house: House, row: DataKey, change: Callable[[], object], old: dict[str, Any]
) -> None:
    """It is refused, with the recording's name; then it is as it was."""
    named = Copy.objects.filter(sha256=row.sha256).values_list("recording__reference", flat=True)
    name = named[0]
    change()
    said = tampering.told(verify_store(house).wrong)
    assert name in said, f"{old} of {row}: {said}"
    tampering.write(row, **old)
    assert verify_store(house).ok


@some
@given(data=st.data(), bits=BITS)
def test_whatever_is_written_into_any_row_is_refused(
    store: House, data: st.DataObject, bits: int
) -> None:
    field, row = _drawn(data)
    changed(store, field, row, bits)


@some
@given(data=st.data())
def test_a_row_that_is_gone_is_missed(store: House, data: st.DataObject) -> None:
    """One that others point at takes their foreign key with it: it was never checked."""
    tables = [t for t in tampering.tables() if t.__name__ not in tampering.MAY_GO]
    row = data.draw(st.sampled_from(tampering.rows_of(data.draw(st.sampled_from(tables)))))
    check_refused(store, row, lambda: tampering.remove(row), "removal")


@some
@given(data=st.data(), bits=BITS)
def test_a_row_that_was_slipped_in_is_refused(store: House, data: st.DataObject, bits: int) -> None:
    tables = [t for t in tampering.tables() if t.__name__ not in tampering.MAY_COME]
    row = data.draw(st.sampled_from(tampering.rows_of(data.draw(st.sampled_from(tables)))))
    verdict = verdict_after(store, lambda: tampering.double(row, bits))
    assert verdict is None or not verdict.ok, f"a second {row} went unnoticed"


@some
@given(data=st.data(), bits=BITS)
def test_two_rows_that_traded_a_value_are_refused(
    store: House, data: st.DataObject, bits: int
) -> None:
    field, one = _drawn(data)
    other = data.draw(st.sampled_from(tampering.rows_of(type(one))))
    if getattr(one, field.attname) != getattr(other, field.attname):
        verdict = verdict_after(store, lambda: tampering.trade(one, other, field, bits))
        assert verdict is None or not verdict.ok, f"{field.name} of {one} and {other}"


def _drawn(data: st.DataObject) -> tuple[Field, Row]:
    table: Table = data.draw(st.sampled_from(tampering.tables()))
    field = data.draw(st.sampled_from(tampering.columns(table)))
    return field, data.draw(st.sampled_from(tampering.rows_of(table)))
