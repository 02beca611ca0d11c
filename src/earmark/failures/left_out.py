"""Stretches of the truth in whose place nothing is written: cut off at the end, or left out."""

import re

from earmark.failures.evidence import Evidence, Stretch
from earmark.failures.mix import OTHER, Spoken, mix_of

# The share of a stretch's tokens in whose place nothing is written, for the stretch to be left out.
LEAST_NOTHING = 0.75
# How much of what comes before the cut must be there.
KEPT_BEFORE = 0.7
# Fewer lost tokens, or a smaller share of the truth, are an ordinary deletion ...
FEWEST_TOKENS = 3
LEAST_SHARE = 0.25
# ... unless they are a whole span of one language: an English word, or two characters.
SHORTEST_SPAN = 1.4
NOTHING = re.compile("o[of]*")


def empty_stretches(evidence: Evidence) -> list[Stretch]:
    """Return the stretches of which hardly anything is written, fillers aside."""
    return [
        stretch
        for stretch, (letters, _) in zip(evidence.stretches, evidence.places, strict=True)
        if (lost := len(letters) - letters.count("f"))
        and letters.count("o") >= LEAST_NOTHING * lost
    ]


def empty_runs(evidence: Evidence) -> list[slice]:
    """Return the runs of the truth's tokens, within a stretch, in whose place nothing is."""
    return [
        slice(stretch.truth.start + run.start(), stretch.truth.start + run.end())
        for stretch, (letters, _) in zip(evidence.stretches, evidence.places, strict=True)
        for run in NOTHING.finditer(letters)
    ]


def is_long(evidence: Evidence, run: slice) -> bool:
    """Return whether a run of tokens is too long for an ordinary deletion."""
    return run.stop - run.start >= max(FEWEST_TOKENS, LEAST_SHARE * evidence.said.total)


def is_mostly_nothing(evidence: Evidence) -> bool:
    """Return whether nothing is what most of the lost words have in their place."""
    fates = evidence.fates
    return fates["o"] > 0 and fates["o"] >= max(fates["s"], fates["x"], fates["u"], fates["m"])


def language_left_out(evidence: Evidence, language: Spoken) -> bool:
    """Return whether a language of mixed speech is not written, with nothing in its place."""
    if not evidence.is_mixed or language not in evidence.lost or OTHER[language] in evidence.lost:
        return False
    fates = evidence.fates_in(language)
    return fates["o"] > 0 and fates["o"] >= LEAST_NOTHING * fates.total()


def cut_off(evidence: Evidence) -> Stretch | None:
    """Return the end of the truth that was cut off, if what comes before it is there."""
    if not evidence.stretches:
        return None
    last = evidence.stretches[-1]
    at_the_end = last.truth.stop == evidence.said.total
    before = last.truth.start
    if (
        at_the_end
        and before
        and evidence.hits >= KEPT_BEFORE * before
        and last in empty_stretches(evidence)
    ):
        return last
    return None


def starts_at_switch(evidence: Evidence, run: slice) -> bool:
    """Return whether the language changes where a run of the truth begins."""
    before = evidence.truth_codes[: run.start].replace("o", "")
    inside = evidence.truth_codes[run].replace("o", "")
    return bool(before) and bool(inside) and before[-1] != inside[0]


def ends_at_switch(evidence: Evidence, run: slice) -> bool:
    """Return whether the language changes, or the truth ends, where a run of it ends."""
    inside = evidence.truth_codes[run].replace("o", "")
    after = evidence.truth_codes[run.stop :].replace("o", "")
    return not after or (bool(inside) and inside[-1] != after[0])


def cut_short(evidence: Evidence) -> bool:
    """Return whether the end is missing, more than a language could account for.

    That is a cut which takes both languages along, or a long one in speech of one language.
    """
    end = cut_off(evidence)
    if end is None:
        return False
    takes_both = end.said.zh > 0 and end.said.en > 0
    return takes_both or (is_long(evidence, end.truth) and not evidence.is_mixed)


def left_out(evidence: Evidence) -> bool:
    """Return whether a long run, or a whole span of one language, was left out."""
    if not is_mostly_nothing(evidence):
        return False
    return any(
        is_long(evidence, run) or is_whole_span(evidence, run) for run in empty_runs(evidence)
    )


def is_whole_span(evidence: Evidence, run: slice) -> bool:
    """Return whether a run is all that mixed speech says in one language before it switches."""
    said = mix_of(evidence.truth_codes[run])
    return (
        evidence.is_mixed
        and (said.zh == 0) != (said.en == 0)
        and (starts_at_switch(evidence, run) or not run.start)
        and ends_at_switch(evidence, run)
        and said.syllables >= SHORTEST_SPAN
    )
