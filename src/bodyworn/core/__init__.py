"""Nouns and bytes: the words every other room speaks. Standard library only, no I/O."""
