"""How much a text switches between Mandarin and English.

All measures look at the languages of tokens; neutral tokens (`other`: digits, kana ...) are
skipped, so 好 123 好 has no switch. Mandarin counts characters, English words, which makes
Mandarin weigh more than a count of words would: compare only with numbers counted alike.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from earmark.text.language import language_of


class _Codes(dict[str, str]):
    """Map a token to one letter for its language, z, e or o, worked out once."""

    def __missing__(self, token: str) -> str:
        self[token] = code = language_of(token)[0]
        return code


_CODES = _Codes()


class Mixture(NamedTuple):
    """Token counts by language and the number of switches; of one text, or summed over many."""

    zh: int = 0
    en: int = 0
    other: int = 0
    switches: int = 0

    @property
    def is_mixed(self) -> bool:
        """Return whether both languages occur."""
        return self.zh > 0 and self.en > 0


def language_codes(tokens: Sequence[str]) -> str:
    """Write a text's languages as one letter a token: z Mandarin, e English, o other.

    >>> language_codes(["我", "有", "2", "meeting"])
    'zzoe'
    """
    return "".join([_CODES[token] for token in tokens])


def mixture(codes: str) -> Mixture:
    """Count languages and switches in the letters of `language_codes`.

    >>> mixture("zzoez")
    Mixture(zh=3, en=1, other=1, switches=2)
    """
    other = codes.count("o")
    spoken = codes.replace("o", "") if other else codes
    zh, en = spoken.count("z"), spoken.count("e")
    switches = spoken.count("ze") + spoken.count("ez") if zh and en else 0
    return Mixture(zh, en, other, switches)


def code_mixing_index(mix: Mixture) -> float:
    """Return 1 - max(zh, en) / (zh + en): 0 in one language, 1/2 at most. Of one utterance.

    Gambäck and Das (2014), as a fraction; a text without language has 0.

    >>> code_mixing_index(Mixture(zh=3, en=1, other=4))
    0.25
    """
    spoken = mix.zh + mix.en
    return 1 - max(mix.zh, mix.en) / spoken if spoken else 0.0


def i_index(mixtures: Iterable[Mixture]) -> float | None:
    """Return switches / places where one could be, over utterances (Guzmán et al. 2017).

    An utterance of n tokens with a language has n - 1 such places; None where there is none.

    >>> i_index([Mixture(zh=2, en=1, switches=1), Mixture(zh=3)])
    0.25
    """
    switches = places = 0
    for mix in mixtures:
        switches += mix.switches
        places += max(0, mix.zh + mix.en - 1)
    return switches / places if places else None


def m_index(total: Mixture) -> float | None:
    """Return (1 - Σp²) / Σp² for the shares p of two languages: 1 when even, 0 when one alone.

    Barnett et al. (2000), with k = 2; of a whole corpus. None without a token of either.

    >>> m_index(Mixture(zh=5, en=5)), m_index(Mixture(zh=9))
    (1.0, 0.0)
    """
    spoken = total.zh + total.en
    if not spoken:
        return None
    squares = (total.zh**2 + total.en**2) / spoken**2
    return (1 - squares) / squares


def embedded_language(mix: Mixture) -> str:
    """Return the letter of the language with fewer tokens; English where both have as many.

    >>> embedded_language(Mixture(zh=5, en=2)), embedded_language(Mixture(zh=1, en=4))
    ('e', 'z')
    """
    return "z" if mix.zh < mix.en else "e"


def near_switch(codes: str) -> list[bool]:
    """Mark the tokens within one token of a switch: the last before it and the first after.

    Neutral tokens between the two are not marked.

    >>> near_switch("zzoez")
    [False, True, False, True, True]
    """
    near = [False] * len(codes)
    previous: int | None = None
    for place, code in enumerate(codes):
        if code == "o":
            continue
        if previous is not None and codes[previous] != code:
            near[previous] = near[place] = True
        previous = place
    return near
