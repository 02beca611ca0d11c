"""Instructions about the ends of an answer, and about commas."""

from earmark.judges.instructions.relation import word

QUOTES = {'"': '"', "“": "”", "「": "」", "『": "』"}


def end_checker(answer: str, *, end_phrase: str) -> bool:
    """The answer ends with a phrase, in any case; quotes around the answer do not count.

    >>> end_checker('"That is all, folks!"', end_phrase="all, folks!")
    True
    """
    return answer.strip().strip('"”').lower().endswith(word(end_phrase).strip().lower())


def quotation(answer: str) -> bool:
    """All of the answer is in double quotes.

    >>> quotation('"Good morning"'), quotation('"Good" morning')
    (True, False)
    """
    text = answer.strip()
    return len(text) > 1 and QUOTES.get(text[0]) == text[-1]


def no_comma(answer: str) -> bool:
    """There is no comma, Chinese or English.

    >>> no_comma("Red and green."), no_comma("红，绿")
    (True, False)
    """
    return not {",", "，", "、"} & set(answer)
