"""The keys of kept bytes for tests that look into them, past the key service and its events."""

from bodyworn.core.digest import Sha256
from bodyworn.records.models import DataKey as KeyRow
from bodyworn.store.keyring import Bucket
from bodyworn.store.sealed import DataKey
from bodyworn.work.house import House


def key_of(house: House, digest: Sha256) -> DataKey:
    """The key by its row, or by the header where there is none."""
    row = KeyRow.objects.filter(sha256=digest.hex).first()
    if row is None:
        slot = house.vault.slot(digest)
        return DataKey(house.keyring.unwrap(slot.bucket, slot.wrapped))
    bucket = Bucket(row.bucket, row.generation)
    return DataKey(house.keyring.unwrap(bucket, bytes(row.wrapped)))


def plain(house: House, digest: Sha256) -> bytes:
    """The plain bytes."""
    with house.vault.open(digest, key_of(house, digest)) as stream:
        return stream.read()
