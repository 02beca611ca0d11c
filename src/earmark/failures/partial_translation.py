"""Translation, partial: isolated spans are translated, the rest stays (arXiv 2605.23975)."""

from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.global_translation import capitalized_like, is_translated, targets
from earmark.failures.mix import OTHER
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface, surface_of


def detect(evidence: Evidence) -> bool:
    """Return whether words crossed from one language into the other by meaning."""
    return is_translated(evidence)


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
