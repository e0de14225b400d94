"""The second copy kept in step: whatever is recorded here is soon there as well.

New copies are found by their row's number. A transaction may commit after one with a higher
number, so each look goes back a little; whatever is missed even so is found when the patrol comes
by. A copy that cannot be read here is left to the patrol, which says what is wrong with it.
"""

import logging
from pathlib import Path

from bodyworn.core.digest import Sha256
from bodyworn.core.errors import SetupError
from bodyworn.core.tasks import Progress, silent
from bodyworn.records.models import Copy
from bodyworn.store.seal import Vault
from bodyworn.store.second import SecondCopy
from bodyworn.work.house import House

BACK = 1_000  # numbers that a look goes back
BATCH = 200  # rows in memory at once
_log = logging.getLogger("bodyworn.second")


def second_copy(house: House) -> SecondCopy:
    """The second copy that the settings name. Raises SetupError second.none, second.missing, …"""
    return SecondCopy.open(house.layout, _folder(house), origin=house.settings.log_origin)


def keep_in_step(house: House) -> int:
    """The keeper's duty: copy what is new; how many files. Does nothing where none is set.

    Raises SetupError second.missing where its disk is away, disk.full.
    """
    if house.settings.second is None:
        return 0
    second = second_copy(house)
    newest = Copy.objects.order_by("-id").values_list("id", flat=True).first() or 0
    if newest == second.reached():
        return 0
    done = _copy_from(second, max(0, second.reached() - BACK), silent)
    second.note_reached(newest)
    return done


def bring_into_step(house: House, *, progress: Progress = silent) -> int:
    """Begin the second copy if there is none, and copy all that is missing; how many files.

    May be interrupted and repeated. Raises SetupError second.none, second.inside, …
    """
    origin = house.settings.log_origin
    second = SecondCopy.begin(house.layout, _folder(house), origin=origin)
    Vault(second.there).sweep()
    newest = Copy.objects.order_by("-id").values_list("id", flat=True).first() or 0
    done = _copy_from(second, 0, progress)
    second.note_reached(newest)
    return done


def _folder(house: House) -> Path:
    if house.settings.second is None:
        raise SetupError(
            "second.none",
            "No second copy is set.",
            hint="Name a folder of another disk as second_copy in bodyworn.toml.",
        )
    return house.settings.second


def _copy_from(second: SecondCopy, after: int, progress: Progress) -> int:
    rows = Copy.objects.filter(id__gt=after).order_by("id").values_list("sha256", flat=True)
    total, done = rows.count(), 0
    for number, digest in enumerate(rows.iterator(BATCH), start=1):
        done += _add(second, Sha256.parse(digest))
        progress(number, total, "files of the second copy")
    return done


def _add(second: SecondCopy, digest: Sha256) -> bool:
    if second.has(digest):
        return False
    try:
        second.add(digest)
    except FileNotFoundError:
        _log.error("%s… is not here to be copied; the patrol will name it.", digest.short)
        return False
    return True
