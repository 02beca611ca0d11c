"""The numbers a failure is named from, in plain keys that can travel with a row."""

from earmark.failures.evidence import Evidence
from earmark.failures.run_on import longest_surplus
from earmark.failures.wrong_script import foreign
from earmark.text.loops import compression_ratio, repetition

Features = dict[str, float | bool | str]

NAMES = {
    "m": "explained_by_meaning",
    "x": "explained_by_sound",
    "s": "same_language",
    "u": "unexplained",
    "o": "nothing_there",
}
# Below this, zlib's own header decides the ratio.
FEWEST_TO_COMPRESS = 20


def features_of(evidence: Evidence) -> Features:
    """List the features of a hypothesis. A feature that has no meaning here is left out.

    Counts are tokens. `spoken_ratio` is hypothesis to truth in syllables, `surplus` the longest
    stretch more than was said there, in syllables; `repeated` the tokens that come again in a
    row, beyond what the truth repeats. Of the words that were said and not written,
    `explained_by_meaning` are written in the other language, `explained_by_sound` by sound in
    the other script, `same_language` have something else of their language in their place,
    `unexplained` something of which nothing is known, and `nothing_there` nothing.
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
    return features | _fates(evidence.as_said)


def _fates(evidence: Evidence) -> Features:
    """List what became of the words that were not heard."""
    fates = evidence.fates
    return {name: fates[letter] for letter, name in NAMES.items()}
