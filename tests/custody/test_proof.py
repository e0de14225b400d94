"""Proof files: written as the specification says, read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.custody.making import ORIGIN, POLICE

from bodyworn.core.errors import DamagedError
from bodyworn.custody.checkpoint import make
from bodyworn.custody.note import to_base64
from bodyworn.custody.proof import EntryProof, read_proof, write_proof

CHECKPOINT = make(ORIGIN, 9, bytes(32), signer=POLICE).note_text
HASH = to_base64(bytes(range(32)))

proofs = st.builds(
    EntryProof,
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    st.just(CHECKPOINT),
    st.binary(max_size=50),
)


@given(proofs)
def test_a_proof_is_read_as_it_was_written(proof: EntryProof) -> None:
    assert read_proof(write_proof(proof)) == proof


def test_a_proof_looks_as_the_specification_says() -> None:
    text = write_proof(EntryProof(8, (bytes(range(32)),), CHECKPOINT, b"clip"))
    head = f"c2sp.org/tlog-proof@v1\nextra Y2xpcA==\nindex 8\n{HASH}\n\n"
    assert text == head + CHECKPOINT


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("c2sp.org/tlog-proof@v2\nindex 8\n\n", id="another version"),
        pytest.param("c2sp.org/tlog-proof@v1\n\n", id="no index"),
        pytest.param("c2sp.org/tlog-proof@v1\nindex 8\n", id="no checkpoint"),
        pytest.param("c2sp.org/tlog-proof@v1\nindex 08\n\n", id="a leading zero"),
        pytest.param("c2sp.org/tlog-proof@v1\nindex -1\n\n", id="a negative index"),
        pytest.param("c2sp.org/tlog-proof@v1\nindex\n\n", id="an index without a number"),
        pytest.param("c2sp.org/tlog-proof@v1\nindex 8\nextra AAAA\n\n", id="extra too late"),
        pytest.param("c2sp.org/tlog-proof@v1\nextra \nindex 8\n\n", id="an empty extra"),
        pytest.param("c2sp.org/tlog-proof@v1\nextra !\nindex 8\n\n", id="extra not base64"),
        pytest.param(
            "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 8\n\n", id="extra twice"
        ),
        pytest.param("c2sp.org/tlog-proof@v1\nindex 8\nAAAA\n\n", id="a short hash"),
        pytest.param(f"c2sp.org/tlog-proof@v1\nindex 8\n{HASH} \n\n", id="a space after a hash"),
        pytest.param(f"c2sp.org/tlog-proof@v1\r\nindex 8\r\n{HASH}\r\n\r\n", id="carriage returns"),
        pytest.param(
            "c2sp.org/tlog-proof@v1\nindex 8\n" + (HASH + "\n") * 64 + "\n", id="too many hashes"
        ),
    ],
)
def test_a_malformed_proof_is_refused(text: str) -> None:
    with pytest.raises(DamagedError) as caught:
        read_proof(text and text + (CHECKPOINT if text.endswith("\n\n") else ""))
    assert caught.value.code == "proof.malformed"
