"""The verbs: the only place where records, bytes, log and media meet."""
