"""Show a score or a comparison on the terminal; S, D and I are always there."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

Json = Mapping[str, Any]

SIDES = {
    "switches_per_utterance": "switches per utterance",
    "code_mixing_index": "code-mixing index",
    "i_index": "I-index",
    "m_index": "M-index",
}


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
    """Lay out a score: rates with their counts, failure modes, composition, signature."""
    level = f"{100 * score['interval_level']:g} % interval over {score['interval_over']}s"
    head = (
        f"mixed error rate {per_cent(score['mixed_error_rate'])} % {between(score['interval'])} "
        f"({level})\n{score['utterances']:,} utterances, {score['missing']:,} without a hypothesis "
        "(counted as deletions)"
    )
    if score["unmatched"]:
        head += f", {score['unmatched']:,} hypotheses without a truth left out"
    modes = _failure_table(score)
    return Group(Text(head), _rate_table(score), modes, _composition_table(score), _signed(score))


def _rate_table(score: Json) -> Table:
    """Lay out rates with S, D and I."""
    table = _table("", "rate %", "S", "D", "I", "truth tokens")
    whole = {"counts": score["counts"], "rate": score["mixed_error_rate"]}
    _add(table, "all", whole)
    for language, part in score["by_language"].items():
        _add(table, language, part)
    table.add_section()
    for name in ("embedded", "rest", "near_switch"):
        _add(table, name.replace("_", " "), score["points_of_interest"][name])
    table.add_section()
    table.add_row("capped at 100 % each", per_cent(score["capped_mixed_error_rate"]))
    table.add_row(
        f"without loops ({score['looping_utterances']:,})",
        per_cent(score["mixed_error_rate_without_loops"]),
    )
    return table


def _add(table: Table, name: str, part: Json) -> None:
    """Add a row of counts."""
    counts = part["counts"]
    kinds = ("substitutions", "deletions", "insertions", "truth_tokens")
    table.add_row(name, per_cent(part["rate"]), *(f"{counts[kind]:,}" for kind in kinds))


def _failure_table(score: Json) -> Table:
    """Lay out how many utterances fail in which way."""
    table = _table("failure", "utterances", "%")
    for mode, found in score["failure_modes"].items():
        table.add_row(mode, f"{found['utterances']:,}", per_cent(found["rate"]))
    return table


def _composition_table(score: Json) -> Table:
    """Lay out how truth and hypothesis mix languages."""
    table = _table("composition", "truth", "hyp")
    sides = [score["composition"][side] for side in ("truth", "hyp")]
    table.add_row("mixed utterances", *(f"{side['utterances']['mixed']:,}" for side in sides))
    for key, name in SIDES.items():
        values = (side[key] for side in sides)
        table.add_row(name, *("-" if value is None else f"{value:.3f}" for value in values))
    return table


def comparison_tables(comparison: Json, first: str, second: str) -> Group:
    """Lay out a comparison: each rate of both, the difference, its interval and p."""
    table = _table("%", first, second, "difference", "interval", "p")
    names = ("mixed_error_rate", "capped_mixed_error_rate", "zh", "en")
    for name in names:
        _add_difference(table, name.replace("_", " "), comparison[name])
    table.add_section()
    for mode, change in comparison["failure_modes"].items():
        _add_difference(table, mode, change)
    test = comparison["matched_pairs"]
    t, p = ("-" if test[key] is None else f"{test[key]:.3g}" for key in ("t", "p"))
    head = (
        f"{second} minus {first}, {comparison['utterances']:,} utterances, paired bootstrap over "
        f"{comparison['interval_over']}s"
    )
    pairs = Text(f"{test['test']}: t = {t}, p = {p}")
    return Group(Text(head), table, pairs, _signed(comparison))


def _add_difference(table: Table, name: str, change: Json) -> None:
    """Add a row with both rates and their difference."""
    table.add_row(
        name,
        per_cent(change["first"]),
        per_cent(change["second"]),
        per_cent(change["difference"], "+"),
        between(change["interval"], "+"),
        "-" if change["p"] is None else f"{change['p']:.3f}",
    )


def _table(name: str, *columns: str) -> Table:
    """Make a table whose first column is text and the others numbers."""
    table = Table()
    table.add_column(Text(name))
    for column in columns:
        table.add_column(Text(column), justify="right")
    return table


def _signed(result: Json) -> Text:
    """Write the signature, whole, so that it can be copied."""
    return Text(f"signature: {result['signature']}", overflow="fold")
