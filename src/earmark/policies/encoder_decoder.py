"""Policies whose decoder attends to what its encoder has heard, as Whisper's does.

What differs from a model whose prompts hold audio: a clip's states lie beside its row and not in
it (`rows/cross_attention.py`), the library's class takes the tokens under another name, and
answers are written token by token here, because `generate` of such classes brings decoding rules
of its own along.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from earmark.errors import InputError
from earmark.policies.audio import AudioPolicy
from earmark.policies.chat import ChatPolicy
from earmark.policies.generation.beside_prefill import BesideReader
from earmark.policies.generation.branches import Written, branch
from earmark.policies.generation.reader import evaluating
from earmark.policies.next_token import LIKELIEST, Choice
from earmark.policies.policy import Clip, SharedBatch
from earmark.policies.rows.chunked_head import head_logps
from earmark.policies.rows.cross_attention import Beside, beside, decode
from earmark.policies.rows.shared_row import attention_mask
from earmark.prompting.messages import Messages


class EncoderDecoderPolicy(ChatPolicy, AudioPolicy):
    """A policy with one clip for each prompt, whose states the decoder attends to."""

    tokens_input = "decoder_input_ids"

    @property
    @abstractmethod
    def decoder(self) -> Any:
        """Return what turns tokens and states into hidden states, without the output matrix."""

    @abstractmethod
    def written(self, ids: Sequence[int]) -> str:
        """Return the text of an answer's tokens, marks included."""

    @property
    def hearing(self) -> list[nn.Module]:
        """Return the encoder."""
        return [self.tower]

    def encode(self, features: dict[str, Tensor]) -> Float[Tensor, "audio_token feature"]:
        """Run the encoder on one clip."""
        mel = features["input_features"].to(self.device, self.network.dtype)
        return self.tower(mel).last_hidden_state[0]

    def head(self, hidden: Float[Tensor, "token hidden"]) -> Float[Tensor, "token vocabulary"]:
        """Apply the output matrix."""
        return self.network.get_output_embeddings()(hidden)

    def shared_token_logps(self, batch: SharedBatch) -> Float[Tensor, " answer_token"]:
        """Return the log-probability of every answer token, in nats, by candidate.

        Raises:
            InputError: a row has no clip, or several.
        """
        rows, clips = batch.rows, batch.audio
        if len(clips) != len(rows.input_ids):
            raise InputError(self._one_clip_each(len(clips), len(rows.input_ids)))
        heard = beside(clips, self.decoder.layer_norm.weight)
        mask = attention_mask(rows.segments)
        hidden = decode(self.decoder, rows.input_ids, rows.positions, mask, heard)
        read = hidden.flatten(0, 1)[rows.read_from]  # [answer_token, hidden]
        vocabulary = self.network.get_output_embeddings().weight.shape[0]
        return head_logps(self.head, read, rows.targets, vocabulary)

    def write(
        self,
        prompts: Sequence[Messages],
        clips: Sequence[Clip],
        caps: Sequence[int],
        each: int = 1,
        choice: Choice = LIKELIEST,
    ) -> list[list[Written]]:
        """Write answers, several to each prompt, token by token; see `Policy.write`.

        Raises:
            InputError: a prompt that cannot be, or a cap for which there are no positions.
        """
        given = [self._ids(messages) for messages in prompts]
        if len(clips) != len(prompts):
            raise InputError(self._one_clip_each(len(clips), len(prompts)))
        with evaluating(self.network):
            features = [self.features(clip) for clip in clips]
            heard = beside(self.encode_all(features), self.decoder.layer_norm.weight)
            begun = self.begun(given, heard)
            for prompt, cap in zip(begun, caps, strict=True):
                self.check_cap(prompt, cap)
            reader = BesideReader(self.decoder, self.head, heard)
            found = branch(reader.start(begun, self.pad_id), self.end_ids, caps, each, choice)
        own = [tuple(all_[len(ids) :]) for all_, ids in zip(begun, given, strict=True)]
        return [
            [one._replace(begun=first) for one in answers]
            for answers, first in zip(found, own, strict=True)
        ]

    def begun(self, prompts: list[list[int]], heard: Beside) -> list[list[int]]:
        """Return prompts with what the model itself puts at their ends, such as a language."""
        return prompts

    def check_cap(self, prompt: Sequence[int], cap: int) -> None:
        """Refuse a token cap beyond the decoder's positions.

        Raises:
            InputError: says how many tokens there may be.
        """
        if self.longest_row is not None and len(prompt) + cap > self.longest_row:
            raise InputError(
                f"an answer of up to {cap} tokens after a prompt of {len(prompt)}, but "
                f"{type(self.network).__name__} has {self.longest_row} positions; set the token "
                f"cap (--max-new-tokens) to {self.longest_row - len(prompt)} at most"
            )

    def _ids(self, messages: Messages) -> list[int]:
        return list(self.tokenizer(self.render(messages), add_special_tokens=False)["input_ids"])

    def text_of(self, written: Written) -> str:
        """Return the text of an answer and of what the model began it with, marks included."""
        ids = written.ids if written.cut else written.ids[:-1]
        return self.written([*written.begun, *ids])

    def _one_clip_each(self, clips: int, prompts: int) -> str:
        return (
            f"{clips} clips for {prompts} prompts; "
            f"{type(self.network).__name__} takes one clip for each prompt"
        )
