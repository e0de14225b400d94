"""A plain folder, or one file, as if it were a camera: for footage that comes without a dock."""

from bodyworn.devices.folder.camera import FolderCamera

__all__ = ["FolderCamera"]
