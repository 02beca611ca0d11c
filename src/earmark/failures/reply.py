"""Whether what was said was answered or commented instead of written down.

Who replies turns persons around: what was said of `you` is answered with `I`, and the reverse.
A translation keeps them, and keeps a question a question.
"""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from earmark.failures import loop
from earmark.failures.evidence import Evidence
from earmark.failures.phrases import phrases
from earmark.text import tokenize
from earmark.text.pronunciation import alike
from earmark.translators.dictionaries.english_words import FUNCTION_WORDS

# A reply has next to nothing of what was said, and is at least so many tokens.
MOST_HITS = 0.4
FEWEST_TOKENS = 4
# An answer that does not open as one is longer than the question, by this factor in syllables.
LONGER = 1.4
# What means most of what was said is a translation, and what sounds like it was misheard.
MOST_MEANT, MOST_MEANT_TURNED = 0.34, 0.6
ALIKE = 0.55
_ME, _YOU = "i i'm i've i'd i'll me my mine we us our", "you you're you've you'd you'll your yours"
FIRST = frozenset([*"我咱", *_ME.split()])
SECOND = frozenset([*"你您妳", *_YOU.split()])
CLAUSE_END = re.compile(r"[,，.。!！;；]")
ASKS = frozenset("?？")
# Characters that two sentences share by chance.
COMMON = frozenset("我你您他她它们的了是在不有这那就也都个么什吗呢吧啊很会要可以说到去来没")


def answers(evidence: Evidence) -> bool:
    """Return whether a spoken question or request was answered instead of written down.

    The truth asks something, and the hypothesis opens as an answer does, speaks to its user in
    words that the truth has not, or speaks of the same without asking it, or of the other person.
    """
    if not may_reply(evidence) or not asks(evidence.truth_tokens):
        return False
    tokens, truth_tokens = evidence.hyp_tokens, evidence.truth_tokens
    openers = phrases("answer_openers")
    opens = openers.opens(tokens) is not None and openers.opens(truth_tokens) is None
    if opens and (has_new(evidence, "answer_markers") or has_new(evidence, "weak_answer_markers")):
        return True
    growth = evidence.written.syllables / evidence.said.syllables
    if growth >= LONGER and has_new(evidence, "answer_markers"):
        return True
    if opens_short(evidence.hyp, tokens) and not opens_short(evidence.truth or "", truth_tokens):
        return is_something_else(evidence)
    if not shares_a_topic(evidence):
        return False
    if turns_to_first(evidence) or turns_to_second(evidence):
        return is_something_else(evidence, MOST_MEANT_TURNED)
    return growth >= 1.0 and not asks_back(evidence) and is_something_else(evidence)


def opens_short(text: str, tokens: Sequence[str]) -> bool:
    """Return whether a text opens with a short answer; the shortest must be a clause."""
    found = phrases("short_answers").opens(tokens)
    if found is None:
        return False
    return len(found) > 2 or tokenize(CLAUSE_END.split(text, 1)[0]) == list(found)


def reacts(evidence: Evidence) -> bool:
    """Return whether what was said was commented: a reaction, then words to the one who spoke.

    Without a reaction, such words ask for more about the same.
    """
    if not may_reply(evidence):
        return False
    turned = turns_to_second(evidence)
    if phrases("reactions").opens(evidence.hyp_tokens, unless=evidence.truth_tokens) is None:
        asked = asks_back(evidence) and not asks(evidence.truth_tokens)
        reacted = turned and asked and shares_a_topic(evidence)
    else:
        reacted = SECOND.isdisjoint(evidence.truth_tokens) and not SECOND.isdisjoint(
            evidence.hyp_tokens
        )
    return reacted and is_something_else(evidence)


def may_reply(evidence: Evidence) -> bool:
    """Return whether next to nothing of what was said is written, and enough else."""
    tokens = evidence.hyp_tokens
    return (
        len(tokens) >= FEWEST_TOKENS
        and evidence.hits <= MOST_HITS * len(tokens)
        and evidence.said.total > 0
    )


def asks(tokens: Sequence[str]) -> bool:
    """Return whether somebody asks or requests something."""
    return any(phrases(name).groups_in(tokens) for name in ("questions", "requests"))


def asks_back(evidence: Evidence) -> bool:
    """Return whether the hypothesis asks something."""
    return not ASKS.isdisjoint(evidence.hyp) or bool(
        phrases("questions").groups_in(evidence.hyp_tokens)
    )


def turns_to_first(evidence: Evidence) -> bool:
    """Return whether the truth speaks of `you` only, and the hypothesis of `I` only."""
    return _turns(evidence, SECOND, FIRST)


def turns_to_second(evidence: Evidence) -> bool:
    """Return whether the truth speaks of `I` only, and the hypothesis of `you` only."""
    return _turns(evidence, FIRST, SECOND)


def _turns(evidence: Evidence, said: Collection[str], written: Collection[str]) -> bool:
    """Return whether one person was said, and only the other one is written."""
    truth, hyp = set(evidence.truth_tokens), set(evidence.hyp_tokens)
    return (
        not truth.isdisjoint(said)
        and truth.isdisjoint(written)
        and not hyp.isdisjoint(written)
        and hyp.isdisjoint(said)
    )


def shares_a_topic(evidence: Evidence) -> bool:
    """Return whether both speak of the same: a word, its meaning, or two characters in a row."""
    truth, hyp = evidence.truth_tokens, evidence.hyp_tokens
    if any(is_content(word) for word in set(truth) & set(hyp)):
        return True
    pairs = set(pairwise(truth)) & set(pairwise(hyp))
    if any(COMMON.isdisjoint(pair) and not pair[0].isascii() for pair in pairs):
        return True
    return any(
        letter == "m" and is_content(token)
        for stretch, place in zip(evidence.stretches, evidence.places, strict=True)
        for token, letter in zip(truth[stretch.truth], place.letters, strict=True)
    )


def is_content(token: str) -> bool:
    """Return whether a token is a word of the topic; a character alone is not sure to be one."""
    return token.isascii() and len(token) > 3 and token not in FUNCTION_WORDS


def is_something_else(evidence: Evidence, most_meant: float = MOST_MEANT) -> bool:
    """Return whether the hypothesis neither means nor sounds like what was said, and is no loop."""
    return (
        evidence.share_meant < most_meant
        and alike(*evidence.sounds) < ALIKE
        and not loop.detect(evidence)
    )


def has_new(evidence: Evidence, name: str) -> bool:
    """Return whether the hypothesis has a phrase of a list whose meaning the truth has not."""
    return phrases(name).find(evidence.hyp_tokens, unless=evidence.truth_tokens) is not None
