"""Keep the pairs whose clips can be what was said: length against text, silence, clipping."""

import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from earmark.curate.fields import Range
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import InputError, KnobError
from earmark.pairs.rules import audio_parts
from earmark.records import Pair
from earmark.speech.audio_path import located
from earmark.speech.voice_activity import SoundFacts, sound_facts
from earmark.text import tokenize

SAYS = ("chosen", "nothing")


class _Limits(NamedTuple):
    """What a clip may be."""

    rate: Range
    duration_s: Range
    silence: float
    clipped: float
    says_chosen: bool


def audio(
    pairs: Stream,
    *,
    slowest: float = 0.3,
    fastest: float = 9.0,
    shortest_s: float = 0.2,
    longest_s: float | None = None,
    silence: float = 0.8,
    clipped: float = 0.01,
    says: str = "chosen",
) -> Iterator[Verdict]:
    """Keep pairs whose clips are long enough for their text, not too silent and not clipped.

    Each clip is read once. Silence is found by the energy of frames of 30 ms (`voice_activity`),
    not by a model. A clip that cannot be read is a reason to drop its pair, and so is no clip.

    Args:
        pairs: their prompts hold clips.
        slowest: words a second (a Han character is a word) below which a clip is too long.
        fastest: words a second above which it is too short.
        shortest_s: duration below which a clip is dropped, in seconds.
        longest_s: duration above which it is dropped, in seconds; nothing for no limit.
        silence: share of the clip without speech above which it is dropped.
        clipped: share of its samples at the limits of the range above which it is dropped.
        says: chosen where the clip says the chosen answer, as in transcription; nothing leaves the
            words out of it.

    Raises:
        KnobError: limits that make no sense.
    """
    for name, value in (("silence", silence), ("clipped", clipped)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise KnobError(f"{name} should be a share from 0 to 1, found {value!r}")
    rate = _range("slowest", slowest, "fastest", fastest)
    duration = _range(
        "shortest_s", shortest_s, "longest_s", math.inf if longest_s is None else longest_s
    )
    if says not in SAYS:
        raise KnobError(f"says should be one of: {', '.join(SAYS)}; found '{says}'")
    limits = _Limits(rate, duration, silence, clipped, says == "chosen")
    return (_judge(pair, pairs.folder, limits) for pair in pairs)


def _range(low: str, least: float, high: str, most: float) -> Range:
    for name, value in ((low, least), (high, most)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise KnobError(f"{name} should be a number from 0, found {value!r}")
    if least > most:
        raise KnobError(f"{low} should be at most {high}, found {least:g} above {most:g}")
    return Range(least, most)


def _judge(pair: Pair, folder: Path, limits: _Limits) -> Verdict:
    parts = list(audio_parts(pair.prompt))
    if not parts:
        return Drop(pair, "the prompt holds no clip")
    heard_s = 0.0
    for number, part in enumerate((*parts, *audio_parts(pair.rejected_prompt or []))):
        try:
            facts = _facts(folder, part)
        except InputError as error:
            return Drop(pair, f"the clip cannot be used: {error}")
        if why := _fault(facts, limits):
            return Drop(pair, why)
        heard_s += facts.duration_s if number < len(parts) else 0.0
    words = len(tokenize(pair.chosen))
    if limits.says_chosen and (fault := limits.rate.fault(words / heard_s)):
        return Drop(pair, f"{words} words in {heard_s:.2f} s, {fault} a second")
    return Keep(pair)


def _facts(folder: Path, part: dict[str, Any]) -> SoundFacts:
    """Return what is known of a clip; of pairs that follow each other it is read once."""
    path = located(folder, part["audio"])
    return _read(path, part.get("start_s"), part.get("end_s"))


@lru_cache(maxsize=64)
def _read(path: str, start_s: float | None, end_s: float | None) -> SoundFacts:
    return sound_facts(path, start_s, end_s)


def _fault(facts: SoundFacts, limits: _Limits) -> str | None:
    """Say what is wrong with a clip."""
    if fault := limits.duration_s.fault(facts.duration_s):
        return f"the clip has {facts.duration_s:.2f} s, {fault}"
    if facts.silence > limits.silence:
        return f"{facts.silence:.2f} of the clip is silence, more than {limits.silence:g}"
    if facts.clipped > limits.clipped:
        return f"{facts.clipped:.3f} of the samples are clipped, more than {limits.clipped:g}"
    return None
