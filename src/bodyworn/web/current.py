"""The house that this process serves."""

from functools import lru_cache

from django.conf import settings as django_conf

from bodyworn.settings import Settings
from bodyworn.work.house import House


def house() -> House:
    """The house of Django's settings, opened once a process and data folder."""
    return _opened(django_conf.BODYWORN)


@lru_cache(maxsize=8)
def _opened(settings: Settings) -> House:
    return House.open(settings)
