"""The fallback for audio models that no other policy knows, such as those with code of their own.

The class needs only what `generate` needs as well: a processor that takes text and
audio, and a forward pass with a key-value cache. Where audio is merged, and how, stays inside.
So nothing of the tower can be kept: a clip itself is what is cached, and the tower hears it again
in every step. It is frozen, and LoRA stays away from it, as far as its name tells what it is.
"""

import re
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import PreTrainedModel

from earmark.errors import InputError
from earmark.policies.audio_chat import PLACEHOLDERS, TEXT_INPUTS, AudioChatPolicy
from earmark.policies.audio_places import OTHER_PROCESSOR
from earmark.policies.lora.targets import linear_layers
from earmark.policies.policy import Clip, Features, Processor, SharedBatch
from earmark.policies.rows.forked_cache import plain_prompt, refuse_recurrent, rows_by_cache
from earmark.prompting.facts import Facts

HEARS = re.compile(r"audio|speech|whisper|sound|acoustic", re.IGNORECASE)


class KeyValuePolicy(AudioChatPolicy):
    """Any class whose processor takes text and audio, through its key-value cache."""

    needs_cache = True

    def __init__(
        self, network: PreTrainedModel, processor: Processor, facts: Facts | None = None
    ) -> None:
        super().__init__(network, processor, facts)
        refuse_recurrent(network)

    @property
    def tower(self) -> nn.Module:
        """Return the first part whose name says that it hears.

        Raises:
            InputError: none does.
        """
        for name, module in self.network.named_modules():
            if HEARS.search(name) and any(True for _ in module.parameters()):
                return module
        raise InputError(
            f"no part of {type(self.network).__name__} has a name that says that it hears; "
            "expected one with 'audio' or 'speech' in it"
        )

    @property
    def hearing(self) -> list[nn.Module]:
        """Return nothing: what is kept of a clip is the clip."""
        return []

    @property
    def frozen_by_default(self) -> list[nn.Module]:
        """Return every part whose name says that it hears."""
        parts = self.network.named_modules()
        return [module for name, module in parts if HEARS.search(name)]

    def lora_targets(self) -> str:
        """Return the linear layers outside of what hears."""
        return linear_layers(self.network, self.frozen_by_default)

    def features(self, clip: Clip) -> dict[str, Tensor]:
        """Return the clip itself, and how many placeholders the processor counts.

        Raises:
            InputError: the clip is too long or too short to be heard, or the processor cuts it.
        """
        made = self.processed(clip)
        return {"clip": torch.tensor(clip), PLACEHOLDERS: made[PLACEHOLDERS]}

    def processed(self, clip: Clip) -> Features:
        """Return what the processor makes of one clip."""
        return super().features(clip)

    def encode(self, features: dict[str, Tensor]) -> Float[Tensor, "audio_token feature"]:
        """Cut a clip into as many lines as it has audio tokens; the last is filled with NaN."""
        count, clip = int(features[PLACEHOLDERS]), features["clip"].float()
        width = -(-len(clip) // count)
        # NaN, which no clip holds, is what `_clips_of` takes away again.
        filled = clip.new_full((count * width,), torch.nan)
        filled[: len(clip)] = clip
        return filled.view(count, width)

    def shared_token_logps(self, batch: SharedBatch) -> Float[Tensor, " answer_token"]:
        """Return the log-probability of every answer token, in nats, by candidate.

        What hears is put into evaluation mode, so that it hears in training as it does without.
        """
        for part in self.frozen_by_default:
            part.eval()
        clips = list(batch.audio)

        def inputs(prompt: Sequence[int]) -> dict[str, Tensor]:
            return self._prompt_inputs(prompt, self._clips_of(prompt, clips))

        return rows_by_cache(self.network, batch.rows, inputs)

    def _clips_of(self, prompt: Sequence[int], clips: list[Tensor]) -> list[Clip]:
        """Take a prompt's clips from the front of the batch's."""
        left = prompt.count(self.audio_id)
        mine: list[Clip] = []
        while left > 0:
            if not clips or len(clips[0]) > left:
                raise InputError(
                    f"{left} audio placeholders are left over in a prompt; {OTHER_PROCESSOR}"
                )
            states = clips.pop(0)
            left -= len(states)
            flat = states.flatten().cpu().numpy()
            mine.append(flat[~np.isnan(flat)])
        return mine

    def _prompt_inputs(self, prompt: Sequence[int], clips: Sequence[Clip]) -> dict[str, Tensor]:
        """Put a prompt's own tokens beside what the processor makes of its clips."""
        inputs = plain_prompt(prompt, self.device)
        if not clips:
            return inputs
        made = self.process([self.audio_token * len(clips)], clips)
        heard = {name: value for name, value in made.items() if name not in TEXT_INPUTS}
        return {**inputs, **heard}
