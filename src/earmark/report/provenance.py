"""Say how each system's hypotheses were made, from the `made_by` of their rows."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from earmark.display import without_folders
from earmark.records import Hypothesis

MOST_WAYS = 4


class Way(NamedTuple):
    """One way in which hypotheses were made: on which sets, how many rows, and its knobs."""

    where: str
    knobs: list[tuple[str, str]]


class Provenance(NamedTuple):
    """How all hypotheses were made: the knobs that all share, and each system's ways."""

    shared: list[tuple[str, str]]
    systems: list[tuple[str, list[Way]]]


def provenance(hyps: Mapping[str, Mapping[str, Sequence[Hypothesis]]]) -> Provenance:
    """Say how hypotheses were made, system -> set -> rows; what all ways share is given once."""
    ways = {system: _ways(by_set) for system, by_set in hyps.items()}
    every = [way.knobs for found in ways.values() for way in found]
    shared = [knob for knob in every[0] if all(knob in knobs for knobs in every)]
    if len(every) == 1:
        shared = []
    own = [
        (system, [Way(where, [k for k in knobs if k not in shared]) for where, knobs in found])
        for system, found in ways.items()
    ]
    shown = [(system, _limited(found)) for system, found in own]
    return Provenance(shared, shown)


def _ways(by_set: Mapping[str, Sequence[Hypothesis]]) -> list[Way]:
    """Group one system's hypotheses (set -> rows) by how they were made, most rows first.

    >>> rows = [Hypothesis("1", "好", made_by={"model": "tiny", "decoding": {"beams": 1}})]
    >>> _ways({"dev": rows})
    [Way(where='dev: 1 row', knobs=[('model', 'tiny'), ('decoding.beams', '1')])]
    """
    ways: dict[str, tuple[dict[str, Any], dict[str, int]]] = {}
    for name, hyps in by_set.items():
        for hyp in hyps:
            key = json.dumps(hyp.made_by, sort_keys=True)
            rows = ways.setdefault(key, (hyp.made_by, {}))[1]
            rows[name] = rows.get(name, 0) + 1
    ranked = sorted(ways.values(), key=lambda way: -sum(way[1].values()))
    return [Way(_where(rows, made_by), _flat(made_by)) for made_by, rows in ranked]


def _limited(ways: list[Way]) -> list[Way]:
    """Keep the first ways and count the others."""
    rest = len(ways) - MOST_WAYS
    return [*ways[:MOST_WAYS], Way(f"and {rest} more ways, not shown", [])] if rest > 0 else ways


def _where(rows: Mapping[str, int], made_by: Mapping[str, Any]) -> str:
    """Name the sets and rows; say so when the rows do not tell how they were made."""
    parts = (f"{name}: {count} row{'s' * (count > 1)}" for name, count in rows.items())
    unknown = "" if made_by else " (the rows do not say how they were made: no made_by)"
    return ", ".join(parts) + unknown


def _flat(knobs: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Write nested knobs as dotted names and JSON values; a string is without quotes.

    >>> _flat({"model": "/home/me/runs/dpo", "decoding": {"stop": ["a", 1]}})
    [('model', '…/dpo'), ('decoding.stop', '["a", 1]')]
    """
    lines: list[tuple[str, str]] = []
    for name, value in knobs.items():
        if isinstance(value, Mapping):
            lines += _flat(value, f"{before}{name}.")
        else:
            lines.append((f"{before}{name}", _plain(value)))
    return lines


def _plain(value: Any) -> str:
    """Write one value, without the folders of the machine on which it was made."""
    if isinstance(value, str):
        return without_folders(value)
    return without_folders(json.dumps(value, ensure_ascii=False))
