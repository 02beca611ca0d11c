"""Whether every language of the truth is still there in the answer."""

from earmark.judges.judge import Answer, Case, Judge, Unscored, by_answer, text_of, version_of
from earmark.text import tokenize
from earmark.text.codeswitching import Mixture, language_codes, mixture


def language_kept() -> Judge:
    """Score an answer by how much of each language of the truth it has: the smallest share.

    min over the languages of the truth of min(1, tokens in the answer / tokens in the truth): 1
    where both are kept, 0 where one is missing. Which words they are does not matter.
    """
    return by_answer("language_kept", version_of(1), _one)


def _one(case: Case, answer: Answer) -> float:
    said, written = (_mixture(text) for text in (case.truth, text_of(answer)))
    pairs = ((said.zh, written.zh), (said.en, written.en))
    kept = [min(1.0, after / before) for before, after in pairs if before]
    if not kept:
        raise Unscored("the truth has no word of Mandarin or English")
    return min(kept)


def _mixture(text: str) -> Mixture:
    return mixture(language_codes(tokenize(text)))
