"""The options of `earmark transcribe`, by the way that they belong to."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from earmark.policies.device_name import check_device_name
from earmark.transcribe.decoding import Decoding


@dataclass(frozen=True, kw_only=True)
class Task:
    """What both ways need."""

    model: str
    utterances: Path
    out: Path
    prompt: str | None
    language: str | None
    decoding: Decoding
    long_audio: Literal["refuse", "split"]
    on_error: Literal["stop", "skip"]


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """How answers are drawn.

    Attributes:
        candidates: how many answers are drawn for each clip; each goes to a file of its own,
            OUT.1.jsonl, OUT.2.jsonl, ..., as `earmark pairs mined --hyps` reads them.
        temperature: 0 is greedy; default: 0 for one candidate, 1 for several.
        top_p: sample from the likeliest tokens whose probabilities sum to this.
        top_k: sample from this many of the likeliest tokens; 0 for all.
        seed: seed of the sampling.
    """

    candidates: int = 1
    temperature: float | None = None
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0

    def decoding(self, max_new_tokens: int | None) -> Decoding:
        """Return all of the decoding; without a temperature several candidates are sampled.

        Raises:
            KnobError: a value that makes no sense.
        """
        usual = 1.0 if self.candidates > 1 else 0.0
        return Decoding(
            candidates=self.candidates,
            temperature=usual if self.temperature is None else self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            seed=self.seed,
            max_new_tokens=max_new_tokens,
        )


@dataclass(frozen=True, kw_only=True)
class LocalOptions:
    """How a model in this process is run.

    Attributes:
        adapter: a run folder of `earmark train`.
        prefill: what every answer is made to begin with; default: nothing.
        suppress: text of a token that is never written; repeat it for several. Default: none,
            whatever the checkpoint suppresses.
        silence_s: seconds of silence that Whisper hears after a clip; default: 4. With 30 it hears
            its whole window, as it was trained, at several times the cost.
        batch_size: answers decoded together.
        dtype: number type; auto: bfloat16 on a GPU, else float32.
        device: cpu, cuda, ... or auto.
        trust_remote_code: run Python code that comes with the model.
        model_family: how the model is adapted, instead of by its model_type: a family of your own
            as module:name.
    """

    adapter: Path | None = None
    prefill: str = ""
    suppress: list[str] | None = None
    silence_s: float | None = None
    batch_size: int = 16
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    trust_remote_code: bool = False
    model_family: str = ""

    def __post_init__(self) -> None:
        """Refuse what is the name of no device, before torch is imported."""
        check_device_name(self.device)


@dataclass(frozen=True, kw_only=True)
class ServedOptions:
    """How requests are made.

    Attributes:
        route: transcriptions (/audio/transcriptions, one transcript), or chat (/chat/completions
            with input_audio); auto: transcriptions for one greedy transcript, chat otherwise.
        server: whose names decoding parameters have: vllm, transformers (`transformers serve`), or
            openai (knows no top_k and no repetition penalty).
        family: the model's family, a name of the table of models such as qwen2_5_omni: the chat
            route then sends its prompt, order and system text, as a model loaded here is given
            them, and its marks are removed. Default: "Transcribe the audio." after the audio.
        one_by_one: ask for each candidate in a request of its own, with seeds SEED, SEED+1, ...,
            for servers that ignore `n`; always so for transformers.
        mark: regular expression of what the model writes around a transcript, removed from the
            text and kept in raw_text; repeat it for several.
        concurrency: requests under way at once.
        retries: how often a request is tried again after a time-out, a broken answer, status 429
            or 5xx.
        timeout_s: seconds for a whole request, up to the last byte of the answer.
        longest_s: the longest clip that the served model hears, in seconds; default: what is known
            of the family, or 30.
    """

    route: Literal["auto", "transcriptions", "chat"] = "auto"
    server: Literal["vllm", "transformers", "openai"] = "vllm"
    family: str | None = None
    one_by_one: bool = False
    mark: list[str] | None = None
    concurrency: int = 8
    retries: int = 6
    timeout_s: float = 120.0
    longest_s: float | None = None
