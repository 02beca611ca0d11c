"""Which characters stand for a token of their own: Han and kana, by code point."""

from functools import cache

HAN_RANGES = (
    (0x3005, 0x3005),  # 々, the iteration mark
    (0x3007, 0x3007),  # 〇, a letter number to Unicode, a digit to the reader
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)
KANA_RANGES = (
    (0x3041, 0x3096),
    (0x309D, 0x309F),
    (0x30A1, 0x30FA),
    (0x30FC, 0x30FF),
    (0x31F0, 0x31FF),
    (0x1B000, 0x1B16F),
)


@cache
def is_han(char: str) -> bool:
    """Return whether one character is Han; the compatibility blocks count too.

    >>> [is_han(char) for char in "好〇𠮷aア"]
    [True, True, True, False, False]
    """
    code = ord(char)
    return any(low <= code <= high for low, high in HAN_RANGES)


@cache
def is_kana(char: str) -> bool:
    """Return whether one character is hiragana or katakana, the long-vowel mark included.

    >>> [is_kana(char) for char in "コー好k"]
    [True, True, False, False]
    """
    code = ord(char)
    return any(low <= code <= high for low, high in KANA_RANGES)
