"""Backup, restore and move: the same three steps between different places.

source      a snapshot of rows and small files is taken, at one moment   taking, snapshot
  │         stored files and log are copied, interruptible               files, backup, filling
  v         what has come is counted again                               comparing
target      a signed statement says: the same, or what differs           custody.statement
"""
