"""The tree against the reference roots of Certificate Transparency, pymerkle and the RFC's text."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from bodyworn.core.errors import DamagedError, MissingError
from bodyworn.custody.edge import RightEdge
from bodyworn.custody.tree import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    subtrees_of,
    verify_consistency,
    verify_inclusion,
)

# The leaves and roots that all implementations of RFC 6962 share (certificate-transparency-go).
REFERENCE_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
REFERENCE_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_roots_are_those_of_certificate_transparency() -> None:
    for size, expected in enumerate(REFERENCE_ROOTS):
        hashes = [leaf_hash(leaf) for leaf in REFERENCE_LEAVES[:size]]
        assert root_of(hashes).hex() == expected


# The RFC's own recursive definitions, slow and plain.


def largest_power_below(width: int) -> int:
    power = 1
    while power * 2 < width:
        power *= 2
    return power


def mth(hashes: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    k = largest_power_below(len(hashes))
    return node_hash(mth(hashes[:k]), mth(hashes[k:]))


def path(m: int, hashes: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(hashes) == 1:
        return []
    k = largest_power_below(len(hashes))
    if m < k:
        return [*path(m, hashes[:k]), mth(hashes[k:])]
    return [*path(m - k, hashes[k:]), mth(hashes[:k])]


def subproof(m: int, hashes: Sequence[bytes], whole: bool) -> list[bytes]:
    """RFC 6962, 2.1.2."""
    if m == len(hashes):
        return [] if whole else [mth(hashes)]
    k = largest_power_below(len(hashes))
    if m <= k:
        return [*subproof(m, hashes[:k], whole), mth(hashes[k:])]
    return [*subproof(m - k, hashes[k:], False), mth(hashes[:k])]


def some_hashes(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % n) for n in range(count)]


def test_every_small_inclusion_proof_is_the_rfcs_and_verifies() -> None:
    hashes = some_hashes(34)
    for size in range(1, 35):
        root = mth(hashes[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, subtrees_of(hashes))
            assert list(proof) == path(index, hashes[:size])
            verify_inclusion(hashes[index], proof, index=index, size=size, root=root)


def test_every_small_consistency_proof_is_the_rfcs_and_verifies() -> None:
    hashes = some_hashes(34)
    roots = [mth(hashes[:size]) for size in range(35)]
    for new in range(1, 35):
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, subtrees_of(hashes))
            assert list(proof) == subproof(old, hashes[:new], True)
            verify_consistency(proof, old=old, old_root=roots[old], new=new, new_root=roots[new])


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=300), st.data())
def test_roots_and_inclusion_proofs_equal_pymerkles(
    leaves: list[bytes], data: st.DataObject
) -> None:
    oracle = InmemoryTree(algorithm="sha256")
    oracle.append_entries(leaves)
    hashes = [leaf_hash(leaf) for leaf in leaves]
    assert root_of(hashes) == oracle.get_root()
    size = data.draw(st.integers(1, len(leaves)))
    index = data.draw(st.integers(0, size - 1))
    theirs = oracle.prove_inclusion(index + 1, size).path
    assert [hashes[index], *inclusion_proof(index, size, subtrees_of(hashes))] == theirs


@given(st.lists(st.integers(0, 700), max_size=6))
def test_the_right_edge_gives_the_root_however_the_tree_grew(steps: list[int]) -> None:
    edge, hashes = RightEdge(), some_hashes(sum(steps))
    for step in steps:
        edge.extend(hashes[edge.size : edge.size + step])
    assert edge.size == len(hashes)
    assert edge.root() == root_of(hashes)


def test_the_right_edge_answers_each_full_tile_once_and_children_first() -> None:
    edge, hashes = RightEdge(), some_hashes(66_000)
    tiles = edge.extend(hashes[:300]) + edge.extend(hashes[300:])
    places = [(tile.level, tile.index) for tile in tiles]
    assert places == [(0, 0), *((0, n) for n in range(1, 257)), (1, 0)]
    assert all(len(tile.hashes) == 256 * 32 for tile in tiles)
    assert tiles[-1].hashes == b"".join(
        root_of(hashes[at : at + 256]) for at in range(0, 65_536, 256)
    )
    assert edge.root() == root_of(hashes)


def test_a_copy_of_the_edge_grows_alone() -> None:
    edge = RightEdge()
    edge.extend(some_hashes(3))
    before = edge.root()
    edge.copy().extend(some_hashes(300))
    assert (edge.size, edge.root()) == (3, before)


@given(st.integers(1, 40), st.data())
def test_a_proof_that_was_touched_is_refused(size: int, data: st.DataObject) -> None:
    hashes = some_hashes(size)
    index = data.draw(st.integers(0, size - 1))
    proof = list(inclusion_proof(index, size, subtrees_of(hashes)))
    touched = data.draw(st.sampled_from(touched_proofs(proof)))
    with pytest.raises(DamagedError):
        verify_inclusion(hashes[index], touched, index=index, size=size, root=root_of(hashes))


def touched_proofs(proof: list[bytes]) -> list[list[bytes]]:
    """Longer, shorter, turned round, or with one hash that is not a hash or another one."""
    touched = [[*proof, bytes(32)], [bytes(32), *proof], [*proof, b"short"]]
    if proof:
        touched += [proof[1:], proof[:-1], [bytes(32), *proof[1:]], [*proof[:-1], bytes(32)]]
    if len(proof) > 1:
        touched.append(proof[::-1])
    return touched


@given(st.integers(1, 40), st.data())
def test_a_leaf_in_another_place_is_refused(size: int, data: st.DataObject) -> None:
    hashes = some_hashes(size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(-1, size + 1).filter(lambda n: n != index))
    proof = inclusion_proof(index, size, subtrees_of(hashes))
    with pytest.raises(DamagedError):
        verify_inclusion(hashes[index], proof, index=other, size=size, root=root_of(hashes))


@given(st.integers(1, 40), st.data())
def test_a_consistency_proof_that_was_touched_is_refused(new: int, data: st.DataObject) -> None:
    hashes = some_hashes(new)
    old = data.draw(st.integers(1, new))
    proof = list(consistency_proof(old, new, subtrees_of(hashes)))
    touched = data.draw(st.sampled_from(touched_proofs(proof)))
    with pytest.raises(DamagedError):
        verify_consistency(
            touched, old=old, old_root=root_of(hashes[:old]), new=new, new_root=root_of(hashes)
        )


@given(st.integers(2, 40), st.data())
def test_a_changed_history_has_no_consistency_proof(new: int, data: st.DataObject) -> None:
    hashes = some_hashes(new)
    old = data.draw(st.integers(1, new))
    changed = list(hashes)
    changed[data.draw(st.integers(0, old - 1))] = leaf_hash(b"what never happened")
    proof = consistency_proof(old, new, subtrees_of(changed))
    with pytest.raises(DamagedError):
        verify_consistency(
            proof, old=old, old_root=root_of(hashes[:old]), new=new, new_root=root_of(changed)
        )


def test_the_empty_tree_is_no_prefix_that_could_be_proved() -> None:
    root = root_of(some_hashes(3))
    with pytest.raises(DamagedError):
        verify_consistency([], old=0, old_root=EMPTY_ROOT, new=3, new_root=root)
    with pytest.raises(DamagedError):
        verify_consistency([], old=0, old_root=EMPTY_ROOT, new=0, new_root=EMPTY_ROOT)
    with pytest.raises(MissingError):
        consistency_proof(0, 3, subtrees_of(some_hashes(3)))


def test_a_tree_that_shrinks_is_refused() -> None:
    hashes = some_hashes(4)
    with pytest.raises(DamagedError):
        verify_consistency([], old=4, old_root=root_of(hashes), new=3, new_root=root_of(hashes[:3]))
    with pytest.raises(MissingError):
        consistency_proof(4, 3, subtrees_of(hashes))


def test_a_leaf_beyond_the_tree_has_no_proof() -> None:
    for index in (-1, 3, 4):
        with pytest.raises(MissingError):
            inclusion_proof(index, 3, subtrees_of(some_hashes(3)))


def test_a_node_cannot_pass_for_a_leaf() -> None:
    left, right = some_hashes(2)
    assert leaf_hash(left + right) != node_hash(left, right)
