"""From what a model wrote to the transcript: marks of the model go, words stay.

Only marks are removed here. A preamble or quotation marks are a failure of format that is
measured later, so they stay in the text.
"""

import re
from collections.abc import Sequence

# What tokenizers add: <|zh|>, <|0.00|>, </s>, <eos>.
SPECIAL_TOKEN = r"<\|[^|<>]*\|>|</?s>|<(?:pad|bos|eos)>"
_MARK = re.compile(SPECIAL_TOKEN)
_BLANKS = re.compile(r"\s+")


def clean(raw: str, marks: Sequence[str] = ()) -> str:
    r"""Remove special tokens such as `<|zh|>`, a family's own marks, and surplus blanks.

    Args:
        raw: what the model wrote.
        marks: regular expressions, in the order in which they are removed. What a group named
            `text` matches stays, so that a mark may enclose a transcript.

    >>> clean(" <|zh|>今天 我们  meet\n")
    '今天 我们 meet'
    >>> clean("language Chinese<asr_text>今天 meet", [r"^\s*language [^<\n]*<asr_text>"])
    '今天 meet'
    >>> clean('He says "今天".', [r'^He says "(?P<text>.*)"\.$'])
    '今天'
    """
    for mark in marks:
        raw = re.sub(mark, _what_stays, raw)
    return _BLANKS.sub(" ", _MARK.sub(" ", raw)).strip()


def _what_stays(mark: re.Match[str]) -> str:
    return f" {mark['text'] or ''} " if "text" in mark.re.groupindex else " "
