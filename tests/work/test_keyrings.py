"""Where bucket keys live: arrivals in the folder always, recordings in a token where one is set."""

from pathlib import Path

import pytest

from bodyworn.core.errors import BodywornError, MissingError
from bodyworn.settings import Settings
from bodyworn.store.keyring import Bucket, KeyFolder
from bodyworn.work.keyrings import FolderAndToken, keyring_of

ARRIVALS, KEPT = Bucket("arrival-2026-04-14"), Bucket("retention.non-evidential/2026-05-13")
KEY = bytes(range(32))


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "folder")


@pytest.fixture
def token(tmp_path: Path) -> KeyFolder:
    """A second folder stands for the token: the two keep one protocol."""
    return KeyFolder(tmp_path / "token")


@pytest.fixture
def both(folder: KeyFolder, token: KeyFolder) -> FolderAndToken:
    return FolderAndToken(folder, token)


def test_arrivals_are_wrapped_in_the_folder_and_recordings_in_the_token(
    both: FolderAndToken, folder: KeyFolder, token: KeyFolder
) -> None:
    wrapped = {bucket: both.wrap(bucket, KEY) for bucket in (ARRIVALS, KEPT)}
    assert (folder.buckets(), token.buckets()) == ([ARRIVALS], [KEPT])
    assert both.buckets() == [ARRIVALS, KEPT]
    assert {both.unwrap(bucket, wrapped[bucket]) for bucket in wrapped} == {KEY}


def test_a_bucket_from_before_the_token_stays_where_it_is(
    both: FolderAndToken, folder: KeyFolder, token: KeyFolder
) -> None:
    wrapped = folder.wrap(KEPT, KEY)
    assert both.unwrap(KEPT, wrapped) == KEY
    both.wrap(KEPT, KEY)
    assert token.buckets() == []


def test_what_was_destroyed_is_never_made_anew_by_the_other(both: FolderAndToken) -> None:
    for bucket in (ARRIVALS, KEPT):
        wrapped = both.wrap(bucket, KEY)
        both.destroy(bucket)
        both.destroy(bucket)
        with pytest.raises(MissingError) as gone:
            both.unwrap(bucket, wrapped)
        assert gone.value.code == "key.destroyed"
        with pytest.raises(BodywornError) as shut:
            both.wrap(bucket, KEY)
        assert shut.value.code == "key.bucket-closed"
    assert both.buckets() == []


def test_without_a_token_everything_lies_in_the_folder(tmp_path: Path) -> None:
    assert isinstance(keyring_of(Settings(data=tmp_path)), KeyFolder)


def test_half_of_a_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BodywornError) as half:
        keyring_of(Settings(data=tmp_path, key_token_module="/usr/lib/softhsm/libsofthsm2.so"))
    assert half.value.code == "keys.half-token"


def test_a_token_without_its_pin_is_refused_and_the_file_named(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path, key_token_module="m.so", key_token_label="bwv", key_token_pin_file="pin"
    )
    with pytest.raises(BodywornError, match="pin") as no_pin:
        keyring_of(settings)
    assert no_pin.value.code == "keys.no-pin"
