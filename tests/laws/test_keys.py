"""Laws about keys: there is one way to the plain bytes of a recording, and it is `work.keys`.

The source is read, not run: whoever adds another way has to change this file, and be seen.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.laws.source import SOURCE, modules, tree

MODULES = modules()
Found = Callable[[ast.AST], bool]


def is_attribute(*names: str) -> Found:
    return lambda node: isinstance(node, ast.Attribute) and node.attr in names


def imports(module: str, *names: str) -> Found:
    """Whether a node takes one of these names from that module."""
    return lambda node: (
        isinstance(node, ast.ImportFrom)
        and node.module == module
        and any(alias.name in names for alias in node.names)
    )


def is_call(*names: str) -> Found:
    def found(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call):
            return False
        called = node.func
        return isinstance(called, ast.Name) and called.id in names

    return found


def writes_rows(node: ast.AST) -> bool:
    """`DataKey.objects` of the tables, whatever is done with it next."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "objects"
        and isinstance(node.value, ast.Name)
        and node.value.id in {"DataKey", "KeyRow"}
    )


def places(found: Found) -> Iterator[str]:
    """Files, seen from the package, in which there is such a node."""
    for path in MODULES.values():
        if any(found(node) for node in ast.walk(tree(path))):
            yield str(path.relative_to(SOURCE))


def only_in(found: Found, *allowed: str) -> None:
    there = set(places(found))
    assert there - set(allowed) == set()
    assert there, "the law must see what it is about"


RINGS = ("store/keyring.py", "store/token.py", "work/keyrings.py")


def test_only_the_key_service_and_births_unwrap_a_key() -> None:
    """Births are arrivals: what was born under a day's key and has no row yet."""
    only_in(is_attribute("unwrap"), *RINGS, "store/births.py", "work/keys.py")


def test_a_data_key_is_made_at_birth_by_the_service_and_at_the_end_of_its_line_only() -> None:
    only_in(is_call("DataKey"), "store/births.py", "store/key_socket.py", "work/keys.py")


def test_the_secret_of_a_key_is_told_to_be_wrapped_or_for_the_line_only() -> None:
    allowed = ("store/births.py", "store/sealed.py", "work/key_server.py", "work/keys.py")
    signers = (
        "custody/note.py",
        "custody/cosignature.py",
        "custody/mldsa.py",
    )  # whose own secrets are called so too
    only_in(is_attribute("secret"), *allowed, *signers)


def test_nobody_above_the_store_reaches_for_births() -> None:
    """Whoever holds a Vault could else open what arrived, with or without a row."""
    there = set(places(is_attribute("births")))
    assert {path for path in there if not path.startswith("store/")} == set()


def test_the_houses_keyring_is_for_the_service_and_for_those_who_destroy() -> None:
    only_in(
        is_attribute("keyring"),
        "work/keys.py",
        "work/arrival_keys.py",
        "work/check/folder.py",
        "work/check/ledger.py",
        "work/rotation.py",
        "work/erase_ending.py",
        "work/erase_proof.py",
    )


def test_the_rows_of_keys_are_written_in_one_place() -> None:
    readers = ("work/keys.py", "work/arrival_keys.py", "work/check/ledger.py")
    only_in(writes_rows, "work/data_keys.py", *readers)
    for name in readers:
        written = [
            node
            for node in ast.walk(tree(SOURCE / name))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"create", "get_or_create", "update", "bulk_create", "delete"}
        ]
        assert written == [], name


def test_the_service_is_opened_by_the_keeper_and_where_nobody_keeps() -> None:
    only_in(is_call("KeyService"), "work/keeper.py", "work/keys.py")


@pytest.mark.parametrize("room", ["web/door", "store", "media", "devices"])
def test_below_work_nobody_knows_who_is_given_a_key(room: str) -> None:
    takers = set(places(imports("bodyworn.work.keys", "KeyService", "keys_of")))
    assert {path for path in takers if path.startswith(room)} == set()


def test_sealed_files_are_opened_by_the_store_only() -> None:
    """A path to a blob is a way past the vault; above the store nobody asks for one's bytes."""
    there = {
        str(Path(place))
        for place in places(imports("bodyworn.store.sealed_reading", "SealedFile", "PlainText"))
    }
    assert {path for path in there if not path.startswith("store/")} == set()
