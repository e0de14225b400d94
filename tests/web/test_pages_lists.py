"""Home and list: a work list for each role, filters, search, pages by cursor."""

import re
from datetime import timedelta

import pytest
from tests.conftest import NOW
from tests.people import ADMINISTRATOR, ALICE, BOB, CAROL, DAN
from tests.web.pages_world import As, kept
from tests.work import arriving

from bodyworn.core.digest import Sha256
from bodyworn.records.models import Copy, Recording, User
from bodyworn.work import patrol
from bodyworn.work.house import House

HOUR = timedelta(hours=1)


def page(browse: As, who: object, path: str = "/") -> str:
    """A page as text without its markup."""
    answer = browse(who).get(path)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.content
    return words_of(answer.content.decode())


def words_of(html: str) -> str:
    """What one reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_an_officers_home_counts_days_until_deletion(browse: As, recording: Recording) -> None:
    shown = page(browse, ALICE)
    assert "My footage" in shown
    assert "1 to tag, it is deleted in 29 days" in shown
    assert "Stop and search, Coldharbour Lane" in shown


def test_an_officer_without_footage_has_nothing_to_do(browse: As) -> None:
    assert "Nothing to tag." in page(browse, ALICE)


@pytest.mark.django_db(transaction=True)
def test_an_administrators_home_says_what_the_patrol_found(
    browse: As, house: House, people: dict[str, User]
) -> None:
    people[ADMINISTRATOR.name] = User.objects.create_user(
        ADMINISTRATOR.name, "correct horse", display="F.", role="administrator", created_at=NOW
    )
    kept(house)
    assert "read again for the first time: 0 %" in page(browse, ADMINISTRATOR)
    patrol.go_round(house)
    assert "0 wrong, 0 repaired" in page(browse, ADMINISTRATOR)
    house.layout.blob(Sha256.parse(Copy.objects.get(kind="master").sha256)).unlink()
    patrol.go_round(house)
    shown = page(browse, ADMINISTRATOR)
    assert "1 stored file is not what it was. bodyworn patrol names it." in shown
    house.layout.patrol.write_text("{}")
    assert "read again" not in page(browse, ADMINISTRATOR)


def test_a_tagged_recording_leaves_the_officers_list(browse: As, house: House) -> None:
    kept(house, category="Stop and search")
    assert "Nothing to tag." in page(browse, ALICE)


def test_an_investigators_home_shows_what_came_to_the_borough(
    browse: As, recording: Recording
) -> None:
    assert "New in Lambeth 1 new recording since 31 March 2026, 09:00" in page(browse, CAROL)
    assert "There are no recordings from Camden yet." in page(browse, DAN)


def test_home_names_skipped_numbers_and_damage(
    browse: As, house: House, people: dict[str, User]
) -> None:
    people[ADMINISTRATOR.name] = User.objects.create_user(
        ADMINISTRATOR.name, "correct horse", display="F.", role="administrator", created_at=NOW
    )
    kept(house, arriving.film(1), sequence=16, filename="16.mp4")
    began = arriving.STARTED + HOUR
    kept(
        house,
        arriving.film(2),
        sequence=18,
        filename="18.mp4",
        camera_reference="AAAA",
        started_at=began,
        ended_at=began,
    )
    kept(house, b"no film at all", sequence=19, filename="19.mp4", camera_reference="BBBB")
    shown = page(browse, BOB)
    assert "Camera 004471: recording 17 is missing." in shown
    assert "Camera 004471: recording 17 is missing." in page(browse, ADMINISTRATOR)
    assert "Not a video" in shown or "Cannot be read" in shown


def test_a_supervisor_of_another_unit_sees_nothing_of_it(browse: As, recording: Recording) -> None:
    assert "Coldharbour" not in page(browse, DAN, "/recordings")


def test_the_search_wants_every_word_somewhere(browse: As, recording: Recording) -> None:
    found = "Stop and search, Coldharbour Lane"
    for words in ("coldharbour stop", "4471qk lane", "004471 brixton", recording.reference.lower()):
        assert found in page(browse, CAROL, f"/recordings?q={words}"), words
    assert "No recording of those you may see matches." in page(
        browse, CAROL, "/recordings?q=coldharbour+nowhere"
    )


def test_filters_narrow_by_day_officer_camera_and_condition(
    browse: As, recording: Recording
) -> None:
    found = "Stop and search, Coldharbour Lane"
    for yes in (
        "from=2026-04-12&until=2026-04-12",
        "officer=4471qk",
        "camera=004471",
        "until=9999-12-31",
    ):
        assert found in page(browse, CAROL, f"/recordings?{yes}"), yes
    for no in ("from=2026-04-13", "until=2026-04-11", "officer=1", "condition=damaged"):
        assert found not in page(browse, CAROL, f"/recordings?{no}"), no


@pytest.mark.parametrize(
    "broken", ["from=yesterday", "condition=rotten", "before=here", "after=1-x", "after=9" * 40]
)
def test_a_broken_filter_is_refused_in_words(browse: As, broken: str) -> None:
    answer = browse(CAROL).get(f"/recordings?{broken}")
    assert answer.status_code == 400
    assert "<h1" in answer.content.decode()


def test_a_title_cannot_become_markup(browse: As, house: House) -> None:
    kept(house, title="<script>alert(1)</script>")
    assert b"<script>alert" not in browse(CAROL).get("/recordings").content


def test_the_clock_of_the_house_counts_the_days(browse: As, recording: Recording) -> None:
    assert NOW - arriving.ENDED > HOUR
    assert "29 days" in page(browse, ALICE)
