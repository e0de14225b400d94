"""Whether a server answers: asked from the parent, by HTTP, at its own number."""

import http.client
import ssl

from bodyworn.core.errors import SetupError
from bodyworn.settings import Settings
from bodyworn.work import serving

PATIENCE = 5.0  # seconds for one answer


def answers(settings: Settings, port: int, path: str = "/healthz") -> bool:
    """Whether an HTTP server answers there with anything but a fault of its own."""
    connection = _connection(settings, port)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def refuse_taken_ports(settings: Settings) -> None:
    """Raises SetupError serve.port-taken, before anything is started."""
    for port in serving.ports(settings):
        if serving.is_taken(settings.host, port):
            raise SetupError(
                "serve.port-taken",
                f"Another program listens on {settings.host}:{port}.",
                hint="End it, or choose other ports: pages_port, upload_port and reading_port "
                "in bodyworn.toml.",
            )


def _connection(settings: Settings, port: int) -> http.client.HTTPConnection:
    if not settings.tls_certificate:
        return http.client.HTTPConnection(settings.host, port, timeout=PATIENCE)
    # We ask our own process at a number; its certificate names it as others know it.
    context = ssl.create_default_context(cafile=settings.tls_certificate)
    context.check_hostname = False
    return http.client.HTTPSConnection(settings.host, port, timeout=PATIENCE, context=context)
