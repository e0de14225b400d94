"""Start Django once a process, with our settings and the key from its file."""

import django
from django.conf import settings as django_conf

from bodyworn.core.errors import BodywornError, SetupError
from bodyworn.settings import Settings
from bodyworn.web.django_settings import PAGES_KEY_FOR_TOOLS, django_settings
from bodyworn.work.house import check_version


def configure(settings: Settings) -> None:
    """Configure Django. A second call in one process changes nothing."""
    if django_conf.configured:
        return
    django_conf.configure(**django_settings(settings, pages_key(settings)))
    django.setup()


def configure_anyway(settings: Settings) -> BodywornError | None:
    """Configure Django even where key or database cannot be used; what was wrong, if anything.

    For `bodyworn check`, whose questions must be asked of a broken installation too. Whoever
    gets an error MUST NOT touch the database: a stand-in is configured in its place.
    """
    try:
        configure(settings)
    except BodywornError as error:
        standing_in = settings.with_(database="")
        django_conf.configure(**django_settings(standing_in, PAGES_KEY_FOR_TOOLS))
        django.setup()
        return error
    return None


def pages_key(settings: Settings) -> str:
    """The secret key of the pages. Raises SetupError keys.missing, or data.missing, data.newer."""
    try:
        return settings.layout.pages_key.read_text().strip()
    except FileNotFoundError:
        # Where there is no data folder at all, a key is not what the person has to look for.
        check_version(settings.layout)
        raise SetupError(
            "keys.missing",
            f"The key file {settings.layout.pages_key.name} is missing.",
            hint="Restore the keys folder from its own backup; `bodyworn init` makes no second key "
            "for a log.",
        ) from None
