"""The byte doors: bytes in by tus (`upload`), byte ranges out (`reading`).

No session and no database in the loop: a door believes a ticket (`web.ticket`) and nothing else,
and each has its own port and origin.
"""
