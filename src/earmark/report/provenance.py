"""Say how each system's hypotheses were made, from the `made_by` of their rows."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from earmark.records import Hypothesis

MOST_WAYS = 4


class Provenance(NamedTuple):
    """One way in which hypotheses were made: on which sets, how many rows, and its knobs."""

    where: str
    knobs: list[tuple[str, str]]


def provenance(hyps_by_set: Mapping[str, Sequence[Hypothesis]]) -> list[Provenance]:
    """Group one system's hypotheses (set -> rows) by how they were made, most rows first.

    >>> rows = [Hypothesis("1", "好", made_by={"model": "tiny", "decoding": {"beams": 1}})]
    >>> provenance({"dev": rows})
    [Provenance(where='dev: 1 row', knobs=[('model', 'tiny'), ('decoding.beams', '1')])]
    """
    ways: dict[str, tuple[dict[str, Any], dict[str, int]]] = {}
    for name, hyps in hyps_by_set.items():
        for hyp in hyps:
            key = json.dumps(hyp.made_by, sort_keys=True)
            rows = ways.setdefault(key, (hyp.made_by, {}))[1]
            rows[name] = rows.get(name, 0) + 1
    ranked = sorted(ways.values(), key=lambda way: -sum(way[1].values()))
    shown = [Provenance(_where(rows, made_by), _flat(made_by)) for made_by, rows in ranked]
    if len(shown) > MOST_WAYS:
        rest = len(shown) - MOST_WAYS
        shown = [*shown[:MOST_WAYS], Provenance(f"and {rest} more ways, not shown", [])]
    return shown


def _where(rows: Mapping[str, int], made_by: Mapping[str, Any]) -> str:
    """Name the sets and rows; say so when the rows do not tell how they were made."""
    parts = (f"{name}: {count} row{'s' * (count > 1)}" for name, count in rows.items())
    unknown = "" if made_by else " (the rows do not say how they were made: no made_by)"
    return ", ".join(parts) + unknown


def _flat(knobs: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Write nested knobs as dotted names and JSON values; a string stands without quotes."""
    lines: list[tuple[str, str]] = []
    for name, value in knobs.items():
        if isinstance(value, Mapping):
            lines += _flat(value, f"{before}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines.append((f"{before}{name}", text))
    return lines
