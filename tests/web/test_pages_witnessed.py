"""The custody panel says who outside has seen this log, or since when nobody has."""

from datetime import timedelta

import pytest
from django.conf import settings as django_conf
from tests.conftest import NOW
from tests.custody.overseeing import COMPLAINTS, MAYOR, SEEN, UNIVERSITY
from tests.people import CAROL
from tests.web.pages_world import As

from bodyworn.records.models import Checkpoint, Recording
from bodyworn.settings import Settings
from bodyworn.work.house import House
from bodyworn.work.log import integrate

LINES = [
    f"witness {name} {one.key.text}"
    for name, one in (("complaints", COMPLAINTS), ("mayor", MAYOR), ("<b>university", UNIVERSITY))
]
POLICY = "\n".join([*LINES, "group oversight 2 complaints mayor <b>university", "quorum oversight"])


@pytest.fixture
def settings_of_house(settings_of_house: Settings) -> Settings:
    """With a policy."""
    return settings_of_house.with_(witness_policy="policy")


def panel(browse: As, recording: Recording) -> str:
    """The page of the recording, as Carol gets it."""
    address = f"/recordings/{recording.reference}"
    why = {"purpose": "investigation", "note": "01/4412/26"}
    answer = browse(CAROL).post(f"{address}/purpose", why, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_who_cosigned_stands_in_the_panel(browse: As, recording: Recording, house: House) -> None:
    (house.layout.root / "policy").write_text(POLICY + "\n")
    checkpoint = integrate(house)
    assert checkpoint
    text = checkpoint.note_text.split("\n\n")[0] + "\n"
    lines = [one.cosign(text, at=SEEN).line for one in (COMPLAINTS, UNIVERSITY)]
    house.layout.log_witnessed.write_text(checkpoint.note_text + "".join(lines))
    page = panel(browse, recording)
    assert (
        "Witnessed by 2 of 3: complaints and &lt;b&gt;university, last on 14 April 2026, 09:00 UTC."
    ) in page


def test_since_when_nobody_did_stands_in_the_panel(
    browse: As, recording: Recording, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    (house.layout.root / "policy").write_text(POLICY + "\n")
    integrate(house)
    Checkpoint.objects.update(signed_at=NOW - timedelta(hours=3))
    assert "Unwitnessed since 14 April 2026, 06:00 UTC." in panel(browse, recording)


def test_a_policy_that_cannot_be_read_costs_no_page(
    browse: As, recording: Recording, house: House
) -> None:
    assert house.settings.policy
    assert not house.settings.policy.exists()
    assert "The witness policy cannot be read" in panel(browse, recording)


def test_without_a_policy_the_panel_says_nothing_of_witnesses(
    browse: As, recording: Recording, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(django_conf, "BODYWORN", house.settings.with_(witness_policy=""))
    assert "itnessed" not in panel(browse, recording)
