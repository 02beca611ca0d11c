"""The engine espeak-ng: each language by its own voice of one speaker, joined after short gaps."""

import re
from random import Random
from typing import Any

from earmark.voices.engine import Engine, Said, Source, SpokenSpan, check_speed
from earmark.voices.espeak_library import variants
from earmark.voices.language_spans import check_characters, text_spans
from earmark.voices.speakers import Voice, join_runs

USUAL_RATE = 200
USUAL_PITCH = 50
GAP_S = (0.01, 0.05)
ACCENTS = {"us": "en-us", "gb": "gmw/en"}
_NAME = re.compile(r"(?P<variant>.+?)(?:-(?P<accent>us|gb)(?:-(?P<pitch>\d{1,2}))?)?")


class EspeakEngine(Engine):
    """espeak-ng through its library.

    A voice is named as the column `speaker` names it: VARIANT-us-PITCH, such as f2-us-45, of
    which accent (us or gb) and pitch (0 to 99) may be left out; `plain` is no variant.
    """

    def __init__(self, source: Source) -> None:
        """Need nothing but the package; a source that is given is of another engine."""
        del source

    @property
    def made_by(self) -> dict[str, Any]:
        """Return the engine's name."""
        return {"engine": "espeak"}

    def voices(self) -> tuple[str, ...]:
        """Return every variant in both accents, at the usual pitch."""
        names = ("plain", *variants())
        return (*names, *(f"{name}-{accent}" for name in names for accent in ACCENTS))

    def check_voice(self, voice: str) -> None:
        """Refuse a voice that espeak-ng does not have.

        Raises:
            KnobError: names the nearest one.
        """
        if _parts(voice)[0] not in ("plain", *variants()):
            super().check_voice(voice)

    def check(self, text: str, voice: str) -> None:
        """Refuse characters of neither language."""
        check_characters(text)

    def say(self, text: str, voice: str, rng: Random, *, speed: float = 1.0) -> Said:
        """Speak each language in turn; `rng` draws the gaps between them."""
        check_speed(speed)
        check_characters(text)
        spans = text_spans(text)
        audio, places = join_runs(spans, self._voice(voice, rng, speed))
        return Said(
            audio,
            tuple(
                SpokenSpan(span.language, start_s, end_s)
                for span, (start_s, end_s) in zip(spans, places, strict=True)
            ),
        )

    def _voice(self, name: str, rng: Random, speed: float) -> Voice:
        self.check_voice(name)
        variant, accent, pitch = _parts(name)
        return Voice(
            variant="" if variant == "plain" else variant,
            english=ACCENTS[accent],
            rate=round(USUAL_RATE * speed),
            pitch=pitch,
            gap_s=rng.uniform(*GAP_S),
        )


def _parts(name: str) -> tuple[str, str, int]:
    """Return variant, accent and pitch of a voice.

    >>> _parts("f2-gb-45"), _parts("f2")
    (('f2', 'gb', 45), ('f2', 'us', 50))
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return name, "us", USUAL_PITCH
    return found["variant"], found["accent"] or "us", int(found["pitch"] or USUAL_PITCH)
