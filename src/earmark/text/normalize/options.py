"""Named options of a profile, each applied to truth and hypothesis alike.

An option works on the text before it is split, or on the tokens after. They are written
after the profile's name, as in `default+drop-fillers+ok-okay`, and appear in the signature.
"""

import re
import unicodedata
from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple

from earmark.text.language import language_of
from earmark.text.normalize.fillers import drop_fillers, drop_lone_en
from earmark.text.normalize.noise_marks import (
    remove_ascend_tags,
    remove_noise_marks,
    remove_null,
    remove_seame_tags,
)
from earmark.text.numbers.digits import digits_to_words
from earmark.text.numbers.said import fold_said
from earmark.text.numbers.written import write_out, write_out_tokens

ACRONYM = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]\.)+[A-Za-z](?![A-Za-z0-9])\.?")
# Between digits a hyphen joins no word: 3-5 stays two numbers.
INNER_HYPHEN = re.compile(r"(?<=\w)(?<!\d)[-‐‑－](?=\w)|(?<=\d)[-‐‑－](?=[^\W\d])")

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


def join_letters(tokens: list[str]) -> list[str]:
    """Join letters that were spelled: P P T is PPT, and T. V. is TV.

    >>> join_letters(["p", "p", "t", "我", "a", "b2b"])
    ['ppt', '我', 'a', 'b2b']
    """
    joined: list[str] = []
    for is_spelled, group in groupby(tokens, key=_is_letter):
        run = list(group)
        joined += ["".join(run)] if is_spelled else run
    return joined


def _is_letter(token: str) -> bool:
    """Return whether a token is one Latin letter."""
    return len(token) == 1 and language_of(token) == "en"


def numbers_to_words(tokens: list[str]) -> list[str]:
    """Say number tokens, and make one of several ways to say a number.

    >>> numbers_to_words(["200", "块", "两", "百"])
    ['二', '百', '块', '二', '百']
    """
    return fold_said(digits_to_words(write_out_tokens(tokens)))


# In the order in which they are applied: signs of numbers before hyphens are joined, particles
# before fillers, and spelled letters after them and before okays.
OPTIONS: dict[str, Option] = {
    "null-text": Option("a text that is only None, nan or null is empty", on_text=remove_null),
    "seame-tags": Option("remove <noise>, (ppl), <unk> ...", on_text=remove_seame_tags),
    "ascend-tags": Option("remove [UNK]", on_text=remove_ascend_tags),
    "noise-marks": Option("remove [noise], <SPOKEN_NOISE>, （音乐）", on_text=remove_noise_marks),
    "digits-to-words": Option(
        "20 块 is 二十块, $5 is five dollars, -5 is minus five, 两 is 二",
        on_text=write_out,
        on_tokens=numbers_to_words,
    ),
    "join-acronyms": Option("U.S.A. is usa", on_text=join_acronyms),
    "hyphen-join": Option("e-mail is email", on_text=join_hyphens),
    "hyphen-keep": Option("e-mail is e-mail (default profile only)"),
    "fold-accents": Option("café is cafe", on_tokens=fold_accents),
    "fold-particles": Option("lah is 啦", on_tokens=fold_particles),
    "drop-fillers": Option(
        "leave out um, uh, 嗯, 呃, 诶 ...", on_text=drop_lone_en, on_tokens=drop_fillers
    ),
    "join-letters": Option("P P T is ppt, T. V. is tv", on_tokens=join_letters),
    "ok-okay": Option("ok is okay", on_tokens=fold_okay),
}
