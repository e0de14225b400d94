"""Every error this package raises on purpose.

    BodywornError        .code  .explain()                         exit  web
    ├ RefusedError       a rule says no; carries the Decision         3  403 / 409
    ├ MissingError       no such thing, or not for you                4  404
    ├ DamagedError       bytes, tree or signature disagree            5  422, and an alarm
    ├ BusyError          try again after n seconds                    6  503 Retry-After
    └ SetupError         settings, keys, disk, tools                  7  500; `bodyworn check`

A code (`door.wrong-offset`) names the one thing that happened and never changes its meaning;
all of them stand in `docs/reference/errors.md`, and a law test keeps it so. The message is a
sentence for a person, the hint says what to do next. Errors are caught at the edges only:
the command line, the web middleware, the door, the job runner.
"""

from typing import Any, ClassVar


class BodywornError(Exception):
    """Something went wrong in bodyworn."""

    exit_code: ClassVar[int] = 1
    status: ClassVar[int] = 500
    default_hint: ClassVar[str] = "Run `bodyworn check`; it names what is wrong."

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        hint: str | None = None,
        status: int | None = None,
        **facts: Any,
    ) -> None:
        """`code` is `room.what-happened`; `facts` are plain values worth showing in JSON."""
        self.code = code
        self.message = message or str(self.__doc__)
        self.hint = hint or self.default_hint
        self.facts = facts
        self.http_status = status or self.status
        super().__init__(self.message)

    def explain(self) -> str:
        """What happened and what to do next, in two sentences."""
        return f"{self.message} {self.hint}"

    def as_dict(self) -> dict[str, Any]:
        """The same for machines: `code`, `message`, `hint` and the facts."""
        return {"code": self.code, "message": self.message, "hint": self.hint, **self.facts}


class RefusedError(BodywornError):
    """A rule does not allow this."""

    exit_code = 3
    status = 403
    default_hint = "If you think the rule is wrong, ask the person who keeps it."


class MissingError(BodywornError):
    """There is no such thing here, or it is not for you."""

    exit_code = 4
    status = 404
    default_hint = "Check the reference; `bodyworn show` lists what there is."


class DamagedError(BodywornError):
    """Bytes, tree or signature disagree."""

    exit_code = 5
    status = 422
    default_hint = "Keep everything as it is and run `bodyworn verify`; it names the entry."


class BusyError(BodywornError):
    """Something else is at work here."""

    exit_code = 6
    status = 503
    default_hint = "Try again in a few seconds; nothing was lost."

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        retry_after: int = 1,
        hint: str | None = None,
        **facts: Any,
    ) -> None:
        """`retry_after` is in seconds and becomes the Retry-After header."""
        super().__init__(code, message, hint=hint, retry_after=retry_after, **facts)
        self.retry_after = retry_after


class SetupError(BodywornError):
    """Settings, keys, disk or tools are not as they must be."""

    exit_code = 7
    status = 500
