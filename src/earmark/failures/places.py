"""What became of each word that was said and not written: judged place by place.

Every token of the truth that is no hit gets a letter:

    m  its meaning is written in the other language; a dictionary says so
    x  its sound is written in the other script
    s  something of its own language is in its place
    u  something else is there, of which neither meaning nor sound is known
    o  nothing is there
    f  it is a hesitation or a particle, whose loss harms nobody

Labels are decided from the counts of these letters, never from lengths alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

from earmark.failures.mix import OTHER, SPOKEN
from earmark.text.language import language_of
from earmark.text.normalize.fillers import is_filler
from earmark.text.pronunciation import sound_agrees, sound_of
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.matching import explained

# Nothing is in a place where at most this share of its sound is written.
REMAINS = 0.25
_LATIN = "lah la leh lor meh mah hor wah ah oh eh um uh er hmm mm ya lo liao sia"
PARTICLES = frozenset([*"啊吖呀哎唉诶欸哦噢喔嗯呃额哼嘛吧呢啦咯咧咩哇嘞哟呗喽嘢", *_LATIN.split()])


class Place(NamedTuple):
    """A stretch of the truth without a hit, and what is written in its place."""

    said: Sequence[str]
    written: Sequence[str]


class Fate(NamedTuple):
    """What became of a stretch: a letter for each said token, and the written tokens that say so.

    `used` are the positions, in the stretch, of written tokens whose meaning was said.
    """

    letters: str
    used: frozenset[int]


class _Harmless(dict[str, bool]):
    """Map a token to whether it is a hesitation or a particle, worked out once."""

    def __missing__(self, token: str) -> bool:
        self[token] = found = token in PARTICLES or is_filler([token], 0)
        return found


HARMLESS = _Harmless()


def fates_of(places: Sequence[Place], dictionary: Dictionary | None) -> list[Fate]:
    """Return what became of each stretch.

    Args:
        places: the stretches of one utterance, in order.
        dictionary: what knows meanings; without one no `m` is found.
    """
    by_meaning = _by_meaning(places, dictionary)
    return [
        Fate(_letters(place, meant, used), frozenset(used))
        for place, (meant, used) in zip(places, by_meaning, strict=True)
    ]


def _by_meaning(
    places: Sequence[Place], dictionary: Dictionary | None
) -> list[tuple[set[int], set[int]]]:
    """Return, for each stretch, the said tokens that are explained and the written ones used."""
    found: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in places]
    if dictionary is None:
        return found
    for to in SPOKEN:
        for stretch, each in enumerate(explained(places, to, dictionary)):
            for one in each:
                if len(one.said) == 1 and _is_by_chance(places[stretch]):
                    continue
                found[stretch][0].update(one.said)
                found[one.stretch][1].update(one.written)
    return found


def _is_by_chance(place: Place) -> bool:
    """Return whether so much is written that the meaning of a single token is in it by chance."""
    return len(place.written) > 2 * len(place.said) + 2


def _letters(place: Place, meant: set[int], used: set[int]) -> str:
    """Name what became of each token of a stretch."""
    letters = [
        "m" if n in meant else "f" if HARMLESS[token] else "" for n, token in enumerate(place.said)
    ]
    rest = [n for n, letter in enumerate(letters) if not letter]
    written = [
        token for n, token in enumerate(place.written) if n not in used and not HARMLESS[token]
    ]
    if not rest:
        return "".join(letters)
    if written:
        _by_sound(place, rest, written, letters)
        rest = [n for n in rest if not letters[n]]
    _by_what_remains(place, rest, written, letters)
    return "".join(letters)


def _by_sound(
    place: Place, rest: Sequence[int], written: Sequence[str], letters: list[str]
) -> None:
    """Mark what is written by sound in the other script."""
    for language in SPOKEN:
        said = [n for n in rest if language_of(place.said[n]) == language]
        crossed = [token for token in written if language_of(token) == OTHER[language]]
        if said and crossed and sound_agrees([place.said[n] for n in said], crossed):
            for n in said:
                letters[n] = "x"


def _by_what_remains(
    place: Place, rest: Sequence[int], written: Sequence[str], letters: list[str]
) -> None:
    """Mark the other tokens by what is in their place: its own language, another, nothing."""
    for language in (*SPOKEN, "other"):
        said = [n for n in rest if language_of(place.said[n]) == language]
        if not said:
            continue
        heard = len(sound_of([place.said[n] for n in said]))
        same = [token for token in written if language_of(token) == language]
        if same:
            is_filled = len(sound_of(same)) > REMAINS * heard
            count = len(said) if is_filled else min(len(said), len(same))
        else:
            count = 0
        filled = bool(written) and len(sound_of(written)) > REMAINS * heard
        for order, n in enumerate(said):
            letters[n] = "s" if order < count else "u" if filled and not same else "o"
