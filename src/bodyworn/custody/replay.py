"""What the journal says: the newest tree, and the files that must be there for it.

Nothing here touches the disk; whoever replays compares the files and writes what differs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bodyworn.core.errors import DamagedError
from bodyworn.custody.checkpoint import parse
from bodyworn.custody.growth import Head, finished_between, grow, partial_files
from bodyworn.custody.journal import Record, Segment
from bodyworn.custody.note import Verifier
from bodyworn.custody.tiles import decode_bundle, encode_entries


@dataclass(frozen=True, slots=True)
class Replayed:
    """The end of the story."""

    head: Head
    files: dict[str, bytes]  # by name; all that were written since the base, but the checkpoint


def replay(segments: Sequence[Segment], base: Head, *, verifier: Verifier) -> Replayed:
    """Repeat the appends after `base`, the tree of the first segment's base.

    The files of every checkpoint on the way are among the answer, not only of the last: somebody
    may be reading under it. The last signature stands for the whole tree, so it alone is checked.
    Raises DamagedError log.journal-disagrees, and those of `parse`.
    """
    head, files = base, dict[str, bytes]()
    for record in _appends(segments):
        entries = decode_bundle(record.entries)
        grown = grow(head, entries, encode_entries(entries))
        head = Head(None, grown.edge, grown.tail, record.stamp)
        files.update(grown.finished)
        files.update(partial_files(grown.edge, grown.tail))
    end = segments[-1].records[-1]
    head = _signed(head, end.note, verifier) if end.note else head
    return Replayed(head, _without_overtaken(files, base=base.size, size=head.size))


def _appends(segments: Sequence[Segment]) -> Iterator[Record]:
    """All appends in order; of an older segment only those up to where the newer one begins.

    After a failed write a segment may hold one record more than anybody was told of.
    """
    for number, segment in enumerate(segments):
        last = segments[number + 1].base if number + 1 < len(segments) else None
        for at, record in enumerate(segment.records):
            if at:
                yield record
            if record.note == last:
                break
        else:
            if last is not None:
                raise _disagrees("Its newer part does not follow upon the older one.")


def _signed(head: Head, note: bytes, verifier: Verifier) -> Head:
    checkpoint = parse(note, verifier)
    if (checkpoint.size, checkpoint.root) != (head.size, head.edge.root()):
        raise _disagrees(f"Its entries do not give the signed root of {checkpoint.size} entries.")
    return Head(checkpoint, head.edge, head.tail, head.stamp)


def _without_overtaken(files: dict[str, bytes], *, base: int, size: int) -> dict[str, bytes]:
    """Without the partial files of what is full by now."""
    full = set(finished_between(base, size))
    overtaken = {name for name in files if ".p/" in name and name.partition(".p/")[0] in full}
    return {name: data for name, data in files.items() if name not in overtaken}


def _disagrees(sentence: str) -> DamagedError:
    return DamagedError("log.journal-disagrees", f"The log's journal is damaged. {sentence}")
