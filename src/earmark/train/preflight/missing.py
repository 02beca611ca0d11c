"""Say before training which rows lack what the objective needs."""

from collections.abc import Iterator, Sequence
from typing import TypeGuard

from earmark.errors import InputError, KnobError
from earmark.objectives.contract.signature import Contract
from earmark.pairs.pair_file import PairFile, Pairs
from earmark.pairs.rules import score_problems
from earmark.progress import note
from earmark.records import Pair

SHOWN = 5


class Lacking:
    """Collects which rows lack what; only the first few are kept, all are counted.

    Raises:
        KnobError: the objective needs scores and no criterion is named.
    """

    def __init__(self, pairs: Pairs, needs: Contract, criterion: str) -> None:
        if needs.needs_scores and not criterion:
            known = sorted(pairs[0].scores)
            raise KnobError(
                "this objective needs scores: name the criterion with --criterion; the pairs have "
                f"{', '.join(known) or 'none'}"
            )
        self.needs_rejected = needs.needs_rejected
        self.wants_several = "losers" in needs.tensors
        self.criteria = criterion.split(",") if needs.needs_scores else []
        self.count = 0
        self.shown: list[str] = []
        self.single = 0
        self.single_shown: list[str] = []

    def look(self, pair: Pair) -> list[str]:
        """Note what a pair lacks, and return it."""
        found = [f"'{pair.id}' {what}" for what in lacks(pair, self.needs_rejected, self.criteria)]
        self.count += len(found)
        self.shown += found[: SHOWN - len(self.shown)]
        if self.wants_several and len(pair.losers) == 1:
            self.single += 1
            self.single_shown += [f"'{pair.id}'"][: SHOWN - len(self.single_shown)]
        return found

    def check(self, pairs: int) -> None:
        """Refuse pairs that lack something.

        Raises:
            InputError: names the first rows that lack something, and what.
        """
        if self.count:
            more = self.count - len(self.shown)
            raise InputError(
                f"{self.count} of {pairs} pairs lack what the objective needs: "
                f"{'; '.join(self.shown)}{f'; and {more} more' if more else ''}. "
                "Leave them out, set them aside with --on-error skip, or choose another objective"
            )
        if self.single:
            more = self.single - len(self.single_shown)
            note(
                f"{self.single} of {pairs} pairs have one rejected answer, where this objective "
                f"compares several: {', '.join(self.single_shown)}"
                f"{f' and {more} more' if more else ''}. For them it is the loss of a pair"
            )


def lacks(pair: Pair, needs_rejected: bool, criteria: Sequence[str]) -> Iterator[str]:
    """Say what a pair lacks, if anything."""
    if needs_rejected and not pair.losers:
        yield "has no rejected answer"
    for name in criteria:
        yield from score_problems(pair, name)


def can_be_left_out(pairs: Pairs) -> TypeGuard[PairFile]:
    """Return whether bad rows are to be set aside: the pairs are of a file opened for that."""
    return isinstance(pairs, PairFile) and pairs.aside is not None


class Unusable:
    """Collects the numbers of such pairs, and what is wrong with each."""

    def __init__(self) -> None:
        self.reasons: dict[int, str] = {}

    def add(self, number: int, pair: Pair, error: InputError) -> None:
        """Note one pair; a message that does not name it, such as a clip's own, gets its id."""
        name = f"pair '{pair.id}'"
        reason = str(error)
        self.reasons[number] = reason if reason.startswith(name) else f"{name}: {reason}"

    def leave_out(self, pairs: Pairs) -> PairFile:
        """Set them aside where the file was opened so that bad rows are skipped.

        Raises:
            InputError: bad rows are to stop the work; names the first ones. Or no pair is left.
        """
        if can_be_left_out(pairs):
            return pairs.without(self.reasons)
        shown = list(self.reasons.values())[:SHOWN]
        more = len(self.reasons) - len(shown)
        raise InputError(
            f"{len(self.reasons)} of {len(pairs)} pairs cannot be trained on: {'; '.join(shown)}"
            f"{f'; and {more} more' if more else ''}. Correct or remove them, or skip them with "
            "--on-error skip"
        )
