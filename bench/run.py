"""Run every bench, one after the other, and print one table: `make bench`.

Each bench is a module of this folder with a `main(argv)`; it measures itself against named
peers in interleaved rounds and prints what `bench.bars.report` prints.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from bench.bars import Bar, conditions

HERE = Path(__file__).parent
BENCHES = ("upload", "sealing", "ranges", "media", "custody", "page")


def measured(name: str, *, small: bool) -> list[Bar]:
    """The bars of one bench, run in a process of its own; its progress goes to stderr."""
    command = [sys.executable, "-m", f"bench.{name}", "--json", *(["--small"] if small else [])]
    done = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(f"bench {name} ended with {done.returncode}", file=sys.stderr)
        return []
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return [Bar(**bar) for bar in found["bars"]]


def main() -> None:
    """All benches, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(BENCHES), help="which benches")
    parser.add_argument("--small", action="store_true", help="a quick look, not a figure")
    chosen = parser.parse_args()
    print("; ".join(f"{key} {value}" for key, value in conditions().items()))
    for name in chosen.names:
        for bar in measured(name, small=chosen.small):
            print(bar.line())
            if bar.note:
                print("    " + bar.note)


if __name__ == "__main__":
    main()
