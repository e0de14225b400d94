"""Serving: three servers and a keeper as child processes, and the one that looks after them."""
