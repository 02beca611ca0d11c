"""Write rates, differences, intervals and p-values, the same wherever a report shows them."""

from collections.abc import Sequence
from typing import Literal

from earmark.report.test_set import Json

NO_BREAK = "\N{NO-BREAK SPACE}"

Verdict = Literal["better", "worse", "unsure"]
"""What a difference shows; `unsure` where its interval includes 0."""


class Delta(str):
    """The text of a difference, with what it says, so that a page can show the two apart."""

    __slots__ = ("verdict",)
    verdict: Verdict

    def __new__(cls, text: str, verdict: Verdict) -> "Delta":
        """Make the text, with its verdict."""
        made = super().__new__(cls, text)
        made.verdict = verdict
        return made


def per_cent(rate: float | None, digits: int = 1) -> str:
    """Write a fraction in per cent, or `n/a` where it is not defined; it never breaks in two.

    >>> per_cent(0.1234).replace(NO_BREAK, " "), per_cent(None)
    ('12.3 %', 'n/a')
    """
    return "n/a" if rate is None else f"{100 * rate:.{digits}f}{NO_BREAK}%"


def points(change: float) -> str:
    """Write a difference of rates in signed percentage points.

    >>> points(-0.2364), points(0.001), points(0.0)
    ('−23.6', '+0.1', '0.0')
    """
    text = f"{100 * change:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def verdict(change: Json, *, more_is_better: bool = False) -> Verdict:
    """Say what a difference of error rates shows, from the JSON of `compare`.

    `more_is_better` turns it round: for the share of utterances without an error.

    >>> verdict({"interval": [-0.25, -0.151]}), verdict({"interval": [0.01, 0.02]})
    ('better', 'worse')
    >>> verdict({"interval": [-0.01, 0.4]}), verdict({"interval": None})
    ('unsure', 'unsure')
    """
    low, high = change["interval"] or (0.0, 0.0)
    if low <= 0 <= high:
        return "unsure"
    return "better" if (high < 0) != more_is_better else "worse"


def difference(change: Json, unit: str = "", *, more_is_better: bool = False) -> Delta:
    """Write a difference of rates in points with its interval, from the JSON of `compare`.

    >>> difference({"difference": -0.2, "interval": [-0.25, -0.151]}).replace(NO_BREAK, " ")
    '−20.0 [−25.0, −15.1]'
    >>> difference({"difference": None, "interval": None})
    'n/a'
    """
    if change["difference"] is None:
        return Delta("n/a", "unsure")
    found = verdict(change, more_is_better=more_is_better)
    text = f"{points(change['difference'])}{unit}"
    if change["interval"] is None:
        return Delta(text, found)
    low, high = change["interval"]
    return Delta(f"{text} [{points(low)},{NO_BREAK}{points(high)}]", found)


def p_value(p: float | None, floor: float = 0.0) -> str:
    """Write a p-value; `floor` is the smallest that the bootstrap can show.

    >>> p_value(0.0412), p_value(0.0004).replace(NO_BREAK, " "), p_value(None)
    ('0.041', '< 0.001', 'n/a')
    >>> p_value(0.002, floor=0.002).replace(NO_BREAK, " ")
    '≤ 0.002'
    """
    if p is None:
        return "n/a"
    if p <= floor < 1 and p >= 0.001:
        return f"≤{NO_BREAK}{p:.3f}"
    return f"<{NO_BREAK}0.001" if p < 0.001 else f"{p:.3f}"


def interval(ends: Sequence[float] | None) -> str:
    """Write an interval of rates in per cent.

    >>> interval([0.25, 0.301]).replace(NO_BREAK, " "), interval(None)
    ('[25.0, 30.1]', '')
    """
    if ends is None:
        return ""
    low, high = ends
    return f"[{100 * low:.1f},{NO_BREAK}{100 * high:.1f}]"


def relative(before: float | None, after: float | None) -> str:
    """Say how many fewer or more errors there are, in per cent of those before.

    >>> relative(0.5, 0.1), relative(0.02, 0.03), relative(0.1, 0.1), relative(0.0, 0.1)
    ('80 % fewer errors', '50 % more errors', 'as many errors', 'more errors')
    """
    if before is None or after is None:
        return "not defined"
    if before == after:
        return "as many errors"
    word = "fewer" if after < before else "more"
    if before == 0:
        return f"{word} errors"
    return f"{100 * abs(after - before) / before:.0f} % {word} errors"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> counted(1, "system"), counted(1200, "utterance")
    ('1 system', '1,200 utterances')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
