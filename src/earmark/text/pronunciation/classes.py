"""Coarse phone classes that English and Mandarin share, so that both can be compared as strings.

Ten classes of consonants and five of vowels. Mandarin has few syllables, so what is English to
the ear comes out of it with vowels put in (please, 普利斯), without codas (plumber, 普兰柏) and
with voicing lost; what usually changes has no sign here:

- voiced and voiceless, aspirated and plain, l and r, n and ng are one class each;
- a vowel that is put in after a consonant (普, 斯, 特, 克), and the English schwa, is not written;
- an r that closes a syllable is not written, and an m that closes one is an n (tom, 汤).

A consonant is two letters and a vowel is one, so that a consonant weighs twice a vowel in a
similarity that counts letters; m and n share one, so that they are half alike.
"""

import re

# The phones of ARPAbet, as CMUdict writes them, by the letter that stands for each in our tables.
# `x` is the unstressed AH0.
ARPABET = {
    "a": "AA", "@": "AE", "^": "AH", "x": "AH0", "o": "AO", "W": "AW", "Y": "AY", "e": "EH",
    "3": "ER", "E": "EY", "I": "IH", "i": "IY", "O": "OW", "8": "OY", "U": "UH", "u": "UW",
    "b": "B", "C": "CH", "d": "D", "D": "DH", "f": "F", "g": "G", "h": "HH", "J": "JH", "k": "K",
    "l": "L", "m": "M", "n": "N", "G": "NG", "p": "P", "r": "R", "s": "S", "S": "SH", "t": "T",
    "T": "TH", "v": "V", "w": "W", "y": "Y", "z": "Z", "Z": "ZH",
}  # fmt: skip
VOWELS = "a@^xoWYe3EIiO8Uu"
LABIAL, FRICATIVE, DENTAL, VELAR, BREATH = "Pp", "Ff", "Tt", "Kk", "Hh"
SIBILANT, AFFRICATE, LIQUID, M, N = "Ss", "Cc", "Ll", "Mn", "Nn"

ENGLISH = {
    "a": "a", "@": "a", "^": "a", "x": "", "o": "o", "W": "ao", "Y": "ai", "e": "e", "3": "e",
    "E": "ei", "I": "i", "i": "i", "O": "o", "8": "oi", "U": "u", "u": "u", "w": "u", "y": "i",
    "b": LABIAL, "p": LABIAL, "f": FRICATIVE, "v": FRICATIVE, "d": DENTAL, "t": DENTAL,
    "D": DENTAL, "g": VELAR, "k": VELAR, "h": BREATH, "s": SIBILANT, "z": SIBILANT,
    "S": SIBILANT, "Z": SIBILANT, "T": SIBILANT, "C": AFFRICATE, "J": AFFRICATE, "l": LIQUID,
    "r": LIQUID, "m": M, "n": N, "G": N,
}  # fmt: skip
_ENGLISH = str.maketrans(ENGLISH)
CODA_R = re.compile(rf"r(?![{VOWELS}])")
CODA_M = re.compile(rf"m(?![{VOWELS}])")

INITIALS = {
    "zh": AFFRICATE, "ch": AFFRICATE, "sh": SIBILANT, "b": LABIAL, "p": LABIAL, "m": M,
    "f": FRICATIVE, "d": DENTAL, "t": DENTAL, "n": N, "l": LIQUID, "g": VELAR, "k": VELAR,
    "h": BREATH, "j": AFFRICATE, "q": AFFRICATE, "x": SIBILANT, "r": LIQUID, "z": SIBILANT,
    "c": SIBILANT, "s": SIBILANT, "y": "", "w": "",
}  # fmt: skip
# Finals whose spelling is not their sound; v is ü.
FINALS = {
    "ou": "o", "iu": "iou", "ui": "uei", "vn": "un", "ian": "ien", "uo": "o", "van": "uen",
    "ve": "ue", "v": "u",
}  # fmt: skip
# Initials after which an i is the consonant held on: zi, si, shi.
BUZZING = frozenset(["zh", "ch", "sh", "r", "z", "c", "s"])
LABIALS = frozenset("bpmf")
NASAL = re.compile("ng?$")


def classes_of_phones(phones: str) -> str:
    """Return the classes of an English word, given in the letters of ARPABET.

    >>> classes_of_phones("pliz"), classes_of_phones("pl^m3")
    ('PpLliSs', 'PpLlaMne')
    """
    coarse = CODA_M.sub("n", CODA_R.sub("", phones)).translate(_ENGLISH)
    return coarse or ("e" if phones else "")


def classes_of_pinyin(syllable: str) -> str:
    """Return the classes of a Mandarin syllable, in pinyin without tone; ü is v.

    >>> "".join(map(classes_of_pinyin, ["pu", "li", "si"]))
    'PpLliSs'
    >>> "".join(map(classes_of_pinyin, ["pu", "lan", "bo"]))
    'PpLlaNnPpo'
    """
    if syllable == "er":
        return "e" + LIQUID
    initial, final = split_syllable(syllable)
    consonant = INITIALS.get(initial, "")
    if consonant and is_put_in(initial, final):
        return consonant
    final = FINALS.get(final, final)
    return consonant + NASAL.sub(N, final)


def is_put_in(initial: str, final: str) -> bool:
    """Return whether a final is what Mandarin puts in after a bare consonant: pu, te, si."""
    if final == "i":
        return initial in BUZZING
    return final == "e" or (final == "u" and initial in LABIALS)


def split_syllable(syllable: str) -> tuple[str, str]:
    """Cut a syllable into initial and final, the final by its sound, not its spelling.

    >>> split_syllable("zhang"), split_syllable("ju"), split_syllable("yan"), split_syllable("wo")
    (('zh', 'ang'), ('j', 'v'), ('y', 'ian'), ('w', 'uo'))
    """
    initial = next((i for i in INITIALS if syllable.startswith(i)), "")
    final = syllable[len(initial) :]
    if initial in ("j", "q", "x", "y") and final.startswith("u"):
        return initial, "v" + final[1:]
    if initial == "y" and not final.startswith("i"):
        return initial, "i" + ("u" if final == "ou" else final)
    if initial == "w" and not final.startswith("u"):
        return initial, "u" + final
    return initial, final
