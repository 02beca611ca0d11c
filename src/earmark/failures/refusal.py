"""Format: the model declines, apologises, asks back, offers help or answers a question."""

from collections.abc import Sequence
from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.phrases import phrases, tokenized
from earmark.failures.surface import Surface

# An assistant's talk takes the place of the transcript when at most this share of it was said.
MOST_HITS = 0.5
# An answer has next to nothing of the question, and is at least so many tokens.
MOST_HITS_OF_ANSWER = 0.35
FEWEST_TOKENS_OF_ANSWER = 4
# An answer that does not open as one is longer than the question, by this factor in syllables.
LONGER = 1.4


def refuses(tokens: Sequence[str], truth_tokens: Sequence[str]) -> bool:
    """Return whether a text opens with an apology and speaks of the task, as the truth does not."""
    if phrases("refusal_openers").opens(tokens) is None:
        return False
    return phrases("refusal_markers").find(tokens, unless=truth_tokens) is not None


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis is what an assistant says in place of a transcript."""
    tokens, truth_tokens = evidence.hyp_tokens, evidence.truth_tokens
    if evidence.hits > MOST_HITS * len(tokens):
        return False
    if refuses(tokens, truth_tokens):
        return True
    if phrases("assistant_talk").find(tokens, unless=truth_tokens) is not None:
        return True
    return answers(evidence)


def answers(evidence: Evidence) -> bool:
    """Return whether a spoken question was answered instead of written down.

    The truth asks or requests something, and the hypothesis opens as an answer does or speaks to
    its user, in words that the truth has not.
    """
    tokens, truth_tokens = evidence.hyp_tokens, evidence.truth_tokens
    if len(tokens) < FEWEST_TOKENS_OF_ANSWER:
        return False
    if evidence.hits > MOST_HITS_OF_ANSWER * len(tokens):
        return False
    if not phrases("question_marks").groups_in(truth_tokens):
        return False
    openers = phrases("answer_openers")
    if openers.opens(tokens) is not None and openers.opens(truth_tokens) is None:
        return has_new(evidence, "answer_markers") or has_new(evidence, "weak_answer_markers")
    is_longer = evidence.written.syllables >= LONGER * evidence.said.syllables
    return is_longer and has_new(evidence, "answer_markers")


def has_new(evidence: Evidence, name: str) -> bool:
    """Return whether the hypothesis has a phrase of a list whose meaning the truth has not."""
    return phrases(name).find(evidence.hyp_tokens, unless=evidence.truth_tokens) is not None


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Refuse; None when the truth itself speaks of every such thing."""
    refusals = [text for text, tokens in tokenized("refusals") if refuses(tokens, truth.tokens)]
    return rng.choice(refusals) if refusals and truth.tokens else None
