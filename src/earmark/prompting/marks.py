"""Marks that models write around a transcript, by family: found, named and stripped.

`MARKS` has the families whose facts name marks, and some that are scored but never loaded here.
Every family's special tokens, such as `<|zh|>` and `</s>`, are stripped with any name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.prompting.clean import SPECIAL_TOKEN, clean
from earmark.prompting.families import FACTS
from earmark.records import Hypothesis

ALL = "all"
SPECIAL_TOKENS = "special-tokens"
_CLOCK = r"(?:\d+:)?\d{1,2}:\d{2}[.,]\d{1,3}"
# [00:00.000 --> 00:02.000], as whisper.cpp and the command line of openai-whisper print it.
TIMES = rf"\[\s*{_CLOCK}\s*-->\s*{_CLOCK}\s*\]"
SOUNDS = r"\[[A-Za-z][A-Za-z_ ]{1,30}\]|[♪♫♬]+"

MARKS: dict[str, tuple[str, ...]] = {
    SPECIAL_TOKENS: (),
    "sensevoice": (),
    "whisper": (TIMES, SOUNDS),
    **{family: facts.marks for family, facts in FACTS.items() if facts.marks},
}

# No mark is without one of these, and most texts are without all of them.
_SIGNS = re.compile(r"[<\[(♪♫♬]")
SHOWN_CHARS = 40


class Found(NamedTuple):
    """A mark in a hypothesis, and the families that write such marks."""

    id: str
    mark: str
    families: tuple[str, ...]


def check_families(names: Sequence[str]) -> None:
    """Refuse names that are not in `MARKS`.

    Raises:
        KnobError: names the nearest family.
    """
    for name in names:
        if name != ALL and name not in MARKS:
            known = did_you_mean(name, [ALL, *MARKS])
            raise KnobError(f"no family of marks is called '{name}'; {known}")


def strip_marks(hyps: Sequence[Hypothesis], names: Sequence[str]) -> Sequence[Hypothesis]:
    """Strip the marks of the named families from texts; `raw_text` keeps what was written.

    >>> written = Hypothesis("u1", "language Chinese<asr_text>我们走吧</s>")
    >>> strip_marks([written], ["qwen3_asr"])[0].text
    '我们走吧'

    Args:
        hyps: what a system wrote.
        names: families of `MARKS`, or `all`; none leaves everything as it is.

    Raises:
        KnobError: a name that is not in `MARKS`.
    """
    check_families(names)
    if not names:
        return hyps
    families = MARKS if ALL in names else names
    marks = [mark for family in families for mark in MARKS[family]]
    return [_stripped(hyp, marks) for hyp in hyps]


def _stripped(hyp: Hypothesis, marks: Sequence[str]) -> Hypothesis:
    """Strip marks from one text."""
    if not _may_hold_marks(hyp.text):
        return hyp
    text = clean(hyp.text, marks)
    raw = hyp.text if hyp.raw_text is None else hyp.raw_text
    return hyp if text == hyp.text else replace(hyp, text=text, raw_text=raw)


def _may_hold_marks(text: str) -> bool:
    """Return whether a text has what no mark is without."""
    return _SIGNS.search(text) is not None or text.lstrip().startswith("The ")


@cache
def _patterns() -> dict[str, tuple[str, ...]]:
    """Return each pattern of a mark with the families that it belongs to."""
    found: dict[str, tuple[str, ...]] = {SPECIAL_TOKEN: (SPECIAL_TOKENS,)}
    for family, marks in MARKS.items():
        for mark in marks:
            found[mark] = (*found.get(mark, ()), family)
    return found


def find_marks(hyps: Iterable[Hypothesis]) -> list[Found]:
    """Find the hypotheses that hold a mark, each with its first mark.

    >>> find_marks([Hypothesis("a", "<|zh|>好"), Hypothesis("b", "好")])
    [Found(id='a', mark='<|zh|>', families=('special-tokens',))]
    """
    return [found for hyp in hyps if (found := _find(hyp)) is not None]


def _find(hyp: Hypothesis) -> Found | None:
    """Find the first mark of one hypothesis."""
    if not _may_hold_marks(hyp.text):
        return None
    for pattern, families in _patterns().items():
        if match := re.search(pattern, hyp.text):
            return Found(hyp.id, match[0].strip()[:SHOWN_CHARS], families)
    return None
