"""Named options of a profile, each applied to truth and hypothesis alike.

An option works on the text before it is split, or on the tokens after. They are written
behind the profile's name, as in `default+drop-fillers+ok-okay`, and appear in the signature.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from earmark.text.language import language_of
from earmark.text.numbers import digits_to_words

SEAME_TAG = re.compile(r"<(?:v-)?noise>|[(<]pp\w+[)>]|<un[kl]>", re.IGNORECASE)
ASCEND_TAG = re.compile(r"\[UNK\]", re.IGNORECASE)
ACRONYM = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]\.)+[A-Za-z](?![A-Za-z0-9])\.?")
INNER_HYPHEN = re.compile(r"(?<=\w)[-‐‑－](?=\w)")

_HESITATIONS = "um umm uh uhm er erm hum hm hmm mm mmm ah 嗯 呃 哦 唔"
FILLERS = frozenset(_HESITATIONS.split())
OKAYS = frozenset(["ok", "okay", "okey"])
# Singapore's sentence particles, in the two scripts in which transcribers write them.
PARTICLES = {
    "lah": "啦", "ah": "啊", "lor": "咯", "啰": "咯", "leh": "咧", "meh": "咩",
    "mah": "嘛", "hor": "嚯", "wah": "哇",
}  # fmt: skip


class Option(NamedTuple):
    """What an option does in words, and its function of the text, or of the tokens."""

    says: str
    on_text: Callable[[str], str] | None = None
    on_tokens: Callable[[list[str]], list[str]] | None = None


def remove_seame_tags(text: str) -> str:
    """Remove SEAME's marks of noise and of what was not understood.

    >>> remove_seame_tags("<noise>好(ppl)")
    ' 好 '
    """
    return SEAME_TAG.sub(" ", text)


def remove_ascend_tags(text: str) -> str:
    """Remove ASCEND's mark of what was not understood."""
    return ASCEND_TAG.sub(" ", text)


def join_acronyms(text: str) -> str:
    """Join letters that are separated by dots.

    >>> join_acronyms("在 U.S.A. 3.14 e.g. 这")
    '在 USA 3.14 eg 这'
    """
    return ACRONYM.sub(lambda match: match[0].replace(".", ""), text)


def join_hyphens(text: str) -> str:
    """Join the parts of a hyphenated word.

    >>> join_hyphens("e-mail我 - ok")
    'email我 - ok'
    """
    return INNER_HYPHEN.sub("", text)


def fold_accents(tokens: list[str]) -> list[str]:
    """Drop the accents of Latin words.

    >>> fold_accents(["café", "が"])
    ['cafe', 'が']
    """
    return [token if token.isascii() else _plain(token) for token in tokens]


def _plain(token: str) -> str:
    """Take the marks off one Latin word."""
    if language_of(token) != "en":
        return token
    bare = (c for c in unicodedata.normalize("NFD", token) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(bare))


def fold_okay(tokens: list[str]) -> list[str]:
    """Write ok and okay as okay.

    >>> fold_okay(["ok", "啦"])
    ['okay', '啦']
    """
    return ["okay" if token.casefold() in OKAYS else token for token in tokens]


def fold_particles(tokens: list[str]) -> list[str]:
    """Write a sentence particle in one script: lah is 啦, ah is 啊, lor is 咯.

    >>> fold_particles(["好", "lah"])
    ['好', '啦']
    """
    return [PARTICLES.get(token.casefold(), token) for token in tokens]


def drop_fillers(tokens: list[str]) -> list[str]:
    """Leave out hesitations.

    >>> drop_fillers(["um", "我", "呃", "觉"])
    ['我', '觉']
    """
    return [token for token in tokens if token.casefold() not in FILLERS]


# In the order in which they are applied: particles before fillers, so that `ah` and 啊, when
# folded, are both kept.
OPTIONS: dict[str, Option] = {
    "seame-tags": Option("remove <noise>, (ppl), <unk> ...", on_text=remove_seame_tags),
    "ascend-tags": Option("remove [UNK]", on_text=remove_ascend_tags),
    "join-acronyms": Option("U.S.A. is usa", on_text=join_acronyms),
    "hyphen-join": Option("e-mail is email", on_text=join_hyphens),
    "hyphen-keep": Option("e-mail is e-mail (default profile only)"),
    "fold-accents": Option("café is cafe", on_tokens=fold_accents),
    "ok-okay": Option("ok is okay", on_tokens=fold_okay),
    "fold-particles": Option("lah is 啦", on_tokens=fold_particles),
    "drop-fillers": Option("leave out um, uh, 嗯, 呃 ...", on_tokens=drop_fillers),
    "digits-to-words": Option("20 块 is 二十块, 20 dollars is twenty", on_tokens=digits_to_words),
}
