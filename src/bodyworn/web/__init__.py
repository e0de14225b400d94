"""The door for bytes, the API for machines, the pages for people."""
