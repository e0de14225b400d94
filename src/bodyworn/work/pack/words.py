"""The README of a pack: for somebody who has never heard of this program."""

from collections.abc import Sequence
from textwrap import fill, indent

from bodyworn.core.clock import iso
from bodyworn.work.pack.nouns import Order

WIDTH = 78


def readme(order: Order, *, films: Sequence[tuple[str, str]], left_out: Sequence[str]) -> str:
    """The text. `films` are (reference, path); `left_out` are sentences."""
    settings, wish = order.house.settings, order.wish
    listed = "\n".join(f"  {reference}\n      {path}" for reference, path in films)
    missing = "\n".join(indent(fill(one, WIDTH - 2), "  ") for one in left_out)
    aside = f"\nNOT IN THIS PACK\n\n{missing}\n" if left_out else ""
    return f"""\
Disclosure pack
{settings.force_name}

Made {iso(order.at)} by {order.actor.display or order.actor.name}
For: {wish.to or "not stated"}
Purpose: {wish.purpose.value if wish.purpose else "not stated"}

{listed}

WHAT IS HERE

  the film
      As the camera gave it, byte for byte, unless its name or the custody
      history says that it is a clip or a redacted copy.
  *.c2pa
      Content credentials (C2PA): a signed statement about the film, for
      programs that read such statements.
  custody.pdf
      The custody history in sentences, signed. Read this first.
  custody.json, custody.jsonld
      The same for machines; the second in the words of CASE 1.5.
  proofs/
      One file an event: its place in the force's public log.
  receipt.txt
      What the sender of the film was told when it arrived, signed.
  checkpoint, log.vkey, policy.txt
      The log's signature, its public key, and who watches the log.
  verify.html, verify.py
      Two checkers. Each does everything below, without a network.

HOW TO CHECK IT, WITHOUT KNOWING ANYTHING

  Open verify.html in a browser and give it this folder.
  Or, with Python 3:   python3 data/verify.py .
  Best take the checker from somewhere else than from this pack.

HOW TO CHECK IT BY HAND

  In the folder above this one:   sha256sum -c SHA256SUMS
  Every line must end in OK. It is also a BagIt bag (RFC 8493).

  Then compare three things with what the force has published elsewhere,
  not with this disk: whoever forges a history also forges its keys.
    log.vkey, the key of the log {settings.log_origin}
    policy.txt, who watches it
    the root of the certificates that signed custody.pdf and the content
    credentials. Its SHA-256 fingerprint is
{_in_two_lines(order.documents.root_fingerprint)}
{aside}
WHAT THIS SHOWS

  The film is the one that arrived. The events are in the log, and none of
  them was changed since the log was signed.

WHAT THIS DOES NOT SHOW

  That the camera told the truth, that its clock was right, that a stated
  purpose was the true one, or that nothing happened that was not logged.
"""


def _in_two_lines(fingerprint: str) -> str:
    half = len(fingerprint) // 2 + 1
    return f"      {fingerprint[:half]}\n      {fingerprint[half:]}"
