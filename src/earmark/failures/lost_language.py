"""What became of a language that the truth speaks and the hypothesis does not."""

from typing import Literal

from earmark.failures.evidence import Evidence
from earmark.failures.mix import OTHER, Spoken

Fate = Literal["kept", "omitted", "translated", "sounded out", "forgotten"]

# Below this share of the other language's words, the hypothesis is about something else.
LEAST_ANCHORED = 0.25
# From this share of the known words on, a lexicon's word is enough, however short the text.
CLEARLY_TRANSLATED = 0.5


def fate(evidence: Evidence, language: Spoken) -> Fate:
    """Say what became of a language of the truth.

    `kept`: it is still written. `omitted`: nothing is written in its
    place. `translated`: the other language is written in its place, at a plausible length, and a
    lexicon, if there is one, does not object. `sounded out`: as before, but the lexicon knows
    the words and finds none of their meanings. `forgotten`: the words of the other language
    are not there either, so the hypothesis is about something else.
    """
    if language not in evidence.lost:
        return "kept"
    other = OTHER[language]
    anchors = evidence.anchors(other)
    if anchors is not None and anchors < LEAST_ANCHORED:
        return "forgotten"
    match = evidence.match(language)
    if match.known and match.found >= match.known * CLEARLY_TRANSLATED:
        return "translated"
    if not evidence.swap(language).is_replaced:
        return "omitted" if evidence.is_mixed and other not in evidence.lost else "forgotten"
    if match.known and not match.found:
        if evidence.is_mixed:
            return "sounded out"
        # One word may have a translation that the lexicon lacks; several hardly all have.
        return "forgotten" if match.known > 1 else "translated"
    return "translated"
