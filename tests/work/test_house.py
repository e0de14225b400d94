"""A data folder: made once, never overwritten, refused when it is not ours to open."""

import stat
from pathlib import Path

import pytest

from bodyworn.core.errors import SetupError
from bodyworn.custody.mldsa import MldsaSigner
from bodyworn.custody.note import Verifier
from bodyworn.settings import Settings
from bodyworn.work.house import House, create


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a folder that does not exist yet."""
    return Settings(data=tmp_path / "data", frozen_at="2026-04-14T09:00:00Z")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def code_of(settings: Settings) -> str:
    with pytest.raises(SetupError) as error:
        House.open(settings)
    assert error.value.hint
    return error.value.code


def test_a_new_folder_is_shut_to_others_and_its_log_open(settings: Settings) -> None:
    create(settings)
    layout = settings.layout
    assert mode(layout.root) == mode(layout.keys) == mode(layout.inbox) == 0o700
    assert mode(layout.log_key) == mode(layout.ticket_key) == mode(layout.pages_key) == 0o600
    assert mode(layout.log) == 0o755
    assert layout.version.read_text() == "2\n"


def test_an_empty_folder_that_was_open_to_others_is_shut(settings: Settings) -> None:
    settings.data.mkdir(0o755)
    create(settings)
    assert mode(settings.data) == 0o700
    settings.data.chmod(0o711)  # a person's own choice, to let a web server at the log
    create(settings)
    assert mode(settings.data) == 0o711


def test_a_new_folder_opens(settings: Settings) -> None:
    create(settings)
    house = House.open(settings)
    assert house.log.size == 0
    assert len(house.ticket_key) == 32
    assert house.now().isoformat() == "2026-04-14T09:00:00+00:00"
    assert house.wall_now() != house.now()
    assert Verifier.parse(house.layout.log_vkey.read_text()) == house.signer.verifier


def test_making_it_again_changes_no_key(settings: Settings) -> None:
    create(settings)
    before = {path.name: path.read_bytes() for path in settings.layout.keys.iterdir()}
    create(settings)
    assert {path.name: path.read_bytes() for path in settings.layout.keys.iterdir()} == before


def test_an_interrupted_making_is_finished_by_the_next(settings: Settings) -> None:
    create(settings)
    key = settings.layout.log_key.read_bytes()
    settings.layout.version.unlink()
    settings.layout.ticket_key.unlink()
    settings.layout.log_vkey.unlink()
    create(settings)
    assert settings.layout.log_key.read_bytes() == key
    assert House.open(settings)


def test_keys_are_never_alike(tmp_path: Path) -> None:
    houses = []
    for name in ("one", "two"):
        settings = Settings(data=tmp_path / name)
        create(settings)
        houses.append(House.open(settings))
    assert houses[0].ticket_key != houses[1].ticket_key
    assert houses[0].signer.secret != houses[1].signer.secret


def test_a_folder_that_is_not_there_is_named(settings: Settings) -> None:
    assert code_of(settings) == "data.missing"


def test_a_folder_of_a_newer_version_is_left_alone(settings: Settings) -> None:
    create(settings)
    settings.layout.version.write_text("3\n")
    assert code_of(settings) == "data.newer"
    with pytest.raises(SetupError):
        create(settings)


def test_a_folder_from_before_bytes_were_sealed_is_refused(settings: Settings) -> None:
    create(settings)
    settings.layout.version.write_text("1\n")
    assert code_of(settings) == "data.older"


def test_a_garbled_version_is_named(settings: Settings) -> None:
    create(settings)
    settings.layout.version.write_text("one")
    assert code_of(settings) == "data.version-unreadable"


@pytest.mark.parametrize("key", ["log_key", "ticket_key"])
def test_a_missing_key_is_named_and_never_replaced_on_opening(settings: Settings, key: str) -> None:
    create(settings)
    path: Path = getattr(settings.layout, key)
    path.unlink()
    assert code_of(settings) == "keys.missing"
    assert not path.exists()


def test_a_log_never_changes_its_name(settings: Settings) -> None:
    create(settings)
    assert code_of(settings.with_(log_origin="other.example/log")) == "log.key-of-another-log"


def test_somebody_elses_folder_is_not_touched(settings: Settings) -> None:
    settings.data.mkdir()
    (settings.data / "thesis.tex").write_text("…")
    with pytest.raises(SetupError) as error:
        create(settings)
    assert error.value.code == "data.not-ours"
    assert [path.name for path in settings.data.iterdir()] == ["thesis.tex"]


def test_a_settings_file_may_be_there_first(settings: Settings) -> None:
    settings.data.mkdir()
    settings.layout.settings.write_text('force_name = "Test Police"\n')
    create(settings)
    assert House.open(settings)


def test_a_house_never_shows_its_keys(settings: Settings) -> None:
    create(settings)
    house = House.open(settings)
    assert repr(house.ticket_key) not in repr(house)
    assert house.signer.secret.hex() not in repr(house)
    assert house.signer.text not in repr(house)


def test_a_log_may_have_a_second_key(settings: Settings) -> None:
    layout = settings.layout
    create(settings)
    assert House.open(settings).second is None
    for _ in range(2):  # now or later, and once
        create(settings, second_signature=True)
        second = House.open(settings).second
        assert second
        assert second.name == settings.log_origin
        assert layout.log_second_vkey.read_text() == second.key.text + "\n"
    assert mode(layout.log_second_key) == 0o600


def test_a_second_key_of_another_log_is_refused(settings: Settings) -> None:
    create(settings, second_signature=True)
    key = settings.layout.log_second_key
    key.write_text(MldsaSigner.generate("mallory.example/log").text)
    assert code_of(settings) == "log.key-of-another-log"
