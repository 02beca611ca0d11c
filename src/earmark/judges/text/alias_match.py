"""Whether a right answer, by any of its names, occurs in what was answered."""

from earmark.judges.judge import Answer, Case, Judge, Unscored, by_answer, text_of, version_of
from earmark.judges.text.spoken_answer import answer_tokens, occurs


def alias_match() -> Judge:
    """Score an answer by 1 if any right answer occurs in it as consecutive tokens, else by 0."""
    return by_answer("alias_match", version_of(1), _one)


def _one(case: Case, answer: Answer) -> float:
    aliases = [tokens for truth in case.truths if (tokens := answer_tokens(truth))]
    if not aliases:
        raise Unscored("no truth with a word is known; give the row a field 'truth'")
    written = answer_tokens(text_of(answer))
    return float(any(occurs(alias, written) for alias in aliases))
