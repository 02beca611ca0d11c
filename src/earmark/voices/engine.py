"""What every speech synthesizer offers: `speak(text, voice, rng) -> samples`.

An engine of one's own is an object with the same methods, or a plain function
`speak(text, voice, rng)` that returns float32 samples, mono, at SAMPLE_RATE_HZ.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal, NamedTuple, final

import numpy as np

from earmark.errors import InputError, KnobError, did_you_mean
from earmark.voices.language_spans import Language

SAMPLE_RATE_HZ = 16000
SLOWEST, FASTEST = 0.5, 2.0

SpeakFunction = Callable[[str, str, Random], np.ndarray]


class SpokenSpan(NamedTuple):
    """Where in a clip one language is spoken, in seconds."""

    language: Language
    start_s: float
    end_s: float


class Said(NamedTuple):
    """Samples (float32, mono, SAMPLE_RATE_HZ) and where each language is in them, if known."""

    audio: np.ndarray
    spans: tuple[SpokenSpan, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where an engine finds what it speaks with; each uses what it needs.

    Attributes:
        model: a folder or file of a model, or the name that a server knows it by.
        endpoint: base URL of a server.
        words: folder of recorded Mandarin words.
        english_words: folder of recorded English words.
    """

    model: str | None = None
    endpoint: str | None = None
    words: Path | None = None
    english_words: Path | None = None


class Engine(ABC):
    """A speech synthesizer with one voice or many.

    `parallel` says how several clips are made at once: in processes of their own, or in threads
    where the work is done elsewhere; `changes_speed` whether `say` takes other speeds than 1.
    """

    parallel: ClassVar[Literal["processes", "threads"]] = "processes"
    changes_speed: bool = True

    @property
    @abstractmethod
    def made_by(self) -> dict[str, Any]:
        """Return what is recorded with each clip: the engine's name, and what it speaks with."""

    @abstractmethod
    def voices(self) -> tuple[str, ...]:
        """Return the names of all voices; empty where only the server knows them."""

    @abstractmethod
    def check(self, text: str, voice: str) -> None:
        """Refuse a text that this voice cannot speak, before work begins.

        Raises:
            InputError: names the characters or words.
        """

    @abstractmethod
    def say(self, text: str, voice: str, rng: Random, *, speed: float = 1.0) -> Said:
        """Speak a text; the same arguments and state of `rng` give the same samples.

        Args:
            text: in Mandarin, English or both.
            voice: one of `voices`.
            rng: draws what the voice leaves open, such as pauses.
            speed: 2 is twice as fast.

        Raises:
            InputError: the text cannot be spoken.
            KnobError: no such voice, or a speed outside of SLOWEST to FASTEST.
        """

    def stop(self) -> None:
        """Give up what is under way, since the work ends; an engine that waits for others does."""
        return

    @final
    def speak(self, text: str, voice: str, rng: Random, *, speed: float = 1.0) -> np.ndarray:
        """Return the samples of `say`: float32, mono, SAMPLE_RATE_HZ."""
        return self.say(text, voice, rng, speed=speed).audio

    def check_voice(self, voice: str) -> None:
        """Refuse a voice that is not there.

        Raises:
            KnobError: names the nearest one.
        """
        known = self.voices()
        if known and voice not in known:
            name = self.made_by["engine"]
            raise KnobError(f"{name} has no voice '{voice}'; {did_you_mean(voice, known)}")


def check_speed(speed: float) -> None:
    """Refuse a speed at which nothing can be understood.

    Raises:
        KnobError: it is outside of SLOWEST to FASTEST.
    """
    if not SLOWEST <= speed <= FASTEST:
        raise KnobError(f"a speed of {speed:g}; expected {SLOWEST:g} to {FASTEST:g}, 1 is usual")


class OwnFunction(Engine):
    """A function of the user's own, `speak(text, voice, rng)`, as an engine.

    It may take `speed` as well; without it every speed but 1 is refused.
    """

    def __init__(self, function: SpeakFunction, name: str) -> None:
        self._function = function
        self._name = name
        self.changes_speed = "speed" in inspect.signature(function).parameters

    @property
    def made_by(self) -> dict[str, Any]:
        """Return the function's name."""
        return {"engine": self._name}

    def voices(self) -> tuple[str, ...]:
        """Return nothing: only the function knows its voices."""
        return ()

    def check(self, text: str, voice: str) -> None:
        """Accept every text; the function raises InputError for what it cannot speak."""

    def say(self, text: str, voice: str, rng: Random, *, speed: float = 1.0) -> Said:
        """Call the function and check what it returns."""
        check_speed(speed)
        if speed != 1 and not self.changes_speed:
            raise KnobError(f"engine '{self._name}' takes no speed; leave --speed out")
        options = {"speed": speed} if self.changes_speed else {}
        audio: Any = self._function(text, voice, rng, **options)
        if not isinstance(audio, np.ndarray) or audio.ndim != 1 or not np.isfinite(audio).all():
            raise InputError(
                f"engine '{self._name}': expected an array of samples (float32, mono, "
                f"{SAMPLE_RATE_HZ} Hz) for {text!r}, found {type(audio).__name__} "
                f"of shape {getattr(audio, 'shape', None)}"
            )
        return Said(audio.astype(np.float32))
