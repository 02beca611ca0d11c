"""Keep the pairs about which people agree, from a file of their judgements."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import InputError, KnobError
from earmark.formats.files.source import Source
from earmark.formats.schema.fields import brief
from earmark.records import Pair

CHOSEN = "chosen"
PREFERRED = (CHOSEN, "rejected", "tie")


def people(pairs: Stream, *, judgements: str, least: int = 1) -> Iterator[Verdict]:
    """Keep pairs whose chosen answer is preferred by everybody who judged them.

    Args:
        pairs: the pairs.
        judgements: JSON lines, one for each judgement: `pair` (its id), `judge`, and `preferred`,
            which is chosen, rejected or tie.
        least: judges that a pair needs at least; others are dropped.

    Raises:
        InputError: a row that is no judgement, or a judge who judged a pair twice.
        KnobError: fewer than one judge.
    """
    if isinstance(least, bool) or not isinstance(least, int) or least < 1:
        raise KnobError(f"least should be a whole number of judges from 1, found {least!r}")
    votes = read_votes(judgements)
    return (_judge(pair, votes.get(pair.id, Counter()), least) for pair in pairs)


def read_votes(path: str) -> dict[str, Counter[str]]:
    """Read judgements: for each pair, how many people preferred what.

    Raises:
        InputError: the file cannot be read, or a row that is no judgement.
    """
    votes: dict[str, Counter[str]] = {}
    seen: set[tuple[str, str]] = set()
    for raw in Source(path).objects():
        pair, judge, preferred = _judgement(raw.value, raw.where)
        if (pair, judge) in seen:
            raise InputError(f"{raw.where}: {judge} judged pair '{pair}' already; keep one of them")
        seen.add((pair, judge))
        votes.setdefault(pair, Counter())[preferred] += 1
    return votes


def _judgement(row: Any, where: str) -> tuple[str, str, str]:
    if isinstance(row, InputError):
        raise row
    if not isinstance(row, dict):
        raise InputError(f"{where}: expected a JSON object, found {brief(row)}")
    pair, judge, preferred = (row.get(name) for name in ("pair", "judge", "preferred"))
    if not isinstance(pair, str) or not isinstance(judge, str) or preferred not in PREFERRED:
        raise InputError(
            f"{where}: a judgement has pair, judge and preferred ({', '.join(PREFERRED)}), found "
            f"{brief(row)}"
        )
    return pair, judge, str(preferred)


def _judge(pair: Pair, votes: Counter[str], least: int) -> Verdict:
    total = votes.total()
    if total < least:
        return Drop(pair, f"{total} people judged it, fewer than {least}")
    if votes[CHOSEN] < total:
        return Drop(
            pair, f"{total - votes[CHOSEN]} of {total} people do not prefer the chosen answer"
        )
    return Keep(pair)
