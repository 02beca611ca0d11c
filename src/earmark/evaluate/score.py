"""Score hypotheses against truths: one row per utterance, and everything summed from the rows."""

import gc
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from earmark.errors import InputError
from earmark.evaluate.bootstrap import STANDARD, Interval, Resampling, Unit, rate_interval
from earmark.evaluate.signature import signature
from earmark.evaluate.summary import counts_json, summary
from earmark.evaluate.utterance import UtteranceScore, measure
from earmark.progress import track
from earmark.records import Hypothesis, Utterance
from earmark.text.profiles import parse_profile
from earmark.translators.lexicon import Lexicon

SHOWN_IDS = 5


@dataclass(frozen=True)
class Score:
    """The rows of a scored system, their signature, and how its interval is drawn.

    `over` is what the bootstrap resamples: utterances, or speakers. `unmatched` counts
    hypotheses without a truth that were left out.
    """

    signature: str
    rows: Sequence[UtteranceScore]
    over: Unit = "utterance"
    resampling: Resampling = STANDARD
    unmatched: int = 0

    def interval(self) -> Interval | None:
        """Return the bootstrap interval of the mixed error rate; None without truth tokens."""
        return rate_interval(
            [row.counts.errors for row in self.rows],
            [row.counts.truth_tokens for row in self.rows],
            groups=self.speakers() if self.over == "speaker" else None,
            resampling=self.resampling,
        )

    def speakers(self) -> list[str | None]:
        """Return the speaker of every row."""
        return [row.speaker for row in self.rows]

    def to_json(self) -> dict[str, Any]:
        """Return the whole score as plain values; a rate that is not defined is None."""
        interval = self.interval()
        return {
            "signature": self.signature,
            **summary(self.rows),
            "unmatched": self.unmatched,
            "interval": None if interval is None else list(interval),
            "interval_over": self.over,
            "interval_level": self.resampling.level,
        }


def score(
    truths: Sequence[Utterance],
    hyps: Sequence[Hypothesis],
    *,
    profile: str = "default",
    over: Unit | Literal["auto"] = "auto",
    resampling: Resampling = STANDARD,
    lexicon: Lexicon | None = None,
    unmatched: Literal["stop", "skip"] = "stop",
    features: bool = False,
    progress: bool = False,
) -> Score:
    """Score what a system wrote; a truth without a hypothesis counts as deletions.

    Args:
        truths: what was said; each needs a text, which may be empty.
        hyps: what the system wrote, matched by id.
        profile: how texts are split, with options, as `tokenize` takes it.
        over: what the interval resamples; `auto` is speakers when every truth names one and
            there are at least two, else utterances.
        resampling: how many resamples, the level of the interval, the seed.
        lexicon: helps to tell a translation from other errors.
        unmatched: stop at a hypothesis without a truth, or leave it out and count it.
        features: keep what each failure was decided from, for `row_json`.
        progress: show a bar on standard error.

    Raises:
        InputError: no truths, a truth without a text, an id used twice, hypotheses without a
            truth, or hypotheses decoded with different token caps.
        KnobError: an unknown profile.
    """
    split = parse_profile(profile).splitter
    written = _by_id(truths, hyps)
    extra = _check_unmatched(truths, written, unmatched)
    pairs: Iterable[Utterance] = track(truths, "scoring", len(truths)) if progress else truths
    with collector_paused():
        rows = [
            measure(truth, written.get(truth.id), split, lexicon, features=features)
            for truth in pairs
        ]
    if over == "auto":
        speakers = {truth.speaker for truth in truths}
        over = "speaker" if len(speakers) > 1 and None not in speakers else "utterance"
    return Score(signature(profile, hyps, lexicon), rows, over, resampling, extra)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector: rows hold no cycles, and looking for some takes a tenth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _by_id(truths: Sequence[Utterance], hyps: Sequence[Hypothesis]) -> dict[str, Hypothesis]:
    """Check ids and texts; return the hypotheses by id."""
    if not truths:
        raise InputError("there are no truths to score against; expected at least one utterance")
    for truth in truths:
        if truth.text is None:
            raise InputError(
                f"utterance '{truth.id}' has no text; scoring needs what was said "
                "(an empty text is allowed: nothing was said)"
            )
    written = {hyp.id: hyp for hyp in hyps}
    for name, records in (("truth", truths), ("hypothesis", hyps)):
        ids = [record.id for record in records]
        if len(set(ids)) < len(ids):
            twice = next(id_ for id_ in ids if ids.count(id_) > 1)
            raise InputError(f"two rows of the {name} have the id '{twice}'; ids must be unique")
    return written


def _check_unmatched(
    truths: Sequence[Utterance], written: dict[str, Hypothesis], unmatched: str
) -> int:
    """Count the hypotheses that no truth asks for, or refuse them."""
    extra = list(written.keys() - {truth.id for truth in truths})
    if extra and unmatched == "stop":
        shown = ", ".join(sorted(extra)[:SHOWN_IDS]) + (", ..." if len(extra) > SHOWN_IDS else "")
        raise InputError(
            f"{len(extra)} of {len(written)} hypotheses have no truth ({shown}); check that both "
            "files are of the same test set, or leave them out with --on-error skip"
        )
    return len(extra)


def row_json(row: UtteranceScore) -> dict[str, Any]:
    """Return one utterance's row as plain values: id, counts, failure, and its features."""
    return {
        "id": row.id,
        "counts": counts_json(row.counts),
        "mixed_error_rate": row.counts.rate,
        "missing": row.missing,
        "looping": row.looping,
        "failure": row.failure.label,
        "detail": row.failure.detail,
        "features": {name: _strict(value) for name, value in row.failure.features.items()},
    }


def _strict(value: Any) -> Any:
    """Turn what strict JSON cannot say, infinity and not-a-number, into None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
