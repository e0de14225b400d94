"""Laws about addresses: each says who may use it, and the database's schema is complete."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from bodyworn.web.api.v1 import api
from bodyworn.web.pages.permission import permission_of

API = "api/v1/"
PUBLIC = {"sign-in"}
"""Pages that anybody may ask for. Whoever adds one here says why in the commit."""


def patterns(
    inside: list[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Every address with its full text."""
    for one in inside:
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns, prefix + str(one.pattern))
        else:
            yield prefix + str(one.pattern), one


ROUTES = dict(patterns(get_resolver().url_patterns))
PAGES = {address: one for address, one in ROUTES.items() if not address.startswith(API)}


@pytest.mark.parametrize("address", PAGES)
def test_every_page_names_its_permission(address: str) -> None:
    assert permission_of(PAGES[address].callback) is not None, (
        f"/{address} names no permission: mark its view with needs(…) or public"
    )


def test_pages_for_everybody_are_the_ones_that_were_agreed() -> None:
    found = {a for a, one in PAGES.items() if permission_of(one.callback) == "public"}
    assert found == PUBLIC


def test_every_operation_of_the_api_asks_who_it_is() -> None:
    schema = api.get_openapi_schema(path_prefix=f"/{API}")
    open_to_all = [
        f"{method} {path}"
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if not operation.get("security")
    ]
    assert open_to_all == []


def test_an_operation_without_a_token_is_refused(client: Client) -> None:
    for path in api.get_openapi_schema(path_prefix=f"/{API}")["paths"]:
        for ask in (client.get, client.post):
            answer = ask(path.replace("{upload}", "0" * 32), content_type="application/json")
            assert answer.status_code in {401, 405}, path


@pytest.mark.django_db
def test_the_tables_are_those_of_the_models() -> None:
    """A model that was changed without a migration would work here and nowhere else."""
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
