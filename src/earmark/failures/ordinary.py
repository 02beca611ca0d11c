"""What most wrong hypotheses are, seen in a moment: a few words misheard.

The cascade asks each detector in turn; most hypotheses with an error need no more than a look at
their alignment. `is_surely_ordinary` says yes only where no detector can find anything, for the
reasons beside each line, and tests hold it to the cascade, which decides all else.
"""

from typing import NamedTuple

from earmark.failures.left_out import FEWEST_TOKENS, LEAST_SHARE
from earmark.failures.markup import POSSIBLE
from earmark.failures.mix import Spoken
from earmark.failures.phrases import phrases
from earmark.failures.places import PARTICLES, REMAINS
from earmark.failures.quotes import is_quoted
from earmark.failures.spelling import may_differ_in_spelling
from earmark.failures.wrong_script import is_foreign
from earmark.metrics.answer import Aligned
from earmark.text.normalize.fillers import is_filler
from earmark.text.pronunciation import sound_agrees, sound_of
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.matching import explained

# A hesitation or not, by what is beside it.
AMBIGUOUS = "额"
# In fifths of a syllable: a token has five, an English word two more (see `mix.py`). Talk and
# run-ons are longer than this.
TOKEN, ENGLISH, MOST_SURPLUS = 5, 2, 13
LANGUAGE: dict[str, Spoken] = {"z": "zh", "e": "en"}


class Stretch(NamedTuple):
    """A longest stretch without a hit: its tokens, and the letters of their languages."""

    start: int
    end: int
    said: list[str]
    written: list[str]
    said_codes: str
    written_codes: str


class _Plain(dict[str, bool]):
    """Map a token to whether it is a word of speech that is written in one way only.

    Numbers, letters, contractions, variants, particles, hesitations and third scripts are not.
    """

    def __missing__(self, token: str) -> bool:
        self[token] = plain = not (
            may_differ_in_spelling([token])
            or token in PARTICLES
            or token == AMBIGUOUS
            or is_filler([token], 0)
            or is_foreign(token)
        )
        return plain


_PLAIN = _Plain()


def is_surely_ordinary(aligned: Aligned, dictionary: Dictionary | None) -> bool:
    """Return whether a wrong hypothesis is an ordinary error beyond doubt."""
    if aligned.looping:
        return False
    stretches = _stretches(aligned)
    lost = sum([stretch.end - stretch.start for stretch in stretches])
    hits = len(aligned.truth_tokens) - lost
    # Refusals, tags, answers and what is unrelated have fewer hits.
    if 2 * hits <= max(len(aligned.truth_tokens), len(aligned.hyp_tokens)):
        return False
    if POSSIBLE.search(aligned.hyp) or is_quoted(aligned.hyp):
        return False
    surplus = 0
    for stretch in stretches:
        longer = _surplus(stretch)
        if longer > MOST_SURPLUS or not _is_plain(stretch):
            return False
        surplus += longer
    if surplus > MOST_SURPLUS or _may_cross(stretches, dictionary):
        return False
    for stretch in stretches:
        if _may_lack(stretch) and not _is_short(aligned, stretch):
            return False
    return phrases("stock_phrases").find(aligned.hyp_tokens, unless=aligned.truth_tokens) is None


def _stretches(aligned: Aligned) -> list[Stretch]:
    """Return the stretches before, between and after the blocks of hits."""
    _, _, said, written, blocks, said_codes, written_codes, _ = aligned
    stretches = []
    start = hyp_start = 0
    for tag, end, next_start, hyp_end, next_hyp in (
        *blocks,
        ("equal", len(said), 0, len(written), 0),
    ):
        if tag != "equal":
            continue
        if end > start or hyp_end > hyp_start:
            stretches.append(
                Stretch(
                    start,
                    end,
                    said[start:end],
                    written[hyp_start:hyp_end],
                    said_codes[start:end],
                    written_codes[hyp_start:hyp_end],
                )
            )
        start, hyp_start = next_start, next_hyp
    return stretches


def _surplus(stretch: Stretch) -> int:
    """Return how much longer a stretch is than what was said there, in fifths of a syllable."""
    tokens = len(stretch.written) - len(stretch.said)
    english = stretch.written_codes.count("e") - stretch.said_codes.count("e")
    return TOKEN * tokens + ENGLISH * english


def _is_plain(stretch: Stretch) -> bool:
    """Return whether all tokens are plain words, and those of the truth are in one language."""
    for token in stretch.said:
        if not _PLAIN[token]:
            return False
    for token in stretch.written:
        if not _PLAIN[token]:
            return False
    return not ("z" in stretch.said_codes and "e" in stretch.said_codes)


def _may_cross(stretches: list[Stretch], dictionary: Dictionary | None) -> bool:
    """Return whether some word may have crossed into the other language, by meaning or sound."""
    said = "".join([stretch.said_codes for stretch in stretches])
    written = "".join([stretch.written_codes for stretch in stretches])
    from_zh, from_en = "z" in said and "e" in written, "e" in said and "z" in written
    if not from_zh and not from_en:
        return False
    for stretch in stretches:
        if stretch.said and stretch.written and _crosses_by_sound(stretch):
            return True
    if dictionary is None:
        return False
    sides = [(stretch.said, stretch.written) for stretch in stretches]
    return (from_zh and any(explained(sides, "en", dictionary))) or (
        from_en and any(explained(sides, "zh", dictionary))
    )


def _crosses_by_sound(stretch: Stretch) -> bool:
    """Return whether what was said in one language is written by sound in the other."""
    said = stretch.said_codes[0]
    other = "e" if said == "z" else "z"
    if other not in stretch.written_codes:
        return False
    codes = zip(stretch.written, stretch.written_codes, strict=True)
    return sound_agrees(stretch.said, [token for token, code in codes if code == other])


def _may_lack(stretch: Stretch) -> bool:
    """Return whether there may be a word in whose place nothing is written."""
    if not stretch.said:
        return False
    if not stretch.written:
        return True
    same = stretch.written_codes.count(stretch.said_codes[0])
    if same:
        return same < len(stretch.said)
    return len(sound_of(stretch.written)) <= REMAINS * len(sound_of(stretch.said))


def _is_short(aligned: Aligned, stretch: Stretch) -> bool:
    """Return whether what may be left out is no omission: no span, no language, not the end."""
    codes, total = aligned.truth_codes, len(aligned.truth_codes)
    length = stretch.end - stretch.start
    if length >= FEWEST_TOKENS and length >= LEAST_SHARE * total:
        return False
    zh, en = codes.count("z"), codes.count("e")
    if not zh or not en:
        return True
    # A language of which more than a quarter is written is not lost.
    if 4 * aligned.hyp_codes.count("z") <= zh or 4 * aligned.hyp_codes.count("e") <= en:
        return False
    language = stretch.said_codes[0]
    before = codes[stretch.start - 1] if stretch.start else ""
    after = codes[stretch.end] if stretch.end < total else ""
    return stretch.said_codes == "z" or language in (before, after)
