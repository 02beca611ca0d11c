"""Do once what need not be done in every step: hear, tokenize, compute the reference."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from earmark.objectives.contract import Contract
from earmark.policies.policy import Policy
from earmark.policies.shared_row import Answers
from earmark.progress import track
from earmark.train.encode import EncodedPair, tokenize_pair
from earmark.train.feature_cache import ClipRef, FeatureCache, hear
from earmark.train.reference_cache import ReferenceCache, reference_logps, row_key
from earmark.train.rows import Logps, Row, Rows
from earmark.train.settings import TrainSettings


class Heard(NamedTuple):
    """Pairs as one policy hears and tokenizes them."""

    policy: Policy
    encoded: Sequence[EncodedPair]
    answers: list[Answers]
    cache: FeatureCache | None

    def states(self, index: int) -> list[Tensor]:
        """Return the tower's states of a pair's clips."""
        return states_of(self.policy, self.encoded[index].clips, self.cache)


def make_rows(
    policy: Policy,
    encoded: Sequence[EncodedPair],
    settings: TrainSettings,
    needs: Contract,
    references: Sequence[list[Logps]] = (),
) -> Rows:
    """Hear the clips, tokenize the pairs and compute the reference, each once.

    `references` has the log-probabilities of other frozen policies, one list of rows for each.
    """
    heard = hear_pairs(policy, encoded, settings)
    logps = frozen_logps(heard, settings, needs.needs_heads) if needs.needs_reference else None

    def row(index: int) -> Row:
        return row_of(heard, index)._replace(
            reference=None if logps is None else logps[index],
            references=[rows[index] for rows in references],
        )

    return Rows(len(encoded), row)


def hear_pairs(policy: Policy, encoded: Sequence[EncodedPair], settings: TrainSettings) -> Heard:
    """Hear each clip and tokenize each pair."""
    cache_dir = Path(settings.cache_dir).expanduser()
    cache = FeatureCache(cache_dir, policy) if settings.cache_features else None
    answers = []
    for pair in track(encoded, "hearing clips"):
        lengths = [len(states) for states in states_of(policy, pair.clips, cache)]
        answers.append(tokenize_pair(policy, pair, lengths))
    return Heard(policy, encoded, answers, cache)


def frozen_logps(heard: Heard, settings: TrainSettings, by_token: bool = False) -> list[Logps]:
    """Return a frozen policy's log-probabilities of all pairs."""
    keys = [
        row_key(answers, [clip.key for clip in pair.clips], by_token)
        for answers, pair in zip(heard.answers, heard.encoded, strict=True)
    ]
    return reference_logps(
        heard.policy,
        keys,
        Rows(len(heard.encoded), lambda index: row_of(heard, index)),
        ReferenceCache(Path(settings.cache_dir).expanduser(), heard.policy),
        settings.per_device_train_batch_size,
        by_token,
    )


def row_of(heard: Heard, index: int) -> Row:
    """Make the row of a pair, without any frozen policy's log-probabilities."""
    pair = heard.encoded[index]
    return Row(
        pair.id,
        index,
        heard.answers[index],
        heard.states(index),
        pair.wanted,
        has_mismatched=len(pair.answers) > len(pair.wanted),
        scores=pair.scores,
    )


def states_of(policy: Policy, clips: Sequence[ClipRef], cache: FeatureCache | None) -> list[Tensor]:
    """Return the tower's states of clips, from the cache if there is one."""
    return [cache.states(clip) if cache else hear(policy, clip) for clip in clips]
