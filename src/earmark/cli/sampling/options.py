"""The options of `earmark sample` beside those of `earmark transcribe`, and its task."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from earmark.transcribe.decoding import Decoding

USUAL = 8


@dataclass(frozen=True, kw_only=True)
class DrawingOptions:
    """How answers are drawn.

    Attributes:
        candidates: how many answers each prompt gets; with --per clip, how many each clip gets.
            Default: 8, or 1 with --per clip.
        temperature: logits are divided by it; 0 is greedy, for one candidate.
        top_p: sample from the likeliest tokens whose probabilities sum to this.
        top_k: sample from this many of the likeliest tokens; 0 for all.
        seed: what is drawn depends on it, on the row's id and on the candidate's number, and not
            on the other rows or on --batch-size.
    """

    candidates: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0

    def decoding(self, max_new_tokens: int | None, per: Literal["prompt", "clip"]) -> Decoding:
        """Return all of the decoding.

        Raises:
            KnobError: a value that makes no sense.
        """
        usual = USUAL if per == "prompt" else 1
        return Decoding(
            candidates=usual if self.candidates is None else self.candidates,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            seed=self.seed,
            max_new_tokens=max_new_tokens,
        )


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """How requests are made.

    Attributes:
        server: whose names decoding parameters have: vllm, transformers (`transformers serve`), or
            openai (knows no top_k and no repetition penalty).
        family: the model's family, a name of the table of models such as qwen2_5_omni, in whose
            words a manifest's clips are requested. Default: "Transcribe the audio." after
            the audio.
        one_by_one: ask for each candidate in a request of its own, for servers that ignore `n`;
            always so for transformers.
        logprobs: ask for log-probabilities, and record those that the server tells.
        mark: regular expression of what the model writes around an answer, removed from it and
            kept in raw_text; repeat it for several.
        concurrency: prompts under way at once.
        retries: how often a request is tried again after a time-out, a broken answer, status 429
            or 5xx.
        timeout_s: seconds for a whole request, up to the last byte of the answer.
        longest_s: the longest clip that the served model hears, in seconds; default: what is known
            of the family, or 30.
    """

    server: Literal["vllm", "transformers", "openai"] = "vllm"
    family: str | None = None
    one_by_one: bool = False
    logprobs: bool = False
    mark: list[str] | None = None
    concurrency: int = 8
    retries: int = 6
    timeout_s: float = 120.0
    longest_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is sampled from which model into which file."""

    model: str
    prompts: Path
    out: Path
    prompt: str | None
    language: str | None
    per: Literal["prompt", "clip"]
    group_by: str
    decoding: Decoding
    on_error: Literal["stop", "skip"]
