"""What every page shows: the force's name, who is signed in, where one is."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings as django_conf
from django.http import HttpRequest

from bodyworn.core.terms import Role
from bodyworn.records.models import User

ROLE_WORDS = {
    Role.ADMINISTRATOR: "Administrator",
    Role.INVESTIGATOR: "Investigator",
    Role.OFFICER: "Officer",
    Role.SUPERVISOR: "Supervisor",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the menu."""

    name: str  # as shown
    address: str  # path
    is_here: bool  # the page is within it


def every_page(request: HttpRequest) -> dict[str, Any]:
    """Context of every template; works for pages without anybody signed in as well."""
    user = getattr(request, "user", None)
    return {
        "force_name": django_conf.BODYWORN.force_name,
        "menu": _menu(request) if isinstance(user, User) else (),
        "who": user if isinstance(user, User) else None,
        "who_is": _role_and_place(user) if isinstance(user, User) else "",
    }


def _menu(request: HttpRequest) -> tuple[Place, ...]:
    path = request.path
    return (
        Place("Home", "/", path == "/"),
        Place("Recordings", "/recordings", path.startswith("/recordings")),
    )


def _role_and_place(user: User) -> str:
    role = ROLE_WORDS[Role(user.role)]
    if user.unit is None:
        return role
    place = user.unit.borough if user.role == Role.INVESTIGATOR else user.unit.name
    return f"{role} · {place}"
