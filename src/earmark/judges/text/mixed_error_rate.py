"""The mixed error rate of one answer, as a reward: negative, and capped since a loop has no bound.

Where nothing was said, an answer without a token has 0 and any other has the cap.
"""

from earmark.errors import KnobError
from earmark.judges.judge import Answer, Case, Judge, by_answer, text_of, version_of
from earmark.metrics.answer import align_texts, answer_of
from earmark.text.profiles import parse_profile


def mixed_error_rate(*, cap: float = 1.0, profile: str = "default") -> Judge:
    """Score an answer by minus its mixed error rate, at most `cap` errors per token of the truth.

    Args:
        cap: the largest rate that counts.
        profile: how texts are split into tokens.

    Raises:
        KnobError: a cap that is not above 0, or an unknown profile.
    """
    if cap <= 0:
        raise KnobError(f"cap should be above 0, found {cap:g}")
    split = parse_profile(profile).splitter

    def one(case: Case, answer: Answer) -> float:
        counts = answer_of(align_texts(case.truth, text_of(answer), split)).counts
        rate = counts.rate if counts.truth_tokens else cap * bool(counts.errors)
        return -min(rate or 0.0, cap) + 0.0  # -0.0 + 0.0 is 0.0

    return by_answer("mixed_error_rate", version_of(1, cap=cap, profile=profile), one)
