"""Rows, made on demand: read, tokenize, fetch what the caches have."""

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from earmark.errors import InputError
from earmark.policies.audio import audio_policy
from earmark.policies.policy import Features, Policy
from earmark.policies.rows.shared_row import Answers
from earmark.train.cache.features import FeatureCache
from earmark.train.cache.reference import row_key
from earmark.train.data.batch import Row
from earmark.train.data.clip import ClipRef
from earmark.train.data.examples import EncodedPair, EncodedPairs, tokenize_pair

# Tokenized rows that are kept for the next epoch: so many bytes of them in each process, of which
# a row takes four a token and the rest for the objects that hold them.
KEPT_BYTES = 100_000_000
ROW_BYTES = 1_000


class Told(NamedTuple):
    """A pair's token ids, of each side the prompt first, and the hashes of its clips.

    `sizes` has how many lists of ids each side takes.
    """

    ids: "list[array[int]]"
    sizes: list[int]
    clip_keys: list[str]

    @property
    def sides(self) -> list[Answers]:
        """Return the token ids as a row has them."""
        ids = iter(self.ids)
        parts = [[next(ids).tolist() for _ in range(size)] for size in self.sizes]
        return [Answers(prompt, candidates) for prompt, *candidates in parts]

    @property
    def bytes_kept(self) -> int:
        """Return about how much memory this takes."""
        return ROW_BYTES + sum(ids.itemsize * len(ids) for ids in self.ids)


def kept(sides: Sequence[Answers], clip_keys: list[str]) -> Told:
    """Keep the token ids of a pair in little memory."""
    ids = [array("i", each) for side in sides for each in (side.prompt, *side.candidates)]
    return Told(ids, [1 + len(side.candidates) for side in sides], clip_keys)


def check_length(policy: Policy, sides: Sequence[Answers]) -> None:
    """Refuse a prompt with an answer that is longer than the model has positions for.

    Raises:
        InputError: says how long it is and may be.
    """
    length = max(len(side.prompt) + max(map(len, side.candidates)) for side in sides)
    if policy.longest_row is not None and length > policy.longest_row:
        raise InputError(
            f"the prompt with its longest answer has {length} tokens, but this model has positions "
            f"for {policy.longest_row}; cut the clip into shorter utterances"
        )


class RowMaker:
    """Makes rows as one policy hears and tokenizes them.

    A clip that is in no cache comes as the tower's input, so that several processes may read
    ahead while one hears. `by_token` is what the reference's log-probabilities are kept by.
    """

    def __init__(
        self,
        policy: Policy,
        encoded: EncodedPairs,
        features: FeatureCache | None = None,
        by_token: bool = False,
    ) -> None:
        self.policy = policy
        self.encoded = encoded
        self.features = features
        self.by_token = by_token
        self.told: OrderedDict[int, Told] = OrderedDict()
        self.bytes_kept = 0

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.encoded)

    def __call__(self, number: int) -> Row:
        """Make one row.

        Raises:
            InputError: it cannot be trained on; names the pair and its clips.
        """
        pair = self.encoded[number]
        try:
            return self._row(number, pair)
        except InputError as error:
            files = ", ".join(clip.path for clip in pair.clips)
            where = f"pair '{pair.id}'" + (f" ({files})" if files else "")
            raise InputError(f"{where}: {error}") from error

    def _row(self, number: int, pair: EncodedPair) -> Row:
        known = self.told.get(number)
        keys = known.clip_keys if known else [clip.key() for clip in pair.clips]
        audio = [self._clip(clip, key) for clip, key in zip(pair.clips, keys, strict=True)]
        sides = known.sides if known else self._tell(number, pair, keys, audio)
        key = row_key(sides, keys, self.by_token)
        return Row(
            pair.id,
            number,
            sides,
            audio,
            pair.wanted,
            key=key,
            clip_keys=keys,
            has_mismatched=len(pair.answers) > len(pair.wanted),
            scores=pair.scores,
        )

    def _clip(self, clip: ClipRef, key: str) -> Tensor | Features:
        states = self.features.get(key) if self.features else None
        return audio_policy(self.policy).features(clip.read()) if states is None else states

    def _tell(
        self, number: int, pair: EncodedPair, keys: list[str], audio: list[Tensor | Features]
    ) -> list[Answers]:
        """Tokenize a pair and keep what came out; the oldest rows are dropped."""
        counts = [
            len(clip) if isinstance(clip, Tensor) else audio_policy(self.policy).audio_tokens(clip)
            for clip in audio
        ]
        sides = tokenize_pair(self.policy, pair, counts)
        check_length(self.policy, sides)
        told = kept(sides, keys)
        self.told[number] = told
        self.bytes_kept += told.bytes_kept
        while self.bytes_kept > KEPT_BYTES:
            _, oldest = self.told.popitem(last=False)
            self.bytes_kept -= oldest.bytes_kept
        return sides
