"""Stretches of the truth in whose place nothing is written: cut off at the end, or left out."""

from earmark.failures.evidence import Evidence, Stretch

# What may still be written in place of a stretch that counts as left out, by tokens.
REMAINS = 0.25
# How much of what comes before the cut must be there.
KEPT_BEFORE = 0.7
# Fewer lost tokens, or a smaller share of the truth, are an ordinary deletion ...
FEWEST_TOKENS = 3
LEAST_SHARE = 0.25
# ... unless they are a whole span of one language: an English word, or two characters.
SHORTEST_SPAN = 1.4


def is_empty(stretch: Stretch) -> bool:
    """Return whether hardly anything is written in place of a stretch of the truth."""
    return stretch.said.total > 0 and stretch.written.total <= stretch.said.total * REMAINS


def is_long(evidence: Evidence, stretch: Stretch) -> bool:
    """Return whether a stretch is too long for an ordinary deletion."""
    return stretch.said.total >= max(FEWEST_TOKENS, LEAST_SHARE * evidence.said.total)


def cut_off(evidence: Evidence) -> Stretch | None:
    """Return the end of the truth that was cut off, if what comes before it is there."""
    if not evidence.stretches:
        return None
    last = evidence.stretches[-1]
    at_the_end = last.truth.stop == evidence.said.total
    before = last.truth.start
    if at_the_end and is_empty(last) and before and evidence.hits >= KEPT_BEFORE * before:
        return last
    return None


def starts_at_switch(evidence: Evidence, stretch: Stretch) -> bool:
    """Return whether the language changes where a stretch of the truth begins."""
    before = evidence.truth_codes[: stretch.truth.start].replace("o", "")
    inside = evidence.truth_codes[stretch.truth].replace("o", "")
    return bool(before) and bool(inside) and before[-1] != inside[0]


def ends_at_switch(evidence: Evidence, stretch: Stretch) -> bool:
    """Return whether the language changes, or the truth ends, where a stretch of it ends."""
    inside = evidence.truth_codes[stretch.truth].replace("o", "")
    after = evidence.truth_codes[stretch.truth.stop :].replace("o", "")
    return not after or (bool(inside) and inside[-1] != after[0])


def cut_short(evidence: Evidence) -> bool:
    """Return whether the end is missing, more than a language could account for.

    That is a cut which takes both languages along, or a long one in speech of one language.
    """
    end = cut_off(evidence)
    if end is None:
        return False
    takes_both = end.said.zh > 0 and end.said.en > 0
    return takes_both or (is_long(evidence, end) and not evidence.is_mixed)


def left_out(evidence: Evidence) -> bool:
    """Return whether a long stretch, or a whole span of one language, was left out."""
    for stretch in evidence.stretches:
        if not is_empty(stretch):
            continue
        whole_span = (
            evidence.is_mixed
            and (stretch.said.zh == 0) != (stretch.said.en == 0)
            and (starts_at_switch(evidence, stretch) or not stretch.truth.start)
            and ends_at_switch(evidence, stretch)
            and stretch.said.syllables >= SHORTEST_SPAN
        )
        if whole_span or is_long(evidence, stretch):
            return True
    return False
