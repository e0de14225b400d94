"""The Django app: one table a noun, named queries, the database side of the log."""
