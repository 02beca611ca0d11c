"""Error, phonetic: words of one language written by sound in the other's script.

Nothing is known of meaning here: sounds are compared as strings of phone classes
(`text/pronunciation`), and agree if they are more alike than random stretches of their length.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from random import Random

from opencc import OpenCC

from earmark.failures.evidence import Evidence, Stretch
from earmark.failures.global_translation import capitalized_like
from earmark.failures.mix import OTHER, SPOKEN, Spoken
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface
from earmark.text.language import language_of
from earmark.text.normalize.simplify import traditional_characters
from earmark.text.pronunciation import is_found_in, readings_of, sounds_alike
from earmark.text.pronunciation.han_by_sound import han_by_sound
from earmark.text.pronunciation.latin_by_sound import latin_by_sound
from earmark.translators.dictionary import Dictionary

# Letters of the shorter sound, two for a consonant: is and 是 may sound alike by accident.
SHORTEST = 4
# Within a longer text a sound is found by accident more often: it must be longer, and the text
# at most so many times as long.
SHORTEST_WITHIN, MUCH_LONGER = 10, 3
# How many neighbouring words or characters an imitation writes by sound at most.
LONGEST: dict[Spoken, int] = {"en": 3, "zh": 4}
# How many stretches of a language are tried, and how often each is written.
TRIED, DRAWN = 8, 3
INSIDE = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)


def detect(evidence: Evidence) -> bool:
    """Return whether words of one language are written by sound in the other's script."""
    return any(
        is_by_sound(evidence, language, stretch)
        for stretch in evidence.stretches
        if stretch.said.total and stretch.written.total
        for language in SPOKEN
    )


def is_by_sound(evidence: Evidence, language: Spoken, stretch: Stretch) -> bool:
    """Return whether the words of a language that a stretch lost are in it by sound.

    What is written of the other language must sound like them, or contain what does: neighbours
    that were misheard in their own language are in the stretch too.
    """
    other = OTHER[language]
    if not stretch.written.of(other) or stretch.said.of(language) <= stretch.written.of(language):
        return False
    said = evidence.truth_tokens[stretch.truth]
    written = evidence.hyp_tokens[stretch.hyp]
    return sound_agrees(
        [token for token in said if language_of(token) == language],
        [token for token in written if language_of(token) == other],
    )


def sound_agrees(said: Sequence[str], written: Sequence[str]) -> bool:
    """Return whether one stretch of tokens sounds like another, or is in it by sound.

    >>> sound_agrees(["plumber"], list("普兰柏")), sound_agrees(["plumber"], list("水管工"))
    (True, False)
    """
    return any(_agrees(*pair) for pair in product(readings_of(said), readings_of(written)))


def _agrees(said: str, written: str) -> bool:
    """Return whether a sound is like another, or is found in one that is not much longer."""
    if min(len(said), len(written)) < SHORTEST:
        return False
    within = len(said) >= SHORTEST_WITHIN and len(written) <= MUCH_LONGER * len(said)
    return sounds_alike(said, written) or (within and is_found_in(said, written))


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Write a word or a few of the embedded language by sound, else of the other one.

    None where no word has a sound long enough, or the only ones are those that sound the same in
    both languages (coffee).
    """
    lexicon = tools.translator if isinstance(tools.translator, Dictionary) else None
    for language in (truth.embedded, truth.matrix):
        for start, end in _stretches(truth, language, rng):
            for _ in range(DRAWN):
                made = _rewritten(truth, start, end, language, rng)
                if made is not None and _is_made(truth, made, lexicon, language):
                    return made
    return None


def _is_made(truth: Surface, made: str, lexicon: Dictionary | None, language: Spoken) -> bool:
    """Return whether a text is found to be by sound, and is no translation as well."""
    evidence = Evidence(truth.text, made, lexicon=lexicon, truth_tokens=truth.tokens)
    return detect(evidence) and not evidence.match(language).found


def _stretches(truth: Surface, language: Spoken, rng: Random) -> Iterator[tuple[int, int]]:
    """Draw stretches of neighbouring words of a language, with no mark between them."""
    places = [place for place, found in enumerate(truth.languages) if found == language]
    for start in rng.sample(places, min(TRIED, len(places))):
        ends = [start + 1]
        while (
            len(ends) < LONGEST[language]
            and ends[-1] in places
            and truth.pieces[ends[-1] - 1].rstrip()[-1:].isalnum()
        ):
            ends.append(ends[-1] + 1)
        yield start, rng.choice(ends)
        yield start, ends[-1]


def _rewritten(truth: Surface, start: int, end: int, language: Spoken, rng: Random) -> str | None:
    """Write tokens `start` to `end` by sound; the marks around them stay."""
    tokens = truth.tokens[start:end]
    if language == "en":
        written = in_script_of(truth.text, "".join(han_by_sound(token, rng) for token in tokens))
    else:
        written = latin_by_sound(tokens, rng)
    inside = INSIDE.search(truth.words(start, end))
    if not written or inside is None:
        return None
    piece = truth.words(start, end)
    around = piece[: inside.start()] + written + piece[inside.end() :]
    parts = truth.words(0, start), around, truth.words(end, len(truth.pieces))
    return capitalized_like(truth, truth.assemble(parts))


def in_script_of(text: str, han: str) -> str:
    """Write Simplified characters in Traditional ones if a text has such.

    >>> in_script_of("這個 design", "普兰柏"), in_script_of("这个 design", "普兰柏")
    ('普蘭柏', '普兰柏')
    """
    return han if traditional_characters().isdisjoint(text) else _traditional().convert(han)


@lru_cache(maxsize=1)
def _traditional() -> OpenCC:
    """Load OpenCC's tables once."""
    return OpenCC("s2t")
