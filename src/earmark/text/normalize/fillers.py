"""Hesitations: which tokens are sounds of thinking and no words."""

import re
from collections.abc import Sequence

from earmark.text.normalize.default_profile import MARKS

# In any length: uh, uhh, um, uhm, er, erm, hm, hmm, hum, mm, mhm; but err is a verb.
ENGLISH = re.compile(r"u+m+|u+h+m*|er|er{3,}|er+m+|h+u?m+|m{2,}|mh+m+", re.IGNORECASE)
MANDARIN = frozenset("嗯呃哦唔诶欸呣")
# 额 is a sound as well, but not in the words that it begins and ends.
AMOUNT_AFTER = frozenset("度外头定角")
AMOUNT_BEFORE = frozenset(
    "金名余份总数差限定全大小面税超巨高低售易业交配满足票保缺前匾债员贷还款领产单税限赔"
)
# 恩 is 嗯 where it is alone between marks or at an end.
_MARK = rf"(?:(?![{MARKS}])[^\w\s]|_)"
ALONE = re.compile(rf"(?:^|(?<={_MARK}))\s*恩+\s*(?=$|{_MARK})")


def drop_lone_en(text: str) -> str:
    """Remove 恩 where it is alone, as 嗯 is often typed.

    >>> drop_lone_en("恩，感恩的心")
    '，感恩的心'
    """
    return ALONE.sub("", text)


def is_filler(tokens: Sequence[str], place: int) -> bool:
    """Return whether a token is a hesitation.

    >>> [is_filler(list("额我的余额"), place) for place in (0, 4)]
    [True, False]
    """
    token = tokens[place]
    if token == "额":
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        before = tokens[place - 1] if place else ""
        return after not in AMOUNT_AFTER and before not in AMOUNT_BEFORE
    return token in MANDARIN or ENGLISH.fullmatch(token) is not None


def drop_fillers(tokens: list[str]) -> list[str]:
    """Leave out hesitations. `ah` and 啊 stay: both may be words of a sentence.

    >>> drop_fillers(["umm", "我", "诶", "ah", "啊"])
    ['我', 'ah', '啊']
    """
    return [token for place, token in enumerate(tokens) if not is_filler(tokens, place)]
