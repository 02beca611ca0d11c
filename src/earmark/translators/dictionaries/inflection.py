"""The base forms that an English word may be an inflection of."""

from functools import lru_cache

from earmark.translators.dictionaries.english_words import text_of, words_of

# Words that only look inflected, and those that are compared by -er and -est: teacher, paper and
# corner are not.
_WHOLE, _GRADED = words_of("whole"), words_of("graded")
_VOWELS = frozenset("aeiouy")


def _irregular() -> dict[str, tuple[str, ...]]:
    """Return the base forms of every irregular form; the list has one base form a line."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text_of("irregular").splitlines():
        base, _, forms = line.partition(":")
        for form in forms.split():
            if form != base:
                found[form] = (*found.get(form, ()), base)
    return found


IRREGULAR = _irregular()


@lru_cache(maxsize=2**16)
def base_forms(word: str) -> tuple[str, ...]:
    """Return a word and the forms it may be an inflection of, in lower case.

    A rule may be mistaken (`species` is no plural): what it makes is a key to look up, and
    seldom a word that was meant elsewhere.

    >>> base_forms("cities"), base_forms("stopping"), base_forms("rose")
    (('cities', 'city', 'citie'), ('stopping', 'stop', 'stopp', 'stoppe'), ('rose', 'rise'))
    >>> base_forms("news"), base_forms("teacher"), base_forms("bigger")
    (('news',), ('teacher',), ('bigger', 'big', 'bigg', 'bigge'))
    """
    forms = [word, *IRREGULAR.get(word, ())]
    if word not in _WHOLE:
        forms += _without_ending(word)
    return tuple(dict.fromkeys(forms))


def _without_ending(word: str) -> list[str]:
    """Take a regular ending off; several stems where spelling leaves a choice."""
    if "'" in word:
        stem, _, ending = word.partition("'")
        return [stem] if ending in ("s", "") else []
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return _without_s(word)
    if word.endswith("ies") and len(word) > 4:
        return [word[:-3] + "y"]
    if word.endswith("ied") and len(word) > 4:
        return [word[:-3] + "y"]
    if word.endswith("ed"):
        return _stems(word[:-2])
    if word.endswith("ing"):
        return _stems(word[:-3])
    if word.endswith("ly") and len(word) > 5:
        return _without_ly(word)
    for ending in ("er", "est"):
        if word.endswith(ending):
            return _graded(word[: -len(ending)])
    return []


def _without_s(word: str) -> list[str]:
    """Return the singular of a plural, or the plain form of a verb.

    >>> _without_s("boxes"), _without_s("houses"), _without_s("cities")
    (['box', 'boxe'], ['house', 'hous'], ['city', 'citie'])
    """
    if word.endswith("ies") and len(word) > 4:
        return [word[:-3] + "y", word[:-1]]
    if word.endswith(("xes", "ches", "shes", "sses", "zes", "oes")):
        return [word[:-2], word[:-1]]
    if word.endswith("ses"):
        return [word[:-1], word[:-2]]
    return [word[:-1]]


def _stems(stem: str) -> list[str]:
    """Return what a word may be without -ed or -ing: single, doubled, or with an e.

    >>> _stems("stopp"), _stems("mak"), _stems("go")
    (['stop', 'stopp', 'stoppe'], ['mak', 'make'], ['go', 'goe'])
    """
    if len(stem) < 2 or _VOWELS.isdisjoint(stem):
        return []
    doubled = len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in _VOWELS
    return [stem[:-1]] * doubled + [stem, stem + "e"]


def _graded(stem: str) -> list[str]:
    """Return the adjective that was compared, if it is one."""
    stems = _stems(stem) + ([stem[:-1] + "y"] if stem.endswith("i") else [])
    return stems if any(each in _GRADED for each in stems) else []


def _without_ly(word: str) -> list[str]:
    """Return the adjective of an adverb.

    >>> _without_ly("easily"), _without_ly("simply"), _without_ly("quickly")
    (['easi', 'easy'], ['simp', 'simple'], ['quick'])
    """
    stem = word[:-2]
    if stem.endswith("i"):
        return [stem, stem[:-1] + "y"]
    return [stem, word[:-1] + "e"] if stem.endswith(("p", "b")) else [stem]
