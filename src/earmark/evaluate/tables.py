"""Show a score or a comparison on the terminal; S, D and I are always there."""

import io
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from earmark.evaluate.fitted_table import FittedTable
from earmark.metrics import METRICS
from earmark.progress import TextConsole

Json = Mapping[str, Any]

SIDES = {
    "switches_per_utterance": "switches per utterance",
    "code_mixing_index": "code-mixing index",
    "i_index": "I-index",
    "m_index": "M-index",
}


# What rows of a comparison are called; other names are written with blanks.
SHORT_NAMES = {
    "capped_mixed_error_rate": "capped at 100 %",
    "mixed_error_rate_without_loops": "without loops",
}
# An utterance with a larger share of all errors decides the rate, and is named.
LARGE_SHARE = 0.1
KINDS = ("substitutions", "deletions", "insertions", "truth_tokens")


def per_cent(rate: float | None, sign: str = "") -> str:
    """Write a fraction in per cent, `-` when it is not defined.

    >>> per_cent(0.1234), per_cent(-0.5, "+"), per_cent(None)
    ('12.34', '-50.00', '-')
    """
    return "-" if rate is None else f"{100 * rate:{sign}.2f}"


def between(interval: list[float] | None, sign: str = "") -> str:
    """Write an interval in per cent.

    >>> between([0.1, 0.25]), between(None)
    ('[10.00, 25.00]', '')
    """
    if interval is None:
        return ""
    return f"[{', '.join(per_cent(end, sign) for end in interval)}]"


def score_tables(score: Json) -> Group:
    """Lay out a score: rates with their counts and intervals, failure modes, composition."""
    level = f"{100 * score['interval_level']:g} % interval over {score['interval_over']}s"
    head = (
        f"mixed error rate {per_cent(score['mixed_error_rate'])} % {between(score['interval'])} "
        f"({level})\n{score['utterances']:,} utterances, {score['missing']:,} without a hypothesis "
        "(counted as deletions)"
    )
    if score["set_aside"]:
        counted = "-deletions" in score["signature"].partition("set-aside:")[2].partition("|")[0]
        became = "counted as deletions" if counted else "left out"
        head += f", {score['set_aside']:,} set aside ({became})"
    if score["unmatched"]:
        head += f", {score['unmatched']:,} hypotheses without a truth left out"
    tables: list[RenderableType] = [Text(head), _rate_table(score), _interval_table(score)]
    if heaviest := heaviest_in_words(score):
        tables.append(Text(heaviest))
    if score["failure_modes"]:
        tables.append(_failure_table(score))
    return Group(*tables, _composition_table(score))


def _rate_table(score: Json) -> FittedTable:
    """Lay out rates with S, D and I."""
    points = score["points_of_interest"]
    rows: list[list[str] | None] = [
        _counted("all", {"counts": score["counts"], "rate": score["mixed_error_rate"]}),
        *(_counted(language, part) for language, part in score["by_language"].items()),
        None,
        *(_counted(_in_words(name), points[name]) for name in ("embedded", "rest", "near_switch")),
    ]
    return FittedTable(("tokens", "rate %", "S", "D", "I", "truth tokens"), rows)


def _counted(name: str, part: Json) -> list[str]:
    """Make a row of counts."""
    return [name, per_cent(part["rate"]), *(f"{part['counts'][kind]:,}" for kind in KINDS)]


def _interval_table(score: Json) -> FittedTable:
    """Lay out the rates that single utterances move more, or less, with their intervals."""
    names = {
        "mixed_error_rate": "mixed error rate",
        "capped_mixed_error_rate": "capped at 100 %",
        "mixed_error_rate_without_loops": f"without loops ({score['looping_utterances']:,})",
    }
    rows = [
        [shown, per_cent(score[name]), between(score["intervals"][name])]
        for name, shown in names.items()
    ]
    rows += [
        [_in_words(name), _number(found["value"]), between_numbers(found["interval"])]
        for name, found in score["metrics"].items()
    ]
    return FittedTable(("rate", "%", "interval"), rows)


def heaviest_in_words(score: Json) -> str:
    """Say which utterance has more than a tenth of all errors; empty where none does.

    Of one utterance alone there is nothing to say: its errors are all errors.

    >>> heaviest = {"id": "u5", "errors": 12, "share": 0.48}
    >>> heaviest_in_words({"utterances": 9, "heaviest_utterance": heaviest})
    "utterance 'u5' has 12 errors, 48 % of all: the rate and its interval depend on it"
    >>> heaviest_in_words({"utterances": 1, "heaviest_utterance": heaviest})
    ''
    """
    heaviest = score["heaviest_utterance"]
    if heaviest is None or heaviest["share"] <= LARGE_SHARE or score["utterances"] == 1:
        return ""
    noun = "error" if heaviest["errors"] == 1 else "errors"
    return (
        f"utterance '{heaviest['id']}' has {heaviest['errors']:,} {noun}, "
        f"{100 * heaviest['share']:.0f} % of all: the rate and its interval depend on it"
    )


