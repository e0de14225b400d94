"""A dock is known by its bearer token, and by nothing else: no cookie, no session."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from bodyworn.core.errors import RefusedError
from bodyworn.core.types import Actor
from bodyworn.work import people

LONGEST_TOKEN = 200  # characters


class DockToken(HttpBearer):
    """The token that `bodyworn dock add` showed once."""

    def authenticate(self, _: HttpRequest, token: str) -> Actor | None:
        """The dock as an actor; None where no active dock has this token."""
        if not 0 < len(token) <= LONGEST_TOKEN:
            return None
        dock = people.dock_by_token(token)
        return people.as_actor(dock) if dock else None


def dock_of(request: HttpRequest) -> Actor:
    """The dock that asks; ninja has put it on the request. Raises RefusedError."""
    dock = getattr(request, "auth", None)
    if not isinstance(dock, Actor):
        raise no_dock()
    return dock


def no_dock() -> RefusedError:
    """What a request without a good token gets."""
    return RefusedError(
        "api.no-dock",
        "No active dock has this token.",
        hint="Give the dock its token as `Authorization: Bearer …`; make one with "
        "`bodyworn dock add`.",
        status=401,
    )
