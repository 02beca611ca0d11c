"""Instructions about form: lists, highlights, sections, JSON, a title, one of three answers."""

import json
import re

from earmark.judges.instructions.relation import whole, word

ALLOWED = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
FENCE = re.compile(r"\A```(?:json)?\s*\n?|\n?```\s*\Z", re.IGNORECASE)
MOST_JSON = 1_000_000


def number_bullet_lists(answer: str, *, num_bullets: int) -> bool:
    r"""There are exactly so many bullet points, each on a line that begins with `*` or `-`.

    >>> number_bullet_lists("* one\n- two\n**not one**", num_bullets=2)
    True
    """
    found = re.findall(r"(?m)^\s*(?:\*(?!\*)|-(?!-)).*$", answer)
    return len(found) == whole(num_bullets)


def constrained_response(answer: str) -> bool:
    """The answer has one of three sentences: My answer is yes, no, or maybe.

    >>> constrained_response("My answer is maybe."), constrained_response("Yes.")
    (True, False)
    """
    return any(each in answer for each in ALLOWED)


def number_highlighted_sections(answer: str, *, num_highlights: int) -> bool:
    """There are at least so many highlights, `*such*` or `**such**`.

    >>> number_highlighted_sections("*one* and **two**", num_highlights=2)
    True
    """
    found = re.findall(r"\*\*([^\n*]+)\*\*|\*([^\n*]+)\*", answer)
    return sum(bool((two or one).strip()) for two, one in found) >= whole(num_highlights)


def multiple_sections(answer: str, *, section_spliter: str, num_sections: int) -> bool:
    r"""There are at least so many sections, each with a heading such as `Section 1`.

    >>> multiple_sections("SECTION 1\na\nSECTION 2\nb", section_spliter="SECTION", num_sections=2)
    True
    """
    heading = re.escape(word(section_spliter).strip()) + r"\s?\d+"
    return len(re.findall(heading, answer)) >= whole(num_sections)


def json_format(answer: str) -> bool:
    r"""All of the answer is JSON, in a Markdown fence or not.

    >>> json_format('```json\n{"a": 1}\n```'), json_format("a: 1")
    (True, False)
    """
    if len(answer) > MOST_JSON:
        return False
    try:
        json.loads(FENCE.sub("", answer.strip()))
    except (ValueError, RecursionError):
        return False
    return True


def title(answer: str) -> bool:
    """There is a title in double angular brackets, `<<such>>`.

    >>> title("<<A day>> It rained."), title("<< >> It rained.")
    (True, False)
    """
    return any(found.strip(" <>") for found in re.findall(r"<<([^\n]+?)>>", answer))
