"""Write rates, differences, intervals and p-values, the same wherever a report shows them."""

from collections.abc import Sequence

from earmark.report.test_set import Json

NO_BREAK = "\N{NO-BREAK SPACE}"


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


def difference(change: Json, unit: str = "") -> str:
    """Write a difference of rates in points with its interval, from the JSON of `compare`.

    >>> difference({"difference": -0.2, "interval": [-0.25, -0.151]}).replace(NO_BREAK, " ")
    '−20.0 [−25.0, −15.1]'
    >>> difference({"difference": None, "interval": None})
    'n/a'
    """
    if change["difference"] is None:
        return "n/a"
    text = f"{points(change['difference'])}{unit}"
    if change["interval"] is None:
        return text
    low, high = change["interval"]
    return f"{text} [{points(low)},{NO_BREAK}{points(high)}]"


def p_value(p: float | None) -> str:
    """Write a p-value.

    >>> p_value(0.0412), p_value(0.0004).replace(NO_BREAK, " "), p_value(None)
    ('0.041', '< 0.001', 'n/a')
    """
    if p is None:
        return "n/a"
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
