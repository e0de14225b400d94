"""Where the bucket keys of a house live: in its keys folder, or the recordings' in a token.

The keys of arrivals always lie in the folder: the upload door seals what it takes in, and a door
needs no way to the token. They live for days only. Once a token is set, every new bucket of
recordings is made there; a bucket whose key lies in the folder already stays there until it goes.
"""

from pathlib import Path

from bodyworn.core.errors import SetupError
from bodyworn.settings import Settings
from bodyworn.store.births import ARRIVAL
from bodyworn.store.keyring import Bucket, KeyFolder, Keyring
from bodyworn.store.token import TokenKeyring


def keyring_of(settings: Settings) -> Keyring:
    """The keyring that the settings ask for. Nothing is opened yet.

    Raises SetupError keys.half-token, keys.no-pin, key.no-pkcs11.
    """
    folder = KeyFolder(settings.layout.buckets)
    named = (settings.key_token_module, settings.key_token_label, settings.key_token_pin_file)
    if not any(named):
        return folder
    if not all(named):
        raise SetupError(
            "keys.half-token",
            "A key token needs all of key_token_module, key_token_label and key_token_pin_file.",
            hint="Set all three, or none: then bucket keys are files in the keys folder.",
        )
    module, label, pin_file = named
    pin = _pin(settings.data / pin_file)
    return FolderAndToken(folder, TokenKeyring(module=Path(module), label=label, pin=pin))


class FolderAndToken:
    """Arrivals in a folder, recordings in a token. See `store.keyring.Keyring`."""

    def __init__(self, folder: Keyring, token: Keyring) -> None:
        """Neither is asked for anything yet."""
        self._folder = folder
        self._token = token

    def wrap(self, bucket: Bucket, key: bytes) -> bytes:
        """See `Keyring`."""
        return self._home(bucket).wrap(bucket, key)

    def unwrap(self, bucket: Bucket, wrapped: bytes) -> bytes:
        """See `Keyring`."""
        return self._home(bucket).unwrap(bucket, wrapped)

    def destroy(self, bucket: Bucket) -> None:
        """In both, so that neither ever makes the bucket anew."""
        self._folder.destroy(bucket)
        if not bucket.name.startswith(ARRIVAL):
            self._token.destroy(bucket)

    def buckets(self) -> list[Bucket]:
        """See `Keyring`."""
        return sorted({*self._folder.buckets(), *self._token.buckets()})

    def _home(self, bucket: Bucket) -> Keyring:
        is_here = bucket.name.startswith(ARRIVAL) or bucket in self._folder.buckets()
        return self._folder if is_here else self._token


def _pin(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise SetupError(
            "keys.no-pin",
            f"The PIN of the key token cannot be read from {path}.",
            hint="Write it into that file, for the owner's eyes only, or set key_token_pin_file.",
        ) from None
