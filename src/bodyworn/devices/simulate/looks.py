"""Who somebody is to the eye: skin, hair, clothes. Drawn from the seed, never from a person."""

from dataclasses import dataclass, replace
from enum import StrEnum

from bodyworn.devices.simulate import dice

Colour = tuple[int, int, int]


class Hair(StrEnum):
    """What is on the head."""

    BALD = "bald"
    BEANIE = "beanie"
    CAP = "cap"  # an officer's, with a chequered band
    CROP = "crop"
    HIJAB = "hijab"
    HOOD = "hood"
    LONG = "long"
    SIDE = "side"


class Dress(StrEnum):
    """What is on the body."""

    COAT = "coat"
    HOODIE = "hoodie"
    JACKET = "jacket"
    POLICE = "police"  # black, with a yellow vest
    SHIRT = "shirt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One person's looks."""

    skin: Colour
    hair: Colour
    style: Hair
    dress: Dress
    cloth: Colour  # coat or top
    under: Colour  # what shows at the neck
    trousers: Colour
    eyes: Colour
    beard: float  # 0 none to 1 full
    glasses: bool
    height_m: float  # metres
    is_low_voiced: bool  # chooses the voice


_SKINS = (
    (236, 196, 168),
    (222, 176, 142),
    (198, 148, 112),
    (160, 110, 78),
    (122, 80, 56),
    (92, 60, 44),
)
_HAIRS = ((26, 20, 18), (46, 30, 22), (84, 56, 34), (122, 84, 46), (150, 146, 142), (168, 120, 60))
_CLOTHS = (
    (152, 110, 48),
    (60, 92, 120),
    (110, 44, 48),
    (64, 82, 58),
    (88, 88, 96),
    (40, 48, 74),
    (132, 120, 104),
    (96, 60, 92),
    (176, 168, 152),
    (34, 96, 92),
)
_UNDERS = ((208, 206, 198), (60, 60, 66), (150, 60, 56), (86, 110, 140), (40, 42, 46))
_TROUSERS = ((38, 44, 62), (52, 50, 48), (72, 76, 84), (92, 80, 62), (30, 30, 34))
_EYES = ((70, 48, 30), (88, 66, 40), (78, 98, 116), (84, 104, 74), (52, 38, 28))
_CIVIL_HAIR = (
    Hair.CROP,
    Hair.SIDE,
    Hair.LONG,
    Hair.BALD,
    Hair.HOOD,
    Hair.BEANIE,
    Hair.HIJAB,
    Hair.LONG,
    Hair.CROP,
)
_CIVIL_DRESS = (Dress.JACKET, Dress.HOODIE, Dress.COAT, Dress.JACKET)


def member_of_public(seed: int, who: str) -> Look:
    """Somebody in the street."""
    style = dice.among(_CIVIL_HAIR, seed, who, "style")
    is_woman = style in {Hair.LONG, Hair.HIJAB}
    dress = Dress.HOODIE if style is Hair.HOOD else dice.among(_CIVIL_DRESS, seed, who, "dress")
    return Look(
        skin=dice.among(_SKINS, seed, who, "skin"),
        hair=dice.among(_HAIRS, seed, who, "hair"),
        style=style,
        dress=dress,
        cloth=dice.among(_CLOTHS, seed, who, "cloth"),
        under=dice.among(_UNDERS, seed, who, "under"),
        trousers=dice.among(_TROUSERS, seed, who, "trousers"),
        eyes=dice.among(_EYES, seed, who, "eyes"),
        beard=0.0 if is_woman else dice.among((0.0, 0.0, 0.35, 0.8), seed, who, "beard"),
        glasses=dice.unit(seed, who, "glasses") < 0.25,
        height_m=dice.between(1.6, 1.7, seed, who) + (0 if is_woman else 0.12),
        is_low_voiced=not is_woman,
    )


def indoors(look: Look) -> Look:
    """The same person at home: no coat, no hat."""
    style = Hair.CROP if look.style in {Hair.BEANIE, Hair.HOOD} else look.style
    dress = look.dress if look.dress is Dress.HOODIE else Dress.SHIRT
    return replace(look, style=style, dress=dress)


def officer(seed: int, who: str) -> Look:
    """A colleague in uniform."""
    is_woman = dice.unit(seed, who, "voice") < 0.45
    return Look(
        skin=dice.among(_SKINS, seed, who, "skin"),
        hair=dice.among(_HAIRS[:4], seed, who, "hair"),
        style=Hair.CAP,
        dress=Dress.POLICE,
        cloth=(26, 28, 34),
        under=(24, 26, 32),
        trousers=(22, 24, 30),
        eyes=dice.among(_EYES, seed, who, "eyes"),
        beard=0.0 if is_woman else dice.among((0.0, 0.35), seed, who, "beard"),
        glasses=False,
        height_m=1.7 if is_woman else 1.82,
        is_low_voiced=not is_woman,
    )
