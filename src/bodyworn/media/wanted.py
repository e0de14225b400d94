"""Which derived copies a recording needs."""

from bodyworn.core.terms import Condition, CopyKind
from bodyworn.core.types import Probe

WATCHABLE = (Condition.PLAYABLE, Condition.DAMAGED)


def wanted_copies(probe: Probe) -> tuple[CopyKind, ...]:
    """In the order in which they are worth having.

    Sound alone gets its sound strip. A proxy is made only of what browsers cannot play: encoding
    costs fifty times what everything else does together.
    """
    kinds = {track.kind for track in probe.tracks}
    if "video" not in kinds or probe.condition not in WATCHABLE:
        return (CopyKind.SOUND,) if "audio" in kinds else ()
    wanted = [CopyKind.FRAMES, CopyKind.STRIP, CopyKind.SOUND]
    if probe.is_fragmented and probe.plays_in_browsers:
        wanted.insert(0, CopyKind.INDEX)
    if not probe.plays_in_browsers:
        wanted.append(CopyKind.PROXY)
    return tuple(wanted)
