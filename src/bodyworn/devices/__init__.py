"""Cameras and docks: list what a camera holds, copy it once, hand it to the door."""
