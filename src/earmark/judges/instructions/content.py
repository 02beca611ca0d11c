"""Instructions about content that can be seen: placeholders and a postscript."""

import re

from earmark.judges.instructions.relation import whole, word

MARKERS = {
    "P.S.": re.compile(r"(?m)^\s*p\.\s?s\."),
    "P.P.S": re.compile(r"(?m)^\s*p\.\s?p\.\s?s"),
}


def number_placeholders(answer: str, *, num_placeholders: int) -> bool:
    """There are at least so many placeholders in square brackets, such as [name].

    >>> number_placeholders("Dear [name], see you at [place].", num_placeholders=2)
    True
    """
    return len(re.findall(r"\[.*?\]", answer)) >= whole(num_placeholders)


def postscript(answer: str, *, postscript_marker: str) -> bool:
    r"""A line begins with the marker of a postscript, in any case.

    >>> postscript("Bye!\nP.S. Call me.", postscript_marker="P.S.")
    True
    >>> postscript("I like P.S. notes", postscript_marker="P.S.")
    False
    """
    lowered = answer.lower()
    known = MARKERS.get(word(postscript_marker).strip())
    if known is not None:
        return bool(known.search(lowered))
    marker = postscript_marker.strip().lower()
    return any(line.strip().startswith(marker) for line in lowered.splitlines())
