"""What most wrong hypotheses are, seen in a moment: a few words misheard.

The cascade asks each detector in turn; most hypotheses with an error need no more than a look at
their alignment. `is_surely_ordinary` says yes only where no detector can find anything, for the
reasons beside each line, and tests hold it to the cascade, which decides all else.
"""

from collections.abc import Sequence
from typing import NamedTuple

from earmark.failures.left_out import FEWEST_TOKENS, LEAST_SHARE
from earmark.failures.markup import may_hold_markup
from earmark.failures.phrases import phrases
from earmark.failures.places import HARMLESS, REMAINS
from earmark.failures.quotes import is_quoted
from earmark.failures.spelling import may_differ_in_spelling
from earmark.failures.wrong_script import is_foreign
from earmark.metrics.answer import Aligned
from earmark.text.pronunciation import sound_agrees, sound_of
from earmark.translators.dictionaries.crossing import may_cross
from earmark.translators.dictionaries.dictionary import Dictionary

# In fifths of a syllable: a token has five, an English word two more (see `mix.py`).
TOKEN, ENGLISH = 5, 2
# What is this much longer than what was said may be talk; a stretch that is this much, a run-on.
MAY_BE_TALK, MAY_BE_RUN_ON = 14, 25
TALK = ("preamble_markers", "assistant_talk")
# Kinds of tokens. A number, a contraction, a variant or a third script is OPEN: it may be written
# in several ways, and the cascade decides. So are two letters side by side.
WORD, LETTER, HARMLESS_ONE, OPEN = "wlh?"


class Stretch(NamedTuple):
    """A longest stretch without a hit: its tokens, and the letters of their languages."""

    start: int
    end: int
    said: Sequence[str]
    written: Sequence[str]
    said_codes: str
    written_codes: str


class _Kinds(dict[str, str]):
    """Map a token to its kind, worked out once."""

    def __missing__(self, token: str) -> str:
        self[token] = kind = _kind_of(token)
        return kind


def _kind_of(token: str) -> str:
    """Return the kind of a token.

    >>> [_kind_of(token) for token in ["meeting", "a", "uhm", "i'm", "320", "コ"]]
    ['w', 'l', 'h', '?', '?', '?']
    """
    if len(token) == 1 and token.isascii() and token.isalpha():
        return LETTER
    if is_foreign(token) or may_differ_in_spelling([token]):
        return OPEN
    return HARMLESS_ONE if HARMLESS[token] else WORD


_KINDS = _Kinds()


def is_surely_ordinary(aligned: Aligned, dictionary: Dictionary | None) -> bool:
    """Return whether a wrong hypothesis is an ordinary error beyond doubt."""
    if aligned.looping:
        return False
    stretches = _stretches(aligned)
    lost = sum([stretch.end - stretch.start for stretch in stretches])
    hits = len(aligned.truth_tokens) - lost
    # Refusals, tags, answers, and what is unrelated or twice as long have fewer hits.
    if 2 * hits <= max(len(aligned.truth_tokens), len(aligned.hyp_tokens)):
        return False
    if may_hold_markup(aligned.hyp) or is_quoted(aligned.hyp):
        return False
    if _may_talk(aligned, stretches) or _may_cross(stretches, dictionary):
        return False
    for stretch in stretches:
        words = _words_of(stretch)
        if words is None or _crosses_by_sound(words):
            return False
        if _may_lack(words) and not _is_short(aligned, words):
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


def _may_talk(aligned: Aligned, stretches: Sequence[Stretch]) -> bool:
    """Return whether somewhere there may be talk or a run-on."""
    total = most = 0
    for stretch in stretches:
        tokens = len(stretch.written) - len(stretch.said)
        english = stretch.written_codes.count("e") - stretch.said_codes.count("e")
        surplus = TOKEN * tokens + ENGLISH * english
        total += surplus
        if surplus > most:
            most = surplus
    if most >= MAY_BE_RUN_ON:
        return True
    return max(total, most) >= MAY_BE_TALK and any(
        phrases(name).find(aligned.hyp_tokens, unless=aligned.truth_tokens) for name in TALK
    )


def _may_cross(stretches: Sequence[Stretch], dictionary: Dictionary | None) -> bool:
    """Return whether the meaning of some word may be written in the other language."""
    if dictionary is None:
        return False
    said = "".join([stretch.said_codes for stretch in stretches])
    written = "".join([stretch.written_codes for stretch in stretches])
    # Numbers and the like have a meaning too.
    from_zh = said.strip("e") and written.strip("z")
    from_en = said.strip("z") and written.strip("e")
    if not from_zh and not from_en:
        return False
    one = [stretch.said for stretch in stretches]
    other = [stretch.written for stretch in stretches]
    return bool(
        (from_zh and may_cross(one, other, dictionary))
        or (from_en and may_cross(other, one, dictionary))
    )


def _words_of(stretch: Stretch) -> Stretch | None:
    """Leave out what is harmless; None where there may be another way to write something.

    None too where words of both languages were said, which are judged each by itself.
    """
    said = "".join([_KINDS[token] for token in stretch.said])
    written = "".join([_KINDS[token] for token in stretch.written])
    kinds = f"{said} {written}"
    if OPEN in kinds or 2 * LETTER in kinds:
        return None
    words = stretch
    if HARMLESS_ONE in kinds:
        words = Stretch(
            stretch.start,
            stretch.end,
            _needed(stretch.said, said),
            _needed(stretch.written, written),
            "".join(_needed(stretch.said_codes, said)),
            "".join(_needed(stretch.written_codes, written)),
        )
    return None if "z" in words.said_codes and "e" in words.said_codes else words


def _needed(tokens: Sequence[str], kinds: str) -> list[str]:
    """Leave out the hesitations and the particles."""
    return [token for token, kind in zip(tokens, kinds, strict=True) if kind != HARMLESS_ONE]


def _crosses_by_sound(stretch: Stretch) -> bool:
    """Return whether what was said in one language is written by sound in the other."""
    if not stretch.said or not stretch.written:
        return False
    other = "e" if stretch.said_codes[0] == "z" else "z"
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
    # A language of which more than a quarter is written is not lost; beside what is harmless the
    # edges of the run that was left out are not those of the stretch.
    if 4 * aligned.hyp_codes.count("z") <= zh or 4 * aligned.hyp_codes.count("e") <= en:
        return False
    if length > len(stretch.said):
        return False
    language = stretch.said_codes[0]
    before = codes[stretch.start - 1] if stretch.start else ""
    after = codes[stretch.end] if stretch.end < total else ""
    return stretch.said_codes == "z" or language in (before, after)
