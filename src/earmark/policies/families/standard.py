"""The default route: take what a model passes to its language model, and continue from there.

Any class with a `language_model` and a `get_audio_features` will do. The tower and the projector
run once for each clip; from then on the model's own forward pass is run on token ids, its
`get_audio_features` answering with what is known, its language model only keeping what it is
given. So the places and positions of audio are the library's own, whatever the family.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling, MoeModelOutputWithPast

from earmark.errors import InputError
from earmark.policies.audio_chat import PLACEHOLDERS, AudioChatPolicy
from earmark.policies.audio_places import OTHER_PROCESSOR, audio_places
from earmark.policies.policy import Embedded, Processor, SharedRowPolicy
from earmark.policies.rows.forked_cache import why_no_shared_row
from earmark.policies.rows.patched import instead
from earmark.prompting.facts import Facts

PROJECTORS = ("multi_modal_projector", "projector")
SEES = ("visual", "vision_tower")


class CapturedPolicy(AudioChatPolicy, SharedRowPolicy):
    """A model whose language model can be called by itself."""

    def __init__(
        self, network: PreTrainedModel, processor: Processor, facts: Facts | None = None
    ) -> None:
        super().__init__(network, processor, facts)
        self.parts: Any = getattr(network, "model", network)
        for name in ("language_model", "get_audio_features"):
            if not hasattr(self.parts, name):
                raise InputError(
                    f"{type(self.parts).__name__} has no {name}, so what it hands its language "
                    "model cannot be captured; this class needs a policy of its own"
                )
        hindrance = why_no_shared_row(network)
        if hindrance is not None:
            raise InputError(
                f"answers cannot share a row of {type(self.parts).__name__}: {hindrance}; the row "
                "needs layers that look at all of it, and logits that are the head's alone"
            )

    @property
    def tower(self) -> nn.Module:
        """Return the audio encoder."""
        return self.parts.audio_tower

    @property
    def language_model(self) -> Any:
        """Return what the class calls its language model."""
        return self.parts.language_model

    @property
    def hearing(self) -> list[nn.Module]:
        """Return encoder and projector."""
        return [self.tower, *self._named(PROJECTORS)]

    @property
    def frozen_by_default(self) -> list[nn.Module]:
        """Return encoder and projector, and the eyes of a model that can see as well."""
        return [*self.hearing, *self._named(SEES)]

    def _named(self, names: Sequence[str]) -> list[nn.Module]:
        return [getattr(self.parts, name) for name in names if hasattr(self.parts, name)]

    def encode(self, features: dict[str, Tensor]) -> Float[Tensor, "audio_token feature"]:
        """Run encoder and projector on one clip.

        Raises:
            InputError: they make another number of tokens than the processor counts.
        """
        inputs = {
            name: value.to(self.device, self.network.dtype if value.is_floating_point() else None)
            for name, value in features.items()
            if name != PLACEHOLDERS
        }
        output = self.parts.get_audio_features(**inputs, return_dict=True)
        # [audio_token, feature], whether or not the class has an axis of clips or windows first.
        return self.of_all(output.pooler_output.flatten(0, -2), features)

    def of_all(
        self, states: Float[Tensor, "audio_token feature"], features: dict[str, Tensor]
    ) -> Float[Tensor, "audio_token feature"]:
        """Return a clip's states if they are as many as the processor makes room for.

        Raises:
            InputError: they are not.
        """
        expected = int(features[PLACEHOLDERS])
        if len(states) != expected:
            raise InputError(
                f"the processor makes room for {expected} audio tokens of a clip, the model hears "
                f"{len(states)}; {OTHER_PROCESSOR}"
            )
        return states

    def prompt_embeds(
        self,
        ids: Int[Tensor, "row token"],
        audio: Sequence[Float[Tensor, "_audio_token feature"]],
        real: Bool[Tensor, "row token"] | None = None,
    ) -> Embedded:
        """Return what the model's own forward pass hands its language model."""
        audio_places(ids, audio, self.audio_id)
        mask = torch.ones_like(ids) if real is None else real.long()
        inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": mask, "use_cache": False}
        heard = None
        if audio:
            heard = torch.cat([states.to(self.device, self.network.dtype) for states in audio])
            # With features in its inputs the class calls `get_audio_features`; see `_captured`.
            inputs["input_features"] = heard[:0]
        with _captured(self.parts, heard) as handed:
            self.parts(**inputs)
        return Embedded(handed["inputs_embeds"], handed.get("position_ids"))


@contextmanager
def _captured(parts: Any, heard: Tensor | None) -> Iterator[dict[str, Any]]:
    """Let a model's forward pass hear what is known, and keep what its language model is given.

    The language model answers with its own input instead of stopping the pass, so that the
    hooks of whatever wraps the model run to their end.
    """
    handed: dict[str, Any] = {}

    def keep(**given: Any) -> MoeModelOutputWithPast:
        handed.update(given)
        return MoeModelOutputWithPast(last_hidden_state=given["inputs_embeds"])

    def answer(*_: Any, **__: Any) -> BaseModelOutputWithPooling:
        return BaseModelOutputWithPooling(last_hidden_state=heard, pooler_output=heard)

    with (
        instead(parts, "get_audio_features", answer),
        instead(parts.language_model, "forward", keep),
    ):
        yield handed
