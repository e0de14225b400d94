"""Witness policies: what is enough, and a reader that refuses what could be read in two ways."""

from contextlib import suppress
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.custody.making import MALLORY, POLICE
from tests.custody.overseeing import (
    COMPLAINTS,
    LEAVES,
    MAYOR,
    NAMES,
    SEEN,
    UNIVERSITY,
    WITNESSES,
    cosigned,
    later,
    note_of,
    policy_text,
)

from bodyworn.core.errors import DamagedError, SetupError
from bodyworn.custody.cosignature import Cosigner
from bodyworn.custody.note import Signer
from bodyworn.custody.policy import Cosigned, Policy, load_policy, read_policy

NOTE = note_of(LEAVES, 300)
LOG = POLICE.verifier.text
W1, W2, W3 = (one.key.text for one in WITNESSES.values())
TWO_LEVELS = f"""# two levels, with tabs and blanks wherever they may stand
log\t{LOG}  https://police.example/log/

 witness X1 {W1} https://x1.example/
witness X2 {W2}
   # between
group X 1 X1 X2
witness Y {W3}
group X-and-Y all X Y
quorum X-and-Y
"""


def met(policy: Policy, *names: str) -> bool:
    return policy.judge(cosigned(NOTE, *(WITNESSES[name] for name in names))).is_met


@pytest.mark.parametrize(
    ("quorum", "least"),
    [
        ("group oversight any complaints mayor university", 1),
        ("group oversight 1 complaints mayor university", 1),
        ("group oversight 2 complaints mayor university", 2),
        ("group oversight 3 complaints mayor university", 3),
        ("group oversight all complaints mayor university", 3),
        ("quorum none", 0),
    ],
)
def test_a_group_counts_its_members(quorum: str, least: int) -> None:
    policy = read_policy(policy_text(quorum))
    for count in range(4):
        for names in combinations(NAMES, count):
            assert met(policy, *names) is (count >= least)


def test_groups_of_groups() -> None:
    policy = read_policy(TWO_LEVELS.encode())
    assert policy.is_met_by({"X1", "Y"})
    assert policy.is_met_by({"X2", "Y"})
    assert not policy.is_met_by({"X1", "X2"})
    assert not policy.is_met_by({"Y"})
    assert policy.logs[0].url == "https://police.example/log/"
    assert [one.url for one in policy.witnesses] == ["https://x1.example/", "", ""]


def test_a_standing_says_who_and_when() -> None:
    note = cosigned(cosigned(NOTE, MAYOR), COMPLAINTS, at=later(7))
    standing = read_policy(policy_text()).judge(note)
    assert standing.cosigned == (
        Cosigned(name="complaints", at=later(7)),
        Cosigned(name="mayor", at=SEEN),
    )
    assert standing.is_met
    assert standing.names == ("complaints", "mayor")
    assert standing.newest == later(7)
    assert (standing.witnesses, standing.checkpoint.size) == (3, 300)


def test_a_witness_that_signs_twice_is_one_witness() -> None:
    note = cosigned(cosigned(NOTE, MAYOR), MAYOR, at=later(1))
    assert not read_policy(policy_text()).judge(note).is_met


def test_a_stranger_among_the_signatures_changes_nothing() -> None:
    stranger = Cosigner.generate("stranger.example/w")
    standing = read_policy(policy_text()).judge(cosigned(NOTE, stranger, MAYOR))
    assert standing.names == ("mayor",)


def test_mallory_under_a_witnesss_name_spoils_the_note() -> None:
    """The key's id is public, so a forged line carries it; only the signature fails."""
    mallory = Cosigner(MAYOR.name, b"m" * 32)
    genuine = MAYOR.cosign("x\n", at=SEEN)
    forged = mallory.cosign(NOTE.rpartition("\n\n")[0] + "\n", at=SEEN)
    line = type(forged)(forged.name, genuine.key_id, forged.raw).line
    with pytest.raises(DamagedError) as caught:
        read_policy(policy_text()).judge(NOTE + line)
    assert caught.value.code == "note.bad-signature"


def test_only_the_policys_logs_count() -> None:
    policy = read_policy(policy_text())
    with pytest.raises(DamagedError) as caught:
        policy.judge(note_of(LEAVES, 300, signer=MALLORY))
    assert caught.value.code == "note.not-signed"
    with pytest.raises(DamagedError) as caught:
        policy.judge(NOTE, log=MALLORY.verifier)
    assert caught.value.code == "policy.other-log"
    assert policy.judge(NOTE, log=POLICE.verifier).checkpoint.size == 300


def test_a_policy_without_logs_takes_the_readers() -> None:
    policy = read_policy(b"quorum none\n")
    assert policy.judge(NOTE, log=POLICE.verifier).is_met
    with pytest.raises(DamagedError) as caught:
        policy.judge(NOTE)
    assert caught.value.code == "policy.other-log"


def test_any_of_several_logs_counts() -> None:
    other = Signer.generate("other.example/log")
    policy = read_policy(f"log {LOG}\nlog {other.verifier.text}\nquorum none\n".encode())
    for signer in (POLICE, other):
        assert policy.judge(note_of(LEAVES, 9, signer=signer)).checkpoint.origin == signer.name


def test_names_are_octets() -> None:
    """The Kelvin sign looks like a K, and Unicode calls them equal; a policy must not."""
    kelvin = b"\xe2\x84\xaa"
    text = b"witness K %s\nwitness %s %s\nwitness \xff\xfe %s\n" % (
        *(W1.encode(), kelvin),
        *(W2.encode(), W3.encode()),
    )
    policy = read_policy(text + b"group g all K " + kelvin + b"\nquorum g\n")
    assert len({one.name for one in policy.witnesses}) == 3
    assert not policy.is_met_by({"K"})


