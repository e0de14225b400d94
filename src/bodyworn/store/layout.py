"""Where everything in a data folder lies. Every path is computed here and nowhere else.

DATA/
  VERSION                      the layout's version, one whole number
  bodyworn.toml                settings, written by `bodyworn init`
  demo.json                    what a demonstration made this folder from; absent elsewhere
  serve.lock                   held by the one `bodyworn serve` of this folder
  keeper.lock                  held by the keeper while it works
  keys.sock                    where the keeper's key service answers; 0600
  serve.log                    what the servers of a demonstration say
  keys/                        0700; secrets, never in a backup of the database
    log.key  log.vkey          the log's Ed25519 key (C2SP signed note) and its public half
    log.mldsa.key  …vkey       its second key, ML-DSA-44; absent where it has none
    ticket.key                 32 bytes; signs tickets for the door
    pages.key                  Django's secret key
    buckets/<name>.<n>.key     32 bytes; wraps the data keys of one bucket (`store.keyring`)
    buckets/<name>.<n>.destroyed
                               the mark of a key that was destroyed
    documents.key  documents.pem  who signs packs: key, and certificate with its root
    documents-root.pem         the root of it with its key, made where the force names no other
  records.sqlite3              records, people, events (absent with PostgreSQL)
  queue.sqlite3                keys of waiting jobs, nothing else
  log/                         served as stored: C2SP tlog-tiles
    checkpoint  tile/…
    checkpoint.witnessed       the newest checkpoint that enough witnesses cosigned
    lock                       held by the one sequencer (SQLite; PostgreSQL has its own)
    timestamps/<size>.checkpoint  <size>.tsr  newest
                               checkpoints, and the RFC 3161 tokens over them
    census/<day>  newest       the list of live evidence of each day
  witnesses.json               what each witness was asked and answered last
  timestamps.json              what the time-stamp authority answered last
  statements/<moment>-<kind>   signed statements of backups, restores and moves
  moving/                      only while this folder is being filled by a restore or a move
  moved.json                   this installation was moved elsewhere, and is closed
  patrol.json                  how far the fixity patrol has come, and what it found
  patrol.lock                  held by whoever patrols
  blobs/sha256/ab/abcd…        one sealed file a digest of the plain bytes (`store.sealed`)
  blobs/sha256/ab/abcd….spare  the same bytes in a second seal, until it is settled which is good
  blobs/aside/<digest>.<n>     files that were found to be wrong and were replaced; never deleted
  blobs/incoming/              files on their way to a name; whatever is old here is litter
  uploads/<id>.json  <id>.bytes  <id>.tail  <id>.sidecar.0 …
                               an unfinished upload; all but its papers is sealed
  uploads/ended/<id>.json      how an upload ended, so that a late question has an answer
  inbox/<id>.json              finished uploads that wait for their row
  inbox/aside/<id>.json        notes that nobody could read; a person mends them
  static/                      collected static files, by version
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bodyworn.core.digest import Sha256

VERSION = 2  # 1 kept plain bytes and was never released


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one data folder. Nothing here touches the disk."""

    root: Path

    @property
    def version(self) -> Path:
        """The file that names the layout's version."""
        return self.root / "VERSION"

    @property
    def settings(self) -> Path:
        """The TOML file."""
        return self.root / "bodyworn.toml"

    @property
    def demo(self) -> Path:
        """What a demonstration made this folder from; only such a folder may be made afresh."""
        return self.root / "demo.json"

    @property
    def serve_lock(self) -> Path:
        """Locked by the one supervisor of this folder."""
        return self.root / "serve.lock"

    @property
    def keeper_lock(self) -> Path:
        """Locked by the keeper while it works."""
        return self.root / "keeper.lock"

    @property
    def key_socket(self) -> Path:
        """The Unix socket of the key service."""
        return self.root / "keys.sock"

    @property
    def serve_log(self) -> Path:
        """What the servers say while a demonstration has the terminal."""
        return self.root / "serve.log"

    @property
    def keys(self) -> Path:
        """The folder of secrets, mode 0700."""
        return self.root / "keys"

    @property
    def log_key(self) -> Path:
        """The log's private key as a C2SP signed-note signer key, mode 0600."""
        return self.keys / "log.key"

    @property
    def log_vkey(self) -> Path:
        """The log's public key as a C2SP signed-note verifier key."""
        return self.keys / "log.vkey"

    @property
    def log_second_key(self) -> Path:
        """The log's second private key, ML-DSA-44, mode 0600; absent where it has none."""
        return self.keys / "log.mldsa.key"

    @property
    def log_second_vkey(self) -> Path:
        """Its public half."""
        return self.keys / "log.mldsa.vkey"

    @property
    def ticket_key(self) -> Path:
        """The 32 bytes that sign tickets."""
        return self.keys / "ticket.key"

    @property
    def pages_key(self) -> Path:
        """Django's secret key."""
        return self.keys / "pages.key"

    @property
    def buckets(self) -> Path:
        """The folder of bucket keys, where no token holds them; mode 0700."""
        return self.keys / "buckets"

    @property
    def documents_key(self) -> Path:
        """The key that signs packs, PEM, mode 0600."""
        return self.keys / "documents.key"

    @property
    def documents_certificate(self) -> Path:
        """Its certificate and the root's, PEM."""
        return self.keys / "documents.pem"

    @property
    def documents_root(self) -> Path:
        """The root's certificate and key, PEM, mode 0600."""
        return self.keys / "documents-root.pem"

    @property
    def records(self) -> Path:
        """The SQLite database of records."""
        return self.root / "records.sqlite3"

    @property
    def queue(self) -> Path:
        """The SQLite database in which Huey carries job keys."""
        return self.root / "queue.sqlite3"

    @property
    def log(self) -> Path:
        """The tiled log, as it is served."""
        return self.root / "log"

    @property
    def log_lock(self) -> Path:
        """Locked by the one process that extends the log."""
        return self.log / "lock"

    @property
    def log_witnessed(self) -> Path:
        """The newest checkpoint that enough witnesses cosigned."""
        return self.log / "checkpoint.witnessed"

    @property
    def census(self) -> Path:
        """The lists of live evidence, served with the log."""
        return self.log / "census"

    def census_of(self, day: date) -> Path:
        """The census of one day."""
        return self.census / f"{day}"

    def census_draft(self, day: date) -> Path:
        """Its list, before the log's leaf is written over it; a dot keeps it from being served."""
        return self.census / f".{day}.list"

    @property
    def witnesses(self) -> Path:
        """What each witness was asked and answered last; may be lost without harm."""
        return self.root / "witnesses.json"

    @property
    def timestamps(self) -> Path:
        """What the time-stamp authority answered last; may be lost without harm."""
        return self.root / "timestamps.json"

    @property
    def statements(self) -> Path:
        """Signed statements of what was copied from here or to here."""
        return self.root / "statements"

    @property
    def moving(self) -> Path:
        """What a restore or a move remembers until this folder is complete."""
        return self.root / "moving"

    @property
    def moved(self) -> Path:
        """There once this installation was moved elsewhere."""
        return self.root / "moved.json"

    @property
    def patrol(self) -> Path:
        """How far the patrol has come; may be lost, and then a round begins again."""
        return self.root / "patrol.json"

    @property
    def patrol_lock(self) -> Path:
        """Locked by the one process that patrols."""
        return self.root / "patrol.lock"

    @property
    def blobs(self) -> Path:
        """All bytes at rest."""
        return self.root / "blobs"

    def blob(self, digest: Sha256) -> Path:
        """The one file that holds these bytes, in one of 256 folders.

        A folder more on the way would have to be made, and flushed, for almost every blob.
        """
        name = digest.hex
        return self.blobs / "sha256" / name[:2] / name

    def spare(self, digest: Sha256) -> Path:
        """The same bytes in a second seal, until somebody with keys says which one is good."""
        blob = self.blob(digest)
        return blob.with_name(f"{blob.name}.spare")

    def blob_aside(self, digest: Sha256, number: int) -> Path:
        """Where a wrong file of this digest is kept once it was replaced, counted from 1."""
        return self.blobs / "aside" / f"{digest.hex}.{number}"

    @property
    def incoming(self) -> Path:
        """Temporary files on their way to being a blob, in the blobs' own file system."""
        return self.blobs / "incoming"

    @property
    def uploads(self) -> Path:
        """Unfinished uploads."""
        return self.root / "uploads"

    def upload_info(self, upload: str) -> Path:
        """What is known about one unfinished upload."""
        return self.uploads / f"{upload}.json"

    def upload_bytes(self, upload: str) -> Path:
        """What has come so far, sealed: the header and every chunk that is full."""
        return self.uploads / f"{upload}.bytes"

    def upload_tail(self, upload: str) -> Path:
        """What has come since the last full chunk, sealed; replaced as a whole."""
        return self.uploads / f"{upload}.tail"

    def upload_sidecar(self, upload: str, number: int) -> Path:
        """One of the small files that were handed over with it, counted from 0."""
        return self.uploads / f"{upload}.sidecar.{number}"

    @property
    def ended(self) -> Path:
        """How uploads ended, kept for a while."""
        return self.uploads / "ended"

    def upload_ended(self, upload: str) -> Path:
        """How one upload ended."""
        return self.ended / f"{upload}.json"

    @property
    def inbox(self) -> Path:
        """Arrival notes of finished uploads that wait for their row."""
        return self.root / "inbox"

    def arrival(self, upload: str) -> Path:
        """The arrival note of one finished upload."""
        return self.inbox / f"{upload}.json"

    @property
    def aside(self) -> Path:
        """Arrival notes that could not be read: out of the sweeper's way, and never lost."""
        return self.inbox / "aside"

    @property
    def static(self) -> Path:
        """Collected static files."""
        return self.root / "static"
