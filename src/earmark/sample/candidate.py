"""From an answer to a candidate: its text, what is known of it, what wrote it."""

from collections.abc import Callable
from typing import Any

from earmark.prompting.answer import Answer
from earmark.records import Candidate
from earmark.sample.plan import Hearing


def candidate_of(
    answer: Answer,
    hearing: Hearing,
    wrote: dict[str, Any],
    tidy: Callable[[str], str] | None = None,
) -> Candidate:
    """Return an answer as a candidate.

    Args:
        answer: what was written.
        hearing: what it answers; its clip is recorded where each was heard alone.
        wrote: what wrote it.
        tidy: makes the transcript of a raw text, which is kept beside it where they differ.
    """
    text = answer.text if tidy is None else tidy(answer.text)
    clip = dict(hearing.answers)
    raw = {"raw_text": answer.text} if text != answer.text else {}
    cut = {"cut": True} if answer.cut else {}
    return Candidate(
        text,
        audio=clip.pop("audio", None),
        logprob=answer.logprob,
        tokens=answer.tokens,
        made_by=wrote,
        extra={**raw, **cut, **clip},
    )
