"""From what a model wrote to the transcript: marks of the model go, words stay.

Only marks are removed here. A preamble or quotation marks are a failure of format that is
measured later, so they stay in the text.
"""

import re

_MARK = re.compile(r"<\|[^|<>]*\|>")
_BLANKS = re.compile(r"\s+")


def clean(raw: str) -> str:
    r"""Remove special tokens such as `<|zh|>` and surplus blanks.

    >>> clean(" <|zh|>今天 我们  meet\n")
    '今天 我们 meet'
    """
    return _BLANKS.sub(" ", _MARK.sub(" ", raw)).strip()
