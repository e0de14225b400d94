"""Disclosure packs: a recording with everything that a stranger needs to check it, for ever.

    FOLDER/                      a BagIt 1.0 bag (RFC 8493)
      bagit.txt  bag-info.txt  manifest-sha256.txt  manifest-sha512.txt
      tagmanifest-sha256.txt  tagmanifest-sha512.txt
      SHA256SUMS                 for `sha256sum -c`
      data/
        <film>  <film>.c2pa      the bytes, and content credentials beside a master
        custody.json             its events, each with the salts that open its leaf
        custody.jsonld           the same in CASE 1.5
        custody.pdf              the same in sentences, tagged and signed
        proofs/<index>.tlog-proof
        receipt.txt              what the sender of the bytes was told, signed
        checkpoint  log.vkey     the log's signature, and its public key
        policy.txt               who watches the log
        verify.py  verify.html   checkers that need nothing of ours
        README.txt

Among several recordings each has a folder of its own below `data/`, and shares what is about the
log. A pack is made whole or not at all. That it goes out is on record, and in the signed log,
before a byte of it is read.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from bodyworn import __version__
from bodyworn.core.clock import iso
from bodyworn.core.errors import DamagedError, RefusedError, SetupError
from bodyworn.core.tasks import Progress, silent
from bodyworn.core.terms import CopyKind, EventType, Operation
from bodyworn.core.types import Actor, CustodyEvent
from bodyworn.custody import bagit, outside
from bodyworn.custody.bag_check import check_bag
from bodyworn.custody.bagit import PAYLOAD
from bodyworn.records import ledger
from bodyworn.records.models import CustodyEvent as EventRow
from bodyworn.records.queries_of_one import names_of
from bodyworn.rules.access import Action
from bodyworn.store import disk
from bodyworn.work.documents import documents_if_any, documents_of
from bodyworn.work.house import House
from bodyworn.work.log import integrate_one
from bodyworn.work.pack import film, graph, paper, stage, story, words
from bodyworn.work.pack.nouns import Disclosed, Film, Item, Order, Packed, Wish
from bodyworn.work.pack.stage import Stage
from bodyworn.work.pack.zipped import write_zip
from bodyworn.work.receipts import receipt_of, signed
from bodyworn.work.review import judged
from bodyworn.work.taken_out import (
    Heads,
    custody_json,
    heads_of,
    proof_name,
    proof_of,
    published_events,
    safe_name,
)

__all__ = ["Packed", "Planned", "Wish", "pack", "planned"]

PATIENCE_S = 10  # seconds for another process's sequencer to publish our events
OURS = {
    "checkpoint",
    "custody.json",
    "custody.jsonld",
    "custody.pdf",
    "log.vkey",
    "policy.txt",
    "proofs",
    "readme.txt",
    "receipt.txt",
    "verify.html",
    "verify.py",
}
ROOM_BESIDE = 1 << 22  # bytes for everything that is not film


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a pack would hold; nothing was read and nothing is on record."""

    path: Path  # folder or zip file
    items: tuple[Item, ...]
    room: int  # bytes that it takes while it is made


def planned(
    house: House,
    actor: Actor,
    references: Sequence[str],
    target: Path,
    *,
    wish: Wish,
) -> Planned:
    """See whether a pack can be made, and what would be in it.

    Raises RefusedError pack.target-exists, access.refused, documents.expired; MissingError
    records.no-recording, pack.no-such-copy; SetupError disk.full, documents.unreadable.
    """
    path = _target(target, wish)
    stage.refuse_occupied(path)
    items = _items(house, actor, references, wish.kind)
    room = sum(item.copy.size for item in items) * wish.times + ROOM_BESIDE
    _check_room(path, room)
    documents_if_any(house)
    return Planned(path=path, items=items, room=room)


