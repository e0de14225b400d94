"""A dock that kills itself with SIGKILL at a chosen point, in a process of its own."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from tests.devices.evidence_store import LOG, TOKEN
from tests.world import loaded_camera

from bodyworn.custody.receipt import read_receipt
from bodyworn.devices.dock import Dock, Server
from bodyworn.devices.dock.patience import Patience

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.devices.dying"])


def dock_until(point: int, *, api: str, folder: Path) -> bool:
    """Dock the camera in `folder`, dying at the n-th point; true if it lived to the end.

    Points lie before and after each flush, rename, deletion and request.
    """
    child = _context.Process(target=_dock_until, args=(point, api, folder))
    child.start()
    child.join(30)
    assert child.exitcode in (0, -signal.SIGKILL), f"the dock ended with {child.exitcode}"
    return child.exitcode == 0


def _dock_until(point: int, api: str, folder: Path) -> None:
    left = point

    def passing() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def deadly(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            passing()
            result = function(*args, **options)
            passing()
            return result

        return call

    for name in ("fsync", "replace", "unlink", "rmdir"):
        setattr(os, name, deadly(getattr(os, name)))
    with httpx.Client(verify=False, timeout=10) as http:  # noqa: S501 - plain http on the loopback
        http.send = deadly(http.send)  # type: ignore[method-assign]
        dock = Dock(
            "BX-07",
            http=http,
            server=Server(url=api, token=TOKEN),
            spool=folder / "spool",
            check_note=partial(read_receipt, verifier=LOG.verifier),
            patience=Patience(pause=lambda _: None),
        )
        dock.empty(loaded_camera(folder / "camera", count=0))
