"""Synthetic speakers: a text in Mandarin, English or both, said by one of many voices.

A code-switched text is spoken run by run, each run by the voice of its language, trimmed of its
silence and joined after a short gap: espeak-ng's Mandarin voice would otherwise decide by itself
how to read Latin letters. The synthesizer's licence (GPL-3.0-or-later) is named in
`espeak_library.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, get_args

import numpy as np
import soxr

from earmark.errors import InputError, KnobError, did_you_mean
from earmark.voices.espeak_library import ENGINE_RATE_HZ, speak_runs
from earmark.voices.levels import at_level, trim_silence

SAMPLE_RATE_HZ = 16000

Distribution = Literal["train", "heldout"]

TRAIN_VARIANTS = (
    *("", "f1", "f2", "f4", "m1", "m3", "m5", "m6", "m8"),
    *("Andy", "Annie", "john", "max"),
)
HELDOUT_VARIANTS = ("f3", "f5", "m2", "m4", "m7", "paul", "ed", "rob")

_RUN = re.compile(r"[㐀-䶿一-鿿々〇]+|[^㐀-䶿一-鿿々〇]+")
_HAN = re.compile(r"[㐀-䶿一-鿿々〇]")


@dataclass(frozen=True, slots=True)
class Voice:
    """How a text is spoken.

    `variant` is an espeak-ng variant ("" is its plain voice), `english` the voice of English
    runs, `rate` words per minute, `pitch` from 0 to 99, `gap_s` the silence between two
    languages in seconds.
    """

    variant: str = ""
    english: str = "en-us"
    rate: int = 200
    pitch: int = 50
    gap_s: float = 0.03

    @property
    def speaker(self) -> str:
        """Name the speaker: everything but the rate, which one speaker changes.

        >>> Voice("f2", pitch=40).speaker
        'f2-us-40'
        """
        accent = "us" if self.english == "en-us" else "gb"
        return f"{self.variant or 'plain'}-{accent}-{self.pitch}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """A distribution of voices and noise: what a corpus draws from.

    `rates` and `pitches` are closed ranges, `snr_db` the range of the signal-to-noise ratio.
    """

    variants: tuple[str, ...]
    english: tuple[str, ...]
    rates: tuple[tuple[int, int], ...]
    pitches: tuple[int, ...]
    snr_db: tuple[float, float]

    def draw(self, rng: Random) -> Voice:
        """Draw one voice."""
        low, high = rng.choice(self.rates)
        return Voice(
            variant=rng.choice(self.variants),
            english=rng.choice(self.english),
            rate=rng.randint(low, high),
            pitch=rng.choice(self.pitches),
            gap_s=rng.uniform(0.01, 0.05),
        )


CONDITIONS: dict[str, Conditions] = {
    "train": Conditions(TRAIN_VARIANTS, ("en-us",), ((190, 240),), (40, 45, 50, 55, 60), (25, 40)),
    "heldout": Conditions(
        HELDOUT_VARIANTS,
        ("en-us", "gmw/en"),
        ((170, 188), (242, 260)),
        (30, 35, 65, 70),
        (18, 28),
    ),
}


def conditions(name: str) -> Conditions:
    """Look up a distribution of voices by name.

    Raises:
        KnobError: no such distribution.
    """
    if name not in CONDITIONS:
        raise KnobError(f"no voices '{name}'; {did_you_mean(name, get_args(Distribution))}")
    return CONDITIONS[name]


def language_runs(text: str) -> list[tuple[str, str]]:
    """Cut a text into runs of one language, as (language, text).

    >>> language_runs("我先 copy 会议")
    [('zh', '我先'), ('en', 'copy'), ('zh', '会议')]
    """
    runs = ((run, run.strip()) for run in _RUN.findall(text))
    return [("zh" if _HAN.match(run) else "en", bare) for run, bare in runs if _says(bare)]


def _says(text: str) -> bool:
    """Return whether a text has anything but punctuation."""
    return any(char.isalnum() for char in text)


def speak(text: str, voice: Voice) -> np.ndarray:
    """Say a text: float32 mono at SAMPLE_RATE_HZ, at one level for every voice.

    The same text and voice give the same samples.

    Raises:
        InputError: nothing in the text can be spoken, or espeak-ng has no such voice.
    """
    runs = language_runs(text)
    if not runs:
        raise InputError(f"there is nothing to say in {text!r}")
    return join_runs(runs, voice)[0]


def join_runs(
    runs: Sequence[tuple[str, str]], voice: Voice
) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Say each (language, text) in turn; return the joined sound and where each run is, in s.

    Raises:
        InputError: espeak-ng gives no sound for a run, or has no such voice.
    """
    suffix = f"+{voice.variant}" if voice.variant else ""
    names = {"zh": f"cmn{suffix}", "en": f"{voice.english}{suffix}"}
    spoken = speak_runs(
        [(names[language], run) for language, run in runs], rate=voice.rate, pitch=voice.pitch
    )
    gap = np.zeros(round(voice.gap_s * ENGINE_RATE_HZ), np.float32)
    pieces, places, done = [gap], [], len(gap)
    for samples in spoken:
        trimmed = trim_silence(samples.astype(np.float32))
        places.append((done / ENGINE_RATE_HZ, (done + len(trimmed)) / ENGINE_RATE_HZ))
        pieces += [trimmed, gap]
        done += len(trimmed) + len(gap)
    audio = soxr.resample(np.concatenate(pieces), ENGINE_RATE_HZ, SAMPLE_RATE_HZ)
    return at_level(audio), places
