"""The Merkle tree of RFC 6962, section 2: hashing, proofs and their verification.

Leaves and nodes are 32 bytes, sizes count leaves, indices begin at 0. Nothing here reads a
file: whoever has the hashes hands in a `Subtree`, `custody.tiles` does so from disk.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from bodyworn.core.errors import DamagedError, MissingError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

Subtree = Callable[[int, int], bytes]
"""Answers the root of a complete subtree: (level, index) covers the leaves from
`index << level` up to `(index + 1) << level`; level 0 is the leaf hash itself."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of 0x00 and the entry (RFC 6962, 2.1): no leaf can pass for a node.

    >>> leaf_hash(b"").hex()[:8]
    '6e340b9c'
    """
    return sha256(b"\x00" + data).digest()


def leaf_hashes_of(entries: Iterable[bytes]) -> list[bytes]:
    """The same for many, without a call for each."""
    return [sha256(b"\x00" + data).digest() for data in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over these hashes, row by row; an odd last hash moves up as it is.

    That is the tree of RFC 6962: its split at the largest power of two leaves complete rows
    of pairs on the left and one unpaired remainder on the right of every row.
    """
    row = list(leaf_hashes)
    while len(row) > 1:
        odd = row[-1:] if len(row) & 1 else []
        one_by_one = iter(row)  # zipped with itself: pairs, without a copy of the row
        pairs = zip(one_by_one, one_by_one, strict=False)
        row = [sha256(b"\x01%b%b" % pair).digest() for pair in pairs]
        row += odd
    return row[0] if row else EMPTY_ROOT


def subtrees_of(leaf_hashes: Sequence[bytes]) -> Subtree:
    """The complete subtrees of a tree that fits into memory."""
    return lambda level, index: root_of(leaf_hashes[index << level : (index + 1) << level])


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The audit path of one leaf, leaf's sibling first (RFC 6962, 2.1.1).

    Raises MissingError where the tree of `size` leaves has no such leaf.

    >>> hashes = [leaf_hash(b"a"), leaf_hash(b"b")]
    >>> inclusion_proof(0, 2, subtrees_of(hashes)) == (hashes[1],)
    True
    """
    if not 0 <= index < size:
        raise MissingError(
            "tree.no-such-leaf", f"A tree of {size} entries has no entry {index}.", index=index
        )
    return tuple(_range_root(span, subtree) for span in _inclusion_spans(index, size))


def consistency_proof(old: int, new: int, subtree: Subtree) -> tuple[bytes, ...]:
    """What shows that the first `old` of `new` leaves are unchanged (RFC 6962, 2.1.2).

    Raises MissingError unless 0 < old <= new: an empty tree is a prefix of every tree, so
    there is nothing to prove about it.
    """
    if not 0 < old <= new:
        raise MissingError(
            "tree.no-such-prefix", f"No proof leads from {old} entries to {new} entries."
        )
    return tuple(_range_root(span, subtree) for span in _consistency_spans(old, new))


def verify_inclusion(
    leaf: bytes, proof: Sequence[bytes], *, index: int, size: int, root: bytes
) -> None:
    """Check that the leaf hash stands at `index` under this root (RFC 9162, 2.1.3.2).

    Raises DamagedError, whatever is wrong: place, length or a single hash.
    """
    _check_hashes(leaf, *proof)
    if not 0 <= index < size:
        raise DamagedError("tree.inclusion-disagrees", "The proof is for no place in this tree.")
    fn, sn, reached = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise DamagedError("tree.inclusion-disagrees", "The proof is longer than the tree.")
        if fn & 1 or fn == sn:
            reached = node_hash(sibling, reached)
            fn, sn = _skip_to_right_child(fn, sn)
        else:
            reached = node_hash(reached, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or reached != root:
        raise DamagedError("tree.inclusion-disagrees", "The proof does not lead to this root.")


def verify_consistency(
    proof: Sequence[bytes], *, old: int, old_root: bytes, new: int, new_root: bytes
) -> None:
    """Check that the old tree is a prefix of the new one (RFC 9162, 2.1.4.2).

    Raises DamagedError. `old` = 0 is refused, as every tree begins with an empty one and
    accepting it would let a proof of nothing look like a proof.
    """
    _check_hashes(*proof)
    if not 0 < old <= new:
        raise DamagedError("tree.consistency-disagrees", f"{old} entries are no prefix to check.")
    if old == new:
        _agree(not proof and old_root == new_root)
        return
    # A complete old tree is itself the first hash, which the proof therefore leaves out.
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    _agree(bool(path))
    fn, sn = _strip_right_children(old - 1, new - 1)
    first = second = path[0]
    for hashed in path[1:]:
        _agree(sn != 0)
        if fn & 1 or fn == sn:
            first, second = node_hash(hashed, first), node_hash(hashed, second)
            fn, sn = _skip_to_right_child(fn, sn)
        else:
            second = node_hash(second, hashed)
        fn, sn = fn >> 1, sn >> 1
    _agree(sn == 0 and first == old_root and second == new_root)


def _agree(agrees: bool) -> None:
    if not agrees:
        raise DamagedError(
            "tree.consistency-disagrees", "The old tree is not a prefix of the new one."
        )


def _check_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise DamagedError("tree.not-a-hash", f"A hash of this tree has {HASH_SIZE} bytes.")


def _skip_to_right_child(fn: int, sn: int) -> tuple[int, int]:
    """Climb while the node is the unpaired last one of its row."""
    while fn and not fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return fn, sn


def _strip_right_children(fn: int, sn: int) -> tuple[int, int]:
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return fn, sn


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)


def _inclusion_spans(index: int, size: int) -> list[tuple[int, int]]:
    spans, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def _consistency_spans(old: int, new: int) -> list[tuple[int, int]]:
    spans, start, end = [], 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    # The verifier holds the whole old root already; only a part of it has to be sent.
    return ([(start, end)] if start else []) + spans[::-1]


def _range_root(span: tuple[int, int], subtree: Subtree) -> bytes:
    """The root over leaves start..end, from complete subtrees, largest first."""
    start, end = span
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(subtree(level, start >> level))
        start += 1 << level
    root = parts.pop()
    while parts:
        root = node_hash(parts.pop(), root)
    return root
