"""`python -m bodyworn`: the same as the command `bodyworn`."""

from bodyworn.cli.main import run

run()
