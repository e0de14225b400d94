"""Which parts `bodyworn serve` starts, in this order: doors first, so that no page points at a
door that is not open yet.
"""

from bodyworn.settings import Settings
from bodyworn.web.serve import keeper, pages, reading, upload
from bodyworn.web.serve.child import Part
from bodyworn.web.serve.health import answers
from bodyworn.work import serving


def _upload_is_up(settings: Settings) -> bool:
    return answers(settings, settings.upload_port)


def _reading_is_up(settings: Settings) -> bool:
    return answers(settings, settings.reading_port)


def _pages_are_up(settings: Settings) -> bool:
    return answers(settings, settings.pages_port, "/sign-in")


def _keeper_is_up(settings: Settings) -> bool:
    return serving.is_held(settings.layout.keeper_lock)


PARTS = (
    Part(name="upload", work=upload.main, is_up=_upload_is_up),
    Part(name="reading", work=reading.main, is_up=_reading_is_up),
    Part(name="keeper", work=keeper.main, is_up=_keeper_is_up),
    Part(name="pages", work=pages.main, is_up=_pages_are_up),
)
