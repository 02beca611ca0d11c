"""Translation, partial: isolated spans are translated, the rest stays (arXiv 2605.23975)."""

from random import Random

from earmark.failures.evidence import Evidence, Stretch
from earmark.failures.global_translation import capitalized_like, targets
from earmark.failures.mix import OTHER, SPOKEN, Spoken, swap_of
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface, surface_of

# One word for one character may be a slip of the ear; only a lexicon can tell.
FEWEST_TOKENS = 3


def detect(evidence: Evidence) -> bool:
    """Return whether some stretch crossed from one language into the other."""
    return any(
        is_translated(evidence, language, stretch)
        for stretch in evidence.stretches
        if stretch.said.total and stretch.written.total
        for language in SPOKEN
    )


def is_translated(evidence: Evidence, language: Spoken, stretch: Stretch) -> bool:
    """Return whether words of a language were replaced by words of the other in a stretch."""
    if stretch.said.of(language) <= stretch.written.of(language):
        return False
    swap = swap_of(language, stretch.said, stretch.written)
    if swap.gained <= 0:
        return False
    match = evidence.match(language, [stretch])
    if match.known:
        return match.found > 0
    return swap.is_replaced and swap.lost + swap.gained >= FEWEST_TOKENS


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Translate an isolated phrase or several; None when none can be without translating all."""
    if tools.translator is None:
        return None
    for to in targets(rng):
        source = OTHER[to]
        if source not in truth.languages:
            continue
        translation = tools.translator.translate_part(truth.text, to, rng)
        if translation is None:
            continue
        written = surface_of(translation.text)
        before, after = truth.languages.count(source), written.languages.count(source)
        if 0 < after < before and to in written.languages:
            return capitalized_like(truth, translation.text)
    return None
