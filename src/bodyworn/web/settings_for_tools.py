"""Django's settings as a module, for type checkers and `python -m django`; never served."""

from bodyworn.settings import Settings
from bodyworn.web.django_settings import django_settings
from bodyworn.work.sealing import seal

# By name, so that type checkers know our own two settings.
BODYWORN = Settings.load(environ={})
BODYWORN_SEAL = seal

globals().update(django_settings(BODYWORN, "for-tools-only"))
