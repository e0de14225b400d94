"""The bytes at rest: where they lie, how they arrive, how they are sealed, how they are read."""
