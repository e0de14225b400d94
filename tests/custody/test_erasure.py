"""The certificate of an erasure is read as it was written, by whoever has the log's key."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import DamagedError, RefusedError
from bodyworn.custody.erasure import Certificate, File, read_certificate, write_certificate
from bodyworn.custody.note import Signer, sign_note

SIGNER = Signer.generate("police.example/log")
ONE = Certificate(
    reference="BWV-26-0412-7F3A",
    pseudonym="ab" * 32,
    policy="MoPI 6.2",
    authority="Supt B. Osei",
    reason="Filmed by mistake.",
    ordered_at=datetime(2026, 4, 14, 9, 0, tzinfo=UTC),
    destroyed_at=datetime(2026, 4, 17, 1, 0, tzinfo=UTC),
    files=(File(kind="master", sha256=Sha256.of(b"a"), size=1_000_000),),
    shared=(Sha256.of(b"b"),),
    keys=("retention.non-evidential/2026-05-13.1",),
    arrivals=("arrival-2026-04-14.1",),
    handed_out=2,
    leaf_index=4711,
    leaf_hash="cd" * 32,
)


def test_a_certificate_is_read_as_it_was_written() -> None:
    note = write_certificate(ONE, SIGNER)
    assert read_certificate(note, SIGNER.verifier) == ONE
    assert note.startswith("police.example/log/erasure\n")


def test_it_says_what_it_does_not_say() -> None:
    note = write_certificate(ONE, SIGNER)
    assert "\nhanded-out 2\n" in note
    assert note.count("\nsays-not ") == 3


@pytest.mark.parametrize("name", ["policy", "authority", "reason", "reference"])
@pytest.mark.parametrize("value", ["", "two\nlines", "a\tb"])
def test_what_fits_on_no_line_is_not_certified(name: str, value: str) -> None:
    changed: Any = {name: value}
    with pytest.raises(RefusedError) as refused:
        write_certificate(replace(ONE, **changed), SIGNER)
    assert refused.value.code == "certificate.unwritable"


def test_a_changed_certificate_is_refused() -> None:
    note = write_certificate(ONE, SIGNER).replace("Osei", "Mallory")
    with pytest.raises(DamagedError):
        read_certificate(note, SIGNER.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "police.example/log/receipt\nreference x\n",
        "police.example/log/erasure\n",
        "police.example/log/erasure\nreference x\nreference y\n",
        "police.example/log/erasure\nfile master zz 1\n",
    ],
)
def test_what_the_log_signed_as_something_else_is_no_certificate(text: str) -> None:
    with pytest.raises(DamagedError) as damaged:
        read_certificate(sign_note(text, SIGNER), SIGNER.verifier)
    assert damaged.value.code == "certificate.malformed"


def test_a_line_more_is_not_its_own_form() -> None:
    text = write_certificate(ONE, SIGNER).split("\n\n")[0] + "\nnote all is well\n"
    with pytest.raises(DamagedError) as damaged:
        read_certificate(sign_note(text, SIGNER), SIGNER.verifier)
    assert damaged.value.code == "certificate.malformed"
