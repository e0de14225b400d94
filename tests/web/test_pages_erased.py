"""Where a recording was: what the page says, and to whom."""

import pytest
from tests.people import ALICE, CAROL
from tests.web.pages_world import As, kept
from tests.work.erasing import WISH, later

from bodyworn.records.models import CustodyEvent, Recording
from bodyworn.work import erase
from bodyworn.work.house import House

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gone(house: House, browse: As) -> str:
    """The reference of a recording that was erased to the end."""
    reference = kept(house).reference
    erase.erase(later(house, 4), [reference], WISH)
    return reference


def test_the_page_says_when_by_which_policy_and_whose_authority(gone: str, browse: As) -> None:
    answer = browse(ALICE).get(f"/recordings/{gone}")
    page = answer.content.decode()
    assert answer.status_code == 410
    assert "This recording was erased" in page
    assert WISH.policy in page
    assert WISH.authority in page
    assert "18 April 2026" in page
    assert WISH.reason not in page
    assert "certificate" not in page


def test_those_who_answer_for_footage_read_the_certificate(gone: str, browse: As) -> None:
    client = browse(CAROL)
    assert f"/recordings/{gone}/certificate" in client.get(f"/recordings/{gone}").content.decode()
    answer = client.get(f"/recordings/{gone}/certificate")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert f"\nreason {WISH.reason}\n" in answer.content.decode()


def test_others_do_not(gone: str, browse: As) -> None:
    assert browse(ALICE).get(f"/recordings/{gone}/certificate").status_code == 403


def test_what_still_waits_for_a_key_has_no_certificate_yet(house: House, browse: As) -> None:
    reference = kept(house).reference
    erase.erase(house, [reference], WISH)
    client = browse(CAROL)
    assert "is still to be destroyed" in client.get(f"/recordings/{reference}").content.decode()
    assert client.get(f"/recordings/{reference}/certificate").status_code == 503


def test_a_reference_that_never_was_is_answered_as_ever(gone: str, browse: As) -> None:
    assert browse(CAROL).get("/recordings/BWV-26-0412-FFFF").status_code == 404
    assert browse(CAROL).get("/recordings/BWV-26-0412-FFFF/certificate").status_code == 404


def test_no_list_and_no_search_finds_it(gone: str, browse: As) -> None:
    assert not Recording.objects.exists()
    assert gone not in browse(CAROL).get("/recordings").content.decode()
    looked = CustodyEvent.objects.filter(subject=gone)
    assert set(looked.values_list("type", flat=True)) == {"deletion"}
