"""The reading door, with the settings of this data folder."""

from pathlib import Path

from bodyworn.core.clock import parse_iso
from bodyworn.settings import Settings
from bodyworn.web import ticket
from bodyworn.web.door import reading_server


def main(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises SetupError ticket.key-missing."""
    certificate, key = settings.tls_certificate, settings.tls_key
    reading_server.main(
        reading_server.ReadingConfig(
            data=settings.data,
            ticket_key=ticket.load_key(settings.layout.ticket_key),
            host=settings.host,
            port=settings.reading_port,
            pages_origin=settings.pages,
            tls_certificate=Path(certificate) if certificate else None,
            tls_key=Path(key) if key else None,
            frozen_at=parse_iso(settings.frozen_at) if settings.frozen_at else None,
        )
    )
