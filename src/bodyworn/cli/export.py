"""`bodyworn export`: a recording with its proof, for somebody who has never heard of us."""

from pathlib import Path
from typing import Annotated

import typer

from bodyworn.cli.face import Face, operator
from bodyworn.core.terms import Purpose


def export(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(help="Such as BWV-26-0412-7F3A.")],
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    purpose: Annotated[Purpose, typer.Option(help="What for; it is put on record.")],
) -> None:
    """Take a recording out, with custody, proofs and receipt.

    It is an event of its custody.

    Example: bodyworn export BWV-26-0412-7F3A out --purpose check
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work.export import export as taken_out

    with face.progress() as progress:
        files = taken_out(house, operator(), reference, folder, purpose=purpose, progress=progress)
    face.answer(
        {"folder": str(folder.resolve()), "files": [str(path) for path in files]},
        f"{reference} is in {folder}, {len(files)} files. Check it there:",
        "  sha256sum -c SHA256SUMS",
    )
