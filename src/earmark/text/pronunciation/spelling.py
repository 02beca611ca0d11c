"""Phones of a word that no dictionary has: letter names, or rules from letters to sounds.

The rules are few: what is compared is coarse, so that the quality of a vowel and the voice of a
consonant hardly matter. They fit names and particles better than they fit English: lah, leh, lor,
meh, jowza, alamak.
"""

import re
import unicodedata

# How the letters are called, in the letters of `classes.ARPABET`.
NAMES = {
    "a": "E", "b": "bi", "c": "si", "d": "di", "e": "i", "f": "ef", "g": "Ji", "h": "EC",
    "i": "Y", "j": "JE", "k": "kE", "l": "el", "m": "em", "n": "en", "o": "O", "p": "pi",
    "q": "kyu", "r": "ar", "s": "es", "t": "ti", "u": "yu", "v": "vi", "w": "d^bxlyu",
    "x": "eks", "y": "wY", "z": "zi",
}  # fmt: skip
# From letters to phones, the longest first; `$` is the end of the word, `^` its beginning.
RULES = (
    ("tion", "Sxn"), ("sion", "Zxn"), ("eigh", "E"), ("ough", "O"), ("augh", "o"), ("igh", "Y"),
    ("sch", "sk"), ("tch", "C"), ("dge", "J"), ("ture", "C3"), ("ck", "k"), ("ch", "C"),
    ("sh", "S"), ("th", "T"), ("ph", "f"), ("gh", ""), ("wh", "w"), ("qu", "kw"), ("ng", "G"),
    ("kn", "n"), ("wr", "r"), ("ee", "i"), ("ea", "i"), ("ie$", "i"), ("ie", "i"), ("ei", "E"),
    ("ey", "i"), ("ai", "Y"), ("ay", "E"), ("oo", "u"), ("ou", "W"), ("ow$", "O"), ("ow", "W"),
    ("oa", "O"), ("oi", "8"), ("oy", "8"), ("au", "o"), ("aw", "o"), ("ew", "yu"), ("ue$", "u"),
    ("ah", "a"), ("eh", "e"), ("oh", "O"), ("uh", "x"), ("er$", "3"), ("er", "3r"), ("ir", "3r"),
    ("ur", "3r"), ("or$", "or"), ("ce", "se"), ("ci", "sI"), ("cy", "si"), ("x", "ks"),
    ("^ts", "s"), ("y$", "i"), ("^y", "y"), ("y", "I"), ("e$", ""), ("a", "a"), ("b", "b"),
    ("c", "k"), ("d", "d"), ("e", "e"), ("f", "f"), ("g", "g"), ("h", "h"), ("i", "I"), ("j", "J"),
    ("k", "k"), ("l", "l"), ("m", "m"), ("n", "n"), ("o", "O"), ("p", "p"), ("q", "k"),
    ("r", "r"), ("s", "s"), ("t", "t"), ("u", "u"), ("v", "v"), ("w", "w"), ("z", "z"),
)  # fmt: skip
DOUBLED = re.compile(r"([bcdfgklmnprstvz])\1")


def phones_from_letters(word: str) -> str:
    """Return the phones of a word that a dictionary lacks, in the letters of `classes.ARPABET`.

    A word without a vowel is spelled; any other is read by rule.

    >>> phones_from_letters("kpt"), phones_from_letters("lah"), phones_from_letters("jowza")
    ('kEpiti', 'la', 'JWza')
    """
    letters = plain_letters(word)
    if not re.search("[aeiouy]", letters):
        return "".join(NAMES.get(letter, "") for letter in letters)
    return _read(DOUBLED.sub(r"\1", letters))


def plain_letters(word: str) -> str:
    """Return the letters of a word, without accents and in lower case.

    >>> plain_letters("Café")
    'cafe'
    """
    bare = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in bare if "a" <= letter <= "z")


def _read(letters: str) -> str:
    """Apply from left to right the first rule that fits; the longer ones come first."""
    phones, at = "", 0
    while at < len(letters):
        rule, said = next(r for r in RULES if _fits(r[0], letters, at))
        phones, at = phones + said, at + len(rule.strip("^$"))
    return phones


def _fits(rule: str, letters: str, at: int) -> bool:
    """Return whether a rule applies at a place."""
    plain = rule.strip("^$")
    if not letters.startswith(plain, at) or (rule[0] == "^" and at):
        return False
    return rule[-1] != "$" or at + len(plain) == len(letters)
