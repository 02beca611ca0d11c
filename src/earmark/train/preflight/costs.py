"""What a run will cost before it starts: passes of the reference, bytes of the caches.

Estimates, from a few clips that are looked at; they are printed, and decide what is kept.
"""

import shutil
from typing import Literal, NamedTuple

import torch

from earmark.errors import InputError
from earmark.policies.audio import AudioPolicy
from earmark.progress import note
from earmark.train.cache.features import FeatureCache
from earmark.train.cache.reference import ReferenceCache
from earmark.train.data.clip import ClipRef
from earmark.train.data.examples import EncodedPairs
from earmark.train.data.row_maker import RowMaker
from earmark.train.data.token_budget import AudioTokens
from earmark.train.settings import TrainSettings

LOOKED_AT = 16
# A forward and backward pass over frozen weights with a LoRA costs two forward passes; over
# weights that are trained, three (training-cost accounting of Kaplan et al., arXiv 2001.08361).
LORA_STEP, WHOLE_STEP = 2, 3


class Passes(NamedTuple):
    """Rows that the reference computes, over the whole run.

    `live` where it runs at every visit, `cached` where only at the first one.
    """

    live: int
    cached: int
    step: int

    def share(self, asked: int) -> float:
        """Return what the reference adds to the cost of the steps, as a fraction."""
        return asked / (self.live * self.step)


class Heard(NamedTuple):
    """How often a run hears a clip if nothing is kept, and how many different clips it has."""

    times: int
    clips: int


def row_visits(rows: int, rows_of_batch: float, settings: TrainSettings, processes: int) -> int:
    """Return how many rows all steps of a run see; see `passes`."""
    if settings.max_steps > 0:
        of_step = rows_of_batch * settings.gradient_accumulation_steps
        return round(settings.max_steps * of_step * processes)
    return round(rows * settings.num_train_epochs)


def passes(
    rows: int, known: int, rows_of_batch: float, settings: TrainSettings, processes: int
) -> Passes:
    """Count the passes of a run.

    Args:
        rows: of the training set.
        known: how many of them are in the cache already.
        rows_of_batch: how many one process has in one batch, on average.
        settings: how long the run is, and whether weights are frozen.
        processes: how many train together.
    """
    visits = row_visits(rows, rows_of_batch, settings, processes)
    step = LORA_STEP if settings.lora_rank else WHOLE_STEP
    return Passes(visits, max(min(visits, rows) - known, 0), step)


def choose_reference(cost: Passes, settings: TrainSettings) -> Literal["live", "cached"]:
    """Choose where the reference's answers come from, and say what it costs.

    Asked in the step, they cost a pass at every visit and no disk; kept, one pass a row. Without
    an adapter to switch off there is no second policy to ask in the step, so they are kept.
    """
    chosen = settings.reference_logps
    if chosen == "auto":
        chosen = "cached" if cost.cached < cost.live or not settings.lora_rank else "live"
    if chosen == "live" and not settings.lora_rank:
        raise InputError(
            "reference_logps is 'live', but with lora_rank 0 the whole model is trained and no "
            "frozen copy of it is left to ask; set it to cached, or lora_rank above 0"
        )
    asked = cost.live if chosen == "live" else cost.cached
    note(
        f"reference: {chosen}, {asked} passes over a row, about {cost.share(asked):.0%} of the "
        f"cost of the steps; live would take {cost.live}, cached {cost.cached}"
    )
    return chosen


def known_rows(make: RowMaker, cache: ReferenceCache, count: int) -> int:
    """Estimate from a few rows how many of the first `count` rows are in the cache."""
    if not len(cache):
        return 0
    numbers = range(0, count, max(1, count // LOOKED_AT))
    known = sum(make(number).key in cache for number in numbers)
    return round(count * known / len(numbers))


def looked_at(encoded: EncodedPairs) -> tuple[list[ClipRef], int]:
    """Return the clips of a few rows from all over the training set, and how many rows."""
    numbers = range(0, len(encoded), max(1, len(encoded) // LOOKED_AT))
    return [clip for number in numbers for clip in encoded[number].clips], len(numbers)


def choose_features(
    heard: Heard, encoded: EncodedPairs, cache: FeatureCache, settings: TrainSettings
) -> bool:
    """Choose whether the tower's output is kept, and say why, unless the user has chosen.

    To keep what is heard once and never again would only fill the disk.
    """
    if settings.cache_features is not None:
        return settings.cache_features
    if heard.times > heard.clips:
        note(f"feature cache: on, {heard.clips} clips would be heard {heard.times} times without")
        return True
    if any(clip.key() in cache for clip in looked_at(encoded)[0]):
        note(f"feature cache: on, it has clips of an earlier run in {cache.folder}")
        return True
    note(
        "feature cache: off, no clip is heard twice in this run; --cache-features keeps what is "
        "heard for later runs"
    )
    return False


@torch.no_grad()
def check_room(policy: AudioPolicy, encoded: EncodedPairs, cache: FeatureCache) -> None:
    """Say how much larger the feature cache will be, before anything is written.

    Raises:
        InputError: the disk has less room than that.
    """
    clips, rows = looked_at(encoded)
    clips = [clip for clip in clips if clip.key() not in cache]
    if not clips:
        return
    states = policy.encode(policy.features(clips[0].read()))
    of_token = states.shape[1] * states.element_size()
    tokens = AudioTokens(policy)
    each = of_token * sum(tokens(clip.duration_s()) for clip in clips) / rows
    needed = each * len(encoded)
    place = next(path for path in (cache.folder, *cache.folder.parents) if path.exists())
    room = shutil.disk_usage(place).free
    note(
        f"feature cache: at most about {in_words(needed)} more for {len(encoded)} rows in "
        f"{cache.folder}, {in_words(room)} free; a clip that several rows share is kept once"
    )
    if needed > room:
        raise InputError(
            f"{cache.folder}: the feature cache would need about {in_words(needed)}, but only "
            f"{in_words(room)} are free; choose another cache_dir, or set cache_features to false: "
            "then the tower hears each clip in every step"
        )


def in_words(size: float) -> str:
    """Write a number of bytes.

    >>> in_words(1_900_000_000)
    '1.9 GB'
    """
    for unit, one in (("GB", 1e9), ("MB", 1e6)):
        if size >= one:
            return f"{size / one:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"
