"""The house that this process serves, opened once for pages and API."""

from functools import lru_cache

from django.conf import settings as django_conf

from bodyworn.settings import Settings
from bodyworn.work.house import House


def house() -> House:
    """The house of the settings that Django was configured with. Raises SetupError."""
    return _opened(django_conf.BODYWORN)


@lru_cache(maxsize=8)  # more than one only in tests, which have a folder each
def _opened(settings: Settings) -> House:
    return House.open(settings)
