"""Do once what need not be done in every step: hear, tokenize, compute the reference."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from earmark.policies.policy import Policy
from earmark.progress import track
from earmark.train.encode import EncodedPair, tokenize_pair
from earmark.train.feature_cache import FeatureCache, hear
from earmark.train.reference_cache import ReferenceCache, reference_logps, row_key
from earmark.train.rows import Row, Rows
from earmark.train.settings import TrainSettings


def make_rows(
    policy: Policy, encoded: Sequence[EncodedPair], settings: TrainSettings, reference: bool
) -> Rows:
    """Hear the clips, tokenize the pairs and compute the reference, each once."""
    cache_dir = Path(settings.cache_dir).expanduser()
    cache = FeatureCache(cache_dir, policy) if settings.cache_features else None

    def states(pair: EncodedPair) -> list[Tensor]:
        return [cache.states(clip) if cache else hear(policy, clip) for clip in pair.clips]

    answers, keys = [], []
    for pair in track(encoded, "hearing clips"):
        answers.append(tokenize_pair(policy, pair, [len(s) for s in states(pair)]))
        keys.append(row_key(answers[-1], [clip.key for clip in pair.clips]))

    def row(index: int) -> Row:
        pair = encoded[index]
        return Row(pair.id, answers[index], states(pair), logps[index] if logps else None)

    logps: list[list[float]] = []
    if reference:
        logps = reference_logps(
            policy,
            keys,
            Rows(len(encoded), row),
            ReferenceCache(cache_dir, policy),
            settings.per_device_train_batch_size,
        )
    return Rows(len(encoded), row)
