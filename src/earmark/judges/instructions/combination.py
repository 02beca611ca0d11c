"""Instructions about an answer as a whole: two answers in one, or the question first."""

import re

from earmark.judges.instructions.relation import word


def two_responses(answer: str) -> bool:
    """There are two different answers with six asterisks between them.

    >>> two_responses("Yes. ****** No."), two_responses("Yes. ****** Yes.")
    (True, False)
    """
    parts = [part.strip() for part in re.split(r"\*{6}", answer)]
    inner = parts[(not parts[0]) : len(parts) - (not parts[-1])]
    return len(inner) == 2 and all(inner) and inner[0] != inner[1]


def repeat_prompt(answer: str, *, prompt_to_repeat: str) -> bool:
    """The answer begins with the request, word by word, in any case.

    >>> repeat_prompt("Write a poem. Roses are red", prompt_to_repeat="write a poem.")
    True
    """
    return answer.strip().lower().startswith(word(prompt_to_repeat).strip().lower())
