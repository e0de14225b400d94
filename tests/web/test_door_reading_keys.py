"""Keys behind tickets: asked for once, forgotten in time, and never guessed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.web.reading_world import NOW, VIEW, World, address
from tests.web.test_door_reading_pour import Asked, Reply

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import BodywornError, BusyError, MissingError, RefusedError
from bodyworn.store.sealed import DataKey
from bodyworn.web.door.keys import TicketKeys
from bodyworn.web.ticket import Ticket

ONE, TWO, THREE = (Sha256.of(bytes([number])) for number in (1, 2, 3))


@dataclass
class Source:
    """Keys that tell whose they are, and every question that was asked."""

    asked: list[tuple[str, tuple[Sha256, ...]]] = field(default_factory=list)
    trouble: BodywornError | None = None

    def release(self, event: str, digests: Sequence[Sha256]) -> dict[Sha256, DataKey]:
        self.asked.append((event, tuple(digests)))
        if self.trouble:
            raise self.trouble
        return {digest: DataKey(digest.raw) for digest in digests}


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def ticket(view: str | None = VIEW, *, seconds: int = 60) -> Ticket:
    return Ticket(kind="read", sender="dan", expires_at=int(NOW.timestamp()) + seconds, view=view)


def test_a_viewing_is_asked_about_once(source: Source, keys: TicketKeys) -> None:
    async def look_twice() -> None:
        first = await keys.of(ticket(), [ONE, TWO, ONE])
        assert first == await keys.of(ticket(), [TWO, ONE])
        assert first == {ONE: DataKey(ONE.raw), TWO: DataKey(TWO.raw)}

    asyncio.run(look_twice())
    assert source.asked == [(VIEW, (ONE, TWO))]


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(source: Source, clock: Clock) -> TicketKeys:
    return TicketKeys(source, clock, most=2)


def test_another_viewing_of_the_same_bytes_is_another_question(
    source: Source, keys: TicketKeys
) -> None:
    async def two_people() -> None:
        await keys.of(ticket("a"), [ONE])
        await keys.of(ticket("b"), [ONE])

    asyncio.run(two_people())
    assert source.asked == [("a", (ONE,)), ("b", (ONE,))]


def test_when_the_ticket_is_over_its_keys_are_too(
    source: Source, keys: TicketKeys, clock: Clock
) -> None:
    async def look_later() -> None:
        await keys.of(ticket(), [ONE])
        clock.now += timedelta(seconds=60)
        await keys.of(ticket(seconds=600), [ONE])

    asyncio.run(look_later())
    assert len(source.asked) == 2


def test_the_keys_that_were_used_longest_ago_are_forgotten_first(
    source: Source, keys: TicketKeys
) -> None:
    async def three_films() -> None:
        await keys.of(ticket(), [ONE, TWO])
        await keys.of(ticket(), [ONE])
        await keys.of(ticket(), [THREE])
        await keys.of(ticket(), [ONE])
        await keys.of(ticket(), [TWO])

    asyncio.run(three_films())
    assert source.asked == [(VIEW, (ONE, TWO)), (VIEW, (THREE,)), (VIEW, (TWO,))]


@pytest.mark.parametrize("view", [None, ""])
def test_a_ticket_without_a_viewing_opens_nothing(
    source: Source, keys: TicketKeys, view: str | None
) -> None:
    with pytest.raises(RefusedError, match="no viewing"):
        asyncio.run(keys.of(ticket(view), [ONE]))
    assert source.asked == []


def test_a_refusal_is_not_remembered(source: Source, keys: TicketKeys) -> None:
    async def try_again() -> None:
        source.trouble = BusyError("keys.no-leaf-yet", "It waits.")
        with pytest.raises(BusyError):
            await keys.of(ticket(), [ONE])
        source.trouble = None
        assert await keys.of(ticket(), [ONE])

    asyncio.run(try_again())


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (BusyError("keys.no-leaf-yet", "It waits.", retry_after=5), 503),
        (MissingError("keys.no-event", "There is none."), 404),
        (RefusedError("keys.not-opened", "It is too old."), 403),
    ],
)
def test_what_the_key_service_says_the_door_says_and_nothing_else(
    tmp_path: Path, trouble: BodywornError, status: int
) -> None:
    world = World(tmp_path)
    parts = world.kept(b"index", b"master")
    door, reply = world.door(), Reply()
    door._keys = TicketKeys(Source(trouble=trouble), Clock())
    asyncio.run(door.__rsgi__(Asked(address(parts)), reply))  # type: ignore[arg-type]
    ((told, headers, body),) = reply.told
    assert told == status
    assert ("content-type", "application/problem+json") in headers  # type: ignore[operator]
    assert trouble.code.encode() in body  # type: ignore[operator]


def test_what_needs_no_byte_asks_for_no_key(tmp_path: Path) -> None:
    world = World(tmp_path)
    target = address(world.kept(b"index", b"master"))
    door = world.door()
    for method, headers in (("HEAD", {}), ("GET", {"if-none-match": "*"}), ("OPTIONS", {})):
        asked = Asked(target)
        asked.method, asked.headers = method, headers
        asyncio.run(door.__rsgi__(asked, Reply()))  # type: ignore[arg-type]
    assert world.keys.asked == 0
