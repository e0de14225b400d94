"""Every view names its permission; what names none opens for nobody.

The name says what kind of right a view is about. Whether this person may do it with this
recording is judged by the verbs of `work`, which know the recording.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, Literal, ParamSpec

from django.http import HttpRequest, HttpResponse

from bodyworn.core.errors import RefusedError
from bodyworn.core.types import Actor
from bodyworn.records.models import User
from bodyworn.rules.access import Action, may

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]
"""Django hands the request over by position."""

PUBLIC: Final = "public"
_MARK = "bodyworn_permission"


def public(view: View[Rest]) -> View[Rest]:
    """Anybody may ask for this, signed in or not."""
    setattr(view, _MARK, PUBLIC)
    return view


def needs(action: Action) -> Callable[[View[Rest]], View[Rest]]:
    """Only those whose account allows this kind of action at all."""

    def decorated(view: View[Rest]) -> View[Rest]:
        @wraps(view)
        def judged(
            request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponse:
            decision = may(actor_of(request), action)
            if not decision.allowed:
                raise RefusedError("access.refused", decision.reason, rule=decision.rule)
            return view(request, *args, **kwargs)

        setattr(judged, _MARK, action)
        return judged

    return decorated


def permission_of(view: object) -> Action | Literal["public"] | None:
    """What a view named; None where it forgot."""
    named: Action | Literal["public"] | None = getattr(view, _MARK, None)
    return named


def user_of(request: HttpRequest) -> User:
    """The signed-in account. Raises RefusedError access.signed-in."""
    if not isinstance(request.user, User):
        raise RefusedError("access.signed-in", "Sign in first.", status=401)
    return request.user


def actor_of(request: HttpRequest) -> Actor:
    """The noun that rules judge."""
    return user_of(request).as_actor()
