"""Body worn video, from the camera to the public figure.

    camera -> dock -> byte door -> evidence store -> custody log -> records
           -> review -> redaction -> disclosure -> retention -> public figures

The rooms and their one direction of imports are drawn in `docs/architecture.md`.
"""

__version__ = "0.1.0"
