"""Whatever happens to a file that custody vouches for, `verify` refuses it or it is put right.

What else lies in a data folder stands in `NOT_VOUCHED`, with the reason beside it.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.custody.overseeing import COMPLAINTS, MAYOR, UNIVERSITY, WITNESSES, cosigned
from tests.work.everything import furnish

from bodyworn.custody.edge import WIDTH
from bodyworn.custody.tiles import bundle_path, tile_path, width_at
from bodyworn.records.models import DataKey
from bodyworn.settings import Settings
from bodyworn.work import verify
from bodyworn.work.house import House
from bodyworn.work.verify import verify_store

pytestmark = pytest.mark.django_db(transaction=True)

TAMPERINGS = int(os.environ.get("BODYWORN_TAMPERINGS", "30"))
some = settings(
    max_examples=TAMPERINGS,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)

NOT_VOUCHED: dict[str, str] = {
    "VERSION": "Of the layout: another number is refused before anything is read.",
    "bodyworn.toml": "Settings, which the person who keeps the system may change.",
    "inbox": "What arrived and waits for its row: the dock keeps its own until it has a receipt.",
    "keys": "Secrets. Those of buckets are tried on bytes; the log's own signs, and is compared by "
    "every checkpoint.",
    "log/census/newest": "Names a day, for whoever fetches lists; each list names its own.",
    "log/.journal": "What the log's files are made good from after a crash; they are compared.",
    "log/.lock": "Empty; who holds it writes the log's files.",
    "log/lock": "Empty; who holds it extends the log.",
    "queue.sqlite3": "Which job is next; the jobs themselves are rows.",
    "records.sqlite3": "Its rows are compared, one by one: `tests/work/test_tampering.py`.",
    "serve.lock": "Empty; who holds it serves.",
    "witness-policy.txt": "Settings, as above: whom the force asks to witness.",
    "uploads": "What is not complete; nobody was told that it is kept.",
}
"""What `verify` does not look at, and why."""


@pytest.fixture
def settings_of_house(settings_of_house: Settings) -> Settings:
    """With a witness policy."""
    return settings_of_house.with_(witness_policy="witness-policy.txt")


@pytest.fixture
def store(house: House) -> House:
    """Everything, cosigned."""
    furnish(house)
    lines = [f"witness {name} {one.key.text}" for name, one in WITNESSES.items()]
    assert house.settings.policy
    quorum = "group oversight 2 complaints mayor university\nquorum oversight\n"
    house.settings.policy.write_text("\n".join([*lines, quorum]))
    note = (house.layout.log / "checkpoint").read_text()
    house.layout.log_witnessed.write_text(cosigned(note, COMPLAINTS, MAYOR, UNIVERSITY))
    verdict = verify_store(house)
    assert verdict.ok, verdict.wrong
    return house


def log_files(store: House) -> list[Path]:
    """Checkpoints, censuses, and whatever the tree is read from; smaller ones may linger."""
    level, reach, folder = 0, store.log.size, store.layout.log
    size, bundles = reach, range(-(-reach // WIDTH))
    names = [bundle_path(at, width=width_at(size, 0, at)) for at in bundles]
    while reach:
        widths = [(at, width_at(size, level, at)) for at in range(-(-reach // WIDTH))]
        names += [tile_path(level, at, width=width) for at, width in widths]
        level, reach = level + 1, reach // WIDTH
    lists = [path for path in store.layout.census.iterdir() if path.name != "newest"]
    return [folder / "checkpoint", store.layout.log_witnessed, *lists, *(folder / n for n in names)]


def byte_files(store: House) -> list[Path]:
    """Every blob, and the keys of the buckets in which their keys lie."""
    used = set(DataKey.objects.values_list("bucket", flat=True))
    keys = [k for k in store.layout.buckets.glob("*.key") if _is_used(k, used)]
    return [*(p for p in (store.layout.blobs / "sha256").rglob("*") if p.is_file()), *keys]


def _is_used(key: Path, buckets: Iterable[str]) -> bool:
    """A name may be written in another way where a file system would not take it."""
    return any(bucket.rpartition("/")[2] in key.name for bucket in buckets)


def tampered(data: st.DataObject, path: Path, others: list[Path]) -> bytes | None:
    """What the file is to hold instead; None: it is to be gone."""
    old = path.read_bytes()
    what = data.draw(st.sampled_from(["bit", "cut", "more", "gone", "another", "twice"]))
    at = data.draw(st.integers(0, max(0, len(old) - 1)))
    match what:
        case "bit" if old:
            bit = 1 << data.draw(st.integers(0, 7))
            return old[:at] + bytes([old[at] ^ bit]) + old[at + 1 :]
        case "cut":
            return old[:at]
        case "more":
            return old + data.draw(st.binary(min_size=1, max_size=9))
        case "another":
            return data.draw(st.sampled_from(others)).read_bytes()
        case "twice":
            return old + old
        case _:
            return None


def check_refused(store: House, path: Path, new: bytes | None) -> None:
    """Refused, or found again as it was: an interrupted append is made good at opening."""
    old, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o600)
    path.unlink() if new is None else path.write_bytes(new)
    try:
        verdict = verify_store(House.open(store.settings))
        is_as_it_was = path.exists() and path.read_bytes() == old
        assert is_as_it_was or not verdict.ok, f"{path.relative_to(store.layout.root)} went by"
    finally:
        path.write_bytes(old)
        path.chmod(mode)


@some
@given(data=st.data())
def test_a_file_of_the_log_that_was_tampered_with_is_refused(
    store: House, data: st.DataObject
) -> None:
    # To read the bytes is an event, and would extend the very log that is being damaged.
    with pytest.MonkeyPatch.context() as unread:
        unread.setattr(verify, "_bytes_are_unchanged", lambda *_: "Not read.")
        _tamper(store, data, log_files)


@some
@given(data=st.data())
def test_bytes_or_a_key_that_were_tampered_with_are_refused(
    store: House, data: st.DataObject
) -> None:
    _tamper(store, data, byte_files)


def _tamper(store: House, data: st.DataObject, choose: Callable[[House], list[Path]]) -> None:
    paths = sorted(choose(store))
    path = data.draw(st.sampled_from(paths))
    new = tampered(data, path, paths)
    if new is None and path == store.layout.log_witnessed:
        return  # witnesses may be away for ever, and those who signed keep what they signed
    if new != path.read_bytes():
        check_refused(store, path, new)


def test_every_file_is_vouched_for_or_on_the_list(store: House) -> None:
    root = store.layout.root
    vouched = {*log_files(store), *byte_files(store)}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        is_listed = any(name.startswith(listed) for listed in NOT_VOUCHED)
        is_older = name.startswith("log/tile/")  # a smaller tree's, which a larger one contains
        assert path.is_dir() or path in vouched or is_listed or is_older, name
