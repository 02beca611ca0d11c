"""What a step records with the pairs that it kept, so that running it again changes nothing.

A percentile of what is left after a percentile is another one, and a share of a share is smaller.
Steps of this kind write what they decided into `made_by["curated"]` of each pair. A pair that has
the record of the same step with the same knobs is held against that, and the others are judged
among themselves.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from earmark.errors import InputError
from earmark.formats.schema.fields import brief
from earmark.records import Pair

CURATED = "curated"


def records_of(pair: Pair) -> list[Mapping[str, Any]]:
    """Return what steps have recorded with a pair.

    Raises:
        InputError: the pair's `made_by` has something else under that name.
    """
    found = pair.made_by.get(CURATED, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InputError(
            f"pair '{pair.id}': made_by.{CURATED} should be a list of objects, as earmark curate "
            f"writes it, found {brief(found)}; remove it"
        )
    return found


def settled(pair: Pair, step: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the record of a step with these knobs, if the pair has one.

    >>> pair = with_record(Pair("p", [], "a", "b"), {"by": "random", "seed": 1})
    >>> settled(pair, {"by": "random", "seed": 1}), settled(pair, {"by": "random", "seed": 2})
    ({'by': 'random', 'seed': 1}, None)
    """
    for each in records_of(pair) if pair.made_by else ():
        if all(key in each and each[key] == value for key, value in step.items()):
            return each
    return None


def with_record(pair: Pair, record: Mapping[str, Any]) -> Pair:
    """Return a pair that has a record; one that has it already is returned as it is."""
    known = records_of(pair)
    if record in known:
        return pair
    return replace(pair, made_by={**pair.made_by, CURATED: [*known, dict(record)]})
