"""`bodyworn keys`: the keys of buckets, and their exchange."""

from typing import Annotated

import typer

from bodyworn.cli.face import Face, operator

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def keys() -> None:
    """List the keys of buckets, or exchange them.

    Example: bodyworn keys list
    """


@app.command("list")
def list_keys(ctx: typer.Context) -> None:
    """List the buckets, and how many files each one's key opens.

    Example: bodyworn keys list
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work import rotation

    rows = [(bucket, rotation.count_in(bucket)) for bucket in rotation.all_buckets(house)]
    facts = [
        {"bucket": bucket.name, "generation": bucket.generation, "files": count}
        for bucket, count in rows
    ]
    face.answer({"keys": facts}, *(f"{count:>9,} files  {bucket}" for bucket, count in rows))


@app.command("rotate")
def rotate(
    ctx: typer.Context,
    bucket: Annotated[
        str | None, typer.Option(metavar="NAME", help="One bucket; without it all.")
    ] = None,
) -> None:
    """Exchange the keys of buckets, and destroy the old ones.

    The sealed files are not touched: only the wraps of their keys change. A backup of the database
    from before opens nothing of it any more, so make a new one.

    Example: bodyworn keys rotate --bucket retention.non-evidential/2026-05-13
    """
    face = Face.of(ctx)
    house = face.house()
    from bodyworn.work import rotation

    destroyed = rotation.rotate(house, bucket, by=operator())
    face.answer(
        {"destroyed": [str(one) for one in destroyed]},
        *(f"The key of {one} is destroyed; what it opened has a new one." for one in destroyed),
        f"{len(destroyed)} keys were exchanged. Make a new backup now: older ones need these keys.",
    )
