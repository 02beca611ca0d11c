"""Run a chain of curators over pairs: one step after the other, every pair accounted for."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from earmark.curate.ledger import (
    CHANGED,
    DROPPED,
    FINAL,
    KEPT,
    RECORDED,
    RETURNED,
    Ledger,
    Row,
    State,
    Table,
    View,
    as_decided,
)
from earmark.curate.needs import check_needs
from earmark.curate.settled import settled, with_record
from earmark.curate.steps import Step
from earmark.curate.verdict import Change, Drop, Keep
from earmark.errors import InputError
from earmark.formats.schema.fields import to_row
from earmark.progress import track
from earmark.records import Pair

# Kinds of reasons of one step that are counted apart; a curator has a few.
MOST_REASONS = 200
OTHER_REASONS = "other reasons"
# What the record of a pair that was returned says: the step, with its knobs.
RETURNED_BY = "returned_by"
_PARTICULAR = re.compile(r"'[^']*'|[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass
class StepTally:
    """What became of the pairs that one step looked at.

    `reasons` and `changes` count reasons by kind: what is particular to a pair, its numbers and
    its quotes, is left out.
    """

    step: str
    seen: int = 0
    kept: int = 0
    dropped: int = 0
    changed: int = 0
    returned: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        counts = {name: getattr(self, name) for name in ("step", "seen", "kept", "dropped")}
        more = {name: found for name in ("changed", "returned") if (found := getattr(self, name))}
        reasons = {
            name: dict(found.most_common())
            for name in ("reasons", "changes")
            if (found := getattr(self, name))
        }
        return {**counts, **more, **reasons}


class Outcome(NamedTuple):
    """What a chain decided about a pair.

    `before` is the pair as it was given; `after` is it as it is kept, None where it is dropped, by
    which step and why.
    """

    before: Pair
    after: Pair | None
    step: str = ""
    why: str = ""


class Curation:
    """A chain that was run: its steps, their tallies, and the outcome of every pair, in order."""

    def __init__(self, pairs: Table, steps: Sequence[Step]) -> None:
        self.pairs = pairs
        self.steps = steps
        self.tallies: list[StepTally] = []
        self._ledgers: list[Ledger] = []
        self._state = State(len(pairs))
        self._returned: dict[str, np.ndarray] | None = None

    @property
    def kept(self) -> int:
        """Return how many pairs are kept."""
        return int(self._state.kept.sum())

    def run(self, step: Step) -> None:
        """Run one more step over what is kept now.

        Raises:
            InputError: verdicts that do not account for each pair once, in order.
        """
        view = View(self.pairs, self._ledgers, np.flatnonzero(self._looked_at(step)))
        ledger, tally = Ledger(len(self.pairs)), StepTally(str(step))
        try:
            _judge_all(step, view, ledger, tally)
        finally:
            ledger.close()
        self._state.update(ledger, len(self._ledgers))
        self._ledgers.append(ledger)
        self.tallies.append(tally)

    def _looked_at(self, step: Step) -> np.ndarray:
        """Return which pairs a step looks at: those kept, or those dropped that may return.

        Pairs that a later step of this chain returned in an earlier run are passed over.
        """
        if step.over_dropped:
            return ~self._state.kept & ~self._state.final
        later = {str(each) for each in self.steps[len(self._ledgers) :] if each.over_dropped}
        if self._returned is None:
            self._returned = _returned_by(self.pairs, self.steps)
        hidden = [mask for name, mask in self._returned.items() if name in later]
        return np.logical_and.reduce([self._state.kept, *(~mask for mask in hidden)])

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the outcome of every pair, in order."""
        lines = [ledger.lines() for ledger in self._ledgers]
        with self.pairs.reading() as read:
            for index in range(len(self.pairs)):
                before = read(index)
                if not self._state.kept[index]:
                    by = int(self._state.dropped_by[index])
                    yield Outcome(before, None, str(self.steps[by]), lines[by].at(index))
                    continue
                after = before
                for ledger, said in zip(self._ledgers, lines, strict=True):
                    after = as_decided(after, ledger.codes[index], said, index)
                yield Outcome(before, after)

    def why_none(self) -> str:
        """Say why pairs were dropped, the commonest reasons first."""
        reasons = Counter[str]()
        for tally in self.tallies:
            for why, count in tally.reasons.items():
                reasons[f"{tally.step}: {why}"] += count
        return "; ".join(f"{why}: {count}" for why, count in reasons.most_common(5))


