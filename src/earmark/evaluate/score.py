"""Score hypotheses against truths: one row per utterance, and everything summed from the rows."""

import gc
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from rich.console import Group
from rich.text import Text

from earmark.errors import InputError
from earmark.evaluate.bootstrap import STANDARD, Interval, Resampling, Unit, rate_interval
from earmark.evaluate.notes import notes_on
from earmark.evaluate.rows import flat_row, frame
from earmark.evaluate.signature import signature
from earmark.evaluate.summary import summary
from earmark.evaluate.tables import as_text, score_tables, signature_line
from earmark.evaluate.utterance import Measuring, UtteranceScore, texts_of
from earmark.evaluate.workers import measure_all
from earmark.failures.cascade import Failure
from earmark.metrics import METRICS, Metric
from earmark.metrics.answer import Answer
from earmark.metrics.choose import chosen_metrics
from earmark.metrics.columns import Columns
from earmark.progress import track
from earmark.prompting.marks import strip_marks as stripped_of_marks
from earmark.records import Hypothesis, Utterance
from earmark.text.profiles import Profile, parse_profile
from earmark.translators.dictionaries.choose import DEFAULT as DEFAULT_DICTIONARY
from earmark.translators.dictionaries.choose import chosen_dictionary
from earmark.translators.dictionaries.dictionary import Dictionary

SHOWN_IDS = 5
SetAside = Literal["leave-out", "count"]
# The metrics that have an interval in every score.
WITH_INTERVAL = (
    "mixed_error_rate",
    "capped_mixed_error_rate",
    "mixed_error_rate_without_loops",
)


class Heaviest(NamedTuple):
    """The utterance with the most errors, and its share of all errors, a fraction."""

    id: str
    errors: int
    share: float


@dataclass(frozen=True, repr=False)
class Score:
    """The rows of a scored system, their signature, and how its intervals are drawn.

    `over` is what the bootstrap resamples: utterances, or speakers. `unmatched` counts
    hypotheses without a truth that were left out, `set_aside` utterances that were set aside when
    they were transcribed: left out, or counted as deletions. `notes` say what a reader should
    know: marks that count as words, intervals over few speakers. `metrics` are those given beside
    our own.
    A score prints like the table of `earmark score`.
    """

    signature: str
    rows: Sequence[UtteranceScore]
    over: Unit = "utterance"
    resampling: Resampling = STANDARD
    unmatched: int = 0
    set_aside: int = 0
    notes: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()

    @cached_property
    def columns(self) -> Columns:
        """Return the answers as columns of numbers, which metrics read."""
        return Columns([row.answer for row in self.rows])

    def interval(self, metric: Metric = METRICS["mixed_error_rate"]) -> Interval | None:
        """Return the bootstrap interval of a metric; None where its rate is not defined."""
        return rate_interval(
            metric.rows(self.columns),
            metric.rate,
            groups=self.groups(),
            resampling=self.resampling,
        )

    def groups(self) -> list[Hashable] | None:
        """Return the speaker of every row where intervals are over speakers, else None."""
        return [row.speaker for row in self.rows] if self.over == "speaker" else None

    def heaviest(self) -> Heaviest | None:
        """Return the utterance with the most errors; None where there is no error."""
        errors = self.columns.errors[:, 0]
        if not errors.any():
            return None
        worst = int(errors.argmax())
        most = int(errors[worst])
        return Heaviest(self.rows[worst].id, most, most / int(errors.sum()))

    def to_dict(self) -> dict[str, Any]:
        """Return the whole score as plain values; a rate that is not defined is None."""
        intervals = {name: _ends(self.interval(METRICS[name])) for name in WITH_INTERVAL}
        heaviest = self.heaviest()
        return {
            "signature": self.signature,
            **summary(self.rows, self.columns),
            "unmatched": self.unmatched,
            "set_aside": self.set_aside,
            "interval": intervals["mixed_error_rate"],
            "intervals": intervals,
            "interval_over": self.over,
            "interval_level": self.resampling.level,
            "heaviest_utterance": None if heaviest is None else heaviest._asdict(),
            "metrics": {metric.name: self._own(metric) for metric in self.metrics},
            "notes": list(self.notes),
        }

    def _own(self, metric: Metric) -> dict[str, Any]:
        """Return the value of a metric that was given, as plain values."""
        return {
            "value": metric.value(self.columns),
            "interval": _ends(self.interval(metric)),
            "signature": metric.signature,
        }

    def to_frame(self) -> Any:
        """Return a pandas data frame with one row per utterance.

        Raises:
            ImportError: pandas is not installed.
        """
        return frame([flat_row(row) for row in self.rows])

    def __repr__(self) -> str:
        """Name the score by its rate; the rows are many."""
        rate = METRICS["mixed_error_rate"].value(self.columns)
        shown = "None" if rate is None else f"{rate:.4f}"
        return f"Score(mixed_error_rate={shown}, utterances={len(self.rows)}, {self.signature!r})"

    def __str__(self) -> str:
        """Print like the table of `earmark score`, with its notes."""
        return as_text(self._tables(), signature_line(self.signature))

    def __rich__(self) -> Group:
        """Lay out the same for rich, which breaks the signature where a line ends."""
        return Group(self._tables(), signature_line(self.signature))

    def _tables(self) -> Group:
        return Group(score_tables(self.to_dict()), *map(Text, self.notes))


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)


