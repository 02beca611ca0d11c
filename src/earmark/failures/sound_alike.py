"""Error, phonetic: words of one language written by sound in the other's script.

Sounds are compared as strings of phone classes (`text/pronunciation`), and agree if they are more
alike than random stretches of their length.
"""

import re
from collections.abc import Iterator
from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.global_translation import capitalized_like
from earmark.failures.mix import Spoken
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface
from earmark.text.normalize.traditional import in_script_of
from earmark.text.pronunciation.han_by_sound import han_by_sound
from earmark.text.pronunciation.latin_by_sound import latin_by_sound
from earmark.translators.dictionaries.dictionary import Dictionary

# How many neighbouring words or characters an imitation writes by sound at most.
LONGEST: dict[Spoken, int] = {"en": 3, "zh": 4}
# How many stretches of a language are tried, and how often each is written.
TRIED, DRAWN = 8, 3
INSIDE = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)


def detect(evidence: Evidence) -> bool:
    """Return whether as many words are written by sound in the other script as misheard."""
    fates = evidence.fates
    return fates["x"] >= max(1, fates["s"])


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Write a word or a few of the embedded language by sound, else of the other one.

    None where no word has a sound long enough, or the only ones are those that sound the same in
    both languages (coffee).
    """
    dictionary = tools.translator if isinstance(tools.translator, Dictionary) else None
    for language in (truth.embedded, truth.matrix):
        for start, end in _stretches(truth, language, rng):
            for _ in range(DRAWN):
                made = _rewritten(truth, start, end, language, rng)
                if made is not None and _is_made(truth, made, dictionary, language):
                    return made
    return None


def _is_made(truth: Surface, made: str, dictionary: Dictionary | None, language: Spoken) -> bool:
    """Return whether a text is found to be by sound, and is no translation as well."""
    evidence = Evidence(truth.text, made, dictionary=dictionary, truth_tokens=truth.tokens)
    return detect(evidence) and not evidence.fates_in(language)["m"]


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
