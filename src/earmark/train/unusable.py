"""Pairs that cannot be trained on: named several at once, or set aside with their reasons."""

from typing import TypeGuard

from earmark.errors import InputError
from earmark.records import Pair
from earmark.train.data.pair_file import PairFile, Pairs

SHOWN = 5


def can_be_left_out(pairs: Pairs) -> TypeGuard[PairFile]:
    """Tell whether bad rows are to be set aside: the pairs are of a file opened for that."""
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
            f"{f'; and {more} more' if more else ''}. Mend or remove them, or set them aside with "
            "--on-error skip"
        )
