"""Policies whose decoder attends to what its encoder has heard, as Whisper's does.

What differs from a model whose prompts hold audio: a clip's states lie beside its row and not in
it (`rows/cross_attention.py`), the library's class takes the tokens under another name, and
answers are written token by token here, because `generate` of such classes brings decoding rules
of its own along.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import DynamicCache, EncoderDecoderCache

from earmark.errors import InputError
from earmark.policies.audio import AudioPolicy
from earmark.policies.chat import ChatPolicy
from earmark.policies.next_token import LIKELIEST, Choice, next_tokens
from earmark.policies.policy import Clip, SharedBatch
from earmark.policies.rows.chunked_head import head_logps
from earmark.policies.rows.cross_attention import Beside, beside, decode
from earmark.policies.rows.shared_row import attention_mask
from earmark.prompting.answer import Answer
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
            raise InputError(
                f"{len(clips)} clips for {len(rows.input_ids)} prompts; "
                f"{type(self.network).__name__} takes one clip for each prompt"
            )
        heard = beside(clips, self.decoder.layer_norm.weight)
        mask = attention_mask(rows.segments)
        hidden = decode(self.decoder, rows.input_ids, rows.positions, mask, heard)
        read = hidden.flatten(0, 1)[rows.read_from]  # [answer_token, hidden]
        vocabulary = self.network.get_output_embeddings().weight.shape[0]
        return head_logps(self.head, read, rows.targets, vocabulary)

    @torch.no_grad()
    def answers(
        self,
        prompts: Sequence[Messages],
        clips: Sequence[Clip],
        caps: Sequence[int],
        choice: Choice = LIKELIEST,
    ) -> list[Answer]:
        """Write down what is heard, token by token; see `Policy.answers`.

        Raises:
            InputError: a prompt that cannot be, or a cap for which there are no positions.
        """
        heard = beside(self._heard_once(clips), self.decoder.layer_norm.weight)
        begun = self.begun([self._ids(messages) for messages in prompts], heard)
        for prompt, cap in zip(begun, caps, strict=True):
            self.check_cap(prompt, cap)
        writing = Writing(self, choice, choice.generators(len(prompts)))
        found: dict[int, list[int]] = {}
        # Prompts of one length are read together.
        for length in sorted({len(prompt) for prompt in begun}):
            numbers = [n for n, prompt in enumerate(begun) if len(prompt) == length]
            found |= writing.write(numbers, begun, heard, caps)
        return [
            self._answer(begun[n], self._ids(prompts[n]), found[n], caps[n])
            for n in range(len(prompts))
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

    def _heard_once(self, clips: Sequence[Clip]) -> list[Tensor]:
        """Run the encoder on each clip once, however often it is given."""
        different = {id(clip): clip for clip in clips}
        states = self.encode_all([self.features(clip) for clip in different.values()])
        known = dict(zip(different, states, strict=True))
        return [known[id(clip)] for clip in clips]

    def _answer(self, begun: list[int], given: list[int], ids: list[int], cap: int) -> Answer:
        ended = bool(ids) and ids[-1] in self.end_ids
        text = self.written([*begun[len(given) :], *(ids[:-1] if ended else ids)])
        return Answer(text, cut=not ended and len(ids) == cap)


class Writing:
    """Answers as they grow: those that have ended leave the batch."""

    def __init__(self, policy: EncoderDecoderPolicy, choice: Choice, generators: list[Any]) -> None:
        self.policy = policy
        self.choice = choice
        self.generators = generators

    def write(
        self, numbers: list[int], prompts: list[list[int]], heard: Beside, caps: Sequence[int]
    ) -> dict[int, list[int]]:
        """Return the tokens of some answers by their numbers; prompts are of one length."""
        device = heard.states.device
        found: dict[int, list[int]] = {number: [] for number in numbers}
        ids = torch.tensor([prompts[number] for number in numbers], device=device)
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        heard, start = heard.of(torch.tensor(numbers, device=device)), 0
        while numbers:
            chosen = self._next(ids, start, heard, cache, numbers)
            for number, token in zip(numbers, chosen, strict=True):
                found[number].append(token)
            going = [
                row
                for row, number in enumerate(numbers)
                if chosen[row] not in self.policy.end_ids and len(found[number]) < caps[number]
            ]
            start += ids.shape[1]
            ids = torch.tensor([[chosen[row]] for row in going], device=device)
            if len(going) < len(numbers):
                rows = torch.tensor(going, dtype=torch.long, device=device)
                numbers = [numbers[row] for row in going]
                heard = heard.of(rows)
                cache.batch_select_indices(rows)
        return found

    def _next(
        self, ids: Tensor, start: int, heard: Beside, cache: Any, numbers: list[int]
    ) -> list[int]:
        """Choose the token that follows each row."""
        places = torch.arange(start, start + ids.shape[1], device=ids.device).expand(ids.shape)
        hidden = decode(self.policy.decoder, ids, places, None, heard, cache)
        logits = self.policy.head(hidden[:, -1])  # [answer, vocabulary]
        own = [self.generators[number] for number in numbers] if self.generators else []
        return next_tokens(logits, self.choice, own).tolist()
