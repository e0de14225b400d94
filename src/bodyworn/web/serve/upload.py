"""The upload door, with the settings of this data folder."""

from datetime import timedelta
from pathlib import Path

from bodyworn.core.clock import parse_iso
from bodyworn.settings import Settings
from bodyworn.web import ticket
from bodyworn.web.door import upload


def main(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises SetupError ticket.key-missing, upload.port-taken."""
    certificate, key = settings.tls_certificate, settings.tls_key
    upload.main(
        upload.UploadConfig(
            data=settings.data,
            ticket_key=ticket.load_key(settings.layout.ticket_key),
            host=settings.host,
            port=settings.upload_port,
            pages_origin=settings.pages,
            largest=settings.largest_upload,
            expires_after=timedelta(hours=settings.upload_expires_hours),
            tls_certificate=Path(certificate) if certificate else None,
            tls_key=Path(key) if key else None,
            frozen_at=parse_iso(settings.frozen_at) if settings.frozen_at else None,
        )
    )
