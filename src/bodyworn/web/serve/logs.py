"""Logs: one JSON object a line on standard error, and no secret in any of them.

Tickets and one-time tokens travel in addresses and headers, and a library that reports an
address it could not serve would write them down for everybody who reads logs. So what looks
like a query or a ticket is cut out here, whoever logged it.
"""

import json
import logging
import re
import sys
import traceback

from bodyworn.core.clock import iso, system_clock

_QUERY = re.compile(r"\?[^\s\"']+")
_TICKET = re.compile(r"[A-Za-z0-9_-]{40,}\.[A-Za-z0-9_-]{40,}")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+\S+")
_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]*@")
QUIET = ("_granian", "granian", "httpx", "huey", "whitenoise")  # loggers that say too much
# Granian sets up handlers of its own unless it is told to hand everything on.
GRANIAN = {
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}


def without_secrets(text: str) -> str:
    """The text without queries, tickets, tokens and passwords of addresses.

    >>> without_secrets("GET /bytes/ab?t=secret HTTP/1.1")
    'GET /bytes/ab?… HTTP/1.1'
    >>> without_secrets("postgresql://alice:secret@host/db")
    'postgresql://alice:…@host/db'
    """
    text = _PASSWORD.sub(r"\1:…@", text)
    text = _BEARER.sub(r"\1 …", text)
    return _TICKET.sub("[ticket]", _QUERY.sub("?…", text))


class JsonLines(logging.Formatter):
    """One event a line. Times are the machine's own, also where the world's clock is frozen."""

    def __init__(self, part: str) -> None:
        """`part` is which process speaks: `serve`, `pages`, `upload`, `reading`, `keeper`."""
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": iso(system_clock()),
            "level": record.levelname.lower(),
            "part": self._part,
            "logger": record.name,
            "event": without_secrets(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = without_secrets("".join(traceback.format_exception(*record.exc_info)))
        return json.dumps(line, ensure_ascii=False)


def log_json(part: str) -> None:
    """Send everything that this process logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(part))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
