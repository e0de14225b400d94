"""What every bench prints: ratios against a bar, and the conditions they were measured under.

Ratios are taken within one run, from medians of interleaved rounds, because machines are
shared and drift. A bar that is missed is printed as missed; it never fails a test.
"""

import json
import os
import platform
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One measured figure against what it must reach."""

    name: str  # what was compared, in words
    measured: float  # the figure
    unit: str  # `× peer`, `ms`, `KiB`
    at_most: float | None = None  # the bar, where less is better
    at_least: float | None = None  # the bar, where more is better
    note: str = ""  # absolute figures behind a ratio

    @property
    def is_met(self) -> bool:
        """Whether the figure reaches its bar; a figure without one is information."""
        if self.at_most is not None:
            return self.measured <= self.at_most
        return self.at_least is None or self.measured >= self.at_least

    def line(self) -> str:
        """One line of a table."""
        limit = "" if self.at_most is None else f"at most {self.at_most:g}"
        limit = limit if self.at_least is None else f"at least {self.at_least:g}"
        verdict = ("met" if self.is_met else "MISSED") if limit else "for information"
        return f"{self.name:<58} {self.measured:>9.3f} {self.unit:<10} {limit:<14} {verdict}"


def conditions() -> dict[str, str]:
    """Under what the figures were taken."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "taken": datetime.now(UTC).strftime("%d %B %Y %H:%M UTC"),
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": load,
    }


def processor() -> str:
    """The processor's own name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def report(bench: str, bars: list[Bar], *, as_json: bool) -> None:
    """Print the figures of one bench: a table, or one JSON object."""
    if as_json:
        found = {"bench": bench, "bars": [asdict(b) for b in bars], "conditions": conditions()}
        print(json.dumps(found))
        return
    print(f"\n{bench}")
    for bar in bars:
        print("  " + bar.line())
        if bar.note:
            print("    " + bar.note)
    print("  " + "; ".join(f"{key} {value}" for key, value in conditions().items()))
    sys.stdout.flush()
