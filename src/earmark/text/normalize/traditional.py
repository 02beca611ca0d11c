"""Simplified to Traditional characters, for what is written into a Traditional text."""

from functools import cache, lru_cache

from opencc import OpenCC

from earmark.text.normalize.simplify import simplify


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    """Load OpenCC's tables once: characters as Taiwan writes them, words as they are."""
    return OpenCC("s2tw")


@cache
def _leaning(char: str) -> int:
    """Return 1 for a character of Traditional texts alone, -1 for Simplified alone, else 0.

    The character sets of the two tell: GB 2312 has no Traditional characters, Big5 no Simplified
    ones, and what both write alike (台, 后, 我) is in both.
    """
    return _is_in(char, "big5") - _is_in(char, "gb2312")


def _is_in(char: str, charset: str) -> int:
    try:
        char.encode(charset)
    except UnicodeEncodeError:
        return 0
    return 1


def is_traditional(text: str) -> bool:
    """Return whether a text is in Traditional characters, by which of the two has more.

    >>> is_traditional("我們在台北"), is_traditional("我们在台北"), is_traditional("hello 我")
    (True, False, False)
    """
    return not text.isascii() and sum(map(_leaning, text)) > 0


def to_traditional(text: str) -> str:
    """Write Simplified text in Traditional characters; all else stays.

    >>> to_traditional("图书馆 library")
    '圖書館 library'
    """
    return _converter().convert(text)


def in_script_of(like: str, text: str) -> str:
    """Write a text in Traditional characters where another one is, else in Simplified ones.

    >>> in_script_of("這個 design", "普兰柏"), in_script_of("这个 design", "後來打坏")
    ('普蘭柏', '后来打坏')
    """
    return to_traditional(text) if is_traditional(like) else simplify(text)
