"""The dock: copies once, sends until it has a receipt, wipes only against it."""

from bodyworn.devices.dock.address import Server
from bodyworn.devices.dock.dock import Dock, Docked

__all__ = ["Dock", "Docked", "Server"]
