"""Format: the model declines, apologises, asks back, offers help or answers a question."""

from collections.abc import Sequence
from random import Random

from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.phrases import phrases, tokenized
from earmark.failures.reply import answers, reacts
from earmark.failures.surface import Surface

# An assistant's talk takes the place of the transcript when at most this share of it was said.
MOST_HITS = 0.5
# An apology may open what was misheard, so less of it may have been said.
MOST_HITS_OF_APOLOGY = 0.35
FEWEST_TOKENS_OF_APOLOGY = 5


def refuses(tokens: Sequence[str], truth_tokens: Sequence[str]) -> bool:
    """Return whether a text opens with an apology and speaks of the task, as the truth does not."""
    if not any(phrases(name).opens(tokens) for name in ("refusal_openers", "apologies")):
        return False
    return phrases("refusal_markers").find(tokens, unless=truth_tokens) is not None


def detect(evidence: Evidence) -> bool:
    """Return whether the hypothesis is what an assistant says in place of a transcript."""
    tokens, truth_tokens = evidence.hyp_tokens, evidence.truth_tokens
    if evidence.hits > MOST_HITS * len(tokens):
        return False
    if refuses(tokens, truth_tokens) or apologises(evidence):
        return True
    if phrases("assistant_talk").find(tokens, unless=truth_tokens) is not None:
        return True
    return evidence.truth is not None and (answers(evidence) or reacts(evidence))


def apologises(evidence: Evidence) -> bool:
    """Return whether the hypothesis opens with an apology for which nobody had a word."""
    tokens = evidence.hyp_tokens
    return (
        evidence.truth is not None
        and len(tokens) >= FEWEST_TOKENS_OF_APOLOGY
        and evidence.hits <= MOST_HITS_OF_APOLOGY * len(tokens)
        and phrases("apologies").opens(tokens, unless=evidence.truth_tokens) is not None
    )


def imitate(truth: Surface, rng: Random, tools: Tools) -> str | None:
    """Refuse; None when the truth itself speaks of every such thing."""
    refusals = [text for text, tokens in tokenized("refusals") if refuses(tokens, truth.tokens)]
    return rng.choice(refusals) if refusals and truth.tokens else None
