"""The numbers a failure is named from, in plain keys that can travel with a row."""

from earmark.failures.evidence import Evidence
from earmark.failures.mix import OTHER, SPOKEN
from earmark.failures.run_on import longest_surplus
from earmark.failures.wrong_script import foreign
from earmark.text.loops import compression_ratio, repetition

Features = dict[str, float | bool | str]

# Below this, zlib's own header decides the ratio.
FEWEST_TO_COMPRESS = 20


def features_of(evidence: Evidence) -> Features:
    """List the features of a hypothesis. A feature that has no meaning here is left out.

    Counts are tokens. For a lost language, `replaced_*` is the syllables of the other one that
    stand for each syllable lost, and `anchors_*` the share of the other one's words that were
    written in any place. `spoken_ratio` is hypothesis to truth in syllables, `surplus` the
    longest stretch more than was said there, in syllables; `repeated` the tokens that come
    again in a row, beyond what the truth repeats.
    """
    said, written = evidence.said, evidence.written
    features: Features = {
        "truth_tokens": said.total,
        "hyp_tokens": written.total,
        "hits": evidence.hits,
        "truth_zh": said.zh,
        "truth_en": said.en,
        "hyp_zh": written.zh,
        "hyp_en": written.en,
        "surplus": round(longest_surplus(evidence), 1),
        "longest_omission": max(
            (stretch.said.total - stretch.written.total for stretch in evidence.stretches),
            default=0,
        ),
        "repeated": repetition(evidence.hyp_tokens, evidence.truth_tokens).surplus,
        "third_script_tokens": foreign(evidence),
    }
    if said.total:
        features["matrix"] = said.matrix
        features["spoken_ratio"] = round(written.syllables / said.syllables, 3)
    if written.total >= FEWEST_TO_COMPRESS:
        features["compression"] = round(compression_ratio(evidence.hyp), 2)
    for language in evidence.lost:
        features[f"replaced_{language}"] = round(evidence.swap(language).ratio, 3)
        if (anchors := evidence.anchors(OTHER[language])) is not None:
            features[f"anchors_{OTHER[language]}"] = round(anchors, 3)
    return features | _lexical(evidence)


def _lexical(evidence: Evidence) -> Features:
    """List what the lexicon knows of the words that were not heard, and found translated."""
    if evidence.lexicon is None:
        return {}
    matches = [evidence.match(language) for language in SPOKEN]
    return {
        "lexicon_known": sum(match.known for match in matches),
        "lexicon_found": sum(match.found for match in matches),
    }
