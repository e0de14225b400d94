"""Django's settings as a module, for type checkers and `python -m django`; never served."""

from bodyworn.settings import Settings
from bodyworn.web.django_settings import django_settings

globals().update(django_settings(Settings.load(environ={}), "for-tools-only"))
