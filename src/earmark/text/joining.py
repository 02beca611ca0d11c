"""Join pieces of text as their author spaces them: blanks between scripts or not."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from earmark.text.script import is_han

HAN = "々〇㐀-䶿一-鿿豈-﫿\U00020000-\U000323af"
# Compiled when first searched for: a command's --help should not wait for them.
HAN_BLANK_HAN = rf"[{HAN}] [{HAN}]"
HAN_TOUCHES_LATIN = rf"[{HAN}][A-Za-z]|[A-Za-z][{HAN}]"
OPENING = frozenset("([{<（［【「『《“‘")
CLOSING = frozenset(",.!?;:)]}>，。！？；：、…）］】」』》”’")
WIDE = frozenset("，。！？；：、（）【】「」『』《》…")


class Spacing(NamedTuple):
    """Where a writer leaves a blank: between two Han characters, between Han and Latin."""

    between_han: bool = False
    at_switches: bool = True


def spacing_of(text: str) -> Spacing:
    """Read the spacing habit off a text; without evidence, blanks are at switches only.

    >>> spacing_of("我 要 开 meeting"), spacing_of("我要开meeting")
    (Spacing(between_han=True, at_switches=True), Spacing(between_han=False, at_switches=False))
    """
    return Spacing(
        between_han=re.search(HAN_BLANK_HAN, text) is not None,
        at_switches=re.search(HAN_TOUCHES_LATIN, text) is None,
    )


def join(parts: Iterable[str], spacing: Spacing) -> str:
    """Join parts of a text; the inside of a part is left as it is.

    >>> join(["我们明天 ", "，go", "吧。"], Spacing())
    '我们明天，go 吧。'
    """
    written: list[str] = []
    for part in parts:
        right = part.lstrip()
        if not right:
            continue
        left = written[-1].rstrip() if written else ""
        if left:
            written[-1] = left
            written.append(_gap(left[-1], right[0], spacing) + right)
        else:
            written.append(part)
    return "".join(written)


def _gap(left: str, right: str, spacing: Spacing) -> str:
    """Choose what to write between two characters that now meet."""
    if left in OPENING or right in CLOSING or left in WIDE or right in WIDE:
        return ""
    han = is_han(left) + is_han(right)
    if han == 2:
        return " " if spacing.between_han else ""
    if han == 1:
        return " " if spacing.at_switches or not (left.isalpha() and right.isalpha()) else ""
    return " "
