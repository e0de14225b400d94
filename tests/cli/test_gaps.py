"""`bodyworn gaps`: what never came, and who says why."""

import json

from tests.program import Program
from tests.work.arriving import film


def test_gaps_are_listed_and_explained(made: Program) -> None:
    assert "No camera has skipped a number." in made.well("gaps").out
    folder = made.folder / "clips"
    folder.mkdir()
    for number in (5, 8):
        (folder / f"{number}.mp4").write_bytes(film(number))
        manifest = {"filename": f"{number}.mp4", "device": "004471", "sequence": number}
        (folder / f"{number}.json").write_text(json.dumps(manifest))
    made.well("ingest", str(folder))
    (found,) = made.well("gaps", "--json").facts["findings"]
    told = [found[name] for name in ("camera", "kind", "first", "last")]
    assert told == ["004471", "gap", 6, 7]
    assert "Camera 004471: recordings 6 to 7 are missing." in made.well("gaps").out
    words = ("gaps", "--explain", str(found["number"]))
    assert made(*words).code == 3
    assert made("gaps", "--reason", "Test recordings.").code == 2, "of which finding?"
    said = made.well(*words, "--reason", "Test recordings.")
    assert "No camera has skipped a number." in said.out
    made.well("verify")
