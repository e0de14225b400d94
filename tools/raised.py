"""Every error that the source can raise, read from its syntax trees.

An error is raised by its class, or made by a function of the same file that is given the code.
What is only known when it happens stands as `…`.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bodyworn.core import errors

SOURCE = Path(__file__).resolve().parent.parent / "src" / "bodyworn"
CODE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")
CLASSES = {name: kind for name, kind in vars(errors).items() if name.endswith("Error")}


@dataclass(frozen=True, slots=True, order=True)
class Raised:
    """One error that the source can raise."""

    code: str
    kind: str
    status: int
    message: str
    hint: str


def raised() -> Iterator[Raised]:
    """Every error with a literal code, raised or made by a function that returns one."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        makers = {**{name: name for name in CLASSES}, **helpers(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (error := as_raised(node, makers)):
                yield error


def helpers(tree: ast.Module) -> dict[str, str]:
    """Functions that make or raise an error whose code they are given: name, class."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.args.args:
            made = [n for n in ast.walk(node) if isinstance(n, ast.Call) and is_passed_on(n, node)]
            if made:
                found[node.name] = called(made[0])
    return found


def is_passed_on(call: ast.Call, function: ast.FunctionDef) -> bool:
    """Whether this makes an error with the function's first argument as its code."""
    first = next(iter(call.args), None)
    names = {argument.arg for argument in function.args.args}
    return called(call) in CLASSES and isinstance(first, ast.Name) and first.id in names


def as_raised(call: ast.Call, makers: dict[str, str]) -> Raised | None:
    """The error that a call makes, if it names a code."""
    kind = makers.get(called(call))
    code = literal(call.args[0]) if call.args else ""
    if kind is None or not CODE.fullmatch(code):
        return None
    given = {word.arg: word.value for word in call.keywords if word.arg}
    status = given.get("status")
    message = literal(call.args[1]) if len(call.args) > 1 else literal(given.get("message"))
    return Raised(
        code=code,
        kind=kind,
        status=ast.literal_eval(status)
        if isinstance(status, ast.Constant)
        else CLASSES[kind].status,
        message=message or str(CLASSES[kind].__doc__),
        hint=literal(given.get("hint")) or CLASSES[kind].default_hint,
    )


def called(call: ast.Call) -> str:
    """The last word of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def literal(node: ast.expr | None) -> str:
    """The text of a literal; `…` for what is only known when it happens."""
    match node:
        case ast.Constant(value=str(text)):
            return text.replace("|", "\\|")
        case ast.JoinedStr(values=parts):
            return "".join(
                literal(part) if isinstance(part, ast.Constant) else "…" for part in parts
            )
    return ""