def pack(
    house: House,
    actor: Actor,
    references: Sequence[str],
    target: Path,
    *,
    wish: Wish,
    progress: Progress = silent,
) -> Packed:
    """Make a pack of these recordings at `target`, a folder or one zip file.

    Raises what `planned` raises; DamagedError pack.changed where stored bytes are not what they
    were, pack.not-kept; BusyError pack.busy, log.no-place-yet.

    1. See that it can be made: nothing in its place, rights, copies, room, a good certificate.
    2. Put every disclosure on record, and into the signed log.
    3. Copy each film, compare it with its digest, give it its credentials.
    4. Write the history of each as it now is, with a proof of every event.
    5. Write what is about the log, the checkers, and the lists of a bag.
    6. Read everything again from where it now lies, and give it its name.
    """
    plan = planned(house, actor, references, target, wish=wish)  # 1
    order = Order(
        house=house, actor=actor, wish=wish, at=house.now(), documents=documents_of(house)
    )
    going = _put_on_record(order, plan.items)  # 2
    with stage.staged(plan.path) as place:
        films = [film.bring(order, one, place, progress) for one in going]  # 3
        _publish(order, [_last_event(one) for one in going])
        heads = heads_of(house)
        for one, brought in zip(going, films, strict=True):  # 4
            _write_history(order, one, brought, heads, place)
        _write_shared(order, going, films, heads, place)  # 5
        files, size = _write_bag(order, going, place)
        _read_again(place, progress)  # 6
        _name(plan.path, place, order, progress)
    return Packed(
        path=str(plan.path),
        files=files,
        size=size,
        films=tuple((o.item.recording.reference, f) for o, f in zip(going, films, strict=True)),
        left_out=_left_out(going, films),
    )


def _target(target: Path, wish: Wish) -> Path:
    path = target.absolute()
    is_named = path.suffix == ".zip" or not wish.zipped
    return path if is_named else path.with_name(f"{path.name}.zip")


def _items(
    house: House, actor: Actor, references: Sequence[str], kind: CopyKind
) -> tuple[Item, ...]:
    once = list(dict.fromkeys(references))
    if not once:
        raise RefusedError("pack.nothing", "No recording is named.", status=422)
    return tuple(_item(house, actor, one, kind, alone=len(once) == 1) for one in once)


def _item(house: House, actor: Actor, reference: str, kind: CopyKind, *, alone: bool) -> Item:
    recording = judged(house, actor, Action.EXPORT, reference)
    copy = film.copy_of(recording, kind)
    name = safe_name(copy.name or recording.filename, otherwise=kind)
    folder = PAYLOAD if alone else f"{PAYLOAD}{safe_name(reference, otherwise='recording')}/"
    item = Item(recording=recording, copy=copy, name=name, folder=folder)
    if name.lower() in OURS or item.path == item.credentials:
        return dataclasses.replace(item, name=f"{copy.sha256[:6]}-{name}.film")
    return item


def _check_room(path: Path, room: int) -> None:
    folder = next(one for one in path.parents if one.exists())
    try:
        disk.check_room(folder, room)
    except SetupError as error:
        raise SetupError(
            "disk.full",
            f"{folder} has not the {room / 1e6:,.0f} MB of room that the pack needs.",
            hint="Make room there, or choose a folder on another disk.",
            status=507,
        ) from error


def _put_on_record(order: Order, items: Sequence[Item]) -> list[Disclosed]:
    """All or none, and in the signed log before anything is read."""
    with transaction.atomic():
        going = [Disclosed(item=one, event=_disclosure(order, one, items)) for one in items]
    _publish(order, [one.event for one in going])
    return going


def _disclosure(order: Order, item: Item, items: Sequence[Item]) -> EventRow:
    others = [one.recording.reference for one in items if one is not item]
    detail = {
        "what": "pack",
        "kind": item.copy.kind,
        "sha256": item.copy.sha256,
        "size": item.copy.size,
        "recipient": order.wish.to or None,
        "together_with": others or None,
    }
    event = CustodyEvent(
        type=EventType.EXPORT,
        operation=Operation.DISCLOSURE,
        at=order.at,
        actor=order.actor.name,
        subject=item.recording.reference,
        purpose=order.wish.purpose,
        detail={name: value for name, value in detail.items() if value is not None},
    )
    return ledger.record(event, recording=item.recording)


def _publish(order: Order, events: Sequence[EventRow]) -> None:
    for event in events:
        integrate_one(order.house, event.uid, seconds=PATIENCE_S)


def _last_event(one: Disclosed) -> EventRow:
    """A copy that was made on the way has its own event."""
    return one.item.recording.events.order_by("-id")[0]


