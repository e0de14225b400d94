"""The proof vectors of transparency-dev/merkle through our verifiers.

    python -m tests.custody.merkle_vectors PATH/TO/merkle/testdata

The vectors are not ours to keep here: 196 cases in `inclusion` and `consistency`, most of them
wrong in one way each. Prints every case in which we judge differently, and ends with 1 then.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from bodyworn.core.errors import DamagedError
from bodyworn.custody.tree import verify_consistency, verify_inclusion


def main(folder: Path) -> int:
    """Judge every case below the folder."""
    cases = sorted(folder.glob("inclusion/**/*.json")) + sorted(
        folder.glob("consistency/**/*.json")
    )
    wrong = [case for case in cases if not agrees(json.loads(case.read_text()))]
    for case in wrong:
        print(f"differs: {case.relative_to(folder)}")
    print(f"{len(cases) - len(wrong)} of {len(cases)} cases agree")
    return int(bool(wrong) or not cases)


def agrees(case: dict[str, Any]) -> bool:
    """Whether we refuse exactly what the vector says is wrong."""
    try:
        judge(case)
    except DamagedError:
        return bool(case["wantErr"])
    return not case["wantErr"]


def judge(case: dict[str, Any]) -> None:
    """Verify one case; raises DamagedError."""
    proof = [decoded(text) for text in case["proof"] or []]
    if "size1" in case:
        old, new = case["size1"], case["size2"]
        roots = decoded(case["root1"]), decoded(case["root2"])
        verify_consistency(proof, old=old, old_root=roots[0], new=new, new_root=roots[1])
    else:
        index, size, root = case["leafIdx"], case["treeSize"], decoded(case["root"])
        verify_inclusion(decoded(case["leafHash"]), proof, index=index, size=size, root=root)


def decoded(text: str | None) -> bytes:
    """Base64, or nothing."""
    return base64.b64decode(text or "")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
