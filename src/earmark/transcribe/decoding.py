"""The decoding parameters of a request: always all of them, under the names that the server knows.

Servers fill in what a request leaves out from the checkpoint's `generation_config.json`, where
Qwen2-Audio-Instruct has a temperature of 0.7 and a repetition penalty of 1.1. So every request
sends every parameter that the server takes, and the others are recorded as unknown.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from earmark.errors import KnobError
from earmark.transcribe.token_cap import cap_of, check_cap, recorded_cap

Route = Literal["transcriptions", "chat"]
ServerKind = Literal["vllm", "transformers", "openai"]
REPETITION_PENALTY = 1.0


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """Decoding of one prompt; `top_k` 0 keeps all tokens, `temperature` 0 is greedy.

    Without `max_new_tokens` the token cap grows with the clip, see `cap_of`.

    Raises:
        KnobError: a value that makes no sense.
    """

    candidates: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    max_new_tokens: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check_cap(self.max_new_tokens)
        for name, least in (("candidates", 1), ("top_k", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise KnobError(f"{name} is {getattr(self, name)}; expected {least} or more")
        if not 0 <= self.temperature < float("inf"):
            raise KnobError(f"temperature is {self.temperature:g}; expected 0 (greedy) or more")
        if not 0 < self.top_p <= 1:
            raise KnobError(f"top_p is {self.top_p:g}; expected more than 0, 1 at most")
        if self.candidates > 1 and self.temperature == 0:
            raise KnobError(
                f"{self.candidates} candidates at temperature 0 would all be the same; "
                "raise the temperature"
            )

    def single(self, number: int) -> "Decoding":
        """Return the decoding of candidate `number` (from 0) in a request of its own."""
        return replace(self, candidates=1, seed=self.seed + number)

    def for_clip(self, duration_s: float) -> "Decoding":
        """Return the decoding of a clip, with the token cap that it has."""
        return replace(self, max_new_tokens=cap_of(self.max_new_tokens, duration_s))


class Server(NamedTuple):
    """What a kind of server is sent on each route; None where it cannot serve the route."""

    chat: Callable[[Decoding], dict[str, Any]]
    transcriptions: Callable[[Decoding], dict[str, Any]] | None
    several: bool = True


def _vllm(decoding: Decoding) -> dict[str, Any]:
    return {
        **_openai(decoding),
        "top_k": decoding.top_k or -1,
        "repetition_penalty": REPETITION_PENALTY,
    }


def _openai(decoding: Decoding) -> dict[str, Any]:
    return {
        "n": decoding.candidates,
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "seed": decoding.seed,
        "max_completion_tokens": decoding.max_new_tokens,
    }


def _openai_transcription(decoding: Decoding) -> dict[str, Any]:
    return {"temperature": decoding.temperature}


def _transformers(decoding: Decoding) -> dict[str, Any]:
    # It takes no top_k or penalty as fields, and stays greedy unless a field says to sample.
    config = {
        "do_sample": decoding.temperature > 0,
        "num_beams": 1,
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "top_k": decoding.top_k,
        "repetition_penalty": REPETITION_PENALTY,
        "max_new_tokens": decoding.max_new_tokens,
    }
    return {**_openai(decoding), "generation_config": json.dumps(config)}


SERVERS: dict[str, Server] = {
    "vllm": Server(_vllm, _vllm),
    "transformers": Server(_transformers, None, several=False),
    "openai": Server(_openai, _openai_transcription),
}


def fields_for(kind: str, route: Route, decoding: Decoding) -> dict[str, Any]:
    """Return the decoding fields of a request.

    >>> fields_for("openai", "transcriptions", Decoding())
    {'temperature': 0.0}

    Raises:
        KnobError: the server cannot serve the route, or has no parameter for what is wanted.
    """
    if route == "transcriptions" and decoding.candidates > 1:
        raise KnobError(
            f"{decoding.candidates} candidates: the transcription route gives one transcript "
            "(servers take its n for a number of beams); ask by --route chat"
        )
    tell = getattr(SERVERS[kind], route)
    if tell is None:
        raise KnobError(
            f"a server of kind '{kind}' ignores all decoding fields on the transcription route, "
            "so what it decodes would not be known; ask by --route chat"
        )
    fields: dict[str, Any] = tell(decoding)
    told = recorded(kind, route, decoding)
    for name in ("top_p", "top_k", "seed"):
        asked = getattr(decoding, name)
        if told[name] is None and asked != getattr(Decoding(), name):
            raise KnobError(
                f"{name} {asked:g}: a server of kind '{kind}' takes no such parameter on this route"
            )
    return fields


def recorded(kind: str, route: Route, decoding: Decoding) -> dict[str, Any]:
    """Return what is recorded of the decoding; None is what was not sent.

    >>> recorded("vllm", "chat", Decoding(candidates=4, temperature=1.0))["n"]
    4
    >>> recorded("openai", "chat", Decoding())["repetition_penalty"] is None
    True
    """
    unsaid: set[str] = set()
    if kind == "openai":
        unsaid = {"top_k", "repetition_penalty"}
        if route == "transcriptions":
            unsaid |= {"top_p", "seed", "max_new_tokens"}
    known = {
        "n": decoding.candidates,
        "do_sample": decoding.temperature > 0,
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "top_k": decoding.top_k,
        "repetition_penalty": REPETITION_PENALTY,
        "seed": decoding.seed,
        "max_new_tokens": recorded_cap(decoding.max_new_tokens),
    }
    return {name: None if name in unsaid else value for name, value in known.items()}
