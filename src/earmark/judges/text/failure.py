"""A penalty for the failure that the cascade names (`earmark.failures.cascade`)."""

from earmark.errors import KnobError
from earmark.failures.cascade import name_failure
from earmark.judges.judge import Answer, Case, Judge, by_answer, text_of, version_of
from earmark.translators.dictionaries.choose import DEFAULT, NONE, chosen_dictionary


def failure(
    *,
    error: float = 0.0,
    omission: float = 1.0,
    translation: float = 1.0,
    hallucination: float = 1.0,
    format: float = 1.0,
    empty: float = 1.0,
    dictionary: str = DEFAULT,
) -> Judge:
    """Score an answer by minus the penalty of the failure that it is; 0 where it is right.

    Ordinary errors have no penalty by default, since an error rate beside this judge counts them.

    Args:
        error: penalty of ordinary errors.
        omission: penalty of what was left out.
        translation: penalty of a translation.
        hallucination: penalty of what nobody said, loops among it.
        format: penalty of an assistant's talk, markup and quotes.
        empty: penalty of nothing.
        dictionary: the dictionary by which translations are known, or `none`.

    Raises:
        KnobError: a penalty below 0, or no such dictionary.
    """
    penalties = {
        "error": error,
        "omission": omission,
        "translation": translation,
        "hallucination": hallucination,
        "format": format,
        "empty": empty,
    }
    for label, penalty in penalties.items():
        if penalty < 0:
            raise KnobError(f"{label} is a penalty, which should be 0 or more, found {penalty:g}")
    words = chosen_dictionary(dictionary)

    def one(case: Case, answer: Answer) -> float:
        found = name_failure(case.truth, text_of(answer), dictionary=words, features=False)
        return -float(penalties.get(found.label, 0.0)) + 0.0

    return by_answer(
        "failure", version_of(1, **penalties, dictionary=words.name if words else NONE), one
    )
