"""Which voice speaks which text, how fast and over how much noise.

What is drawn for a clip depends on the seed, its text and its voice alone, so that texts and
voices that are added later change nothing about the clips that are there.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from random import Random
from typing import Any, NamedTuple

from earmark import __version__
from earmark.errors import InputError, KnobError, check_seed, did_you_mean, shortened
from earmark.formats.reading import repeated
from earmark.records import Utterance
from earmark.storage.digests import of_values
from earmark.voices.engine import Engine, check_speed
from earmark.voices.language_spans import text_spans

QUIETEST_DB, LOUDEST_DB = -20.0, 100.0
# What a row says of a sound that is replaced by another.
OF_THE_SOUND = ("made_by", "spans")
_PLAIN_NAME = re.compile(r"[\w.-]{1,100}")
_ODD = re.compile(r"[^\w.-]")
_DECIMALS = 3


@dataclass(frozen=True, kw_only=True)
class Speaking:
    """How texts are spoken.

    Attributes:
        voices: names of the engine's voices.
        per_text: how many of them speak each text.
        speed: closed range from which the speed of each clip is drawn; 1 is usual.
        snr_db: range of the signal-to-noise ratio in decibels; None adds no noise.
        seed: of all draws.
    """

    voices: Sequence[str]
    per_text: int = 1
    speed: tuple[float, float] = (1.0, 1.0)
    snr_db: tuple[float, float] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            KnobError: names the setting.
        """
        check_seed(self.seed)
        if not 1 <= self.per_text <= len(self.voices):
            raise KnobError(
                f"{self.per_text} voices for each text; expected 1 to {len(self.voices)}, as many "
                "as there are voices to choose from"
            )
        for name, found in (("speed", self.speed), ("snr_db", self.snr_db or (0.0, 0.0))):
            if not all(map(math.isfinite, found)) or found[0] > found[1]:
                raise KnobError(f"{name}: expected a range, the lower first, found {found}")
        for speed in self.speed:
            check_speed(speed)
        if self.snr_db and not QUIETEST_DB <= self.snr_db[0] <= self.snr_db[1] <= LOUDEST_DB:
            raise KnobError(
                f"snr_db: expected {QUIETEST_DB:g} to {LOUDEST_DB:g} decibels, found {self.snr_db}"
            )


class Job(NamedTuple):
    """A clip that is to be made: its row, what it is spoken with, the number of its text."""

    utterance: Utterance
    voice: str
    speed: float
    snr_db: float | None
    seed: int
    line: int


def chosen_voices(given: str | None, engine: Engine) -> tuple[str, ...]:
    """Return the voices that a comma-separated list names; `z*` names all that begin with z.

    Raises:
        KnobError: one is not there or named twice, or none is given where there are several.
    """
    known = engine.voices()
    names = [*filter(None, map(str.strip, (given or "").split(",")))]
    if not names:
        if len(known) == 1:
            return known
        few = f"such as {', '.join(known[:3])}" if known else "as the server knows them"
        raise KnobError(
            f"which voices of {engine.made_by['engine']} speak? Name them with --voices, {few}"
        )
    chosen: list[str] = []
    for name in names:
        if "*" in name and known:
            found = [voice for voice in known if fnmatchcase(voice, name)]
            if not found:
                raise KnobError(f"no voice is like '{name}'; {did_you_mean(name, known)}")
            chosen += [voice for voice in found if voice not in chosen]
            continue
        engine.check_voice(name)
        if name in chosen:
            raise KnobError(f"the voice '{name}' is named twice")
        chosen.append(name)
    return tuple(chosen)


def plan(texts: Iterable[Utterance], speaking: Speaking, made_by: dict[str, Any]) -> Iterator[Job]:
    """Yield the clips to be made, text by text.

    Args:
        texts: what is spoken; their own sound, if they have any, is left out.
        speaking: by whom, and how.
        made_by: what is recorded of the engine.

    Raises:
        InputError: two clips would have one id, which ids that hold names of voices may bring.
    """
    seen: dict[str, str] = {}
    for number, text in enumerate(texts, start=1):
        draw = Random(f"{speaking.seed} {text.text}")
        voices = list(speaking.voices)
        for voice in sorted(draw.sample(voices, speaking.per_text), key=voices.index):
            job = _job(text, voice, speaking, made_by, number)
            if job.utterance.id in seen:
                raise repeated(f"text {number}", job.utterance.id, seen[job.utterance.id])
            seen[job.utterance.id] = f"text {number}"
            yield job


def _job(
    text: Utterance, voice: str, speaking: Speaking, made_by: dict[str, Any], number: int
) -> Job:
    """Draw what belongs to one clip."""
    draw = Random(f"{speaking.seed} {voice} {text.text}")
    speed = round(draw.uniform(*speaking.speed), _DECIMALS)
    snr_db = round(draw.uniform(*speaking.snr_db), _DECIMALS) if speaking.snr_db else None
    seed = draw.getrandbits(32)
    id_ = f"{text.id}-{voice}"
    how = {"voice": voice, "speed": speed, "snr_db": snr_db, "seed": seed, "earmark": __version__}
    extra = {name: value for name, value in text.extra.items() if name not in OF_THE_SOUND}
    utterance = replace(
        text,
        id=id_,
        audio=f"audio/{file_name(id_)}.flac",
        start_s=None,
        end_s=None,
        language=text.language or _language(text.text or ""),
        speaker=voice,
        extra=extra | {"made_by": made_by | how},
    )
    return Job(utterance, voice, speed, snr_db, seed, number)


def file_name(id_: str) -> str:
    """Return a name for a file that belongs to an id, and to no other.

    >>> file_name("s1-zf_xiaoxiao"), file_name("a/b")
    ('s1-zf_xiaoxiao', 'a_b-96086d65')
    """
    if _PLAIN_NAME.fullmatch(id_) and not id_.startswith("."):
        return id_
    return f"{_ODD.sub('_', id_)[:80].lstrip('.')}-{of_values(id_)[:8]}"


def _language(text: str) -> str | None:
    """Name what a text is in: zh, en or mixed."""
    found = {span.language for span in text_spans(text)}
    return "mixed" if len(found) > 1 else next(iter(found), None)


def check_job(job: Job, engine: Engine) -> None:
    """Refuse a text that cannot be spoken, by its number and id.

    Raises:
        InputError: says what is wrong with it.
    """
    text = job.utterance.text
    where = f"text {job.line} ('{job.utterance.id}')"
    if not text or not text.strip():
        raise InputError(f"{where}: expected a text, found none")
    try:
        engine.check(text, job.voice)
    except InputError as error:
        raise InputError(f"{where}: {shortened(str(error), 1000)}") from error
