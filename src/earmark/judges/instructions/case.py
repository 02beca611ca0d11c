"""Instructions about capitals."""

import re

from earmark.judges.instructions.language import is_english
from earmark.judges.instructions.relation import holds


def capital_word_frequency(answer: str, *, capital_frequency: int, capital_relation: str) -> bool:
    """Words in capitals alone occur at least, or less than, so many times.

    >>> wanted = {"capital_frequency": 2, "capital_relation": "at least"}
    >>> capital_word_frequency("NASA said STOP", **wanted)
    True
    """
    found = re.findall(r"\w+(?:['’\-]\w+)*", answer)
    return holds(sum(each.isupper() for each in found), capital_relation, capital_frequency)


def english_capital(answer: str) -> bool:
    """The answer is English in capitals alone.

    >>> english_capital("THE CAT IS HERE"), english_capital("The CAT is here")
    (True, False)
    """
    return answer.isupper() and is_english(answer)


def english_lowercase(answer: str) -> bool:
    """The answer is English without a capital.

    >>> english_lowercase("the cat is here"), english_lowercase("the Cat is here")
    (True, False)
    """
    return answer.islower() and is_english(answer)
