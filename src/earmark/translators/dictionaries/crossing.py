"""Whether any word may have crossed into the other language: what is looked at before a search.

Most stretches hold no word of which a translation is on the other side, and this sees it in a
fraction of the time that the search of `matching.py` takes. It never says no where the search
finds something; tests hold it to that.
"""

from collections.abc import Sequence
from itertools import pairwise

from earmark.text.codeswitching import language_codes
from earmark.text.normalize.simplify import traditional_characters
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.inflection import base_forms
from earmark.translators.dictionaries.number_values import EN_NUMERALS, ZH_NUMERALS

Side = Sequence[str]
Forms = frozenset[str]
_NONE: Forms = frozenset()


def may_cross(han: Sequence[Side], english: Sequence[Side], dictionary: Dictionary) -> bool:
    """Return whether a Mandarin word may have its translation among the English words.

    >>> words = Dictionary([("会议", "meeting"), ("水", "water")], "words")
    >>> may_cross([["会", "议"], []], [[], ["meetings"]], words)
    True
    >>> may_cross([["水"], []], [[], ["water"]], words), may_cross([["水"]], [["tea"]], words)
    (False, False)

    Args:
        han: for each stretch, the tokens among which Mandarin words are looked for.
        english: for each stretch, the tokens among which English words are looked for.
        dictionary: says what means the same.
    """
    forms = [_forms_in(side) if side else _NONE for side in english]
    everywhere = forms[0] if len(forms) == 1 else _NONE.union(*forms)
    for side, other, here in zip(han, english, forms, strict=True):
        if not side:
            continue
        codes = language_codes(side)
        if everywhere and "z" in codes and _has_word(side, codes, here, everywhere, dictionary):
            return True
        if other and ("o" in codes or not ZH_NUMERALS.isdisjoint(side)) and _has_number(other):
            return True
    return False


def _has_word(
    side: Side, codes: str, here: Forms, everywhere: Forms, dictionary: Dictionary
) -> bool:
    """Return whether a word that is written in Han may mean an English word there is."""
    if not traditional_characters().isdisjoint(side):
        return True
    text = ""
    for start, char in enumerate(side):
        crossings = dictionary.crossings(char)
        if crossings.keys().isdisjoint(everywhere):
            continue
        text = text or _with_gaps(side, codes)
        for form in everywhere:
            for word, is_far in crossings.get(form, ()):
                if text.startswith(word, start) and (is_far or form in here):
                    return True
    return False


def _has_number(side: Side) -> bool:
    """Return whether there is a number in English words or in digits."""
    return any(token[:1].isdigit() or token.lower() in EN_NUMERALS for token in side)


def _with_gaps(side: Side, codes: str) -> str:
    """Write the Han characters of a side, with a blank for every other token."""
    pairs = zip(side, codes, strict=True)
    return "".join([token if code == "z" else " " for token, code in pairs])


class _Forms(dict[str, Forms]):
    """Map a token to the forms that it may be looked up by; none unless it is English."""

    def __missing__(self, token: str) -> Forms:
        word = token.lower()
        is_english = language_codes([word]) == "e"
        self[token] = forms = (
            frozenset([*base_forms(word), word.replace("-", "")]) if is_english else frozenset()
        )
        return forms


_FORMS = _Forms()


def _forms_in(side: Side) -> Forms:
    """Return all the forms that the English words of a side may be looked up by.

    There is a token. Two neighbours may be one word: week end.
    """
    if len(side) == 1:
        return _FORMS[side[0]]
    forms = [_FORMS[token] for token in side]
    joined = [
        (one + other).lower()
        for place, (one, other) in enumerate(pairwise(side))
        if forms[place] and forms[place + 1]
    ]
    return _NONE.union(joined, *forms)
