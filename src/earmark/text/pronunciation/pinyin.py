"""Mandarin written in Latin letters: words that are pinyin from end to end."""

from functools import cache

from earmark.text.pronunciation.tables import syllables

LONGEST = 6
UMLAUT = str.maketrans({"ü": "v", "'": " ", "’": " "})


@cache
def split_pinyin(word: str) -> tuple[str, ...]:
    """Cut a word into syllables of pinyin, as few as can be; empty when it is no pinyin.

    A syllable of one letter only starts a word (ayi), and an apostrophe separates.

    >>> split_pinyin("zaoshang"), split_pinyin("xi'an"), split_pinyin("xian"), split_pinyin("lü")
    (('zao', 'shang'), ('xi', 'an'), ('xian',), ('lv',))
    >>> split_pinyin("hello"), split_pinyin("a")
    ((), ())
    """
    parts = [_cut(part) for part in word.translate(UMLAUT).split()]
    return tuple(syllable for part in parts for syllable in part) if all(parts) else ()


def _cut(word: str) -> tuple[str, ...]:
    """Cut letters into the fewest syllables."""
    fewest: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - LONGEST), end):
            before, syllable = fewest[start], word[start:end]
            if before is None or syllable not in syllables():
                continue
            alone = len(syllable) == 1 and (start or syllable == "o" or len(word) == 1)
            if not alone and ((known := fewest[end]) is None or len(before) < len(known) - 1):
                fewest[end] = (*before, syllable)
    return fewest[-1] or ()
