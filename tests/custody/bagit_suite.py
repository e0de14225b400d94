"""The BagIt conformance suite of the Library of Congress through our checker.

    python -m tests.custody.bagit_suite PATH/TO/bagit-conformance-suite

The bags are not ours to keep here. Those for Windows alone are passed over. What the suite calls
valid must pass, what it calls invalid must not, and what it warns of must at least be remarked on.
Prints every bag that we judge differently, and ends with 1 then.
"""

import sys
from pathlib import Path

from bodyworn.core.errors import DamagedError
from bodyworn.custody.bag_check import check_bag


def main(folder: Path) -> int:
    """Judge every bag below the folder."""
    bags = [path for path in sorted(folder.glob("v*/*/*")) if path.is_dir()]
    ours = [path for path in bags if path.parent.name != "windows-only"]
    wrong = [path for path in ours if not agrees(path)]
    for path in wrong:
        print(f"differs: {path.relative_to(folder)}: {judged(path)}")
    print(f"{len(ours) - len(wrong)} of {len(ours)} bags agree")
    return int(bool(wrong) or not ours)


def agrees(path: Path) -> bool:
    """Whether we judge as the suite does."""
    told = judged(path)
    match path.parent.name:
        case "valid":
            return told is None or told.startswith("warning")
        case "warning":
            return told is not None
        case _:
            return told is not None and not told.startswith("warning")


def judged(path: Path) -> str | None:
    """What is wrong; None where nothing is."""
    try:
        bag = check_bag(path)
    except DamagedError as error:
        return f"{error.code}: {error.message}"
    return f"warning: {bag.warnings[0]}" if bag.warnings else None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
