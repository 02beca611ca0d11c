"""Policies of models that hear: an audio tower, whose output can be cached while it is frozen."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from earmark.errors import InputError
from earmark.policies.policy import Clip, Features, Policy, SharedBatch


class AudioPolicy(Policy):
    """A policy whose prompts hold clips."""

    hears = True

    @property
    @abstractmethod
    def tower(self) -> nn.Module:
        """Return the audio tower, whose output can be cached while it is frozen."""

    @property
    @abstractmethod
    def hearing(self) -> list[nn.Module]:
        """Return the parts that `encode` runs; its output belongs to their weights."""

    @property
    @abstractmethod
    def frozen_by_default(self) -> list[nn.Module]:
        """Return the parts that preference training leaves alone."""

    @property
    def extractor(self) -> Any:
        """Return what makes features of clips; None where the processor has no such part."""
        of_audio = getattr(self.processor, "audio_processor", None)
        return getattr(self.processor, "feature_extractor", of_audio)

    @property
    def sample_rate_hz(self) -> int:
        """Return the rate at which clips are given."""
        return int(self.extractor.sampling_rate)

    @property
    def longest_clip_s(self) -> float:
        """Return the makers' limit, or the feature extractor's window, in seconds."""
        if self.facts.longest_clip_s is not None:
            return self.facts.longest_clip_s
        return float(self.extractor.n_samples / self.extractor.sampling_rate)

    @abstractmethod
    def features(self, clip: Clip) -> Features:
        """Turn one clip (float32, mono, 16 kHz) into the tower's input."""

    @abstractmethod
    def audio_tokens(self, features: Features) -> int:
        """Return how many tokens a clip takes, from the tower's input alone."""

    @abstractmethod
    def encode(self, features: Features) -> Float[Tensor, "audio_token feature"]:
        """Run the tower on one clip and keep the states of real audio, without padding."""

    def encode_all(self, clips: Sequence[Features]) -> list[Float[Tensor, "_audio_token feature"]]:
        """Run the tower on several clips; see `encode`."""
        return [self.encode(clip) for clip in clips]

    def processed(self, clip: Clip) -> Features:
        """Return what the processor makes of one clip; `features` may keep the clip instead."""
        return self.features(clip)

    def check_length(self, clip: Clip, sample_rate_hz: int = 16_000, where: str = "clip") -> None:
        """Refuse a clip that the model would cut silently.

        Raises:
            InputError: the clip is longer than the model hears.
        """
        duration_s = len(clip) / sample_rate_hz
        if duration_s > self.longest_clip_s:
            raise InputError(
                f"{where}: {duration_s:.2f} s of audio, but this model hears "
                f"{self.longest_clip_s:g} s at most; cut it into shorter utterances"
            )

    @property
    def hearing_is_frozen(self) -> bool:
        """Return whether a clip always sounds the same, so that hearing it once is enough.

        An adapter in the tower counts as well while it is switched off, which freezes it.
        """
        parameters = (named for part in self.hearing for named in part.named_parameters())
        return not any(p.requires_grad or "lora_" in name for name, p in parameters)

    def hear(self, batch: SharedBatch) -> SharedBatch:
        """Run the tower on the clips of a batch that were not heard yet.

        While the tower is frozen the batch keeps what was heard, and the tower hears as it does
        outside of training, where some draw at random.
        """
        frozen = self.hearing_is_frozen
        for part in self.hearing if frozen else ():
            part.eval()
        # The tower's states go into a cache, so they do not depend on a run's mixed precision.
        with torch.autocast(self.device.type, enabled=False):
            new = [clip for clip in batch.clips if not isinstance(clip, Tensor)]
            found = iter(self.encode_all(new) if new else [])
            heard = [c if isinstance(c, Tensor) else next(found) for c in batch.clips]
        if frozen:
            batch.clips[:] = heard
        return SharedBatch(batch.rows, [*heard])


def audio_policy(policy: Policy) -> AudioPolicy:
    """Return a policy whose model hears.

    Raises:
        InputError: the model reads text alone.
    """
    if isinstance(policy, AudioPolicy):
        return policy
    raise InputError(deaf(policy.network))


def deaf(network: nn.Module) -> str:
    """Say that a model reads text alone."""
    return (
        f"{type(network).__name__} reads text alone, but the prompt holds audio; choose an audio "
        "model, or leave the audio out of the prompts"
    )