def run_chain(pairs: Table, steps: Sequence[Step]) -> Curation:
    """Check what the steps need, run them one after the other, and return what they decided.

    Raises:
        InputError: pairs without what a step needs, or verdicts that do not account for each pair
            once and in order.
        KnobError: a criterion that has to be named.
    """
    steps = check_needs(steps, pairs)
    curation = Curation(pairs, steps)
    for step in steps:
        curation.run(step)
    return curation


def _returned_by(pairs: Table, steps: Sequence[Step]) -> dict[str, np.ndarray]:
    """Return which pairs each step of a chain returned in an earlier run."""
    names = [str(step) for step in steps if step.over_dropped]
    found = {name: np.zeros(len(pairs), bool) for name in names}
    if names:
        for index, pair in enumerate(View(pairs, (), np.arange(len(pairs)))):
            for name in names:
                found[name][index] = settled(pair, {RETURNED_BY: name}) is not None
    return found


def check_verdict(step: Step, number: int, pair: Pair, verdict: Any) -> None:
    """Refuse a verdict that is on another pair, or gives no reason.

    Raises:
        InputError: says what was expected.
    """
    where = f"curator '{step.name}': verdict {number}"
    if not isinstance(verdict, Keep | Drop | Change):
        raise InputError(
            f"{where} should be Keep(pair), Drop(pair, why) or Change(pair, why), found "
            f"{type(verdict).__name__}"
        )
    of = verdict.pair
    if not isinstance(of, Pair) or of.id != pair.id:
        raise InputError(
            f"{where} is on pair '{getattr(of, 'id', of)}', and pair {number} is '{pair.id}'; "
            "verdicts come in the order of the pairs"
        )
    if not isinstance(verdict, Change) and of != pair:
        raise InputError(
            f"{where}: pair '{pair.id}' comes back in another form; give Change(pair, why)"
        )
    if not isinstance(verdict, Keep) and not (isinstance(verdict.why, str) and verdict.why.strip()):
        done = "dropped" if isinstance(verdict, Drop) else "changed"
        raise InputError(f"curator '{step.name}': pair '{pair.id}' is {done} without a reason")


def reason_kind(why: str) -> str:
    """Return what a reason has in common with those of other pairs.

    >>> reason_kind("the rejected answer sounds 0.49 like the chosen one, less than 0.6")
    'the rejected answer sounds … like the chosen one, less than …'
    """
    return _PARTICULAR.sub("…", why)


def _judge_all(step: Step, view: View, ledger: Ledger, tally: StepTally) -> None:
    """Run a step and write down its verdicts."""
    verdicts = iter(step.curator(view, **step.knobs))
    for row in track(view.rows(), step.name, len(view)):
        verdict = next(verdicts, None)
        if verdict is None:
            raise _wrong_count(step, str(tally.seen), len(view))
        check_verdict(step, tally.seen + 1, row.pair, verdict)
        _enter(verdict, row, step, ledger, tally)
    if next(verdicts, None) is not None:
        raise _wrong_count(step, f"more than {len(view)}", len(view))


def _enter(verdict: Any, row: Row, step: Step, ledger: Ledger, tally: StepTally) -> None:
    """Write a verdict down and count it."""
    tally.seen += 1
    if isinstance(verdict, Drop):
        tally.dropped += 1
        _count(tally.reasons, verdict.why)
        if not step.over_dropped:
            ledger.put(row.number, FINAL if verdict.final else DROPPED, verdict.why)
        return
    tally.kept += 1
    if isinstance(verdict, Change):
        if step.over_dropped:
            raise InputError(f"curator '{step.name}' returns pairs, and changed '{row.pair.id}'")
        tally.changed += 1
        _count(tally.changes, verdict.why)
        ledger.put(row.number, CHANGED, to_row(verdict.pair))
    elif step.over_dropped:
        tally.returned += 1
        ledger.put(row.number, RETURNED, {"by": step.name, RETURNED_BY: str(step)})
    elif verdict.record is None or with_record(row.pair, verdict.record) is row.pair:
        ledger.put(row.number, KEPT)
    else:
        ledger.put(row.number, RECORDED, dict(verdict.record))


def _count(reasons: Counter[str], why: str) -> None:
    kind = reason_kind(why)
    reasons[kind if kind in reasons or len(reasons) < MOST_REASONS else OTHER_REASONS] += 1


def _wrong_count(step: Step, found: str, expected: int) -> InputError:
    return InputError(
        f"curator '{step.name}' gave {found} verdicts on {expected} pairs; expected one for each, "
        "in order: Keep(pair), Drop(pair, why) or Change(pair, why)"
    )
