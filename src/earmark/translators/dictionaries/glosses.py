"""What CC-CEDICT says of a word, as English that a transcript could have.

A definition holds notes, references, explanations and several senses. What is left here are
words and short phrases, those that a writer would use first.
"""

import re
from typing import NamedTuple

from earmark.text.joining import HAN

MOST_WORDS = 5

# Senses that say something about the word, and do not translate it.
_NOTE = re.compile(
    r"(?:\w+ )?(?:variant|form) of\b|see\b|cf\b|CL:|abbr\b|acronym\b|surname\b|also (?:written|pr|"
    r"called|known)\b|(?:Taiwan|Beijing|old|also|coll)?\.? ?pr\.|used (?:in|to|as|before|after|"
    r"for|with|when)\b|classifier\b|measure word\b|same as\b|equivalent\b|opposite\b|name of\b|"
    r"old name\b|(?:simplified|traditional|Japanese|euphemis\w*|onomatopoe\w*|phonetic|suffix|"
    r"prefix|particle|interjection|indicat\w*|express\w* \w+ing|component|radical|bound form)\b",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_RARE = re.compile(
    r"\((?:[^()]*\b)?(?:slang|dialect|archaic|literary|old|dated|vulgar|Internet|neologism|"
    r"Cantonese|Buddhism|classical|obsolete|derog\w*|coll|Tw)\b|lit\.|fig\."
)
_CHINESE = re.compile(rf"[{HAN}|·]+")
_LEADING = re.compile(r"(?:lit\.|fig\.|i\.e\.|esp\.|esp|usu\.|usually|also|to be|to|a|an|the) ")
# What a place is comes after its name, and is left out in speech.
_PLACE = re.compile(
    r"(?P<name>[A-Z][\w'-]*(?: [A-Z][\w'-]*)*) (?:municipality|city|province|county|district|"
    r"prefecture|township|autonomous region)\b.*"
)
_PLACEHOLDER = re.compile(r"\b(?:sb's|sb|sth|somebody|something|someone|one's|oneself|etc)\b\.?")
_ENGLISH = re.compile(r"[A-Za-z0-9][A-Za-z0-9À-ÿ' .&%/-]*")


class Gloss(NamedTuple):
    """An English word or phrase, and whether the dictionary marks this sense as an uncommon one."""

    text: str
    rare: bool


def glosses(definition: str) -> list[Gloss]:
    """Return the translations in a definition, in its order, those in common use first.

    >>> [gloss.text for gloss in glosses("to discuss/to talk over (a matter)/CL:次[ci4]")]
    ['discuss', 'talk over']
    >>> glosses("(dialect) to hide oneself/cat")
    [Gloss(text='cat', rare=False), Gloss(text='hide', rare=True)]
    """
    found: dict[str, bool] = {}
    for sense in definition.split("/"):
        rare = _RARE.search(sense) is not None
        for part in _plain(sense).split(";"):
            if text := _phrase(part):
                found.setdefault(text, rare)
    listed = [Gloss(text, rare) for text, rare in found.items()]
    return sorted(listed, key=lambda gloss: gloss.rare)


def _plain(sense: str) -> str:
    """Drop what is in brackets, also inside of brackets."""
    while True:
        shorter = _IN_BRACKETS.sub(" ", sense)
        if shorter == sense:
            return " ".join(shorter.split())
        sense = shorter


def _phrase(part: str) -> str:
    """Return a phrase as it would be written, or nothing where there is none."""
    text = part.strip(" .!?")
    if not text or _NOTE.match(text):
        return ""
    while leading := _LEADING.match(text):
        text = text[leading.end() :]
    if ", " in text and (text[0].isupper() or text.count(" ") >= MOST_WORDS):
        text = text.partition(", ")[0]
    if place := _PLACE.fullmatch(text):
        text = place["name"]
    text = _PLACEHOLDER.sub(" ", text).strip(" .,!?\"'")
    text = " ".join(text.replace('"', " ").split())
    if _CHINESE.search(text) or not _ENGLISH.fullmatch(text.replace(",", "")):
        return ""
    return text if text.count(" ") < MOST_WORDS and any(map(str.isalpha, text)) else ""
