"""Policies with a chat template: messages in, tokens and answers out; `generate` is the model's."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor
from transformers import PreTrainedModel

from earmark.errors import InputError
from earmark.policies.checkpoint.library_errors import reason_of
from earmark.policies.continuation import continuation_ids
from earmark.policies.generation.branches import Written, branch
from earmark.policies.generation.forked import read_and_fork
from earmark.policies.generation.library import generate
from earmark.policies.generation.reader import evaluating
from earmark.policies.generation.shared_prefill import read_prompts
from earmark.policies.next_token import LIKELIEST, Choice
from earmark.policies.policy import Clip, Policy, Processor, SharedRowPolicy
from earmark.prompting.facts import Facts
from earmark.prompting.messages import Messages, by_prompt, texts_in, turn_of

PROBE = "an answer"


class ChatPolicy(Policy):
    """A policy whose processor has a chat template.

    `audio_token` is the placeholder of a clip and `audio_id` its id, empty and -1 for text alone.
    """

    audio_token: str = ""
    audio_id: int = -1

    def __init__(
        self, network: PreTrainedModel, processor: Processor, facts: Facts | None = None
    ) -> None:
        super().__init__(network, processor, facts)
        self.tokenizer: Any = getattr(processor, "tokenizer", processor)
        self.prefill = self.facts.prefill
        self._opens_with: str | None = None
        ends = network.generation_config.eos_token_id if network.generation_config else None
        several = ends if isinstance(ends, (list, tuple)) else [ends]
        self.end_ids = {self.tokenizer.eos_token_id, *several} - {None}

    @property
    def own_tokens(self) -> set[str]:
        """Return the placeholder of audio and the tokens that end an answer."""
        own = {self.audio_token} if self.audio_token else set()
        return own | {*self.tokenizer.convert_ids_to_tokens(sorted(self.end_ids))}

    @property
    def longest_row(self) -> int | None:
        """Return the number of positions that the language model was made for."""
        config = self.network.config.get_text_config(decoder=True)
        return getattr(config, "max_position_embeddings", None)

    @property
    def pad_id(self) -> int:
        """Return the token that fills short rows: never looked at, and never the placeholder."""
        pad = self.tokenizer.pad_token_id
        return min(self.end_ids) if pad is None or pad == self.audio_id else int(pad)

    def answer_ids(self, messages: Messages, answer: str) -> list[int]:
        """Tokenize an answer up to the first end token that the chat template puts after it."""
        prompt = self.render(messages, self.prefill)
        turn = turn_of(messages, self.facts)
        begun = (turn.prefill or self.prefill) + answer
        whole = self.apply_template([*turn.messages, {"role": "assistant", "content": begun}])
        if not whole.startswith(prompt + answer):
            raise InputError(
                "the chat template does not continue its own generation prompt with the answer; "
                "the model directory's chat template cannot be trained on"
            )
        answer_ids = continuation_ids(self.tokenizer, prompt, answer)
        if self.audio_id in answer_ids:
            raise InputError(
                f"the answer {answer!r} holds the audio token {self.audio_token}, which the model "
                "would hear as another clip; take it out of the pairs"
            )
        if self.end_ids & {*answer_ids}:
            raise InputError(
                f"the answer {answer!r} holds a token that ends answers, so the rest of it would "
                "never be written; take it out of the pairs"
            )
        rest = self.tokenizer(whole[len(prompt) + len(answer) :], add_special_tokens=False)
        end = next((token for token in rest["input_ids"] if token in self.end_ids), None)
        if end is None:
            raise InputError(
                "the chat template puts no end token after an answer; the model could never stop"
            )
        return [*answer_ids, end]

    @abstractmethod
    def process(self, texts: Sequence[str], clips: Sequence[Clip]) -> Any:
        """Return the library's own model inputs for rendered prompts, padded on the left."""

    def plain_inputs(self, messages: Messages, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """Return what the processor makes of one prompt and its clips."""
        return dict(self.process([self.render(messages, self.prefill)], clips))

    def write(
        self,
        prompts: Sequence[Messages],
        clips: Sequence[Clip],
        caps: Sequence[int],
        each: int = 1,
        choice: Choice = LIKELIEST,
    ) -> list[list[Written]]:
        """Write answers, several to each prompt; see `Policy.write`.

        Decoders whose answers share no row read the prompts by the library's own code: one
        answer to each of a batch by `generate`, several to one prompt after the other.
        """
        with evaluating(self.network) as network:
            if isinstance(self, SharedRowPolicy):
                return branch(read_prompts(self, prompts, clips), self.end_ids, caps, each, choice)
            texts = [self.render(messages) for messages in prompts]
            if each == 1:
                inputs = dict(self.process(texts, clips))
                one = generate(network, inputs, self.end_ids, self.pad_id, caps, choice)
                return [[written] for written in one]
            written = []
            for number, own in enumerate(by_prompt(prompts, clips)):
                begun = read_and_fork(network, dict(self.process([texts[number]], own)), each)
                mine = choice.alone(number, each)
                caps_of_it = [caps[number]] * each
                found = branch(begun, self.end_ids, caps_of_it, 1, mine)
                written.append([answer for (answer,) in found])
            return written

    def check_prompt(self, messages: Messages) -> None:
        """Refuse a prompt that the chat template does not take, or of which it leaves out text.

        Raises:
            InputError: says why.
        """
        self.render(messages)

    def text_of(self, written: Written) -> str:
        """Return the text of an answer, without the tokens that mean something to the model."""
        return str(self.tokenizer.decode(written.ids, skip_special_tokens=True))

    def render(self, messages: Messages, prefill: str = "") -> str:
        """Return a prompt as text, up to where the answer begins.

        Args:
            messages: the prompt; the text of a last assistant message is what the answer is
                made to begin with.
            prefill: what it begins with where there is no such message.

        Raises:
            InputError: the chat template leaves out the text of a message.
        """
        turn = turn_of(messages, self.facts)
        text = self.apply_template(turn.messages, add_generation_prompt=True)
        text += self._opening(turn.messages, text)
        for message in turn.messages:
            for said in texts_in(message):
                if said.strip() not in text:
                    raise InputError(
                        f"the chat template of this model leaves out '{said}', of role "
                        f"'{message['role']}'; leave it out of the prompt, or correct the template"
                    )
        return text + (turn.prefill or prefill)

    def _opening(self, messages: Messages, prompt: str) -> str:
        """Return what the template writes before an answer, as Qwen3's does an empty thought.

        It is the same for all prompts. A model that was never shown an answer without it is
        neither trained nor asked without it.
        """
        if self._opens_with is None:
            try:
                whole = self.apply_template([*messages, {"role": "assistant", "content": PROBE}])
            except InputError:
                whole = ""
            opening = whole.removeprefix(prompt).partition(PROBE)[0]
            known = whole.startswith(prompt) and opening.strip()
            self._opens_with = opening if known else ""
        return self._opens_with

    def apply_template(self, messages: Messages, **options: Any) -> str:
        """Render messages by the processor's chat template, or the tokenizer's if it has none.

        Raises:
            InputError: neither has one, or it does not take these messages.
        """
        processor: Any = self.processor
        if getattr(processor, "chat_template", None) is None:
            template = getattr(self.tokenizer, "chat_template", None)
            if template is None:
                raise InputError(
                    "the model has no chat template, so messages cannot be turned into a prompt; "
                    "add chat_template.jinja to its folder"
                )
            options["chat_template"] = template
        try:
            return processor.apply_chat_template(messages, tokenize=False, **options)
        except TimeoutError:
            raise
        # A template is code that comes with the model: it may raise anything.
        except Exception as error:
            raise InputError(
                f"the chat template does not take this prompt: {reason_of(error)}"
            ) from error
