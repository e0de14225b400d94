"""Where a dock may speak: its token and its tickets must not cross a network that all can read."""

from dataclasses import dataclass, field
from ipaddress import ip_address

import httpx

from bodyworn.core.errors import RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The evidence store that a dock brings to."""

    url: str  # base address that `/api/v1/uploads` is appended to
    token: str = field(repr=False)  # the dock's own
    insecure_plain_http: bool = False  # let everybody on the way read the token and the footage

    def __post_init__(self) -> None:
        check_address(self.url, insecure_plain_http=self.insecure_plain_http)


def check_address(url: str, *, insecure_plain_http: bool) -> None:
    """Pass for https, and for http on this machine.

    Raises RefusedError dock.plain-http, dock.no-url.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise _no_url(url) from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise _no_url(url)
    if parsed.scheme == "https" or insecure_plain_http or _is_loopback(parsed.host):
        return
    raise RefusedError(
        "dock.plain-http",
        f"{parsed.host} is another machine, and over http everybody on the way reads the token.",
        hint="Use an https address. Where nobody else can reach the cable, "
        "--insecure-plain-http sends the token and the footage for all to read.",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_url(url: str) -> RefusedError:
    return RefusedError(
        "dock.no-url",
        f"{url} is no address of a server.",
        hint="https://evidence.example is one.",
    )
