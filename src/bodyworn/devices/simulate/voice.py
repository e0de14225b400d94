"""Speech-like sound: voices without words, and what else is heard in a place.

A voice is a sum of harmonics whose loudness follows three formants that glide from vowel to
vowel (a source-filter voice after Klatt 1980), with breaths of noise for consonants. Nobody
speaks and nothing is said, so nothing has to be protected; but loudness, pauses and pitch are
those of people in turn, which is what sound strips, speech detectors and listeners look for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bodyworn.devices.simulate import dice
from bodyworn.devices.simulate.nouns import Recording, SceneKind
from bodyworn.devices.simulate.play import WEARER, Play, Turn

Floats = NDArray[np.float32]
RATE = 16_000  # samples a second, one channel
_CONTROL = 100  # samples between two values of pitch and formants
# First three formants of British vowels, hertz (after Deterding 1997), low voice.
_VOWELS = (
    (280, 2250, 2890),
    (360, 2100, 2600),
    (600, 1910, 2500),
    (735, 1625, 2465),
    (650, 1200, 2440),
    (600, 1020, 2500),
    (415, 850, 2400),
    (330, 1150, 2300),
    (480, 1350, 2460),
)
_WIDTHS = (80.0, 110.0, 160.0)  # hertz, of the formants


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    pitch: float  # hertz
    tract: float  # formants times this: shorter throats sound higher
    loud: float  # 1 for whoever wears the camera


def sound_of(recording: Recording, play: Play) -> Floats:
    """All sound from the first frame on, -1 to 1: exact zeros in the pre-event buffer.

    The sound sets in a little after the button: a coder's windows reach back by two thousand
    samples, and the buffer must stay exactly silent after coding, too.
    """
    total = round(recording.seconds * RATE)
    start = round(recording.buffer_seconds * RATE) + 2 * 1024
    heard = np.zeros(total, np.float32)
    if start >= total:
        return heard
    heard[start:] = _place(recording, total - start)
    for place, turn in enumerate(play.turns):
        first, last = max(start, round(turn.start * RATE)), min(total, round(turn.end * RATE))
        if last - first > RATE // 5:
            voice = _voice(recording, play, turn)
            heard[first:last] += _speech(voice, last - first, recording.view ^ place)
    fade = np.minimum(np.arange(total - start, dtype=np.float32) / (RATE / 10), 1)
    heard[start:] *= fade
    return np.clip(heard, -0.98, 0.98)


def _voice(recording: Recording, play: Play, turn: Turn) -> _Voice:
    seed = recording.view if turn.speaker == WEARER else recording.incident
    actor = next((each for each in play.actors if each.name == turn.speaker), None)
    is_low = actor.look.is_low_voiced if actor else recording.view % 3 != 0
    return _Voice(
        pitch=dice.between(95, 130, seed, turn.speaker) if is_low else dice.between(180, 225, seed),
        tract=1.0 if is_low else 1.15,
        loud=1.0 if turn.speaker == WEARER else 0.62,
    )


def _speech(voice: _Voice, samples: int, seed: int) -> Floats:
    """One turn of speech."""
    syllables = list(_syllables(samples, seed))
    points = samples // _CONTROL + 2
    times = np.arange(points, dtype=np.float32) * _CONTROL
    pitch = _pitch(voice, times, samples, seed)
    formants = np.stack([_glide(times, syllables, which) * voice.tract for which in range(3)])
    loudness = _loudness(times, syllables)
    spoken = _harmonics(pitch, formants, loudness, samples)
    spoken += _consonants(syllables, samples, seed)
    spoken *= 0.3 * voice.loud
    edge = min(400, samples // 4)
    spoken[:edge] *= np.linspace(0, 1, edge, dtype=np.float32)
    spoken[-edge:] *= np.linspace(1, 0, edge, dtype=np.float32)
    return spoken


@dataclass(frozen=True, slots=True)
class _Syllable:
    start: int  # sample
    length: int  # samples
    vowel: tuple[int, int, int]  # hertz
    stress: float  # loudness
    hiss: float  # length of the consonant before it, share of the syllable


def _syllables(samples: int, seed: int) -> Iterator[_Syllable]:
    at, place = 0, 0
    while at < samples:
        length = round(RATE * dice.between(0.13, 0.26, seed, "length", place))
        if dice.unit(seed, "gap", place) < 0.12:  # between two phrases
            at += length // 2
        yield _Syllable(
            start=at,
            length=length,
            vowel=dice.among(_VOWELS, seed, "vowel", place),
            stress=dice.between(0.5, 1.0, seed, "stress", place),
            hiss=dice.between(0.0, 0.4, seed, "hiss", place),
        )
        at, place = at + length, place + 1


def _pitch(voice: _Voice, times: Floats, samples: int, seed: int) -> Floats:
    """Falls through the phrase, with a tune and a tremble."""
    share = times / max(samples, 1)
    tune = 1.12 - 0.24 * share + 0.06 * np.sin(times / RATE * 9 + seed % 7)
    rough = 1 + 0.012 * np.sin(times / RATE * 61) * np.sin(times / RATE * 23)
    rise = 1 + (0.25 if seed % 3 == 0 else 0.0) * np.clip(share - 0.8, 0, 1) * 4  # a question
    pitched: Floats = (voice.pitch * tune * rough * rise).astype(np.float32)
    return pitched


def _glide(times: Floats, syllables: list[_Syllable], which: int) -> Floats:
    middles = [each.start + each.length * 0.55 for each in syllables]
    glided = np.interp(times, middles, [each.vowel[which] for each in syllables])
    return glided.astype(np.float32)


def _loudness(times: Floats, syllables: list[_Syllable]) -> Floats:
    corners, values = [0.0], [0.0]
    for each in syllables:
        begin = each.start + each.length * each.hiss
        end = each.start + each.length
        corners += [begin, begin + (end - begin) * 0.3, begin + (end - begin) * 0.75, end - 1]
        values += [0.04, each.stress, each.stress * 0.8, 0.06]
    return np.interp(times, corners, values).astype(np.float32)


def _harmonics(pitch: Floats, formants: Floats, loudness: Floats, samples: int) -> Floats:
    """The voiced part: each harmonic as loud as the formants make it."""
    grid = np.arange(pitch.size, dtype=np.float32) * _CONTROL
    when = np.arange(samples, dtype=np.float32)
    cycles = np.cumsum(np.interp(when, grid, pitch)) / RATE
    total = np.zeros(samples, np.float32)
    for number in range(1, int(3600 / pitch.mean()) + 1):
        strength = _resonance(pitch * number, formants) * loudness / number**0.6
        wave = np.sin((2 * np.pi) * np.mod(cycles * number, 1.0).astype(np.float32))
        total += np.interp(when, grid, strength).astype(np.float32) * wave
    return total


def _resonance(hertz: Floats, formants: Floats) -> Floats:
    total = np.zeros_like(hertz)
    for formant, width, weight in zip(formants, _WIDTHS, (1.0, 0.6, 0.3), strict=True):
        total += weight / (1 + ((hertz - formant) / width) ** 2)
    return total + 0.02


def _consonants(syllables: list[_Syllable], samples: int, seed: int) -> Floats:
    noise = np.random.default_rng(seed % 2**32).standard_normal(samples).astype(np.float32)
    bright = np.diff(noise, prepend=np.float32(0))  # more hiss than rumble
    envelope = np.zeros(samples, np.float32)
    for each in syllables:
        first, last = each.start, min(samples, round(each.start + each.length * each.hiss))
        if last - first > 64:
            envelope[first:last] = np.hanning(last - first) * each.stress * 0.09
    mixed: Floats = bright * envelope
    return mixed


def _place(recording: Recording, samples: int) -> Floats:
    """What a place sounds like when nobody speaks."""
    rng = np.random.default_rng(recording.view % 2**32)
    white = rng.standard_normal(samples).astype(np.float32)
    spectrum = np.fft.rfft(white)
    hertz = np.fft.rfftfreq(samples, 1 / RATE)
    indoors = recording.scene in {SceneKind.HOME, SceneKind.CUSTODY_DESK}
    weight = 1 / (1 + (hertz / (120 if indoors else 260)) ** 1.4)
    rumble = np.fft.irfft(spectrum * weight, samples).astype(np.float32)
    seconds = np.arange(samples, dtype=np.float32) / RATE
    swell = 1 + 0.5 * np.sin(seconds * 0.6 + recording.view % 5)  # traffic comes and goes
    level = 0.02 if indoors else 0.05
    hum = 0.006 * np.sin(2 * np.pi * 100 * seconds) if indoors else 0.0
    heard: Floats = (rumble / max(float(np.abs(rumble).max()), 1e-6) * level * swell + hum).astype(
        np.float32
    )
    return heard
