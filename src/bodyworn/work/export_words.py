"""The README of an export: for somebody who has never heard of this program."""

from bodyworn.core.terms import Purpose


def readme(
    *,
    reference: str,
    force: str,
    origin: str,
    exported_at: str,
    who: str,
    purpose: Purpose,
    original: str,
) -> str:
    """The text, in lines of at most 78 characters where names allow."""
    return f"""\
Recording {reference}
{force}

Taken out {exported_at} by {who}, for: {purpose.value}.

WHAT IS HERE

  {original}
      The footage, byte for byte as the camera gave it.
  sidecars/
      Small files that came beside it, if there were any.
  custody.json
      Everything that happened to it here: who, when, what for.
  proofs/
      One file an event: the event's place in the public log.
  checkpoint, log.vkey
      The log's signature over all its entries, and its public key.
  receipt.txt
      What the sender was told, signed: these bytes arrived and are on record.
  SHA256SUMS
      A fingerprint of every file in this folder.

HOW TO CHECK THE FILES

  In this folder:   sha256sum -c SHA256SUMS
  Every line must end in OK. The fingerprint of the footage also stands in
  receipt.txt and, in custody.json, in the event of type "ingestion".

HOW TO CHECK THE HISTORY

  1. Compare log.vkey with the key that the force has published, not with
     the one on this disk: whoever forges a history also forges its key.
  2. Each file in proofs/ is a C2SP tlog-proof. It shows that the "leaf" of
     its event in custody.json is an entry of the log {origin}.
  3. In a leaf, "subject", "actor" and "detail" are the SHA-256 of the 16
     bytes in "salts", followed by the value as canonical JSON (RFC 8785).
     For "detail" the value is {{"detail": ..., "purpose": ...}}. "evidence"
     is the SHA-256 of the 16 bytes in "pseudonym_salt", followed by the
     letters of the recording's reference.

WHAT THIS SHOWS

  The footage is what arrived. The events are in the log, in this order, and
  none of them was changed since the checkpoint was signed.

WHAT THIS DOES NOT SHOW

  That the camera told the truth, that its clock was right, or that a stated
  purpose was the true one.
"""