def _write_history(order: Order, one: Disclosed, brought: Film, heads: Heads, place: Stage) -> None:
    item, house = one.item, order.house
    events = published_events(item.recording, heads)
    facts = {
        "log": house.settings.log_origin,
        "exported_at": iso(order.at),
        "exported_by": order.actor.name,
        "purpose": order.wish.purpose.value if order.wish.purpose else None,
        "recipient": order.wish.to or None,
        "file": {"name": item.name, "kind": item.copy.kind, "sha256": brought.sha256},
    }
    told, names = story.as_rows(events), names_of({event.actor for event in events})
    place.write(f"{item.folder}custody.json", custody_json(item.recording, events, facts).encode())
    case = graph.case_json(order, item, brought, told, names)
    place.write(f"{item.folder}custody.jsonld", case.encode())
    pdf = paper.custody_pdf(order, item, brought, told, names, heads)
    place.write(f"{item.folder}custody.pdf", pdf)
    for row in events:
        place.write(f"{item.folder}{proof_name(row)}", proof_of(house, row, heads).encode())
    receipt = signed(house, receipt_of(house, item.recording))
    place.write(f"{item.folder}receipt.txt", receipt.encode())


def _write_shared(
    order: Order, going: Sequence[Disclosed], films: Sequence[Film], heads: Heads, place: Stage
) -> None:
    key = order.house.signer.verifier.text
    place.write(f"{PAYLOAD}checkpoint", heads.best.note_text.encode())
    place.write(f"{PAYLOAD}log.vkey", f"{key}\n".encode())
    place.write(f"{PAYLOAD}policy.txt", _policy(order.house))
    for name, data in _checkers().items():
        place.write(PAYLOAD + name, data)
    readme = words.readme(
        order,
        films=[(one.item.recording.reference, one.item.path) for one in going],
        left_out=_left_out(going, films),
    )
    place.write(f"{PAYLOAD}README.txt", readme.encode())


def _checkers() -> dict[str, bytes]:
    return outside.files()


def _policy(house: House) -> bytes:
    """The force's own; without one, that nobody watches, in the words of a policy."""
    if house.settings.policy:
        return house.settings.policy.read_bytes()
    return f"log {house.signer.verifier.text}\nquorum none\n".encode()


def _left_out(going: Sequence[Disclosed], films: Sequence[Film]) -> tuple[str, ...]:
    sentences = [
        f"{one.item.name} has no content credentials. {brought.left_out}"
        for one, brought in zip(going, films, strict=True)
        if brought.left_out
    ]
    sidecars = [one for one in going if one.item.recording.copies.filter(kind=CopyKind.SIDECAR)]
    sentences += [
        f"Small files that came beside {one.item.recording.reference} are not here; "
        "`bodyworn export` takes them out."
        for one in sidecars
    ]
    return tuple(sentences)


def _write_bag(
    order: Order, going: Sequence[Disclosed], place: Stage
) -> tuple[tuple[str, ...], int]:
    """The lists over everything; answers all files and how many bytes they are."""
    info = [("Source-Organization", order.house.settings.force_name)]
    info += [("External-Identifier", one.item.recording.reference) for one in going]
    info += [("Bag-Software-Agent", f"bodyworn {__version__}")]
    tags = bagit.tag_files(place.members, info=info, bagged_on=order.at)
    place.add_tags(tags)
    files = sorted([*(member.path for member in place.members), *tags])
    size = sum(member.size for member in place.members) + sum(map(len, tags.values()))
    return tuple(files), size


def _read_again(place: Stage, progress: Progress) -> None:
    """A disk that does not keep what it is given is found out before it is handed over."""
    try:
        check_bag(place.folder, progress=progress)
    except DamagedError as error:
        raise DamagedError(
            "pack.not-kept",
            f"The disk did not keep what was written to it. {error.message}",
            hint="Make the pack again on another disk, and use this one no more.",
        ) from error


def _name(path: Path, place: Stage, order: Order, progress: Progress) -> None:
    if not order.wish.zipped:
        stage.name_finally(place.folder, path)
        return
    one_file = path.with_name(f".{path.name}.whole")
    try:
        write_zip(place.folder, one_file, top=path.stem, at=order.at, progress=progress)
        stage.name_finally(one_file, path)
    finally:
        one_file.unlink(missing_ok=True)
