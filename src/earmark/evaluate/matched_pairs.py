"""The matched-pairs test, which shows whether the number of errors per utterance changed."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from earmark.evaluate.student_t import two_sided_p

MATCHED_PAIRS = "matched pairs, utterance segments, Student's t"


class MatchedPairs(NamedTuple):
    """Student's t of the mean change, its two-sided p, and the number of segments.

    `t` is infinite where all changes are equal and not 0; p is 0 then, which with few segments
    says little. Both are None with fewer than two segments.
    """

    t: float | None
    p: float | None
    segments: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; None in place of an infinite t."""
        finite = self.t is not None and math.isfinite(self.t)
        return {"test": MATCHED_PAIRS, **self._asdict(), "t": self.t if finite else None}


def matched_pairs(changes: Sequence[int]) -> MatchedPairs:
    """Test whether errors per utterance changed: t = mean / (standard deviation / √n).

    After Gillick and Cox (ICASSP 1989), with Student's t on n - 1 degrees of freedom.

    Departure: a segment is an utterance; sclite's MAPSSWE cuts where both systems are right.
    Departure: the paper takes n to be large and the distribution normal, which at n = 5 rejects
    a tenth of what is equal.

    >>> t, p, segments = matched_pairs([-1, 0, -2, 0])
    >>> round(t, 3), round(p, 3), segments
    (-1.567, 0.215, 4)
    >>> matched_pairs([1] * 40)
    MatchedPairs(t=inf, p=0.0, segments=40)
    """
    segments = len(changes)
    if segments < 2:
        return MatchedPairs(None, None, segments)
    mean = sum(changes) / segments
    variance = sum((change - mean) ** 2 for change in changes) / (segments - 1)
    if variance:
        t = mean / math.sqrt(variance / segments)
    else:
        t = math.copysign(math.inf, mean) if mean else 0.0
    return MatchedPairs(t, two_sided_p(t, segments - 1), segments)