WRONG = {
    "no quorum": f"log {LOG}\n",
    "two quorums": "quorum none\nquorum none\n",
    "unknown quorum": "quorum oversight\n",
    "quorum of many": f"witness a {W1}\nwitness b {W2}\nquorum a b\n",
    "quorum before its name": f"quorum a\nwitness a {W1}\n",
    "no end": "quorum none",
    "unknown word": "witnesses none\nquorum none\n",
    "upper case": "QUORUM none\n",
    "carriage return": "quorum none\r\n",
    "form feed": "quorum\fnone\n",
    "nul": "quorum none\n\0\n",
    "delete": "# \x7f\nquorum none\n",
    "log without key": "log\nquorum none\n",
    "log with too much": f"log {LOG} a b\nquorum none\n",
    "log twice": f"log {LOG}\nlog {LOG}\nquorum none\n",
    "log with a witness's key": f"log {W1}\nquorum none\n",
    "witness with a log's key": f"witness a {LOG}\nquorum none\n",
    "witness without key": "witness a\nquorum none\n",
    "witness twice": f"witness a {W1}\nwitness b {W1}\nquorum none\n",
    "name twice": f"witness a {W1}\nwitness a {W2}\nquorum none\n",
    "name of a group": f"witness a {W1}\ngroup a any a\nquorum none\n",
    "the name none": f"witness none {W1}\nquorum none\n",
    "a group called none": f"witness a {W1}\ngroup none any a\nquorum none\n",
    "a group with nobody": f"witness a {W1}\ngroup g any none\nquorum g\n",
    "an empty group": "group g any\nquorum g\n",
    "a group of itself": f"witness a {W1}\ngroup g any g\nquorum g\n",
    "a group of the unknown": f"witness a {W1}\ngroup g any a b\nquorum g\n",
    "a member twice": f"witness a {W1}\ngroup g 1 a a\nquorum g\n",
    "a member of two groups": f"witness a {W1}\ngroup g any a\ngroup h any a\nquorum g\n",
    "needs nobody": f"witness a {W1}\ngroup g 0 a\nquorum g\n",
    "needs too many": f"witness a {W1}\ngroup g 2 a\nquorum g\n",
    "needs a fraction": f"witness a {W1}\ngroup g 1.0 a\nquorum g\n",
    "needs with a zero": f"witness a {W1}\ngroup g 01 a\nquorum g\n",
    "needs a plus": f"witness a {W1}\ngroup g +1 a\nquorum g\n",
    "needs another digit": f"witness a {W1}\ngroup g ١ a\nquorum g\n",
    "garbled key": f"witness a {W1[:-4]}AAAA\nquorum none\n",
    "a key of the coming kind": "witness a w.example+00000000+BgAA\nquorum none\n",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_refused_with_a_sentence(wrong: str) -> None:
    with pytest.raises(DamagedError) as caught:
        read_policy(WRONG[wrong].encode())
    assert caught.value.code == "policy.malformed"
    assert caught.value.message.endswith(".")


def test_the_line_is_named() -> None:
    with pytest.raises(DamagedError) as caught:
        read_policy(f"# one\nlog {LOG}\nquorum nobody\n".encode())
    assert caught.value.message.startswith("Line 3: ")
    assert caught.value.facts == {"line": 3}


def test_there_is_room_for_what_the_specification_recommends_and_not_for_everything() -> None:
    def policy(count: int) -> bytes:
        keys = [Cosigner(f"w{n}.example", n.to_bytes(32, "big")).key.text for n in range(count)]
        lines = [f"witness w{n} {key}" for n, key in enumerate(keys)]
        return "\n".join([*lines, "quorum none", ""]).encode()

    assert len(read_policy(policy(32)).witnesses) == 32
    with pytest.raises(DamagedError):
        read_policy(policy(65))
    with pytest.raises(DamagedError):
        read_policy(b"#" * (1 << 18) + b"\nquorum none\n")


LINES = [line + "\n" for text in (TWO_LEVELS, *WRONG.values()) for line in text.splitlines()]


@settings(deadline=None)
@given(data=st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(LINES)).map("".join)))
@example(data=TWO_LEVELS)
def test_any_bytes_are_a_policy_or_refused_in_words(data: bytes | str) -> None:
    raw = data if isinstance(data, bytes) else data.encode()
    with suppress(DamagedError):
        policy = read_policy(raw)
        everybody = {one.name for one in policy.witnesses}
        assert policy.is_met_by(everybody)
        assert policy.is_met_by(set()) is (policy.quorum == "none")


@settings(deadline=None)
@given(st.sets(st.sampled_from(["X1", "X2", "Y"])), st.sampled_from(["X1", "X2", "Y"]))
def test_one_witness_more_never_makes_a_quorum_less(names: set[str], more: str) -> None:
    policy = read_policy(TWO_LEVELS.encode())
    assert policy.is_met_by(names) <= policy.is_met_by(names | {more})


def test_a_policy_is_loaded_from_its_file_or_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "policy"
    with pytest.raises(SetupError) as caught:
        load_policy(path)
    assert "policy" in caught.value.message
    path.write_bytes(b"quorum nobody\n")
    with pytest.raises(SetupError) as caught:
        load_policy(path)
    assert "Line 1" in caught.value.message
    path.write_bytes(policy_text())
    assert len(load_policy(path).witnesses) == 3
    assert UNIVERSITY.key in [one.key for one in load_policy(path).witnesses]