def score(
    truths: Sequence[Utterance],
    hyps: Sequence[Hypothesis],
    *,
    profile: str | Profile = "default",
    over: Unit | Literal["auto"] = "auto",
    resampling: Resampling = STANDARD,
    dictionary: str | Path | Dictionary | None = DEFAULT_DICTIONARY,
    unmatched: Literal["stop", "skip"] = "stop",
    set_aside: SetAside = "leave-out",
    leave_out: Collection[str] = (),
    strip_marks: Sequence[str] = (),
    metrics: Sequence[str | Metric] = (),
    failures: bool = True,
    features: bool = False,
    workers: int = 1,
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
        dictionary: what distinguishes a translation from other errors: a name, a file or a
            Dictionary, as `load_dictionary` takes them, or None.
        unmatched: stop at a hypothesis without a truth, or leave it out and count it.
        set_aside: leave out utterances that were set aside when they were transcribed, or count
            them as deletions.
        leave_out: ids of more utterances to leave out, as if they were set aside here too; so that
            systems are scored on the same utterances, see `set_aside_in`.
        strip_marks: families of models whose marks are stripped from what the system wrote, as
            in `earmark.prompting.marks.MARKS`, or `all`.
        metrics: more metrics to compute: names of `METRICS`, or objects such as
            `metric_of_texts` makes.
        failures: name the failure of each answer; without, the score has no table of failures.
        features: keep what each failure was decided from, for `row_dict`.
        workers: processes that measure; the result is the same with any number.
        progress: show a bar on standard error.

    Raises:
        InputError: no truths, a truth without a text, an id used twice, hypotheses without a
            truth, none with one, all set aside, hypotheses decoded with different token caps, or
            intervals over speakers where not every truth names one.
        KnobError: an unknown profile, family of marks or metric, or fewer than one worker.
    """
    chosen, knows = parse_profile(profile), chosen_dictionary(dictionary)
    hyps = stripped_of_marks(hyps, strip_marks)
    written = _by_id(truths, hyps)
    extra = _check_unmatched(truths, written, unmatched)
    aside = {*leave_out, *set_aside_in(hyps)}
    aside &= {truth.id for truth in truths}
    truths = truths if set_aside == "count" else _without(truths, aside)
    unit, own = _unit(over, truths), chosen_metrics(metrics)
    how = Measuring(chosen, knows, failures, features)
    with collector_paused():
        rows = _rows(truths, written, how, workers, progress=progress)
    signed = signature(
        chosen,
        hyps,
        knows,
        failures=failures,
        stripped=strip_marks,
        set_aside=len(aside),
        count_set_aside=set_aside == "count",
    )
    notes = notes_on(truths, hyps, chosen, unit)
    return Score(signed, rows, unit, resampling, extra, len(aside), notes, own)


def _rows(
    truths: Sequence[Utterance],
    written: dict[str, Hypothesis],
    how: Measuring,
    workers: int,
    *,
    progress: bool,
) -> list[UtteranceScore]:
    """Measure every utterance, in their order."""
    texts = [texts_of(truth, written.get(truth.id)) for truth in truths]
    measured: Iterable[tuple[Answer, Failure]] = measure_all(texts, how, workers)
    if progress:
        measured = track(measured, "scoring", len(truths))
    return [
        UtteranceScore(truth.id, truth.speaker, row.missing is not None, answer, failure)
        for truth, row, (answer, failure) in zip(truths, texts, measured, strict=True)
    ]


def set_aside_in(*systems: Iterable[Hypothesis]) -> set[str]:
    """Return the ids that any system has set aside when it transcribed them.

    >>> sorted(set_aside_in([Hypothesis("u1", "", set_aside="no sound"), Hypothesis("u2", "好")]))
    ['u1']
    """
    return {hyp.id for hyps in systems for hyp in hyps if hyp.set_aside is not None}


def _without(truths: Sequence[Utterance], aside: Collection[str]) -> Sequence[Utterance]:
    """Return the truths that were not set aside.

    Raises:
        InputError: there is none.
    """
    left = [truth for truth in truths if truth.id not in aside] if aside else truths
    if not left:
        raise InputError(
            f"all {len(truths)} utterances were set aside when they were transcribed; there is "
            "nothing to score"
        )
    return left


def _unit(over: Unit | Literal["auto"], truths: Sequence[Utterance]) -> Unit:
    """Choose what intervals resample; refuse speakers where they are not known.

    Rows without a speaker are not of one speaker, and one speaker alone has no spread.
    """
    speakers = {truth.speaker for truth in truths}
    known = len(speakers) > 1 and None not in speakers
    if over == "auto":
        return "speaker" if known else "utterance"
    if over == "speaker" and not known:
        unnamed = [truth.id for truth in truths if truth.speaker is None]
        shown = _shown(unnamed)
        found = (
            f"{len(unnamed)} of {len(truths)} utterances name no speaker ({shown})"
            if unnamed
            else f"all {len(truths)} utterances are of the speaker '{truths[0].speaker}'"
        )
        raise InputError(
            f"intervals over speakers need the speaker of every utterance, two or more: {found}; "
            "give each truth a `speaker`, or resample utterances (--over utterance)"
        )
    return over


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
    if written and len(extra) == len(written):
        raise InputError(
            f"not one of {len(written)} hypotheses has the id of a truth: {_shown(written)} here, "
            f"{_shown(truth.id for truth in truths)} there; check that both files are of the same "
            "test set, and their formats (FILE@FORMAT)"
        )
    if extra and unmatched == "stop":
        raise InputError(
            f"{len(extra)} of {len(written)} hypotheses have no truth ({_shown(sorted(extra))}); "
            "check that both files are of the same test set, or leave them out with --on-error skip"
        )
    return len(extra)


def _shown(ids: Iterable[str]) -> str:
    """List the first few ids."""
    first = list(islice(ids, SHOWN_IDS + 1))
    return ", ".join(first[:SHOWN_IDS]) + (", ..." if len(first) > SHOWN_IDS else "")
