"""Instructions about the language of an answer, which is known from its script."""

import re
from collections import Counter

from earmark.judges.judge import Unscored
from earmark.judges.text.script import script_of

SCRIPTS = {
    "zh": ("han",),
    "ja": ("kana", "han"),
    "ko": ("hangul",),
    "ru": ("cyrillic",),
    "uk": ("cyrillic",),
    "bg": ("cyrillic",),
    "ar": ("arabic",),
    "fa": ("arabic",),
    "ur": ("arabic",),
    "he": ("hebrew",),
    "el": ("greek",),
    "th": ("thai",),
    "hi": ("devanagari",),
    "mr": ("devanagari",),
    "ne": ("devanagari",),
    "bn": ("bengali",),
    "gu": ("gujarati",),
    "kn": ("kannada",),
    "ml": ("malayalam",),
    "pa": ("gurmukhi",),
    "ta": ("tamil",),
    "te": ("telugu",),
    "en": ("latin",),
}
# Of one script, so that they cannot be distinguished by it.
ALIKE = {"ru", "uk", "bg", "ar", "fa", "ur", "hi", "mr", "ne"}
LEAST = 0.5
# English has such a word in nearly every sentence; other languages in Latin letters hardly do.
COMMON = frozenset(
    word
    for words in (
        "the of and to is that it for was with as are this be have not but you we they his her at",
        "by from or which an my your our will can do there what if i he she in on",
    )
    for word in words.split()
)
LEAST_COMMON = 0.15


def response_language(answer: str, *, language: str) -> bool:
    """Most letters are of the script of a language; English has common words of English too.

    >>> response_language("今天天气很好 OK", language="zh")
    True
    >>> response_language("Das Wetter ist heute sehr gut.", language="en")
    False

    Raises:
        Unscored: a language that its script does not identify.
    """
    code = str(language).lower().split("-")[0]
    if code not in SCRIPTS or code in ALIKE:
        known = ", ".join(sorted(set(SCRIPTS) - ALIKE))
        raise Unscored(f"language {language!r} is not known from its script; these are: {known}")
    found = Counter(filter(None, map(script_of, answer)))
    if code == "ja" and not found["kana"]:
        return False
    if sum(found[name] for name in SCRIPTS[code]) <= LEAST * found.total():
        return False
    return is_english(answer) if code == "en" else not (code == "zh" and found["kana"])


def is_english(answer: str) -> bool:
    """Say whether enough of an answer's words are common English ones.

    >>> is_english("THE CAT SAT ON THE MAT"), is_english("Le chat est noir")
    (True, False)
    """
    found = re.findall(r"[^\W\d_]+", answer.lower())
    return bool(found) and sum(w in COMMON for w in found) >= LEAST_COMMON * len(found)
