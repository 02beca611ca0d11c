"""The numbers a failure is named from, in plain keys that can travel with a row."""

from earmark.failures.evidence import OTHER, SPOKEN, Evidence, syllables
from earmark.failures.loop import repetition
from earmark.failures.run_on import longest_surplus
from earmark.failures.wrong_script import foreign
from earmark.text.loops import compression_ratio

Features = dict[str, float | bool | str]

# Below this, zlib's own header decides the ratio.
FEWEST_TO_COMPRESS = 20


def features_of(evidence: Evidence, raw_format: str | None = None) -> Features:
    """List the features of a hypothesis. A feature that has no meaning here is left out.

    Counts are tokens. `heard_*` is the share of a language's tokens that are hits,
    `anchors_*` the share written in any place, `replaced_*` the syllables of the other language
    that stand for each syllable lost, `spoken_ratio` hypothesis to truth in syllables.
    """
    counts = evidence.counts
    features: Features = {
        "hits": counts["hit"],
        "substitutions": counts["substitution"],
        "deletions": counts["deletion"],
        "insertions": counts["insertion"],
    }
    if raw_format is not None:
        features["raw_format"] = raw_format
    if evidence.is_exact:
        return features
    features["matrix"] = evidence.matrix if evidence.truth_tokens else ""
    for language in SPOKEN:
        said = evidence.truth_languages.count(language)
        features[f"truth_{language}"] = said
        features[f"hyp_{language}"] = evidence.hyp_languages.count(language)
        if said:
            features[f"heard_{language}"] = round(evidence.heard[language] / said, 3)
        if (anchors := evidence.anchors(language)) is not None:
            features[f"anchors_{language}"] = round(anchors, 3)
        if evidence.swaps[language].lost > 0:
            features[f"replaced_{language}"] = round(evidence.swaps[language].ratio, 3)
    return features | _shape(evidence) | _lexical(evidence)


def _shape(evidence: Evidence) -> Features:
    """List the features of length, repetition and script."""
    repeated = repetition(evidence.hyp_tokens, evidence.truth_tokens)
    shape: Features = {
        "surplus_syllables": round(longest_surplus(evidence), 1),
        "longest_deletion": max(
            (t.stop - t.start - (h.stop - h.start) for t, h in evidence.stretches), default=0
        ),
        "repeats": repeated.repeats,
        "repeated_tokens": repeated.surplus,
        "third_script_tokens": foreign(evidence),
    }
    if said := syllables(evidence.truth_languages):
        shape["spoken_ratio"] = round(syllables(evidence.hyp_languages) / said, 3)
    if len(evidence.hyp_tokens) >= FEWEST_TO_COMPRESS:
        shape["compression"] = round(compression_ratio(evidence.hyp), 2)
    return shape


def _lexical(evidence: Evidence) -> Features:
    """List what the lexicon knows of the words that were not heard, and found translated."""
    if evidence.lexicon is None:
        return {}
    matches = [evidence.match(language) for language in OTHER]
    return {
        "lexicon_known": sum(match.known for match in matches),
        "lexicon_found": sum(match.found for match in matches),
    }