def _failure_table(score: Json) -> FittedTable:
    """Lay out how many utterances fail in which way."""
    rows = [
        [mode, f"{found['utterances']:,}", per_cent(found["rate"])]
        for mode, found in score["failure_modes"].items()
    ]
    return FittedTable(("failure", "utterances", "%"), rows)


def _composition_table(score: Json) -> FittedTable:
    """Lay out how truth and hypothesis mix languages."""
    sides = [score["composition"][side] for side in ("truth", "hyp")]
    rows = [["mixed utterances", *(f"{side['utterances']['mixed']:,}" for side in sides)]]
    for key, name in SIDES.items():
        rows.append([name, *(_number(side[key]) for side in sides)])
    return FittedTable(("composition", "truth", "hyp"), rows)


def _number(value: float | None, sign: str = "") -> str:
    """Write a number that is no per cent.

    >>> _number(0.25), _number(0.25, "+"), _number(None)
    ('0.250', '+0.250', '-')
    """
    return "-" if value is None else f"{value:{sign}.3f}"


def between_numbers(interval: list[float] | None, sign: str = "") -> str:
    """Write an interval of numbers that are no per cent.

    >>> between_numbers([0.1, 2.0])
    '[0.100, 2.000]'
    """
    if interval is None:
        return ""
    return f"[{', '.join(_number(end, sign) for end in interval)}]"


def comparison_tables(comparison: Json, first: str, second: str) -> Group:
    """Lay out a comparison: each rate of both, the difference, its interval and p."""
    floor = comparison["p_floor"]
    rates = {name: comparison[name] for name in METRICS if name in comparison}
    rows: list[list[str] | None] = [_change(name, rates[name], floor) for name in rates]
    rows += [None] if comparison["failure_modes"] else []
    rows += [_change(name, mode, floor) for name, mode in comparison["failure_modes"].items()]
    rows += [None] if comparison["metrics"] else []
    for name, own in comparison["metrics"].items():
        rows.append(_change(name, own, floor, _number, between_numbers))
    table = FittedTable(("%", first, second, "difference", "interval", "p"), rows)
    test = comparison["matched_pairs"]
    t = _t_in_words(test["t"], test["p"])
    head = (
        f"{second} minus {first}, {comparison['utterances']:,} utterances, paired bootstrap over "
        f"{comparison['interval_over']}s"
    )
    below = (
        f"without loops: where neither system loops; with {comparison['resamples']:,} resamples "
        f"p is at least {floor:.2g}\n{test['test']}: {t}"
    )
    return Group(Text(head + _left_out(comparison, first, second)), table, Text(below))


def _left_out(comparison: Json, first: str, second: str) -> str:
    """Say how many utterances are not compared, since a system has no hypothesis for them."""
    left = comparison["left_out"]
    if not left["utterances"]:
        return ""
    return (
        f"\nleft out: {left['utterances']:,} utterances without a hypothesis on both sides "
        f"({left['first_missing']:,} are missing in {first}, {left['second_missing']:,} in "
        f"{second})"
    )


def _t_in_words(t: float | None, p: float | None) -> str:
    """Write the result of a test.

    >>> _t_in_words(-2.1673, 0.08217), _t_in_words(None, 0.0), _t_in_words(None, None)
    ('t = -2.17, p = 0.0822', 'all changes are equal, p < 1e-12', 'too few utterances')
    """
    if p is None:
        return "too few utterances"
    shown = "p < 1e-12" if p < 1e-12 else f"p = {p:.3g}"
    return f"all changes are equal, {shown}" if t is None else f"t = {t:.3g}, {shown}"


def _change(
    name: str,
    change: Json,
    floor: float,
    write: Callable[..., str] = per_cent,
    write_interval: Callable[..., str] = between,
) -> list[str]:
    """Make a row with both rates and their difference; a p at its floor is written as such."""
    p = change["p"]
    at_floor = p is not None and p <= floor < 1
    return [
        SHORT_NAMES.get(name, _in_words(name)),
        write(change["first"]),
        write(change["second"]),
        write(change["difference"], "+"),
        write_interval(change["interval"], "+"),
        "-" if p is None else f"{'≤' if at_floor else ''}{p:.3f}",
    ]


def _in_words(name: str) -> str:
    """Write a name with blanks.

    >>> _in_words("near_switch")
    'near switch'
    """
    return name.replace("_", " ")


def signature_line(signature: str) -> Text:
    """Write the signature. Print it with `soft_wrap`: it is one line that can be copied."""
    return Text(f"signature: {signature}", overflow="fold")


def as_text(tables: RenderableType, signed: Text | None = None, width: int | None = None) -> str:
    """Render tables, and a signature, which stays one line, as plain text."""
    console = TextConsole(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(tables)
        if signed is not None:
            console.print(signed, soft_wrap=True)
    return captured.get().rstrip("\n")
