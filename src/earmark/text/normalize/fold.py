"""Fold each character to the form it is compared in: width, case, spaces, punctuation.

A `Folding` is a table for `str.translate` that fills itself on demand. After folding, a
text holds only letters, digits and marks, Han and kana set apart by blanks, the few signs
that can occur inside a word, and blanks.
"""

import unicodedata

from earmark.text.script import is_han, is_kana

GLUED = "%$&+#"
INNER = "'.,"
APOSTROPHES = "'’‘ʼ"
HYPHENS = "-‐‑"  # the plain one, the typographic one, the one that does not break a line

# Folded one by one because NFKC would leave a stray `c` for ℃ and turn ½ into three tokens.
CIRCLED = {chr(0x2460 + n): f" {n + 1} " for n in range(20)}
CIRCLED["⓪"] = " 0 "
# Radicals that are characters in text copied from a PDF. NFKC maps the Kangxi block, and
# of the supplement two; these are the others that look like their character.
KANGXI = range(0x2F00, 0x2FD6)
RADICALS = dict(
    zip(
        "⺐⺒⺓⺝⺟⺠⺩⺬⺮⺶⺻⺼⻁⻄⻅⻆⻉⻋⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻳",
        "尢巳幺月母民王示竹羊聿肉虎西见角贝车长长门雨青韦页风飞食马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙亀龟",
        strict=True,
    )
)


class Folding(dict[int, str]):
    """Map code points to their folded text; an unseen one is worked out once.

    `hyphen` is what a hyphen becomes: a blank, or itself.

    >>> "Ｗell-Known，好！".translate(Folding())
    'well known, 好  '
    """

    def __init__(self, hyphen: str = " ") -> None:
        self.hyphen = hyphen

    def __missing__(self, code: int) -> str:
        """Fold one code point and keep the result."""
        char = unfold_width(chr(code))
        self[code] = folded = "".join(self._fold(c) for c in CIRCLED.get(char, char.casefold()))
        return folded

    def _fold(self, char: str) -> str:
        """Fold one character that already has its width and case."""
        if char in APOSTROPHES:
            return "'"
        if char in HYPHENS:
            return self.hyphen
        if char in GLUED or char in INNER:
            return char
        if is_han(char) or is_kana(char):
            return f" {char} "
        if char.isspace():
            return " "
        return _fold_by_category(char)


def unfold_width(char: str) -> str:
    """Fold full-width forms to half width, half-width kana to full, Ⅲ to its letters, ⼀ to 一.

    >>> [unfold_width(char) for char in "Ａ％ｶⅢ①⼈⻛"]
    ['A', '%', 'カ', 'III', '①', '人', '风']
    """
    code = ord(char)
    decomposition = unicodedata.decomposition(char)
    if decomposition.startswith(("<wide>", "<narrow>")) or 0x2160 <= code <= 0x217F:
        return unicodedata.normalize("NFKC", char)
    return unicodedata.normalize("NFKC", char) if code in KANGXI else RADICALS.get(char, char)


def _fold_by_category(char: str) -> str:
    """Keep letters, numbers and marks, drop what is invisible, make the rest a separator."""
    category = unicodedata.category(char)
    invisible = category in ("Cf", "Cc", "Me") or _is_variation_selector(char)
    if invisible:
        return ""
    return char if category[0] in "LNM" else " "


def _is_variation_selector(char: str) -> bool:
    """Return whether a character picks the shape of the one before it (emoji, Han variants)."""
    return 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
